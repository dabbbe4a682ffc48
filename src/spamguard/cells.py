"""Rows of a table as bytes: where their cells lie, what these say, and a verdict behind each row.

For rows with nothing odd about them, and many of them: what is odd, Python's ``csv`` reads, which
knows what to say of it. The functions are plain Python over indexable numbers, as the kernel's are,
and only used compiled.
"""

import functools
import types
from collections.abc import Sequence
from typing import Any, NamedTuple

from spamguard import kernel

_QUOTE, _RETURN, _NEWLINE = 34, 13, 10
#: A probability is written with so many digits behind its point.
DIGITS = 6


class Cells(Sequence[str]):
    """Some cells of a table as they lie in its bytes, which are valid UTF-8.

    begins, ends: of each cell, without quotes around it. doubled: whether each quote in it stands
    for half of one.
    """

    def __init__(self, data: Any, begins: Any, ends: Any, doubled: Any) -> None:
        self._data = data
        self._begins = begins
        self._ends = ends
        self._doubled = doubled

    def __len__(self) -> int:
        return len(self._begins)

    def __getitem__(self, place: Any) -> Any:
        raw = self._data[self._begins[place] : self._ends[place]].tobytes().decode()
        return raw.replace('""', '"') if self._doubled[place] else raw

    @property
    def longest(self) -> int:
        """No cell has more characters."""
        return int((self._ends - self._begins).max(initial=0))

    def codes(self) -> tuple[Any, Any, Any]:
        """All cells as one run of code points, where each begins, and where each ends."""
        import numpy as np

        codes = np.empty(int((self._ends - self._begins).sum()), np.uint32)
        borders = np.zeros(len(self) + 1, np.int64)
        _compiled().decode_cells(
            self._data, self._begins, self._ends, self._doubled, codes, borders
        )
        return codes[: borders[-1]], borders[:-1], borders[1:]


class Lot(NamedTuple):
    """Rows that lie one after another in bytes.

    begins, ends: of each row, without its line end; the next row begins where that ends, behind
    the last at ``size``. fields: the cells of the columns that were asked for. before_odd: whether
    the next row is odd, rather than not complete.
    """

    data: Any
    begins: Any
    ends: Any
    size: int
    fields: list[Cells]
    before_odd: bool

    def extended(self, delimiter: str, words: Sequence[str], labels: Any, numbers: Any) -> bytes:
        """The rows, each with ``words[labels[row]]`` and a number between 0 and 1 behind it."""
        import numpy as np

        chosen, millionths = np.asarray(labels, np.uint8), rounded(np.asarray(numbers, np.float64))
        raw = [word.encode() for word in words]
        borders = np.append(0, np.cumsum([len(word) for word in raw]))
        longest = max(map(len, raw)) + DIGITS + 4
        out = np.empty(self.size + len(self.begins) * longest, np.uint8)
        size = _compiled().extend_rows(
            self.data, self.begins, self.ends, self.size, ord(delimiter),
            np.frombuffer(b"".join(raw), np.uint8), borders, chosen, millionths, out,
        )  # fmt: skip
        return out[:size].tobytes()


def rounded(numbers: Any) -> Any:
    """Numbers between 0 and 1 in millionths, to the digit as ``f"{number:.6f}"`` rounds them."""
    import numpy as np

    scaled = numbers * 10.0**DIGITS
    whole = np.floor(scaled)
    behind = scaled - whole
    millionths = (whole + (behind > 0.5)).astype(np.int64)
    for place in np.flatnonzero(np.abs(behind - 0.5) < 1e-3):  # where a rounding error may decide
        millionths[place] = int(f"{numbers[place]:.{DIGITS}f}".replace(".", ""))
    return millionths


def plain_rows(data: bytes, delimiter: str, width: int, wanted: Sequence[int]) -> Lot:
    """The rows of so many cells at the beginning of ``data``, up to the first that is odd or does
    not end there. ``wanted`` names the columns whose cells are asked for.

    Odd is what Python's ``csv`` does not take, an empty line, or another number of cells.
    """
    import numpy as np

    most = data.count(b"\n") + 1
    codes = np.frombuffer(data, np.uint8)
    asked = np.full(width, -1)
    asked[list(wanted)] = np.arange(len(wanted))
    shape = (len(wanted), most)
    cell_begins, cell_ends = np.empty(shape, np.int64), np.empty(shape, np.int64)
    doubled = np.empty(shape, np.bool_)
    begins, ends = np.empty(most, np.int64), np.empty(most, np.int64)
    rows, size, before_odd = _compiled().split_rows(
        codes, ord(delimiter), asked, begins, ends, cell_begins, cell_ends, doubled
    )
    fields = [
        Cells(codes, cell_begins[place, :rows], cell_ends[place, :rows], doubled[place, :rows])
        for place in range(len(wanted))
    ]
    return Lot(codes, begins[:rows], ends[:rows], size, fields, before_odd)


