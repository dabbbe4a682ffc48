"""The feature blocks: which view, which n-grams, how many columns."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from spamguard import kernel, text


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
    Block("signs", VIEWS.index("signs"), kernel.TOKENS, 1, 1, 8, 0.15),
    Block("author", VIEWS.index("author"), kernel.WORDS, 1, 2, 14),
    Block("site", VIEWS.index("site"), kernel.TOKENS, 1, 1, 14),
    Block("keywords", VIEWS.index("keywords"), kernel.CHARS, 3, 5, 14),
)


class Tally(NamedTuple):
    """How often each column occurs in some comments: three bytes a column.

    Block ``b`` of comment ``i`` has ``columns[ends[k]:ends[k + 1]]``, k = i * len(BLOCKS) + b; each
    occurs as often as ``counts`` says, at most ``kernel.MOST`` times.
    """

    columns: Any  # uint16
    counts: Any  # uint8
    ends: Any  # int64


def tally(views: text.Views, speed: kernel.Interpreted, blocks: Sequence[Block] = BLOCKS) -> Tally:
    """How often each column of each block occurs in each comment."""
    import numpy as np

    codes, offsets = speed.codes([string for view in views for string in view])
    lengths = np.diff(offsets).reshape(len(views), -1)
    room = sum(block.high * int(lengths[block.view].sum()) for block in blocks)
    found = np.empty(max(b.high for b in blocks) * int(lengths.max(initial=0)), np.uint32)
    tallies = np.zeros(max(block.size for block in blocks), np.uint8)
    columns, counts = np.empty(room, np.uint16), np.empty(room, np.uint8)
    ends = np.zeros(lengths.shape[1] * len(blocks) + 1, np.int64)
    table = [(block.view, block.unit, block.low, block.high, block.bits) for block in blocks]
    speed.count_texts(codes, offsets, np.array(table), tallies, found, columns, counts, ends)
    return Tally(columns[: ends[-1]].copy(), counts[: ends[-1]].copy(), ends)


def hashes(strings: Sequence[str], block: Block, speed: kernel.Interpreted) -> tuple[Any, Any]:
    """The hash of each n-gram of string ``i``, ``found[ends[i]:ends[i + 1]]`` in order."""
    import numpy as np

    codes, offsets = speed.codes(strings)
    found = np.empty(block.high * len(codes), np.uint32)
    ends = np.zeros(len(strings) + 1, np.int64)
    speed.hash_texts(codes, offsets, block.unit, block.low, block.high, block.bits, found, ends)
    return found[: ends[-1]], ends
