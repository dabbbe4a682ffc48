"""Scripts of WP-CLI commands that apply verdicts to a live site, and that take them back.

Ids come from files that anybody may have made: only digits ever go into a script.
"""

import re
from collections.abc import Callable, Iterable
from typing import BinaryIO, Final

from spamguard.formats.columns import is_approved
from spamguard.formats.record import Record
from spamguard.records import SPAM, UNSURE, Verdict

#: So many comments are named in one command.
BATCH: Final = 100
#: The formats whose ids are those of WordPress comments.
SOURCES: Final = ("wxr", "csv", "tsv", "json", "jsonl", "parquet")

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
#: The command that gives a comment the status that it had, by WordPress' words for that.
_BACK: Final = {
    **dict.fromkeys(("1", "approved", "approve"), "approve"),
    **dict.fromkeys(("0", "hold", "unapproved"), "unapprove"),
    "trash": "trash",
}
_HEAD: Final = """\
#!/bin/sh
# {what}
# Run it with sh where wp finds the site. It may be run again: comments that have the status
# already, or are gone, stay as they are.

command -v wp >/dev/null || {{ echo "wp is not there: https://wp-cli.org" >&2; exit 127; }}
failed=0
wp() {{
  command wp "$@" && return
  # wp stops at the first comment that has that status already. Do what is left.
  action=$2
  shift 2
  case $action in
    spam) others=approve,hold,trash ;;
    approve) others=hold,spam,trash ;;
    unapprove) others=approve,spam,trash ;;
    *) others=approve,hold,spam ;;
  esac
  list=$(IFS=,; echo "$*")
  left=$(command wp comment list --comment__in="$list" --status="$others" --format=ids) || failed=1
  [ -z "$left" ] || command wp comment "$action" $left || failed=1
}}

"""
_TAIL: Final = "\nexit $failed\n"


class Scripts:
    """Writes what changes the comments of a site by their verdicts, and what takes it back.

    ``complain`` is told of each comment that no command can be written for.
    """

    def __init__(
        self, apply: BinaryIO, undo: BinaryIO, complain: Callable[[int, str], None], *, hold: bool
    ) -> None:
        self._apply, self._undo = apply, undo
        self._complain = complain
        self._hold = hold
        self._held: dict[tuple[BinaryIO, str], list[str]] = {}
        apply.write(_HEAD.format(what="Marks the comments that spamguard calls spam.").encode())
        undo.write(_HEAD.format(what="Gives marked comments back the statuses they had.").encode())

    def write(self, judged: Iterable[tuple[Record, Verdict | None]]) -> int:
        """Write the commands for some comments; how many of these they name."""
        count = 0
        for record, verdict in judged:
            if verdict is None or record.comment is None:
                continue
            status = str(record.comment.status or "").strip().lower()
            action = self._action(verdict.label, status)
            if action is None:
                continue
            key = _id_of(record.comment.id)
            if key is None:
                self._complain(
                    record.line,
                    f"the id {record.comment.id!r} is no number, so no command names it",
                )
            elif status not in _BACK:
                self._complain(
                    record.line,
                    f"the status {status!r} could not be given back, so comment {key} is left",
                )
            else:
                self._add(self._apply, action, key)
                self._add(self._undo, _BACK[status], key)
                count += 1
        return count

    def _action(self, label: str, status: str) -> str | None:
        if label == SPAM:
            return None if status == SPAM else "spam"
        is_held = label == UNSURE and self._hold and is_approved(status)
        return "unapprove" if is_held else None

    def _add(self, file: BinaryIO, action: str, key: str) -> None:
        held = self._held.setdefault((file, action), [])
        held.append(key)
        if len(held) == BATCH:
            self._flush(file, action)

    def _flush(self, file: BinaryIO, action: str) -> None:
        keys = self._held.pop((file, action))
        file.write(f"wp comment {action} {' '.join(keys)}\n".encode())

    def close(self) -> None:
        for file, action in list(self._held):
            self._flush(file, action)
        for file in (self._apply, self._undo):
            file.write(_TAIL.encode())


def _id_of(value: object) -> str | None:
    """An id that is safe in a command."""
    is_number = isinstance(value, str | int) and not isinstance(value, bool)
    key = str(value) if is_number else ""
    return key if _ID.fullmatch(key) else None


def undo_name(path: str) -> str:
    """The name of the script that takes back what the one at ``path`` does."""
    return f"{path.removesuffix('.sh')}.undo.sh"
