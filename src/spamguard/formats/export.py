"""What the readers of blogs' own export formats share."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from spamguard.errors import NoCommentsError
from spamguard.formats.columns import NO_PARENT, NOT_COMMENTS
from spamguard.formats.record import Choices, Record, visible
from spamguard.formats.source import Source
from spamguard.records import HAM, SPAM, Comment

#: More kinds of damage than this are no news.
MOST_KINDS = 30
#: So many records are handed out at once where the format does not say.
BATCH = 500
#: A longer text than this was written by no person.
MOST_TEXT = 8 << 20
#: So many posts are remembered for the comments on them; no blog has more.
MOST_POSTS = 500_000

_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


class Export:
    """A file in which a blog hands out its comments: the fields are where the format says.

    ``columns`` names each field of the comment, its ``label`` and its ``type`` after itself.
    ``meanings`` counts what the file says of its comments, and what that was taken for.
    """

    #: What the format is called in messages.
    kind = "export"

    def __init__(self, source: Source, choices: Choices) -> None:
        self.columns = {field: field for field in (*Comment._fields, "label", "type")}
        self.skipped: Counter[str] = Counter()
        self.damage: list[tuple[int, str]] = []
        self.meanings: Counter[tuple[str, str | None]] = Counter()
        self._source = source
        self._choices = choices

    def batches(self) -> Iterator[list[Record]]:
        """The records; raises NoCommentsError after all when there was not one."""
        empty = True
        for batch in self._batches():
            empty = empty and not batch
            yield batch
        if empty:
            raise NoCommentsError(
                f"{self._source.name}: {self.kind} without comments{self._left_out()}"
            )

    def _batches(self) -> Iterator[list[Record]]:
        raise NotImplementedError

    def _left_out(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.skipped.items())
        return f" ({kinds} left out; --include-pingbacks reads them too)" if kinds else ""

    def cell(self, record: Record, column: str) -> Any:
        if column == "label":
            return record.label
        if column == "type":
            return record.cells
        return getattr(record.comment, column, None)

    def note(self, line: int, kind: str) -> None:
        """Keep the first line of each kind of damage."""
        note_once(self.damage, line, kind)

    def record(
        self,
        comment: Comment,
        line: int,
        label: str | None,
        kind: str = "comment",
        place: tuple[int, bytes] | None = None,
        error: str | None = None,
    ) -> Record | None:
        """The record of a comment, None for one that no person wrote; keeps count of both.

        label: SPAM, HAM, ``TRASHED`` or None.
        """
        if kind in NOT_COMMENTS and not self._choices.include_pingbacks:
            self.skipped[kind] += 1
            return None
        if label == TRASHED:
            label = SPAM if self._choices.trash_is_spam else None
        if error is not None:
            return Record(None, line, comment.text, error, kind)
        said = ((comment.status or "")[:40], label)
        self.meanings[said if len(self.meanings) < MOST_KINDS else ("...", label)] += 1
        return Record(comment, line, "", None, kind, label, place)


#: Thrown away by the owner of the blog: spam only if the user says so.
TRASHED = "trashed"


def note_once(damage: list[tuple[int, str]], line: int, kind: str) -> None:
    """Add a kind of damage that was not met before."""
    if len(damage) < MOST_KINDS and all(kind != known for _, known in damage):
        damage.append((line, kind))


def in_batches(records: Iterable[Record | None]) -> Iterator[list[Record]]:
    """The records in lists, without what was left out."""
    records = iter(records)
    while batch := list(islice(records, BATCH)):
        yield [record for record in batch if record is not None]


def iso_time(text: str, zone: str = "") -> str:
    """A time as databases write it in ISO 8601; what is none is left as it is."""
    text = text.strip()
    return f"{text[:10]}T{text[11:]}{zone}" if _PLAIN_TIME.fullmatch(text) else text


def epoch_time(seconds: object) -> str | None:
    """Seconds since 1970 in ISO 8601, None for what no clock has shown."""
    try:
        moment = datetime.fromtimestamp(float(seconds), UTC)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def shown(value: object) -> str | None:
    """A value of a database or of JSON as text, None where there is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return None if value is None else visible(str(value))


def words(said: Mapping[str, Any], *names: str) -> str | None:
    """The first of the named values that is not empty, as text; what is no text or number is none.

    Where all are empty, that is the answer.
    """
    texts = [shown(said[name]) for name in names if isinstance(said.get(name), str | int | float)]
    return next(filter(None, texts), texts[0] if texts else None)


def parent_of(value: object) -> object:
    """The id of the comment that is answered, None for the words that mean none."""
    return None if value in NO_PARENT else value


def label_of(*, spam: bool, trashed: bool, published: bool) -> str | None:
    """What a state of a comment says of it: spam before thrown away before published."""
    return SPAM if spam else TRASHED if trashed else HAM if published else None
