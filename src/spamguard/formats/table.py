"""CSV and TSV: rows under a header."""

import csv
import io
import re
from collections.abc import Iterator, Mapping

from spamguard.errors import InputError
from spamguard.formats.columns import NAMES, find_columns, folded
from spamguard.formats.record import (
    ADDED,
    LABEL_COLUMN,
    PROBABILITY_COLUMN,
    Record,
    shown,
    visible,
)
from spamguard.formats.source import Source
from spamguard.records import LABELS, Comment, Verdict

#: A quoted field that is still open after so many characters was never meant to be one.
MOST_OPEN = 8 << 20
#: After so many of those in one read, rows are taken to end with their line.
PATIENCE = 20
_UNCLOSED = "unexpected end of data"

csv.field_size_limit(1 << 30)


def delimiter_of(head: str) -> str:
    """The delimiter that splits the header into the most names that are known, or just the most."""
    known = {name for names in NAMES.values() for name in names}
    header = head.lstrip("\r\n").split("\n", 1)[0]

    def merit(delimiter: str) -> tuple[int, int]:
        try:
            names = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:  # told where the header is read in earnest
            return 0, 0
        return sum(folded(name) in known for name in names), len(names)

    return max((",", "\t", ";", "|"), key=merit)


def _earlier_cells(delimiter: str) -> re.Pattern[str]:
    """What an earlier run added at the end of a row or of the header."""
    between = re.escape(delimiter)
    label = "|".join((*LABELS, LABEL_COLUMN))
    probability = rf"[01]\.\d+|{PROBABILITY_COLUMN}"
    return re.compile(f"{between}(?:{label})?{between}(?:{probability})?$")


class Table:
    """A CSV or TSV file. Rows are kept as they stand: verdicts are added at their ends."""

    def __init__(
        self, source: Source, chosen: Mapping[str, str], delimiter: str | None = None
    ) -> None:
        self._source = source
        self._delimiter = delimiter or delimiter_of(source.head())
        self._rows = self._read_rows()
        self._pending: list[Record] = []
        self._blank = ""
        self._header = self._read_header()
        names: list[str] = self._header.cells
        self.columns: dict[str, str] = find_columns(names, chosen, source.name)
        if "text" not in self.columns:
            raise InputError(
                f"{source.name}: line {self._header.line}: no column looks like the text of a"
                f" comment among {', '.join(names)}; name it with --text-column"
            )
        self._places = {name: place for place, name in reversed(list(enumerate(names)))}
        self._added = [place for place, name in enumerate(names) if name in ADDED]
        self._last_two = [len(names) - 2, len(names) - 1]
        self._earlier = _earlier_cells(self._delimiter)

    def _read_header(self) -> Record:
        for batch in self._rows:
            for place, record in enumerate(batch):
                if record.error is not None:
                    raise InputError(
                        f"{self._source.name}: line {record.line}: the header: {record.error}"
                    )
                if record.cells:
                    self._pending = batch[place + 1 :]
                    return record
                self._blank += record.raw
        raise InputError(
            f"{self._source.name}: empty: a table begins with the names of its columns"
        )

    def _read_rows(self) -> Iterator[list[Record]]:
        """Rows taken apart, not yet looked at."""
        line = 1
        held: list[str] = []
        for chunk in self._source.line_chunks():
            lines = held + chunk
            batch, held = self._parse(lines, line, final=False)
            line += len(lines) - len(held)
            yield batch
        if held:
            yield self._parse(held, line, final=True)[0]

    def _parse(
        self, lines: list[str], first: int, *, final: bool
    ) -> tuple[list[Record], list[str]]:
        """The rows in ``lines``, and the lines of a last row that is not complete yet."""
        batch: list[Record] = []
        begin = given_up = 0
        while begin < len(lines):
            base = begin
            rest = lines[begin:] if given_up < PATIENCE else [lines[begin]]
            reader = csv.reader(rest, delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    end = base + reader.line_num
                    raw = lines[begin] if end == begin + 1 else "".join(lines[begin:end])
                    batch.append(Record(None, first + begin, raw, None, cells))
                    begin = end
            except csv.Error as error:
                problem = str(error)
                if problem == _UNCLOSED:
                    rest = lines[begin:]
                    if not final and given_up < PATIENCE and sum(map(len, rest)) < MOST_OPEN:
                        return batch, rest
                    given_up += 1
                    problem = "a quoted cell that opens in this row is never closed"
                batch.append(Record(None, first + begin, lines[begin], problem))
                begin += 1
        return batch, []

    def batches(self) -> Iterator[list[Record]]:
        if self._pending:
            yield self._with_comments(self._pending)
        for batch in self._rows:
            yield self._with_comments(batch)

    def _with_comments(self, batch: list[Record]) -> list[Record]:
        text, author, url, title, key = (
            self._places[self.columns[field]] if field in self.columns else None
            for field in ("text", "author", "author_url", "post_title", "id")
        )
        width = len(self._header.cells)
        records = []
        for record in batch:
            cells = record.cells
            if not cells:
                records.append(record)
                continue
            if len(cells) != width:
                if len(cells) > width:
                    records.append(
                        self._broken(record, f"{len(cells)} cells under {width} columns")
                    )
                    continue
                cells = cells + [""] * (width - len(cells))
            short = text is None or text >= len(record.cells)
            if short or (self._added and not cells[text] and not cells[self._added[0]]):
                # An earlier run gave such a row empty cells, which makes it no better.
                records.append(self._broken(record, f"no cell for {self.columns['text']!r}"))
                continue
            comment = Comment(
                self._source.visible(cells[text]),
                None if author is None else visible(cells[author]),
                None if url is None else visible(cells[url]),
                None if title is None else visible(cells[title]),
                None if key is None else visible(cells[key]),
            )
            records.append(Record(comment, record.line, record.raw, None, record.cells))
        return records

    @staticmethod
    def _broken(record: Record, error: str) -> Record:
        return Record(None, record.line, record.raw, error, record.cells)

    def cell(self, record: Record, column: str) -> str | None:
        place = self._places.get(column)
        if place is None or not record.cells or place >= len(record.cells):
            return None
        return visible(record.cells[place])

    def opening(self) -> str:
        bom = self._source.bom.decode(self._source.encoding)
        return bom + self._blank + self._with_added(self._header, list(ADDED))

    def annotated(self, record: Record, verdict: Verdict | None) -> str:
        if verdict is not None:
            return self._with_added(record, [verdict.label, shown(verdict.probability)])
        return record.raw if record.error is None else self._with_added(record, ["", ""])

    def _with_added(self, record: Record, added: list[str]) -> str:
        body = record.raw.rstrip("\r\n")
        end = record.raw[len(body) :]
        cells = record.cells or []
        if self._added == self._last_two:  # as an earlier run left them
            body = self._earlier.sub("", body)
        elif self._added and 0 < len(cells) <= len(self._header.cells):
            kept = [cell for place, cell in enumerate(cells) if place not in self._added]
            buffer = io.StringIO()
            csv.writer(buffer, delimiter=self._delimiter, lineterminator="").writerow(kept)
            body = buffer.getvalue()
        missing = len(self._header.cells) - len(cells) if cells else 0
        return self._delimiter.join([body + self._delimiter * max(missing, 0), *added]) + end
