"""The folder in which Staticman keeps the comments of a static site, one file a comment."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from spamguard.errors import InputError, NoCommentsError
from spamguard.formats.columns import find_columns, listed
from spamguard.formats.export import Export, epoch_time, in_batches, parent_of, shown
from spamguard.formats.jsonstream import what_is_wrong
from spamguard.formats.record import Record
from spamguard.records import HAM, Comment

#: One comment is small; YAML is slow to read.
MOST_FILE = 1 << 16
#: After so many files that are none, the folder is something else.
MOST_OTHERS = 10_000
#: Where sites keep them: Jekyll, Hugo.
FOLDERS = ("_data/comments", "data/comments")
TEXTS = (".md", ".markdown", ".txt")
ENDINGS = (".yml", ".yaml", ".json", *TEXTS)

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n(.*))?\Z", re.DOTALL)


class Staticman(Export):
    """The comments of such a folder. What was merged into the site stands on it, so it is ham.

    The site chooses what its fields are called; they are found as the columns of a table are.
    ``Record.line`` counts the files in the order of their names.
    """

    kind = "a folder"

    def _batches(self) -> Iterator[list[Record]]:
        return in_batches(self._after_one())

    def _after_one(self) -> Iterator[Record | None]:
        """The records, once a comment was met: a folder without one is something else."""
        others: list[Record] = []
        records = self._records()
        for record in records:
            if record is None or record.comment is not None:
                yield from others
                yield record
                yield from records
                return
            others.append(record)
            if len(others) == MOST_OTHERS:
                break
        if others:
            raise NoCommentsError(
                f"{self._source.name}: a folder, but not of comments; {others[0].error}"
            )

    def _records(self) -> Iterator[Record | None]:
        top = Path(self._source.path or "")
        top = next((top / name for name in FOLDERS if (top / name).is_dir()), top)
        for number, path in enumerate(_files(top), 1):
            try:
                said = _read(path)
                yield self._record(said, path.relative_to(top), number)
            except (ValueError, OSError, RecursionError) as error:
                reason = " ".join(str(error).split())
                yield Record(None, number, "", f"{path.relative_to(top)}: {reason}")

    def _record(self, said: dict[str, Any], path: Path, number: int) -> Record | None:
        columns = find_columns(list(said), self._choices.columns, str(path))
        value = {field: _shown(said[name]) for field, name in columns.items()}
        if value.get("text") is None:
            raise ValueError(f"no text of a comment among {listed(said)}")
        comment = Comment(
            text=value["text"] or "",
            author=value.get("author"),
            author_url=value.get("author_url"),
            post_title=value.get("post_title"),
            id=_shown(said.get("_id")) or path.stem,
            parent=parent_of(_shown(said.get("_parent", said.get("replying_to")))),
            date=_time(said.get(columns.get("date", ""))),
            post_link=path.parent.as_posix() if path.parent.name else None,
            status="merged",
        )
        return self.record(comment, number, HAM)


def _files(top: Path) -> Iterator[Path]:
    """The files below a folder that may be comments, by name; links are not followed."""
    for folder, inside, names in os.walk(top):
        inside.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if name.endswith(ENDINGS) and path.is_file() and not path.is_symlink():
                yield path


def _read(path: Path) -> dict[str, Any]:
    """The fields in a file; those of front matter with what follows it as ``message``."""
    if path.stat().st_size > MOST_FILE:
        raise ValueError(f"more than {MOST_FILE >> 10} KiB: no comment")
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".json":
        said = _json(text)
    elif matter := _FRONT_MATTER.match(text):
        said = _yaml(matter[1], path)
        if isinstance(said, dict) and (matter[2] or "").strip():
            said.setdefault("message", matter[2])
    elif path.suffix in TEXTS:
        raise ValueError("no front matter, so no comment")
    else:
        said = _yaml(text, path)
    if not isinstance(said, dict) or not all(isinstance(name, str) for name in said):
        raise ValueError("no fields with names in it")
    return said


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(what_is_wrong(error)) from None


def _yaml(text: str, path: Path) -> object:
    try:
        import yaml
    except ImportError:
        raise InputError(f"{path}: to read YAML: pip install spamguard[yaml]") from None
    try:
        return yaml.safe_load(text)  # the loader in C is faster, and crashes on deep nesting
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from None


def _shown(value: object) -> str | None:
    return None if isinstance(value, Mapping | list) else shown(value)


def _time(value: object) -> str | None:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, int | float) or (isinstance(value, str) and value.isdigit()):
        return epoch_time(value)
    return _shown(value)
