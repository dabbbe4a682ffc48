"""The feature blocks: which view, which n-grams, how many columns."""

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from spamguard import kernel, text
from spamguard.records import Comment

_NATIVE = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"


class Block(NamedTuple):
    """One group of columns, weighted by TF-IDF and L2-normalised on its own."""

    name: str
    view: int
    unit: int
    low: int
    high: int
    bits: int
    scale: float = 1.0

    @property
    def size(self) -> int:
        """Number of columns."""
        return 1 << self.bits


VIEWS = text.Views._fields

BLOCKS = (
    Block("words", VIEWS.index("text"), kernel.WORDS, 1, 2, 16),
    Block("characters", VIEWS.index("text"), kernel.CHARS, 1, 5, 16),
    Block("links", VIEWS.index("links"), kernel.TOKENS, 1, 1, 14),
    Block("author", VIEWS.index("author"), kernel.WORDS, 1, 2, 14),
    Block("site", VIEWS.index("site"), kernel.TOKENS, 1, 1, 14),
    Block("keywords", VIEWS.index("keywords"), kernel.CHARS, 3, 5, 14),
)


def encode(strings: Sequence[str]) -> tuple[bytes, list[int]]:
    """All strings as one run of native 32-bit code points, and where each begins (and the end)."""
    offsets = [0]
    end = 0
    for string in strings:
        end += len(string)
        offsets.append(end)
    return "".join(strings).encode(_NATIVE, "surrogatepass"), offsets


def view_columns(comments: Sequence[Comment]) -> list[Sequence[str]]:
    """The views of all comments, one sequence of strings a view."""
    return list(zip(*map(text.views, comments), strict=True)) or [()] * len(VIEWS)


def views_of(comments: Sequence[Comment]) -> list[text.Views]:
    """The views of each comment."""
    return [text.views(comment) for comment in comments]


class Tally(NamedTuple):
    """How often each column occurs in some comments: three bytes a column.

    Block ``b`` of comment ``i`` has ``columns[ends[k]:ends[k + 1]]``, k = i * len(BLOCKS) + b; each
    occurs as often as ``counts`` says, at most ``kernel.MOST`` times.
    """

    columns: Any  # uint16
    counts: Any  # uint8
    ends: Any  # int64


class Hasher:
    """The n-grams of many strings, by the compiled kernel where there is one."""

    def __init__(self) -> None:
        self._compiled = True
        try:
            self._kernel: Any = kernel.compiled()
        except ImportError:
            self._kernel, self._compiled = kernel, False

    def _encoded(self, strings: Sequence[str]) -> tuple[Any, Any]:
        import numpy as np

        raw, offsets = encode(strings)
        # numpy's scalars would overflow where the interpreted kernel's integers do not.
        codes = np.frombuffer(raw, np.uint32) if self._compiled else memoryview(raw).cast("I")
        return codes, np.array(offsets)

    def hashes(self, strings: Sequence[str], block: Block) -> tuple[Any, Any]:
        """The hash of each n-gram of string ``i``, ``found[ends[i]:ends[i + 1]]`` in order."""
        import numpy as np

        codes, offsets = self._encoded(strings)
        room = block.high * int(np.diff(offsets).max(initial=0))
        found = np.empty(block.high * len(codes), np.int32)
        starts, stops = np.empty((2, room), np.int32)
        ends = np.zeros_like(offsets)
        self._kernel.hash_texts(
            *(codes, offsets, block.unit, block.low, block.high, block.bits),
            *(found, starts, stops, ends),
        )
        return found[: ends[-1]], ends

    def tally(self, views: Sequence[Sequence[str]], blocks: Sequence[Block] = BLOCKS) -> Tally:
        """How often each column of each block occurs in each comment, given its views."""
        import numpy as np

        codes, offsets = self._encoded([string for view in views for string in view])
        lengths = np.diff(offsets).reshape(len(views), -1)
        room = sum(block.high * int(lengths[:, block.view].sum()) for block in blocks)
        scratch = np.empty((3, max(b.high for b in blocks) * int(lengths.max(initial=0))), np.int32)
        tallies = np.zeros(max(block.size for block in blocks), np.uint8)
        columns, counts = np.empty(room, np.uint16), np.empty(room, np.uint8)
        ends = np.zeros(len(views) * len(blocks) + 1, np.int64)
        table = [(block.view, block.unit, block.low, block.high, block.bits) for block in blocks]
        self._kernel.count_texts(
            *(codes, offsets, lengths.shape[1], np.array(table), tallies, *scratch),
            *(columns, counts, ends),
        )
        return Tally(columns[: ends[-1]].copy(), counts[: ends[-1]].copy(), ends)
