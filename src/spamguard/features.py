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
    #: How strongly comments that are signed by a name only may differ from the others in what the
    #: columns weigh, 0 for not at all.
    name_only: float = 0.0

    @property
    def size(self) -> int:
        """Number of columns."""
        return 1 << self.bits


VIEWS = text.Views._fields

BLOCKS = (
    Block("words", VIEWS.index("text"), kernel.WORDS, 1, 2, 16, name_only=1.5),
    Block("characters", VIEWS.index("text"), kernel.CHARS, 1, 5, 16, name_only=1.5),
    Block("links", VIEWS.index("links"), kernel.TOKENS, 1, 1, 14, 0.15),
    Block("signs", VIEWS.index("signs"), kernel.TOKENS, 1, 1, 8, 0.04),
    Block("author", VIEWS.index("author"), kernel.WORDS, 1, 2, 14),
    Block("site", VIEWS.index("site"), kernel.TOKENS, 1, 1, 14, 0.7),
    Block("keywords", VIEWS.index("keywords"), kernel.CHARS, 3, 5, 14, 1.6),
)


class Tally(NamedTuple):
    """How often each column occurs in some comments: three bytes a column.

    Block ``b`` of comment ``i`` of ``n`` has ``columns[borders[k]:borders[k + 1]]`` with
    k = b * n + i; each occurs as often as ``counts`` says, at most ``kernel.MOST`` times.
    """

    columns: Any  # uint16
    counts: Any  # uint8
    borders: Any  # int64


def tally(views: text.Views, speed: kernel.Interpreted, blocks: Sequence[Block] = BLOCKS) -> Tally:
    """How often each column of each block occurs in each comment."""
    import numpy as np

    all_columns, all_counts, lengths = [], [], []
    for block in blocks:
        strings = views[block.view]
        codes, begins, ends = text.runs(strings, speed)
        room = block.high * int(np.subtract(ends, begins).sum())
        found = speed.numbers(block.high * text.longest(strings))
        columns, counts = np.empty(room, np.uint16), np.empty(room, np.uint8)
        borders = np.zeros(len(begins) + 1, np.int64)
        speed.count_texts(
            *(codes, begins, ends, block.unit, block.low, block.high, block.bits),
            *(np.zeros(block.size, np.uint8), found, columns, counts, borders),
        )
        all_columns.append(columns[: borders[-1]])
        all_counts.append(counts[: borders[-1]])
        lengths.append(np.diff(borders))
    return Tally(
        np.concatenate(all_columns),
        np.concatenate(all_counts),
        np.append(0, np.cumsum(np.concatenate(lengths))),
    )


def hashes(strings: Sequence[str], block: Block, speed: kernel.Interpreted) -> tuple[Any, Any]:
    """The hash of each n-gram of string ``i``, ``found[borders[i]:borders[i + 1]]`` in order."""
    import numpy as np

    codes, begins, ends = text.runs(strings, speed)
    found = speed.numbers(block.high * int(np.subtract(ends, begins).sum()))
    borders = np.zeros(len(strings) + 1, np.int64)
    speed.hash_texts(
        codes, begins, ends, block.unit, block.low, block.high, block.bits, found, borders
    )
    return np.asarray(found)[: borders[-1]], borders
