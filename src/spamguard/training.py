"""Fit a model on labelled comments with scikit-learn."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from scipy import sparse, stats
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from spamguard import features, kernel, text
from spamguard.duplicates import near_duplicate_groups
from spamguard.errors import TrainingError
from spamguard.model import Model, Part
from spamguard.records import HAM, SPAM, Columns, Comment

#: Inverse regularisation strength, and in how many rows a column must occur.
STRENGTH = 10.0
MIN_ROWS = 2
#: This share of the comments is learned from as text alone, or else names and addresses would
#: explain what words explain too, and a comment without them could not be judged.
HIDDEN = 0.25
FOLDS = 5
#: Fewer of a class than this cannot be folded, let alone learned from.
FEWEST = 20
#: At most this share of out-of-fold spam lies below the ham cut-off.
MOST_SPAM_PASSED = 0.02
CONFIDENCE = 0.95


class Options(NamedTuple):
    """How to train.

    max_fpr: the largest share of ham that may be called spam, by out-of-fold scores.
    seed: of the division into folds.
    leave_sources_out: whether calibration and cut-offs rest on scores by classifiers that saw
        nothing of a comment's source, as it is with a blog that a model has never seen.
    moment: when this happens, for the model's facts.
    """

    max_fpr: float = 0.005
    seed: int = 0
    leave_sources_out: bool = False
    moment: str = ""


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


class SeenColumns(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the columns that occur in at least ``min_rows`` training rows."""

    def __init__(self, min_rows: int = MIN_ROWS) -> None:
        self.min_rows = min_rows

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: ARG002
        self.seen_ = np.bincount(X.indices, minlength=X.shape[1]) >= self.min_rows
        self.seen_[0] |= not self.seen_.any()  # scikit-learn takes no table without columns
        return self

    def _get_support_mask(self) -> Any:
        return self.seen_


def clean_table(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """The labelled rows that can be learned from, and how many were dropped for which reason.

    ``table`` has a column ``comment`` (Comment), ``label`` (SPAM, HAM or None) and any others.
    """
    text = table["comment"].map(lambda comment: comment.text.strip()).astype(object)
    dropped = {}

    def drop(reason: str, bad: Any) -> None:
        nonlocal table, text
        dropped[reason] = int(bad.sum())
        table, text = table[~bad], text[~bad]

    drop("unlabelled", table["label"].isna())
    drop("empty", text == "")
    drop("labelled both ways", table["label"].groupby(text).transform("nunique") > 1)
    drop("duplicates", text.duplicated())
    return table.reset_index(drop=True), dropped


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


def count_columns(comments: Sequence[Comment]) -> Any:
    """The counts of all blocks side by side: csr matrix of shape (n_comments, all columns)."""
    views = text.views(Columns.of(comments), kernel.fastest())
    counts = [features.count_matrix(views[block.view], block) for block in features.BLOCKS]
    return sparse.hstack(counts, format="csr")


def hide_fields(counts: Any, comments: Sequence[Comment], seed: int) -> Any:
    """The counts of the comments, but of ``HIDDEN`` of them, drawn at random, as text alone."""
    drawn = np.random.default_rng(seed).random(len(comments)) < HIDDEN
    hidden = [
        row
        for row, comment in enumerate(comments)
        if drawn[row] and (comment.author, comment.author_url) != (None, None)
    ]
    if not hidden:
        return counts
    rows = np.arange(len(comments))
    rows[hidden] = len(comments) + np.arange(len(hidden))
    bare = count_columns([Comment(comments[row].text) for row in hidden])
    return sparse.vstack([counts, bare], format="csr")[rows]


def make_classifier() -> Pipeline:
    """The scikit-learn pipeline from the counts of ``count_columns`` to log-odds of spam."""
    blocks = []
    begin = 0
    for block in features.BLOCKS:
        weigh = make_pipeline(SeenColumns(), TfidfTransformer(sublinear_tf=True))
        blocks.append((block.name, weigh, slice(begin, begin + block.size)))
        begin += block.size
    scales = {block.name: block.scale for block in features.BLOCKS}
    union = ColumnTransformer(blocks, transformer_weights=scales, sparse_threshold=1.0)
    regression = LogisticRegression(C=STRENGTH, max_iter=2000, tol=1e-4)
    return Pipeline([("blocks", union), ("regression", regression)])


def fit_classifier(counts: Any, spam: Any, weights: Any) -> Pipeline:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # a fit that did not converge is an error
        return make_classifier().fit(counts, spam, regression__sample_weight=weights)


def balancing_weights(spam: Any, sources: Any) -> Any:
    """A weight for each row, 1 on average: each class of each source weighs as the square root
    of its rows, so that no single source rules what is learned."""
    _, kind, rows = np.unique(
        [f"{label} {source}" for label, source in zip(spam, sources, strict=True)],
        return_inverse=True,
        return_counts=True,
    )
    weights = 1 / np.sqrt(rows[kind])
    return weights / weights.mean()


def out_of_fold(
    counts: Any, learned: Any, spam: Any, weights: Any, alike: Any, sources: Any, options: Options
) -> Any:
    """Log-odds of each row by a classifier that saw neither it nor a near-duplicate of it.

    counts: of what is judged. learned: the same rows as they are learned from.
    alike: a number for each row, equal for near-duplicates. sources: a name for each row.
    ``learned`` and ``weights`` may have further rows, of spam to learn from only.
    """
    if len(np.unique(alike)) < FOLDS:
        raise TrainingError("the comments are nearly all alike; add ones that differ")
    groups = sources if options.leave_sources_out else alike
    if len(np.unique(groups)) < FOLDS:
        raise TrainingError(f"leaving sources out needs at least {FOLDS} of them")
    scores = np.zeros(len(spam))
    further = np.arange(len(spam), learned.shape[0])
    labels = np.append(spam, np.ones(len(further), bool))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=options.seed)
    for known, test in folds.split(spam, spam, groups):
        train = known[~np.isin(alike[known], alike[test])]
        if len(set(spam[train])) < 2:
            raise TrainingError(
                "the comments of one class are nearly all alike; add ones that differ"
            )
        rows = np.append(train, further)
        classifier = fit_classifier(learned[rows], labels[rows], weights[rows])
        scores[test] = classifier.decision_function(counts[test])
    return scores


