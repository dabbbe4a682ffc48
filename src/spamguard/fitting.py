"""Logistic regressions on TF-IDF blocks, several at once on the same comments.

The regressions differ in which comments they learn from. They share every pass over the counts:
what a column weighs lies side by side for all of them, so that fetching it once serves all.
"""

import functools
import math
import types
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from spamguard import features, kernel
from spamguard.counts import BLOCKS, Counts, Shard, Shelf
from spamguard.errors import TrainingError

#: So many regressions are fitted at once: one without each fold, and at last one on everything.
#: The number is a constant because the compiler makes far better loops of that.
FOLDS = 5
LANES = FOLDS + 1
#: Inverse regularisation strength, and in how many rows a column must occur.
STRENGTH = 5.0
MIN_ROWS = 2
#: The fit ends after a pass in which the shares moved by so little of what they may be, on average.
TOLERANCE = 1e-3
#: Nor may the intercept have moved by more than so many times that.
BALANCE = 250
MOST_PASSES = 200
#: So many rows are mixed anew in each pass, at least.
AT_ONCE = 32768
#: A row whose share moves by less than this part of what it may be is left as it is.
STILL = 1e-4

#: Which block of the counts each learned block reads. The last ones are the twins of blocks that
#: weigh otherwise where a comment has a name only: what spam says under a video differs from what
#: it says on a blog, but not in everything, so both learn from such comments (Daumé, Frustratingly
#: Easy Domain Adaptation, 2007).
READS = np.array([*range(BLOCKS), *(b for b in range(BLOCKS) if features.BLOCKS[b].name_only)])
IS_TWIN = np.arange(len(READS)) >= BLOCKS
#: Which blocks can be hidden.
CAN_HIDE = np.array([features.BLOCKS[b].name in ("author", "site", "keywords") for b in READS])
#: Which blocks read the text.
IN_TEXT = np.array([features.VIEWS[features.BLOCKS[b].view] == "text" for b in READS])
#: What a count is worth: sublinear, as scikit-learn's TfidfTransformer has it.
WORTH = np.array(kernel.TERM_FREQUENCY, np.float32)
#: Where the columns of each learned block begin among those of all, and where the last ones end.
BEGINS = np.cumsum([0, *(features.BLOCKS[b].size for b in READS)])
COLUMNS = int(BEGINS[-1])
#: The length of each learned block of a comment that has one, and its square.
SCALES = np.array(
    [
        features.BLOCKS[b].scale * (features.BLOCKS[b].name_only if twin else 1.0)
        for b, twin in zip(READS, IS_TWIN, strict=True)
    ],
    np.float32,
)
SQUARES = SCALES.astype(float) ** 2


def count_rows(columns: Any, borders: Any, begins: Any, member: Any, seen: Any) -> None:
    """Add each row's line of ``member`` to the lines of its columns in ``seen``."""
    blocks = len(begins) - 1
    for row in range(len(member)):
        line = member[row]
        for block in range(blocks):
            part = seen[begins[block] : begins[block + 1]]
            for place in range(borders[row * blocks + block], borders[row * blocks + block + 1]):
                total = part[columns[place]]
                for lane in range(LANES):
                    total[lane] += line[lane]


def add_products(
    columns: Any, counts: Any, begin: int, end: int, worth: Any, weight: Any, total: Any
) -> None:
    """Add what ``columns[begin:end]`` weigh, each times what its count is worth, to ``total``."""
    for place in range(begin, end):
        line = weight[columns[place]]
        times = worth[counts[place]]
        for lane in range(LANES):
            total[lane] += times * line[lane]


def gather(
    columns: Any,
    counts: Any,
    borders: Any,
    reads: Any,
    begins: Any,
    worth: Any,
    weight: Any,
    sums: Any,
) -> None:
    """Add the products of each learned block of each row to ``sums``, (rows, blocks, LANES)."""
    for row in range(len(sums)):
        for block in range(len(reads)):
            at = row * BLOCKS + reads[block]
            begin, end = borders[at], borders[at + 1]
            part = weight[begins[block] : begins[block + 1]]
            add_products(columns, counts, begin, end, worth, part, sums[row, block])


def best_share(margin: float, share: float, most: float, length: float) -> float:
    """The share, from 0 to ``most``, at which a row's loss and the weights balance.

    The row has a squared length of ``length``; its margin is ``margin`` with the share it has.
    Newton's method on the margin, kept between bounds (compare Yu, Huang and Lin 2011); where its
    steps do not shrink, it may go to and fro for ever, and the bounds are halved instead.
    """
    low, high = margin - length * share, margin + length * (most - share)
    guess = min(max(margin, 0.0), high)
    step = high - low
    for _ in range(100):
        part = 1 / (1 + math.exp(min(guess, 700.0)))
        surplus = guess - margin - length * (most * part - share)
        if surplus > 0:
            high = guess
        else:
            low = guess
        before = guess
        guess -= surplus / (1 + length * most * part * (1 - part))
        if guess < low or guess > high or abs(guess - before) > step / 2:
            guess = (low + high) / 2
        step = abs(guess - before)
        if step <= 1e-9 * (1 + abs(guess)):
            break
    return most / (1 + math.exp(min(guess, 700.0)))


