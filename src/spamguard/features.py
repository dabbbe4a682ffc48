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


class Hasher:
    """The n-gram columns of one string after another."""

    def __init__(self, speed: kernel.Interpreted) -> None:
        self._speed = speed
        self._room = 0

    def columns(self, string: str, block: Block) -> Any:
        """The column of each n-gram in order of occurrence, numbers that are not kept."""
        room = block.high * len(string)
        if room > self._room or not self._room:
            self._room = 2 * room + 1024
            self._columns = self._speed.numbers(self._room)
        codes, (begin,), (end,) = self._speed.codes([string])
        count = self._speed.hash_ngrams(
            codes, begin, end, block.unit, block.low, block.high, block.bits, self._columns, None
        )
        return self._columns[:count]


def count_matrix(strings: Sequence[str], block: Block) -> Any:
    """How often each column of ``block`` occurs in each string.

    Returns a float64 csr matrix of shape (len(strings), block.size), counts at most
    ``kernel.MOST``.
    """
    import numpy as np
    from scipy import sparse

    hasher = Hasher(kernel.fastest())
    indices = [np.zeros(0, np.int32)]
    counts = [np.zeros(0)]
    ends = [0]
    for string in strings:
        distinct, times = np.unique(hasher.columns(string, block), return_counts=True)
        indices.append(distinct)
        counts.append(np.minimum(times, kernel.MOST).astype(np.float64))
        ends.append(ends[-1] + len(distinct))
    shape = (len(strings), block.size)
    return sparse.csr_matrix((np.concatenate(counts), np.concatenate(indices), ends), shape=shape)
