"""Folds that keep groups of comments together and the classes in balance."""

import functools
import math
from typing import Any

from spamguard import kernel


def stratified_folds(spam: Any, groups: Any, folds: int, seed: int) -> Any:
    """The fold of each row, from 0 on; the rows of a group are all in one fold.

    The folds are those of scikit-learn's ``StratifiedGroupKFold(folds, shuffle=True)``, which
    takes a minute for the groups that this does in a second.
    """
    import numpy as np

    _, group = np.unique(groups, return_inverse=True)
    group = group.ravel()
    ham, bad = (np.bincount(group, spam == side, group.max() + 1) for side in (False, True))
    order = np.arange(len(ham))
    np.random.RandomState(seed).shuffle(order)
    # The most one-sided groups first; what is equal stays shuffled.
    order = order[np.argsort(-np.abs(ham - bad)[order], kind="stable")]
    place: Any = np.zeros(len(ham), int)
    ham_in, spam_in = np.zeros(folds), np.zeros(folds)
    _compiled()(order, ham, bad, max(ham.sum(), 1), max(bad.sum(), 1), ham_in, spam_in, place)
    return place[group]


def spread(amounts: Any, total: float) -> float:
    """The standard deviation of the shares of a total."""
    mean = 0.0
    for amount in amounts:
        mean += amount / total
    mean /= len(amounts)
    square = 0.0
    for amount in amounts:
        square += (amount / total - mean) * (amount / total - mean)
    return math.sqrt(square / len(amounts))


def assign_groups(
    order: Any,
    ham: Any,
    spam: Any,
    all_ham: float,
    all_spam: float,
    ham_in: Any,
    spam_in: Any,
    place: Any,
) -> None:
    """Write into ``place`` the fold of each group: the one where it evens out both classes most,
    of equally good ones the smallest. ``ham_in`` and ``spam_in`` begin as a zero for each fold."""
    for group in order:
        best, least, fewest = -1, math.inf, math.inf
        for fold in range(len(ham_in)):
            rows = ham_in[fold] + spam_in[fold]
            ham_in[fold] += ham[group]
            spam_in[fold] += spam[group]
            uneven = (spread(ham_in, all_ham) + spread(spam_in, all_spam)) / 2
            ham_in[fold] -= ham[group]
            spam_in[fold] -= spam[group]
            close = abs(uneven - least) <= 1e-8 + 1e-5 * abs(least)
            if uneven < least or (close and rows < fewest):
                best, least, fewest = fold, uneven, rows
        ham_in[best] += ham[group]
        spam_in[best] += spam[group]
        place[group] = best


@functools.cache
def _compiled() -> Any:
    """``assign_groups``, compiled where that can be."""
    try:
        return kernel.compile_functions(spread, assign_groups).assign_groups
    except ImportError:
        return assign_groups
