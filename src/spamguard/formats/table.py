"""CSV and TSV: rows under a header."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter

from spamguard.errors import NoCommentsError
from spamguard.formats.columns import NAMES, NO_PARENT, NOT_COMMENTS, find_columns, folded, listed
from spamguard.formats.record import ADDED, SURROGATES, Choices, Record, shown, visible
from spamguard.formats.source import Source
from spamguard.records import Comment, Verdict

#: A quoted field that is still open after so many characters was never meant to be one.
MOST_OPEN = 8 << 20
_UNCLOSED = "unexpected end of data"

csv.field_size_limit(1 << 30)


def delimiter_of(head: str) -> str:
    """The delimiter that splits the header into the most names that are known, or just the most."""
    known = {name for names in NAMES.values() for name in names}
    header = head.split("\n", 1)[0]

    def merit(delimiter: str) -> tuple[int, int]:
        try:
            names = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:  # a carriage return in the middle
            names = []
        return sum(folded(name) in known for name in names), len(names)

    return max((",", "\t", ";", "|"), key=merit)


class Table:
    """A CSV or TSV file. Rows are kept as they stand: verdicts are added at their ends."""

    def __init__(self, source: Source, choices: Choices, delimiter: str | None = None) -> None:
        self.skipped: Counter[str] = Counter()
        self.damage: list[tuple[int, str]] = []
        self._source = source
        self._delimiter = delimiter or delimiter_of(source.head())
        self._rows = self._read_rows()
        self._pending: list[Record] = []
        self._header = self._read_header()
        names: list[str] = self._header.cells
        self.columns: dict[str, str] = find_columns(names, choices.columns, source.name)
        if "text" not in self.columns:
            raise NoCommentsError(
                f"{source.name}: line {self._header.line}: no column looks like the text of a"
                f" comment among {listed(names)}; name it with --text-column"
            )
        self._places = {name: place for place, name in reversed(list(enumerate(names)))}
        kind = None if choices.include_pingbacks else self.columns.get("type")
        self._kind = None if kind is None else self._places[kind]
        self._added = [place for place, name in enumerate(names) if name in ADDED]

    def _read_header(self) -> Record:
        for batch in self._rows:
            for place, record in enumerate(batch):
                if record.error is not None:
                    raise NoCommentsError(
                        f"{self._source.name}: line {record.line}: the header: {record.error}"
                    )
                if record.cells:
                    self._pending = batch[place + 1 :]
                    return record
        raise NoCommentsError(
            f"{self._source.name}: empty: a table begins with the names of its columns"
        )

    def _read_rows(self) -> Iterator[list[Record]]:
        """Rows taken apart, not yet looked at."""
        line = 1
        held: list[str] = []
        for chunk in self._source.line_chunks():
            lines = held + chunk
            batch, held = self._parse(lines, line, final=sum(map(len, held)) > MOST_OPEN)
            line += len(lines) - len(held)
            yield batch
        if held:
            yield self._parse(held, line, final=True)[0]

    def _parse(
        self, lines: Sequence[str], first: int, *, final: bool
    ) -> tuple[list[Record], list[str]]:
        """The rows in ``lines``, and the lines of a last row that is not complete yet."""
        batch: list[Record] = []
        begin = 0
        while begin < len(lines):
            base = begin
            reader = csv.reader(lines[begin:], delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    end = base + reader.line_num
                    raw = lines[begin] if end == begin + 1 else "".join(lines[begin:end])
                    batch.append(Record(None, first + begin, raw, None, cells))
                    begin = end
            except csv.Error as error:
                problem = str(error)
                if problem == _UNCLOSED:
                    if not final:
                        return batch, list(lines[begin:])
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
        width = len(self._header.cells)
        # One cell more than there are columns: it stands for every field that no column holds.
        places = {field: self._places[column] for field, column in self.columns.items()}
        wanted = itemgetter(*(places.get(field, width) for field in Comment._fields))
        text, key, parent = places["text"], places.get("id"), places.get("parent")
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
                if text >= len(cells):
                    records.append(self._broken(record, f"no cell for {self.columns['text']!r}"))
                    continue
                cells = cells + [""] * (width - len(cells))
            if self._kind is not None and cells[self._kind] in NOT_COMMENTS:
                self.skipped[cells[self._kind]] += 1
                records.append(record)
                continue
            if not record.raw.isascii() and SURROGATES.search(record.raw):
                cells = [cell if at == key else visible(cell) for at, cell in enumerate(cells)]
            values = [*cells, None]
            if parent is not None and values[parent] in NO_PARENT:
                values[parent] = None
            comment = Comment._make(wanted(values))
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
        return self._source.bom.decode(self._source.encoding) + self._with_added(
            self._header, list(ADDED)
        )

    def annotated(self, record: Record, verdict: Verdict | None) -> str:
        if verdict is not None:
            return self._with_added(record, [verdict.label, shown(verdict.probability)])
        if record.error is None and not record.cells:
            return record.raw
        return self._with_added(record, ["", ""])

    def _with_added(self, record: Record, added: list[str]) -> str:
        body = record.raw.rstrip("\r\n")
        end = record.raw[len(body) :]
        cells = record.cells or []
        if self._added and cells:
            kept = [cell for place, cell in enumerate(cells) if place not in self._added]
            buffer = io.StringIO()
            csv.writer(buffer, delimiter=self._delimiter, lineterminator="").writerow(kept)
            body = buffer.getvalue()
        missing = len(self._header.cells) - len(cells) if cells else 0
        return self._delimiter.join([body + self._delimiter * max(missing, 0), *added]) + end
