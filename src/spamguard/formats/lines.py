"""Plain text: one comment a line, NUL-ended comments, or one comment in all."""

from collections import Counter
from collections.abc import Iterator

from spamguard.formats.record import Choices, Record
from spamguard.formats.source import Source
from spamguard.records import Comment


class Lines:
    """One comment up to each ``end``; an empty one counts, and so does a last one without end."""

    def __init__(self, source: Source, _choices: Choices, end: str = "\n") -> None:
        self.columns: dict[str, str] = {}
        self.skipped: Counter[str] = Counter()
        self.damage: list[tuple[int, str]] = []
        self._source = source
        self._end = end

    def batches(self) -> Iterator[list[Record]]:
        line = 1
        for chunk in self._source.line_chunks(self._end):
            batch = []
            for raw in chunk:
                text = raw.removesuffix(self._end)
                if self._end == "\n":
                    text = text.removesuffix("\r")
                batch.append(Record(Comment(self._source.visible(text)), line, raw))
                line += 1
            yield batch

    def cell(self, record: Record, column: str) -> None:
        """Plain text has no columns."""


class Whole(Lines):
    """All of the input is one comment."""

    def batches(self) -> Iterator[list[Record]]:
        raw = "".join(self._source.text_chunks())
        yield [Record(Comment(self._source.visible(raw)), 1, raw)]
