"""CSV and TSV: rows under a header."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from spamguard import kernel
from spamguard.cells import plain_rows
from spamguard.errors import NoCommentsError
from spamguard.formats.columns import (
    NAMES,
    NO_PARENT,
    NOT_COMMENTS,
    find_columns,
    folded,
    listed,
    with_status,
)
from spamguard.formats.record import (
    ADDED,
    EARLIER,
    LABEL_COLUMN,
    PROBABILITY_COLUMN,
    Choices,
    PlainRows,
    Record,
    shown,
    visible,
)
from spamguard.formats.rows import csv_row
from spamguard.formats.source import Source, lines_of
from spamguard.records import LABELS, Columns, Comment, Verdict

#: A row of more bytes is none.
MOST_ROW = 16 << 20
#: A line of more bytes is read in parts.
PART = 1 << 20
#: Whether a quoted field that is so long has taken in rows is told by so many of its lines.
SAMPLE = 1000
TOO_LONG = f"more than {MOST_ROW >> 20} MiB: no comment"
#: After so many cells that are never closed in one read, rows are taken to end with their line.
PATIENCE = 20
#: Errors of ``csv``, and in which words they are told.
_UNCLOSED = "unexpected end of data"
_SAID = {"new-line character": "a carriage return in a cell without quotes"}
#: What Excel writes and reads above a table.
_SEP = re.compile(r'"?sep=([,;|\t:^~])"?(?=[\r\n])', re.IGNORECASE)
#: The fields that a verdict rests on.
JUDGED = ("text", "author", "author_url")


class Parsed(NamedTuple):
    """Rows taken apart: the line each begins in, the row as it stands, its cells, and what is wrong
    with some, by their places here."""

    lines: list[int]
    raws: list[str]
    cells: list[list[str]]
    errors: dict[int, str]

    def after(self, place: int) -> "Parsed":
        """What comes after the row at a place."""
        begin = place + 1
        errors = {at - begin: error for at, error in self.errors.items() if at > place}
        return Parsed(self.lines[begin:], self.raws[begin:], self.cells[begin:], errors)


class _End:
    """Finds the end of a row in its bytes as they come, without taking it apart."""

    def __init__(self, end: str) -> None:
        self._is_quoted = False
        self._marks = {True: re.compile(b'"'), False: re.compile(b'"|' + end.encode())}

    def find(self, data: bytes) -> tuple[int, int | None]:
        """Where its line end begins in its next bytes, and what follows on that: None if none does.

        Then as much as lies before the first place belongs to it.
        """
        found = self._marks[self._is_quoted].search(data)
        while found and found[0] == b'"':
            self._is_quoted = not self._is_quoted
            found = self._marks[self._is_quoted].search(data, found.end())
        begin = found.start() if found else len(data)
        begin -= data.endswith(b"\r", 0, begin)
        return begin, found.end() if found else None


def _bytes(lines: list[str]) -> bytes:
    return "".join(lines).encode("utf-8", "surrogateescape")


csv.field_size_limit(1 << 30)


def delimiter_of(head: str) -> str:
    """The delimiter that the first line tells as Excel does (``sep=;``), or the one that splits the
    header into the most names that are known, or just the most."""
    head = head.lstrip("\r\n")
    if told := _SEP.match(head):
        return told[1]
    known = {name for names in NAMES.values() for name in names}
    header = re.split(r"[\r\n]", head, maxsplit=1)[0]

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

    def __init__(self, source: Source, choices: Choices, delimiter: str | None = None) -> None:
        self.skipped: Counter[str] = Counter()
        self.damage: list[tuple[int, str]] = []
        self._source = source
        head = source.head()
        self._delimiter = delimiter or delimiter_of(head)
        # Old Macs, and Excel for new ones, end lines with CR alone.
        self._end = "\r" if "\n" not in head and "\r" in head.strip("\r") else "\n"
        self._blocks = self._read_blocks()
        self._held = b""
        self._line = 1
        self._looked_at = 0  # bytes of a row that is not complete yet
        self._its_end = _End(self._end)
        self._long = 0  # the line in which a row begins that is too long
        self.names: list[str] = []
        #: What stands above the header: empty lines, and what Excel tells there.
        self.above = ""
        self._header = self._read_header()
        self.names = self._header.cells
        names = self.names
        self.columns: dict[str, str] = find_columns(names, choices.columns, source.name)
        if "text" not in self.columns:
            raise NoCommentsError(
                f"{source.name}: line {self._header.line}: no column looks like the text of a"
                f" comment among {listed(names)}; name it with --text-column"
            )
        counts = Counter(name for name in names if name and name not in EARLIER)
        doubled = [name for name, count in counts.items() if count > 1]
        if doubled:
            problem = f"more than one column is called {listed(doubled)}; the first is read"
            self.damage.append((self._header.line, problem))
        self._places = {name: place for place, name in reversed(list(enumerate(names)))}
        columns = with_status(self.columns)
        places = {field: self._places[column] for field, column in columns.items()}
        self._judged = [places.get(field) for field in JUDGED]
        self._text, self._parent = places["text"], places.get("parent")
        self._kind = None if choices.include_pingbacks else places.get("type")
        # One cell more than there are columns: it stands for every field that no column holds.
        self._fields = itemgetter(*(places.get(field, len(names)) for field in Comment._fields))
        self._added = [place for place, name in enumerate(names) if name in EARLIER]
        self._last_two = [len(names) - 2, len(names) - 1]
        self._earlier = _earlier_cells(self._delimiter)

    def _read_header(self) -> Record:
        for parsed in self._read_rows():
            for place, (line, raw, cells) in enumerate(zip(*parsed[:3], strict=True)):
                error = parsed.errors.get(place, TOO_LONG if not cells and raw.strip() else None)
                if error is not None:
                    raise NoCommentsError(f"{self._source.name}: line {line}: the header: {error}")
                if cells and not _SEP.match(raw):
                    self._pending = parsed.after(place)
                    return Record(None, line, raw, None, cells)
                self.above += raw
        raise NoCommentsError(
            f"{self._source.name}: empty: a table begins with the names of its columns"
        )

    def _read_blocks(self) -> Iterator[bytes]:
        """The source's blocks of lines, the first line apart from the others."""
        blocks = self._source.blocks(self._end, PART)
        for block in blocks:
            first, newline, others = block.partition(self._end.encode())
            yield first + newline
            yield others
            yield from blocks

    def _read_rows(self) -> Iterator[Parsed]:
        """Rows taken apart, not yet looked at."""
        for block in self._blocks:
            self._held += block
            yield from self._taken_apart()
        yield from self._taken_apart(final=True)

    def _taken_apart(self, *, final: bool = False) -> Iterator[Parsed]:
        """The rows in what is held so far, of which a last one that is not complete stays.

        One that is too long does not stay: it is given in parts, which are rows without cells.
        """
        if self._long:
            yield self._passed_over(final=final)
            if self._long:
                return
        if self._is_open() and not final and len(self._held) <= MOST_ROW:
            return
        lines = lines_of(self._held, self._end)
        is_cut = not final and lines and not lines[-1].endswith(self._end)
        cut = [lines.pop()] if is_cut else []
        parsed, rest = self._parse(lines, self._line, final=final)
        self._line += len(lines) - len(rest)
        self._held = _bytes(rest + cut)
        self._looked_at = 0
        self._its_end = _End(self._end)
        yield parsed
        if len(self._held) > MOST_ROW:
            self._long = self._line
            yield self._passed_over(final=False)
        elif rest and self._its_end.find(self._held)[1] is None:
            self._looked_at = len(self._held)

    def _is_open(self) -> bool:
        """Whether the row that was not complete cannot be so now: its cell is still not closed."""
        if not self._looked_at or self._its_end.find(self._held[self._looked_at :])[1] is not None:
            return False
        self._looked_at = len(self._held)
        return True

    def _passed_over(self, *, final: bool) -> Parsed:
        """What is held of a row that is too long: the last thing in it, its line end, is bad."""
        line = self._long
        end, after = self._its_end.find(self._held)
        if after is None and final:
            after = len(self._held)
        parts = [self._held[:end], b"" if after is None else self._held[end:after]]
        self._line += sum(part.count(self._end.encode()) for part in parts)
        self._held = self._held[end if after is None else after :]
        raws = [part.decode("utf-8", "surrogateescape") for part in parts]
        if after is None:
            return Parsed([line], raws[:1], [[]], {})
        self._long = 0
        return Parsed([line] * 2, raws, [[], []], {1: TOO_LONG})

    def _parse(self, lines: list[str], first: int, *, final: bool) -> tuple[Parsed, list[str]]:
        """The rows in ``lines``, and the lines of a last row that is not complete yet."""
        parsed = Parsed([], [], [], {})
        begin = given_up = 0
        while begin < len(lines):
            rest = lines[begin:] if given_up < PATIENCE else [lines[begin]]
            reader = csv.reader(rest, delimiter=self._delimiter, strict=True)
            ends = [begin]
            try:
                for cells in reader:
                    parsed.cells.append(cells)
                    ends.append(begin + reader.line_num)
            except csv.Error as error:
                problem = str(error)
                problem = next((_SAID[p] for p in _SAID if problem.startswith(p)), problem)
            else:
                problem = ""
            base, begin = begin, ends[-1]
            if len(ends) > begin - base:  # each row is a line
                parsed.raws.extend(lines[base:begin])
            else:
                parsed.raws.extend("".join(lines[a:b]) for a, b in pairwise(ends))
            parsed.lines.extend([first + end for end in ends[:-1]])
            if not problem:
                continue
            if problem == _UNCLOSED:
                rest = lines[begin:]
                if not final and given_up < PATIENCE and not self._has_taken_in(rest):
                    return parsed, rest
                given_up += 1
                problem = "a quoted cell that opens in this row is never closed"
            parsed.errors[len(parsed.cells)] = problem
            parsed.lines.append(first + begin)
            parsed.raws.append(lines[begin])
            parsed.cells.append([])
            begin += 1
        return parsed, []

    def _has_taken_in(self, lines: list[str]) -> bool:
        """Whether a row that is too long, because a cell is not closed, is made of other rows."""
        if len(_bytes(lines)) <= MOST_ROW:
            return False
        sample = lines[1 : 1 + SAMPLE]
        rows = 0
        for line in sample:
            with suppress(csv.Error):
                cells = next(csv.reader([line], delimiter=self._delimiter, strict=True), [])
                rows += len(cells) == len(self.names)
        return rows > len(sample) / 2

    def batches(self) -> Iterator[Sequence[Record]]:
        yield self._one_by_one(self._pending)
        for block in self._blocks:
            self._held += block
            plain = self._plain_rows() if self._source.heavy and not self._long else None
            if plain:
                yield plain
            if plain is None or plain.lot.before_odd or len(self._held) > MOST_ROW:
                yield from map(self._one_by_one, self._taken_apart())
        yield from map(self._one_by_one, self._taken_apart(final=True))

    def _one_by_one(self, parsed: Parsed) -> list[Record]:
        return [
            self._record(*row, parsed.errors.get(place))
            for place, row in enumerate(zip(*parsed[:3], strict=True))
        ]

    def _plain_rows(self) -> PlainRows | None:
        """The rows at the beginning of what is held with nothing odd about them, all at once.

        None if only one by one will do, for one of all rows or where nothing is compiled.
        """
        block = self._held
        if self._added or self._end != "\n" or b"\0" in block or not kernel.fastest().is_compiled:
            return None
        try:
            block.decode()
        except UnicodeDecodeError:
            return None
        asked = [place for place in (*self._judged, self._kind) if place is not None]
        lot = plain_rows(block, self._delimiter, len(self.names), asked)
        cells = dict(zip(asked, lot.fields, strict=True))
        if self._kind is not None and not NOT_COMMENTS.isdisjoint(cells[self._kind]):
            return None
        first, whole = self._line, block[: lot.size]
        self._held = block[lot.size :]
        self._looked_at = 0
        self._line += whole.count(b"\n")
        return PlainRows(
            lot,
            Columns(*([] if place is None else cells[place] for place in self._judged)),
            self._delimiter,
            lambda: self._one_by_one(
                self._parse(lines_of(block[: lot.size]), first, final=True)[0]
            ),
        )

    def _comment(self, cells: list[str], raw: str) -> Comment:
        shown = cells if raw.isascii() else list(map(visible, cells))
        if shown[self._text] != cells[self._text]:
            self._source.replaced += 1
        values: list[str | None] = [*shown, None]
        if self._parent is not None and values[self._parent] in NO_PARENT:
            values[self._parent] = None
        return Comment._make(self._fields(values))

    def _record(self, line: int, raw: str, cells: list[str], error: str | None = None) -> Record:
        """A row, which may be broken, not as wide as the header, no comment, or have no text."""
        width = len(self._header.cells)
        full = cells + [""] * (width - len(cells))
        if error is None and not cells:
            return Record(None, line, raw)
        if error is None and self._kind is not None and full[self._kind] in NOT_COMMENTS:
            self.skipped[full[self._kind]] += 1
            return Record(None, line, raw, None, cells)
        if error is None and len(cells) > width:
            error = f"{len(cells)} cells under {width} columns"
        # An earlier run gave a row without text empty cells, which makes it no better.
        was_short = bool(self._added) and not full[self._added[0]]
        if error is None and not full[self._text] and (self._text >= len(cells) or was_short):
            error = f"no cell for {self.columns['text']!r}"
        if error is not None:
            return Record(None, line, raw, error, cells or None)
        return Record(self._comment(full, raw), line, raw, None, cells)

    @property
    def delimiter(self) -> str:
        return self._delimiter

    def cell(self, record: Record, column: str) -> str | None:
        place = self._places.get(column)
        if place is None or not record.cells or place >= len(record.cells):
            return None
        return visible(record.cells[place])

    def opening(self) -> str:
        bom = self._source.bom.decode(self._source.encoding)
        return bom + self.above + self._with_added(self._header, list(ADDED))

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
        if self._added == self._last_two:  # as an earlier run left them
            body = self._earlier.sub("", body)
        elif self._added and 0 < len(cells) <= len(self._header.cells):
            kept = [cell for place, cell in enumerate(cells) if place not in self._added]
            body = csv_row(kept, self._delimiter, "")
        missing = len(self._header.cells) - len(cells) if cells else 0
        return self._delimiter.join([body + self._delimiter * max(missing, 0), *added]) + end