def improve(
    order: Any,
    columns: Any,
    counts: Any,
    borders: Any,
    reads: Any,
    begins: Any,
    worth: Any,
    scales: Any,
    squares: Any,
    sides: Any,
    most: Any,
    still: float,
    shares: Any,
    weight: Any,
    square_idf: Any,
    intercept: Any,
    balance: Any,
    moved: Any,
) -> None:
    """One pass of dual coordinate descent over some rows in ``order``.

    Each row in turn gets the best share for the weights as they are, and the weights follow.
    sides: 1 or -1 for each row. most: the largest share, (rows, LANES). weight: times idf,
    (COLUMNS, LANES). balance: the sum of all shares by side, (LANES,). moved: how much the
    shares moved, (LANES,).
    """
    said, length = np.empty(LANES), np.empty(LANES)
    total = np.empty(LANES, np.float32)
    push = np.empty(LANES, np.float32)
    pushed = np.empty(LANES, np.float32)
    for row in order:
        for lane in range(LANES):
            said[lane] = intercept[lane] + balance[lane]
            length[lane] = 1.0
        for block in range(len(reads)):
            at = row * BLOCKS + reads[block]
            begin, end = borders[at], borders[at + 1]
            if begin == end or not scales[row, block].any():
                continue
            for lane in range(LANES):
                total[lane] = 0.0
            part = weight[begins[block] : begins[block + 1]]
            add_products(columns, counts, begin, end, worth, part, total)
            for lane in range(LANES):
                said[lane] += scales[row, block, lane] * total[lane]
                if scales[row, block, lane] > 0:
                    length[lane] += squares[block]
        moves = False
        for lane in range(LANES):
            push[lane] = 0.0
            if most[row, lane] > 0:
                now = shares[row, lane]
                margin = sides[row] * said[lane]
                share = np.float32(best_share(margin, now, most[row, lane], length[lane]))
                change = np.float64(share) - np.float64(now)
                moved[lane] += abs(change)
                if abs(change) > still * most[row, lane]:
                    shares[row, lane] = share
                    push[lane] = sides[row] * change
                    balance[lane] += push[lane]
                    moves = True
        if not moves:
            continue
        for block in range(len(reads)):
            at = row * BLOCKS + reads[block]
            if borders[at] == borders[at + 1] or not scales[row, block].any():
                continue
            for lane in range(LANES):
                pushed[lane] = push[lane] * scales[row, block, lane]
            part = weight[begins[block] : begins[block + 1]]
            square = square_idf[begins[block] : begins[block + 1]]
            for place in range(borders[at], borders[at + 1]):
                line = part[columns[place]]
                factor = square[columns[place]]
                times = worth[counts[place]]
                for lane in range(LANES):
                    line[lane] += times * pushed[lane] * factor[lane]


class Learned(NamedTuple):
    """What the regressions learned, one in each column of the arrays."""

    idf: Any  # (COLUMNS, LANES), zero where a column is too rare
    weight: Any  # (COLUMNS, LANES)
    intercept: Any  # (LANES,)


