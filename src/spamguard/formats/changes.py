"""What a verdict changes in the status that a blog gave a comment, and the log of such changes."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, Self

from spamguard.errors import InputError
from spamguard.formats.columns import is_approved
from spamguard.formats.record import Record, visible
from spamguard.records import SPAM, UNSURE, Verdict

_RAW = re.compile(r"[\w-]{0,200}", re.ASCII)


class Status(NamedTuple):
    """A status of a comment: as the file spells it, and as its reader calls it."""

    raw: str
    word: str


class Statuses(NamedTuple):
    """What a format writes for a comment that is spam, and for one to hold, where it can.

    only: comments of any other status than this one keep theirs.
    """

    spam: Status
    hold: Status | None
    only: Status | None = None


#: The formats whose files can be written back, with the verdicts as statuses.
STATUSES: Final = {
    "wxr": Statuses(Status("spam", "spam"), Status("0", "0")),
    "disqus": Statuses(Status("true", "spam"), None),
    # Isso knows no spam. What is held can be seen and deleted in its administration.
    "isso": Statuses(Status("2", "held"), Status("2", "held"), Status("1", "approved")),
}


class Change(NamedTuple):
    """A comment whose status was changed: from ``old`` to ``new``, as they are spelled.

    ``place`` is where the old one stands in the unzipped input, None in a database.
    """

    id: object
    old_status: str
    new_status: str
    probability: float
    model: str
    place: int | None
    old: str
    new: str

    def line(self) -> str:
        """The change as a line of the log."""
        return visible(json.dumps(self._asdict(), ensure_ascii=False, default=str)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        return cls(**json.loads(line))


class Changes:
    """Makes changes out of verdicts; ``hold`` is whether comments it is unsure of are held."""

    def __init__(self, statuses: Statuses, model: str, *, hold: bool) -> None:
        self._statuses = statuses
        self._model = model
        self._hold = hold
        #: Whether the comments are found by their ids, and not by the places of their statuses.
        self.by_id = statuses.only is not None

    def of(self, record: Record, verdict: Verdict | None) -> Change | None:
        """The change of a comment, None where it keeps its status."""
        if verdict is None or record.comment is None:
            return None
        old = record.comment.status or ""
        new = self._new(verdict.label, old)
        if new is None or new.word == old:
            return None
        place, raw = record.place or (None, b"")
        only = self._statuses.only
        return Change(
            record.comment.id,
            old,
            new.word,
            round(verdict.probability, 6),
            self._model,
            place,
            only.raw if only else raw.decode("latin-1"),
            new.raw,
        )

    def _new(self, label: str, old: str) -> Status | None:
        only = self._statuses.only
        if only is not None and old != only.word:
            return None
        if label == SPAM:
            return self._statuses.spam
        return self._statuses.hold if label == UNSURE and self._hold and is_approved(old) else None


def read_log(lines: Iterable[str], name: str) -> Iterator[Change]:
    """The changes in a log; what is none is an InputError."""
    for number, line in enumerate(lines, 1):
        try:
            change = Change.from_line(line)
        except (ValueError, TypeError, RecursionError):
            change = None
        if change is None or not _is_sound(change):
            raise InputError(
                f"{name}: line {number}: is no change; give the file that label --log wrote"
            )
        yield change


def _is_sound(change: Change) -> bool:
    texts: tuple[Any, ...] = (change.old, change.new)
    return (
        all(isinstance(text, str) and _RAW.fullmatch(text) for text in texts)
        and (change.place is None or (type(change.place) is int and change.place >= 0))
        and (change.place is not None or type(change.id) is int)
    )
