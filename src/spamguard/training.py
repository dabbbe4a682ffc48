"""Fit a model on labelled comments."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, special

from spamguard import duplicates, features, kernel, text
from spamguard.counts import Counts, batched
from spamguard.errors import TrainingError
from spamguard.fitting import BEGINS, FOLDS, IS_TWIN, LANES, READS, SCALES, Learned, Regressions
from spamguard.folds import stratified_folds
from spamguard.model import Model, Part
from spamguard.records import HAM, SPAM, Columns, Comment

#: Fewer of a class than this cannot be folded, let alone learned from.
FEWEST = 20
#: This share of the comments is learned from without the blocks of name and address. Else these
#: would explain what words explain too, and where they are missing, little would be known.
HIDDEN = 0.1
#: At most this share of out-of-fold spam lies below the ham cut-off.
MOST_SPAM_PASSED = 0.02
#: Where sources are left out, spam of platforms that a model knows nothing of is among it, and that
#: rule would leave a third of the readers in doubt. There at most this share of ham is unsure
#: instead; of spam on blogs, 1 to 5% then passes.
MOST_UNSURE = 0.1
#: Of ten comments on a blog that a model has never seen, one is taken to be spam: what it was
#: trained on holds far more than most blogs get. Verdicts do not depend on this, but for cut-offs
#: that would cross a half.
USUAL_SHARE = 0.1
CONFIDENCE = 0.95
#: This share of the memory for counts is for those of windows.
FOR_WINDOWS = 0.2


class Options(NamedTuple):
    """How to train.

    max_fpr: the largest share of ham that may be called spam, by out-of-fold scores.
    seed: of the division into folds.
    leave_sources_out: whether calibration and cut-offs rest on scores by classifiers that saw
        nothing of a comment's source, as it is with a blog that a model has never seen.
    moment: when this happens, for the model's facts.
    room: how many bytes of counts may lie in memory; the others lie in a temporary file.
    """

    max_fpr: float = 0.005
    seed: int = 0
    leave_sources_out: bool = False
    moment: str = ""
    room: float = math.inf


class Cutoffs(NamedTuple):
    """Where ham ends and spam begins, as probabilities, and what that rests on."""

    ham: float
    spam: float
    ham_rows: int
    ham_above: int

    @property
    def promise(self) -> float:
        """The largest share of ham called spam that fits the count, at ``CONFIDENCE``."""
        return upper_bound(self.ham_above, self.ham_rows)


def usable(keys: Sequence[int], labels: Sequence[str | None]) -> tuple[Any, dict[str, int]]:
    """Which comments can be learned from, a bool array, and how many others there are, and why.

    ``keys`` are the hashes of the texts without blanks around them, of which 0 is that of the
    empty one. ``labels`` are SPAM, HAM or None.
    """
    found = np.array(keys, np.int64)
    keep = np.ones(len(labels), bool)
    dropped = {}

    def drop(reason: str, bad: Any) -> None:
        dropped[reason] = int(np.sum(keep & bad))
        keep[bad] = False

    spam, ham = (np.fromiter((label == side for label in labels), bool) for side in (SPAM, HAM))
    drop("unlabelled", ~(spam | ham))
    drop("empty", found == hash(""))
    _, same = np.unique(found, return_inverse=True)
    sides = [np.bincount(same[keep & side], minlength=len(same)) > 0 for side in (spam, ham)]
    drop("labelled both ways", (sides[0] & sides[1])[same])
    rows = np.flatnonzero(keep)
    first = np.zeros(len(labels), bool)
    first[rows[np.unique(same[rows], return_index=True)[1]]] = True
    drop("duplicates", ~first)
    return keep, dropped


def check_classes(spam: Any) -> None:
    """Raise TrainingError when there is too little of either class."""
    counts = {SPAM: int(np.sum(spam)), HAM: int(np.sum(~spam))}
    if not any(counts.values()):
        raise TrainingError("no labelled comments are left to learn from")
    for name, count in counts.items():
        if count < FEWEST:
            has = f"only {count}" if count else "no"
            raise TrainingError(
                f"{has} {name} among {sum(counts.values())} usable rows: at least {FEWEST} of each"
                f" class are needed; add labelled {name}"
            )


class Prepared(NamedTuple):
    """All that a fit has to know of comments: their counts, which are signed by a name only, what
    shows near-duplicates, and the counts of the windows of long texts, of which window ``j`` is of
    the comment ``whole[j]``."""

    counts: Counts
    name_only: Any
    signatures: Any
    windows: Counts
    whole: Any

    def take(self, rows: Any) -> "Prepared":
        """That of some comments, given by their numbers in rising order."""
        windows = np.flatnonzero(np.isin(self.whole, rows))
        return Prepared(
            self.counts.take(rows),
            self.name_only[rows],
            self.signatures[rows],
            self.windows.take(windows),
            np.searchsorted(rows, self.whole[windows]),
        )


def prepare(comments: Iterable[Comment], room: float = math.inf) -> Prepared:
    """Count what is in the comments, which are read once and not kept."""
    speed = kernel.fastest()
    counts, windows = Counts(room * (1 - FOR_WINDOWS)), Counts(room * FOR_WINDOWS)
    whole: list[int] = []
    name_only, signatures = bytearray(), bytearray()  # which grow without a copy
    for batch in batched(comments, lambda comment: len(comment.text)):
        views = text.views(Columns.of(batch), speed)
        codes, begins, ends = text.runs(views.text, speed)
        found = [
            (counts.rows + row, kernel.decoded(codes[begin:end]))
            for row, begin, end in zip(*text.windows(codes, begins, ends, speed), strict=True)
        ]
        if found:
            rows, texts = zip(*found, strict=True)
            whole += rows
            nothing = [""] * len(texts)
            windows.append(features.tally(text.Views(texts, *[nothing] * 5), speed))
        counts.append(features.tally(views, speed))
        name_only += bytes(views.name_only())
        signatures += duplicates.signatures(views.text, speed).tobytes()
    known = np.frombuffer(signatures, np.uint32).reshape(-1, duplicates.SIZE)
    named = np.frombuffer(name_only, bool)
    return Prepared(counts, named, known, windows, np.array(whole, int))


def balancing_weights(spam: Any, sources: Any, own: Any = False) -> Any:
    """A weight for each row, 1 on average: each class of each source, an int for each row, weighs
    as the square root of its rows, so that no single source rules what is learned.

    The ham among ``own`` rows weighs at least as much as all other: it is the readers of the blog
    that the model is for.
    """
    _, kind, rows = np.unique(2 * sources + spam, return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(rows[kind])
    readers, others = own & ~spam, ~(own | spam)
    if readers.any():
        weights[readers] *= max(1.0, weights[others].sum() / weights[readers].sum())
    return weights / weights.mean()


def divide(spam: Any, alike: Any, sources: Any, options: Options) -> tuple[Any, Any]:
    """The fold of each row, and which regression learns from it: bool array (rows, LANES).

    A regression learns from no row of its fold, nor from a near-duplicate of one; the last one
    learns from all rows. alike: a number for each row, equal for near-duplicates.
    """
    if len(np.unique(alike)) < FOLDS:
        raise TrainingError("the comments are nearly all alike; add ones that differ")
    groups = sources if options.leave_sources_out else alike
    if len(np.unique(groups)) < FOLDS:
        raise TrainingError(f"leaving sources out needs at least {FOLDS} of them")
    fold = stratified_folds(spam, groups, FOLDS, options.seed)
    member = np.ones((len(spam), LANES), bool)
    for number in range(FOLDS):
        member[:, number] = ~np.isin(alike, alike[fold == number])
        if len(np.unique(spam[member[:, number]])) < 2:
            raise TrainingError(
                "the comments of one class are nearly all alike; add ones that differ"
            )
    return fold, member


def within_classes(weights: Any, spam: Any) -> Any:
    """The same weights made 1 on average in either class, so that as much is spam as before."""
    means = np.bincount(spam, weights) / np.bincount(spam)
    return weights / means[spam.astype(int)]


def calibrate(scores: Any, spam: Any, weights: Any) -> tuple[float, float]:
    """Slope and offset from log-odds to calibrated log-odds (Platt 1999, targets smoothed).

    A row counts as much as its weight says; they are 1 on average.
    """
    spam_rows, ham_rows = int(np.sum(spam)), int(np.sum(~spam))
    # Smoothed targets: each row counts a little for the other class too.
    high, low = (spam_rows + 1) / (spam_rows + 2), 1 / (ham_rows + 2)
    target = np.where(spam, high, low)
    size = max(float(np.abs(scores).max()), 1e-9)
    scaled = scores / size

    def loss(line: Any) -> tuple[float, Any]:
        log_odds = line[0] * scaled + line[1]
        error = special.expit(log_odds) - target
        error *= weights
        mean_loss = np.mean(weights * (np.logaddexp(0, log_odds) - target * log_odds))
        return float(mean_loss), np.array([np.mean(error * scaled), np.mean(error)])

    found = optimize.minimize(loss, [0.0, 0.0], jac=True, method="BFGS", options={"gtol": 1e-7})
    return max(float(found.x[0]) / size, 1e-6), float(found.x[1])


def choose_cutoffs(probability: Any, spam: Any, weights: Any, options: Options) -> Cutoffs:
    """The two cut-offs by the out-of-fold probabilities.

    At most ``max_fpr`` of ham lies at or above the spam cut-off, both by its rows and by their
    weights; it is never below a half. Too few ham to show that give the strictest cut-off, above
    all of them. At most ``MOST_SPAM_PASSED`` of spam, by its weights, lies below the ham cut-off;
    or, where sources are left out, at most ``MOST_UNSURE`` of ham between the two. It is never
    above a half.
    """
    order = np.argsort(-probability[~spam], kind="stable")
    ham, ham_weights = probability[~spam][order], weights[~spam][order]
    allowed = min(int(options.max_fpr * len(ham)), _first(ham_weights, options.max_fpr))
    highest = float(ham[allowed])
    above = probability[probability > highest]
    between = (highest + float(above.min(initial=1.0))) / 2
    cutoff = min(max(between, float(np.nextafter(highest, 2)), 0.5), 1.0)
    ham_above = int(np.sum(ham >= cutoff))
    if options.leave_sources_out:
        unsure = ham_above + _first(ham_weights, MOST_UNSURE, ham_above)
        lowest = float(np.nextafter(ham[unsure], 1)) if unsure < len(ham) else 0.0
    else:
        order = np.argsort(probability[spam], kind="stable")
        passed = _first(weights[spam][order], MOST_SPAM_PASSED)
        lowest = float(probability[spam][order[passed]])
    return Cutoffs(min(lowest, 0.5), cutoff, len(ham), ham_above)


def _first(weights: Any, share: float, begin: int = 0) -> int:
    """How many of the weights from ``begin`` on make up at most that share of all."""
    sums = np.cumsum(weights)
    before = sums[begin - 1] if begin else 0.0
    return int(np.searchsorted(sums, before + share * sums[-1], "right")) - begin


def upper_bound(hits: int, rows: int) -> float:
    """Clopper and Pearson's one-sided upper bound of a share, at ``CONFIDENCE``."""
    return 1.0 if hits >= rows else float(special.betaincinv(hits + 1, rows - hits, CONFIDENCE))


