"""Groups of comments that say nearly the same: a campaign never trains and tests at once."""

from collections.abc import Sequence
from typing import Any

from spamguard import features, kernel, text

#: Two comments are near-duplicates from this Jaccard similarity of their word 4-grams on.
SIMILAR = 0.6
_BANDS, _ROWS = 16, 3
_SHINGLES = features.Block("shingles", 0, kernel.WORDS, 4, 4, 31)


def near_duplicate_groups(texts: Sequence[str]) -> Any:
    """A group number for each text, int array of shape (len(texts),).

    MinHash signatures (Broder 1997) of word 4-grams; texts that agree in a band of the signature
    are compared by all of it. A text of fewer than four words is compared as a whole.
    """
    import numpy as np
    from scipy import sparse

    speed = kernel.fastest()
    hasher = features.Hasher(speed)
    hashes = [_shingles(hasher, clean) for clean in text.clean(texts, speed)[0]]
    if not hashes:
        return np.zeros(0, int)
    begins = np.cumsum([0] + [len(found) for found in hashes[:-1]])
    flat = np.concatenate(hashes).astype(np.uint64)
    factors = np.random.default_rng(0).integers(1 << 62, size=_BANDS * _ROWS, dtype=np.uint64) | 1
    signatures = np.stack(
        [np.minimum.reduceat((flat * factor) >> np.uint64(32), begins) for factor in factors],
        axis=1,
    )
    pairs = []
    for band in range(_BANDS):
        part = signatures[:, band * _ROWS : (band + 1) * _ROWS]
        _, first, bucket = np.unique(part, axis=0, return_index=True, return_inverse=True)
        leader = first[bucket.ravel()]
        alike = (signatures == signatures[leader]).mean(axis=1) >= SIMILAR
        pairs.append(np.stack([np.flatnonzero(alike), leader[alike]]))
    left, right = np.concatenate(pairs, axis=1)
    graph = sparse.coo_matrix((np.ones(len(left)), (left, right)), shape=(len(texts),) * 2)
    return sparse.csgraph.connected_components(graph, directed=False)[1]


def _shingles(hasher: features.Hasher, clean: str) -> Any:
    import numpy as np

    found = hasher.columns(clean, _SHINGLES)
    if len(found) == 0:
        words = max(1, len(clean.split()))
        found = hasher.columns(clean, _SHINGLES._replace(unit=kernel.TOKENS, low=words, high=words))
    return found.copy() if len(found) else np.zeros(1, np.int32)