class Regressions:
    """``LANES`` logistic regressions on the TF-IDF blocks of comments.

    Each minimises what scikit-learn's LogisticRegression does: half the squared weights plus
    ``STRENGTH`` times the weighted log-losses of its rows; the intercept is free.

    name_only: which rows have a name only, bool, of shape (rows,). spam: bool, (rows,). weights:
    (rows,). member: which regression learns from which row, bool array of shape (rows, LANES).
    hidden: which rows are learned from without the blocks that can be hidden, bool, (rows,).
    """

    def __init__(
        self, counts: Counts, name_only: Any, spam: Any, weights: Any, member: Any, hidden: Any
    ) -> None:
        self._counts, self._member, self._hidden = counts, member, hidden
        self._sides = np.where(spam, 1.0, -1.0)
        self._most = STRENGTH * weights
        self._do: Any = _compiled()
        self._idf = self._inverse_frequencies()
        self._square_idf = (self._idf**2).astype(np.float32)
        self._norms = Shelf(counts.room)
        for _, shard in counts:
            self._norms.append([self._norms_of(shard)])
        # Where all comments are alike in this, twins would learn the same once more.
        self._name_only = name_only & (not np.all(name_only))
        #: The weights of the columns, times their idf, and the intercepts.
        self._weight = np.zeros((COLUMNS, LANES), np.float32)
        self._intercept = np.zeros(LANES)

    def _inverse_frequencies(self) -> Any:
        """The smooth idf of each column among the rows that a regression learns from."""
        seen = np.zeros((BEGINS[BLOCKS], LANES))
        for rows, shard in self._counts:
            member = self._member[rows].astype(float)
            self._do.count_rows(shard.columns, shard.borders, BEGINS[: BLOCKS + 1], member, seen)
        idf = np.log((1 + self._member.sum(axis=0)) / (1 + seen)) + 1
        idf = np.where(seen >= MIN_ROWS, idf, 0.0)
        return np.concatenate([idf[BEGINS[read] : BEGINS[read + 1]] for read in READS])

    def _norms_of(self, shard: Shard) -> Any:
        """What brings each block of each row to length 1, float32 array (rows, BLOCKS, LANES)."""
        sums = self._products(shard, WORTH**2, self._square_idf, READS[:BLOCKS])
        return (1 / np.sqrt(np.where(sums > 0, sums, np.inf))).astype(np.float32)

    def _scales(self, norms: Any, name_only: Any) -> Any:
        """What brings each learned block to its length, (rows, learned blocks, LANES): 0 for twins
        that do not read a row."""
        scales = norms[:, READS] * SCALES[:, None]
        scales[np.ix_(~name_only, IS_TWIN)] = 0
        return scales

    def _products(self, shard: Shard, worth: Any, weight: Any, reads: Any = READS) -> Any:
        sums = np.zeros((len(shard.borders) // BLOCKS, len(reads), LANES), np.float32)
        self._do.gather(*shard, reads, BEGINS, worth, weight, sums)
        return sums

    def fit(self, seed: int, tolerance: float = TOLERANCE, still: float = STILL) -> None:
        """Find the least losses, by dual coordinate descent over the rows in random order.

        Scikit-learn's other solvers need five times as many passes, and ``LogisticRegression``
        holds everything in memory (docs/performance.md).
        """
        of_shards, of_rows = np.random.default_rng(seed).spawn(2)
        shares = np.zeros(self._member.shape, np.float32)
        balance = np.zeros(LANES)
        most_of_all = np.einsum("r,rl->l", self._most, self._member)  # no BLAS: equal bits
        # Rows that come together in every pass take many more: shards are put together anew.
        groups = min(math.ceil(self._counts.rows / AT_ONCE), len(self._counts))
        for _ in range(MOST_PASSES):
            moved = np.zeros(LANES)
            for group in np.array_split(of_shards.permutation(len(self._counts)), groups):
                rows, shard = self._counts.joined(group)
                norms = np.concatenate([self._norms[number][0] for number in group])
                hidden = self._hidden[rows]
                scales = self._scales(norms, self._name_only[rows] & ~hidden)
                scales[np.ix_(hidden, CAN_HIDE)] = 0
                order = np.argsort(rows)[of_rows.permutation(len(rows))]
                held = shares[rows]
                self._do.improve(
                    *(order, *shard, READS, BEGINS, WORTH, scales, SQUARES),
                    *(self._sides[rows], self._most[rows, None] * self._member[rows], still),
                    *(held, self._weight, self._square_idf, self._intercept, balance, moved),
                )
                shares[rows] = held
            # A free intercept balances the shares; this is a step of the multiplier method.
            self._intercept += balance
            settled = np.abs(balance) <= BALANCE * tolerance
            if np.all(settled & (moved <= tolerance * most_of_all)):
                return
        raise TrainingError("the fit did not converge")

    def learned(self) -> Learned:
        idf = self._idf
        weight = np.divide(self._weight, idf, out=np.zeros_like(idf), where=idf > 0)
        return Learned(idf, weight, self._intercept)

    def log_odds(
        self, lane: Any, windows: Iterable[tuple[Any, Shard]] = (), whole: Any = ()
    ) -> Any:
        """What the regression ``lane[i]`` says of row ``i``, as ``model.Scorer`` says it: a text
        counts as much as its worst window, less the toll, if that is more. Window ``j`` is of row
        ``whole[j]``."""
        said, of_text = np.zeros(self._counts.rows), np.zeros(self._counts.rows)
        for number, (rows, shard) in enumerate(self._counts):
            named = self._name_only[rows]
            products = self._said(shard, self._norms[number][0], named, lane[rows])
            said[rows] = products.sum(axis=1) + self._intercept[lane[rows]]
            of_text[rows] = products[:, IN_TEXT].sum(axis=1)
        most = of_text.copy()
        windows_of = np.bincount(np.array(whole, int), minlength=len(most))
        tolls = np.array(kernel.TOLLS)[np.minimum(windows_of, kernel.MOST)]
        for some, shard in windows:
            rows = whole[some]
            named = self._name_only[rows]
            products = self._said(shard, self._norms_of(shard), named, lane[rows])
            np.maximum.at(most, rows, products[:, IN_TEXT].sum(axis=1) - tolls[rows])
        return said + (most - of_text)

    def _said(self, shard: Shard, norms: Any, name_only: Any, lane: Any) -> Any:
        """What each learned block of each row says by the regression ``lane[i]``."""
        products = self._products(shard, WORTH, self._weight) * self._scales(norms, name_only)
        return np.take_along_axis(products, lane[:, None, None], axis=2)[:, :, 0]


@functools.cache
def _compiled() -> Any:
    """The functions above that run for every column of every row, compiled where that can be."""
    functions = (count_rows, add_products, gather, best_share, improve)
    with suppress(ImportError):
        return kernel.compile_functions(*functions)
    return types.SimpleNamespace(**{function.__name__: function for function in functions})