class Fitted(NamedTuple):
    """A model, and the out-of-fold probabilities it was judged by."""

    model: Model
    probability: Any
    cutoffs: Cutoffs


def fit(
    comments: Iterable[Comment],
    spam: Any,
    options: Options,
    sources: Any = None,
    spun: Mapping[str, Sequence[Comment]] | None = None,
    own: Any = False,
) -> Fitted:
    """Train on labelled comments; ``spam`` is a bool array of shape (n_comments,).

    ``sources`` says where each comment comes from, for balance; by default all are of one.
    ``spun`` is further spam to learn from, by source, which nothing is measured on. ``own`` says
    which comments, bool (n_comments,), are of the very blog that the model is for; by default none
    more than others.
    """
    spam = np.asarray(spam, bool)
    check_classes(spam)
    further = spun or {}
    prepared = prepare(chain(comments, *further.values()), options.room)
    return fit_prepared(
        prepared, spam, options, sources, [len(texts) for texts in further.values()], own
    )


def fit_prepared(
    prepared: Prepared,
    spam: Any,
    options: Options,
    sources: Any = None,
    spun: Sequence[int] = (),
    own: Any = False,
) -> Fitted:
    """``fit`` on comments that are counted, of which the last are ``spun``, so many a source."""
    check_classes(spam)
    rows = len(spam)
    source = np.zeros(rows, int)
    if sources is not None:
        _, source = np.unique(np.asarray(sources), return_inverse=True)
    every_source = np.append(source, source.max() + 1 + np.repeat(np.arange(len(spun)), spun))
    every_spam = np.append(spam, np.ones(sum(spun), bool))
    alike = duplicates.groups(prepared.signatures[:rows])
    fold, member = divide(spam, alike, source, options)
    member = np.concatenate([member, np.ones((sum(spun), LANES), bool)])
    every_own = np.append(np.zeros(rows, bool) | own, np.zeros(sum(spun), bool))
    weights = balancing_weights(every_spam, every_source, every_own)
    hidden = np.random.default_rng(options.seed).random(len(every_spam)) < HIDDEN
    regressions = Regressions(
        prepared.counts, prepared.name_only, every_spam, weights, member, hidden
    )
    regressions.fit(options.seed)
    lane = np.append(fold, np.zeros(sum(spun), int))
    scores = regressions.log_odds(lane, prepared.windows, prepared.whole)[:rows]
    counted = within_classes(weights[:rows], spam)
    slope, offset = calibrate(scores, spam, counted)
    share = USUAL_SHARE if options.leave_sources_out else float(spam.mean())
    offset += float(special.logit(share) - special.logit(spam.mean()))
    probability = special.expit(slope * scores + offset)
    cutoffs = choose_cutoffs(probability, spam, counted, options)
    facts = {
        "trained": options.moment,
        "spam": int(spam.sum()),
        "ham": int((~spam).sum()),
        "spun": sum(spun),
        "max_fpr": options.max_fpr,
        "seed": options.seed,
        "leave_sources_out": options.leave_sources_out,
        "assumed_spam_share": share,
        "sources": int(source.max()) + 1,
        "cutoffs": {**cutoffs._asdict(), "promise": cutoffs.promise},
    }
    learned = regressions.learned()
    model = Model(
        learned_parts(learned),
        float(learned.intercept[-1]),
        slope,
        offset,
        cutoffs.ham,
        cutoffs.spam,
        facts,
    )
    return Fitted(model, probability, cutoffs)


def learned_parts(learned: Learned) -> tuple[Part, ...]:
    """What the regression on all comments learned, as the float32 arrays the model keeps."""
    twins = dict(zip(READS[IS_TWIN], np.flatnonzero(IS_TWIN), strict=True))

    def weight(number: int) -> Any:
        return learned.weight[BEGINS[number] : BEGINS[number + 1], -1] * SCALES[number]

    parts = []
    for number, block in enumerate(features.BLOCKS):
        idf = learned.idf[BEGINS[number] : BEGINS[number + 1], -1]
        shared = weight(number)
        twin = weight(twins[number]) if number in twins else np.zeros(1)
        arrays = (idf, shared, shared + twin if twin.any() else twin[:0])
        parts.append(Part(block, *(array.astype("<f4").tobytes() for array in arrays)))
    return tuple(parts)
