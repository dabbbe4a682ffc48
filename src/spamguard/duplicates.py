"""Groups of comments that say nearly the same: a campaign never trains and tests at once."""

import zlib
from collections.abc import Sequence
from typing import Any

from spamguard import features, kernel, text

#: Two comments are near-duplicates from this Jaccard similarity of their word 4-grams on.
SIMILAR = 0.6
_BANDS, _ROWS = 16, 3
#: Of a signature, in numbers.
SIZE = _BANDS * _ROWS
#: So many pairs are compared at once, to keep the memory small.
_AT_ONCE = 1 << 16
_SHINGLES = features.Block("shingles", 0, kernel.WORDS, 4, 4, 31)


def near_duplicate_groups(texts: Sequence[str]) -> Any:
    """A group number for each text as it was written, int array of shape (len(texts),)."""
    speed = kernel.fastest()
    return groups(signatures(text.clean(texts, speed)[0], speed))


def signatures(cleaned: Sequence[str], speed: kernel.Interpreted) -> Any:
    """MinHash signatures (Broder 1997) of word 4-grams, uint32 array of shape (len(cleaned), SIZE).

    A text of fewer than four words is taken as a whole.
    """
    import numpy as np

    if not cleaned:
        return np.zeros((0, SIZE), np.uint32)
    hashes, ends = features.hashes(cleaned, _SHINGLES, speed)
    short = np.flatnonzero(np.diff(ends) == 0)
    whole = [
        zlib.crc32(cleaned[int(row)].strip().encode("utf-8", "surrogatepass")) for row in short
    ]
    flat = np.insert(hashes.astype(np.uint64), ends[short], np.array(whole, np.uint64))
    begins = ends[:-1] + np.searchsorted(short, np.arange(len(cleaned)))
    factors = np.random.default_rng(0).integers(1 << 62, size=SIZE, dtype=np.uint64) | 1
    return np.stack(
        [
            np.minimum.reduceat(((flat * factor) >> np.uint64(32)).astype(np.uint32), begins)
            for factor in factors
        ],
        axis=1,
    )


def groups(signatures: Any) -> Any:
    """A group number for each text, int array: equal where texts are nearly the same.

    Texts that agree in a band of the signature are compared by all of it.
    """
    import numpy as np
    from scipy import sparse
    from scipy.sparse import csgraph

    rows = len(signatures)
    mix = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)
    pairs = [np.zeros((2, 0), int)]
    for band in range(0, SIZE, _ROWS):
        key = (signatures[:, band : band + _ROWS] * mix).sum(axis=1, dtype=np.uint64)
        _, first, bucket = np.unique(key, return_index=True, return_inverse=True)
        leader = first[bucket]
        followers = np.flatnonzero(leader != np.arange(rows))
        for begin in range(0, len(followers), _AT_ONCE):
            some = followers[begin : begin + _AT_ONCE]
            alike = (signatures[some] == signatures[leader[some]]).mean(axis=1) >= SIMILAR
            pairs.append(np.stack([some[alike], leader[some[alike]]]))
    left, right = np.concatenate(pairs, axis=1)
    graph = sparse.coo_matrix((np.ones(len(left), bool), (left, right)), shape=(rows, rows))
    return csgraph.connected_components(graph, directed=False)[1] if rows else np.zeros(0, int)
