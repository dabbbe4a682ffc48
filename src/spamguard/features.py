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


class Hasher:
    """The n-gram columns of one string after another, by the compiled kernel where there is one."""

    def __init__(self) -> None:
        try:
            self._hash_ngrams: Any = kernel.compiled().hash_ngrams
        except ImportError:
            self._hash_ngrams = kernel.hash_ngrams
        self._room = 0

    def columns(self, string: str, block: Block) -> Any:
        """The column of each n-gram in order of occurrence, an int32 array that is not kept."""
        import numpy as np

        room = block.high * len(string)
        if room > self._room or not self._room:
            self._room = 2 * room + 1024
            self._scratch = tuple(np.empty(self._room, np.int32) for _ in range(3))
        codes = np.frombuffer(encode([string])[0], np.uint32)
        count = self._hash_ngrams(
            codes, 0, len(codes), block.unit, block.low, block.high, block.bits, *self._scratch
        )
        return self._scratch[0][:count]


def count_matrix(strings: Sequence[str], block: Block) -> Any:
    """How often each column of ``block`` occurs in each string.

    Returns a float64 csr matrix of shape (len(strings), block.size), counts at most
    ``kernel.MOST``.
    """
    import numpy as np
    from scipy import sparse

    hasher = Hasher()
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