def split_rows(
    data: Any,
    delimiter: int,
    asked: Any,
    begins: Any,
    ends: Any,
    cell_begins: Any,
    cell_ends: Any,
    doubled: Any,
) -> tuple[int, int, bool]:
    """Find plain rows and those of their cells that are ``asked`` for (where to put them, or -1).

    Returns how many rows there are, where the last one ends, and whether the next one is odd.
    """
    size = len(data)
    width = len(asked)
    row = last = place = 0
    while place < size:
        begins[row] = place
        if data[place] in (_NEWLINE, _RETURN):
            return row, last, True
        column = 0
        while True:
            has_doubled = False
            if place < size and data[place] == _QUOTE:
                place += 1
                begin = place
                while place + 1 < size:
                    if data[place] != _QUOTE:
                        place += 1
                    elif data[place + 1] == _QUOTE:
                        has_doubled = True
                        place += 2
                    else:
                        break
                end = place
                place += 1
            else:
                begin = place
                while place < size and (data[place] not in (delimiter, _NEWLINE, _RETURN)):
                    place += 1
                end = place
            if column < width and asked[column] >= 0:
                cell_begins[asked[column], row] = begin
                cell_ends[asked[column], row] = end
                doubled[asked[column], row] = has_doubled
            column += 1
            if place < size and data[place] == delimiter:
                place += 1
            else:
                break
        ends[row] = place
        if place + 1 < size and data[place] == _RETURN:
            place += 1
        if place >= size:
            break
        if data[place] != _NEWLINE or column != width:
            return row, last, True
        place += 1
        row += 1
        last = place
    return row, last, False


def decode_cells(data: Any, begins: Any, ends: Any, doubled: Any, codes: Any, borders: Any) -> None:
    """Write the code points of cell ``i`` to ``codes[borders[i]:borders[i + 1]]``."""
    size = 0
    for cell in range(len(begins)):
        place, end = begins[cell], ends[cell]
        while place < end:
            code = data[place] & 0xFF
            if code < 0x80:
                more = 0
                if code == _QUOTE and doubled[cell]:
                    place += 1
            elif code < 0xE0:
                code &= 0x1F
                more = 1
            elif code < 0xF0:
                code &= 0x0F
                more = 2
            else:
                code &= 0x07
                more = 3
            place += 1
            for _ in range(more):
                code = (code << 6) | (data[place] & 0x3F)
                place += 1
            codes[size] = code
            size += 1
        borders[cell + 1] = size


def extend_rows(
    data: Any,
    begins: Any,
    ends: Any,
    size: int,
    delimiter: int,
    words: Any,
    borders: Any,
    labels: Any,
    millionths: Any,
    out: Any,
) -> int:
    """Write each row to ``out`` with a word and a number behind it, and then its line end; return
    how many bytes that took."""
    at = 0
    rows = len(begins)
    for row in range(rows):
        begin, end = begins[row], ends[row]
        for place in range(begin, end):
            out[at + place - begin] = data[place]
        at += end - begin
        out[at] = delimiter
        at += 1
        label = labels[row]
        for place in range(borders[label], borders[label + 1]):
            out[at] = words[place]
            at += 1
        out[at] = delimiter
        left = millionths[row]
        out[at + 2] = 46  # the point
        for place in range(DIGITS):
            out[at + 2 + DIGITS - place] = 48 + left % 10
            left //= 10
        out[at + 1] = 48 + left
        at += 3 + DIGITS
        last = begins[row + 1] if row + 1 < rows else size
        for place in range(end, last):
            out[at] = data[place]
            at += 1
    return at


@functools.cache
def _compiled() -> types.SimpleNamespace:
    return kernel.compile_functions(split_rows, decode_cells, extend_rows)