def calibrate(scores: Any, spam: Any) -> tuple[float, float]:
    """Slope and offset from log-odds to calibrated log-odds (Platt 1999, targets smoothed)."""
    spam_rows, ham_rows = int(np.sum(spam)), int(np.sum(~spam))
    # Smoothed targets as weights: each row counts a little for the other class too.
    high, low = (spam_rows + 1) / (spam_rows + 2), 1 / (ham_rows + 2)
    target = np.where(spam, high, low)
    fit = LogisticRegression(C=np.inf, max_iter=1000).fit(
        np.concatenate([scores, scores])[:, None],
        np.repeat([True, False], len(scores)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    return max(float(fit.coef_[0, 0]), 1e-6), float(fit.intercept_[0])


def choose_cutoffs(probability: Any, spam: Any, max_fpr: float) -> Cutoffs:
    """The two cut-offs by the out-of-fold probabilities.

    At most ``max_fpr`` of ham lies at or above the spam cut-off, which is never below a half; too
    few ham to show that give the strictest cut-off, above all of them. At most
    ``MOST_SPAM_PASSED`` of spam lies below the ham cut-off, which is never above a half.
    """
    ham = np.sort(probability[~spam])[::-1]
    allowed = int(max_fpr * len(ham))
    highest = float(ham[allowed])
    above = probability[probability > highest]
    between = (highest + float(above.min(initial=1.0))) / 2
    cutoff = min(max(between, float(np.nextafter(highest, 2)), 0.5), 1.0)
    lowest = float(np.sort(probability[spam])[int(MOST_SPAM_PASSED * np.sum(spam))])
    return Cutoffs(min(lowest, 0.5), cutoff, len(ham), int(np.sum(ham >= cutoff)))


def upper_bound(hits: int, rows: int) -> float:
    """Clopper and Pearson's one-sided upper bound of a share, at ``CONFIDENCE``."""
    return 1.0 if hits >= rows else float(stats.beta.ppf(CONFIDENCE, hits + 1, rows - hits))


class Fitted(NamedTuple):
    """A model, the classifier it came from, and the out-of-fold probabilities it was judged by."""

    model: Model
    classifier: Pipeline
    probability: Any
    cutoffs: Cutoffs


def fit(
    comments: Sequence[Comment],
    spam: Any,
    options: Options,
    sources: Any = None,
    spun: Mapping[str, Sequence[Comment]] | None = None,
) -> Fitted:
    """Train on labelled comments; ``spam`` is a bool array of shape (n_comments,).

    ``sources`` names where each comment comes from, for balance; by default all are of one.
    ``spun`` is further spam to learn from, by source, which nothing is measured on.
    """
    spam = np.asarray(spam, bool)
    check_classes(spam)
    alike = near_duplicate_groups([comment.text for comment in comments])
    sources = np.full(len(spam), "") if sources is None else np.asarray(sources, str)
    further = [comment for texts in (spun or {}).values() for comment in texts]
    names = [name for name, texts in (spun or {}).items() for _ in texts]
    labels = np.append(spam, np.ones(len(further), bool))
    weights = balancing_weights(labels, [*sources, *names])
    with threadpool_limits(1):  # two BLAS threads change the last bits
        everything = [*comments, *further]
        counts = count_columns(everything)
        learned = hide_fields(counts, everything, options.seed)
        scores = out_of_fold(counts, learned, spam, weights, alike, sources, options)
        slope, offset = calibrate(scores, spam)
        probability = stats.logistic.cdf(slope * scores + offset)
        cutoffs = choose_cutoffs(probability, spam, options.max_fpr)
        classifier = fit_classifier(learned, labels, weights)
    facts = {
        "trained": options.moment,
        "spam": int(spam.sum()),
        "ham": int((~spam).sum()),
        "spun": len(further),
        "max_fpr": options.max_fpr,
        "seed": options.seed,
        "leave_sources_out": options.leave_sources_out,
        "sources": len(np.unique(sources)),
        "cutoffs": {**cutoffs._asdict(), "promise": cutoffs.promise},
    }
    intercept = float(classifier["regression"].intercept_[0])
    model = Model(
        learned_parts(classifier), intercept, slope, offset, cutoffs.ham, cutoffs.spam, facts
    )
    return Fitted(model, classifier, probability, cutoffs)


def learned_parts(classifier: Pipeline) -> tuple[Part, ...]:
    """What the classifier learned, as the float32 arrays the model keeps."""
    weights = classifier["regression"].coef_[0]
    parts = []
    begin = 0
    for block in features.BLOCKS:
        select, tfidf = classifier["blocks"].named_transformers_[block.name]
        idf, weight = np.zeros(block.size, "<f4"), np.zeros(block.size, "<f4")
        end = begin + int(select.seen_.sum())
        idf[select.seen_] = tfidf.idf_
        weight[select.seen_] = weights[begin:end] * block.scale
        parts.append(Part(block, idf.tobytes(), weight.tobytes()))
        begin = end
    return tuple(parts)
