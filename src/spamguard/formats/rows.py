"""The comments of an export as rows of a new table: every field, and the verdict."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from spamguard.formats.record import (
    ADDED,
    EARLIER,
    Annotator,
    Reader,
    Record,
    added_keys,
    shown,
    visible,
)
from spamguard.records import Comment, Verdict

FIELDS = (
    "id",
    "parent",
    "author",
    "author_url",
    "date",
    "post_title",
    "post_link",
    "status",
    "text",
)
#: A spreadsheet takes a cell that begins with one of these for a formula, or splits it.
_RUNS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


class RowForm(NamedTuple):
    """How a row is written: as CSV or as a line of JSON."""

    as_json: bool

    def opening(self, names: Sequence[str]) -> str:
        return "" if self.as_json else csv_row(names)

    def row(self, names: Sequence[str], values: Sequence[Any]) -> str:
        if self.as_json:
            return json_row(dict(zip(names, values, strict=True)))
        return csv_row([as_text(value) for value in values])


def as_text(value: object) -> str:
    """A value as a cell: what JSON has no text for is written as JSON writes it."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def csv_row(cells: Sequence[str], delimiter: str = ",", end: str = "\n") -> str:
    """A row of CSV. The writer quotes what its own line end is made of, so that has to be both."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n") + end


def json_row(item: Mapping[str, Any]) -> str:
    return visible(json.dumps(item, ensure_ascii=False, default=str)) + "\n"


class Rows:
    """A reader whose comments can be written as CSV or, with ``as_json``, as JSON lines.

    A table that knows its columns keeps them; from anything else the rows are fields of comments.
    """

    def __init__(self, reader: Reader, *, as_json: bool) -> None:
        self._reader = reader
        self._form = RowForm(as_json)
        own = dict.fromkeys(getattr(reader, "names", ()))
        self._own = tuple(name for name in own if name not in EARLIER)
        #: The columns that are written.
        self.written = (*(self._own or FIELDS), *ADDED)

    @property
    def names(self) -> Sequence[str]:
        return getattr(self._reader, "names", ()) or FIELDS

    @property
    def columns(self) -> Mapping[str, str]:
        return self._reader.columns

    @property
    def meanings(self) -> Counter[tuple[str, str | None]]:
        """How often the file says which status, and what that was taken for."""
        found = getattr(self._reader, "meanings", None)
        return Counter() if found is None else found

    @property
    def skipped(self) -> Counter[str]:
        return self._reader.skipped

    @property
    def damage(self) -> list[tuple[int, str]]:
        return self._reader.damage

    def batches(self) -> Iterator[Sequence[Record]]:
        return self._reader.batches()

    def cell(self, record: Record, column: str) -> Any:
        return self._reader.cell(record, column)

    def opening(self) -> str:
        return self._form.opening(self.written)

    def annotated(self, record: Record, verdict: Verdict | None) -> str:
        if record.comment is None and record.error is None and not (self._own and record.cells):
            return ""  # an empty line, or what no person wrote
        if self._own:
            cells = (self._reader.cell(record, name) for name in self._own)
            values = [None if cell != cell else cell for cell in cells]  # noqa: PLR0124 - NaN
        else:
            comment = record.comment or Comment("")
            values = [getattr(comment, field) for field in FIELDS]
        if self._form.as_json:
            names = self.written[: len(values)]
            return json_row({**dict(zip(names, values, strict=True)), **added_keys(verdict)})
        added = [None, None] if verdict is None else [verdict.label, shown(verdict.probability)]
        return self._form.row(self.written, [*values, *added])


class Extended:
    """Writes rows as an annotator does, with a column of reasons, or with cells that nothing runs.

    reasons: the name of that column, and what is told of a comment and its verdict. guard: put an
    apostrophe before what a spreadsheet would take for a formula; cells are quoted anew then.
    """

    def __init__(
        self,
        annotator: Annotator,
        *,
        as_json: bool,
        delimiter: str = ",",
        reasons: tuple[str, Callable[[Comment, Verdict], str]] | None = None,
        guard: bool = False,
    ) -> None:
        self._annotator = annotator
        self._as_json = as_json
        self._delimiter = delimiter
        self._column = reasons[0] if reasons else ""
        self._reasons = reasons[1] if reasons else None
        self._guard = guard

    def opening(self) -> str:
        opening = self._annotator.opening()
        if self._as_json:
            return opening
        header = opening.startswith("\ufeff") + len(getattr(self._annotator, "above", ""))
        return opening[:header] + self._csv(opening[header:], self._column)

    def annotated(self, record: Record, verdict: Verdict | None) -> str:
        row = self._annotator.annotated(record, verdict)
        if not row.strip("\r\n"):
            return row
        if record.comment is None and record.error is None and not record.cells:
            return "" if self._guard else row  # a part of a row that is too long to be read
        reasons = None
        if self._reasons is not None and verdict is not None and record.comment is not None:
            reasons = self._reasons(record.comment, verdict) or None
        if self._as_json:
            return json_row({**json.loads(row), self._column: reasons})
        return self._csv(row, reasons or "")

    def _csv(self, row: str, reasons: str) -> str:
        if self._guard:
            row = self._guarded(row)
            reasons = _harmless(reasons)
        if self._reasons is None:
            return row
        body = row.rstrip("\r\n")
        added = csv_row(["", reasons], self._delimiter, "") if reasons else self._delimiter
        return body + added + row[len(body) :]

    def _guarded(self, row: str) -> str:
        body = row.strip("\r\n")
        before, _, end = row.partition(body)
        lines = csv.reader(io.StringIO(body, newline=""), delimiter=self._delimiter)
        cells = [_harmless(cell) for line in lines for cell in line]
        return before + csv_row(cells, self._delimiter, end)


def _harmless(cell: str) -> str:
    return "'" + cell if cell.startswith(_RUNS) else cell
