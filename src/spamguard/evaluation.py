"""How good a model is: folds, and figures with their uncertainty."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from spamguard import training
from spamguard.errors import TrainingError
from spamguard.folds import stratified_folds
from spamguard.model import Model, Scorer
from spamguard.records import HAM, SPAM, UNSURE, Comment

RESAMPLES = 500
BINS = 10
#: How much of the training rows the points of a learning curve stand for, besides all of them.
LEARNING_SHARES = (1 / 8, 1 / 4, 1 / 2)


class Predictions(NamedTuple):
    """What a model said of labelled comments; arrays of shape (n_comments,).

    spam: bool, the true label. probability: float, of spam. verdict: str, one of ``LABELS``.
    """

    spam: Any
    probability: Any
    verdict: Any

    def of(self, rows: Any) -> "Predictions":
        """Those of the rows in an index or bool array."""
        return Predictions(self.spam[rows], self.probability[rows], self.verdict[rows])


class Figure(NamedTuple):
    """One measure with its 95% interval, or the reason why the data cannot support it."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why_not: str = ""


class Step(NamedTuple):
    """A point of a learning curve: the share and the mean number of rows that were learned from."""

    share: float
    rows: int
    recall: Figure  # at 1% of ham called spam
    roc_auc: Figure


def judged(model: Model, probability: Any, spam: Any) -> Predictions:
    """Known probabilities, with the verdicts that the cut-offs of ``model`` make of them."""
    verdict = np.where(probability < model.ham_cutoff, HAM, UNSURE)
    verdict = np.where(probability >= model.spam_cutoff, SPAM, verdict)
    return Predictions(np.asarray(spam, bool), probability, verdict)


def predict(
    model: Model, comments: Sequence[Comment], spam: Any, *, bulk: bool | None = None
) -> Predictions:
    """What a saved model says of labelled comments; compiled, in ``bulk``, by default if many."""
    if bulk is None:
        bulk = len(comments) > 1000
    verdicts = Scorer(model, bulk=bulk).verdicts(comments)
    return judged(model, np.array([verdict.probability for verdict in verdicts]), spam)


def cross_predict(
    comments: Sequence[Comment],
    spam: Any,
    folds: Sequence[tuple[Any, Any]],
    options: training.Options,
    sources: Any = None,
    done: Callable[[int], object] | None = None,
    models: list[Model] | None = None,
    prepared: training.Prepared | None = None,
) -> Predictions:
    """What models trained without a fold say of it; rows in no test fold are left out.

    ``folds`` are pairs of rising index arrays (train, test). ``done`` is called with the number
    of each fold that is through. The model of each fold is added to ``models``.
    ``prepared`` is what is known of the comments, if they have been counted already.
    """
    found = []
    prepared = prepared or training.prepare(comments)
    for number, (train, test) in enumerate(folds):
        known = None if sources is None else sources[train]
        fitted = training.fit_prepared(prepared.take(train), spam[train], options, known)
        tested = [comments[row] for row in test]
        found.append(predict(fitted.model, tested, spam[test], bulk=True))  # it is compiled by now
        if models is not None:
            models.append(fitted.model)
        if done is not None:
            done(number + 1)
    return Predictions(*map(np.concatenate, zip(*found, strict=True)))


def learning_curve(
    comments: Sequence[Comment],
    spam: Any,
    folds: Sequence[tuple[Any, Any]],
    options: training.Options,
    sources: Any = None,
    done: Callable[[float], object] | None = None,
    prepared: training.Prepared | None = None,
) -> list[Step]:
    """What models trained on shares of the folds' training rows say of the same test rows.

    Each share keeps the balance of the classes and lies within the next larger one. ``done`` is
    called with each share that is through. ``prepared`` is as ``cross_predict`` takes it.
    """
    prepared = prepared or training.prepare(comments)
    order = np.random.default_rng(options.seed).permutation(len(spam))
    steps = []
    for share_kept in LEARNING_SHARES:
        thinned = [(_thinned(train, spam, order, share_kept), test) for train, test in folds]
        rows = round(float(np.mean([len(train) for train, _ in thinned])))
        try:
            said = cross_predict(comments, spam, thinned, options, sources, prepared=prepared)
        except TrainingError as error:  # a share too small to learn from
            steps.append(unmeasured_step(share_kept, rows, str(error)))
        else:
            steps.append(measured_step(share_kept, rows, said))
        if done is not None:
            done(share_kept)
    return steps


def measured_step(share_kept: float, rows: int, said: Predictions) -> Step:
    figures = measure(said)
    return Step(share_kept, rows, figures["recall_at_1%_fpr"], figures["roc_auc"])


def unmeasured_step(share_kept: float, rows: int, why_not: str) -> Step:
    return Step(share_kept, rows, Figure(None, why_not=why_not), Figure(None, why_not=why_not))


def _thinned(rows: Any, spam: Any, order: Any, share_kept: float) -> Any:
    """That share of each class among the rows, the first ones in ``order``."""
    ranked = order[np.isin(order, rows)]
    kept = [
        each[: int(len(each) * share_kept)]
        for each in (ranked[spam[ranked]], ranked[~spam[ranked]])
    ]
    return np.sort(np.concatenate(kept))


def random_folds(spam: Any, duplicates: Any, count: int, seed: int) -> list[tuple[Any, Any]]:
    """Stratified folds that keep near-duplicates together."""
    fewest = min(int(np.sum(spam)), int(np.sum(~spam)), len(np.unique(duplicates)))
    if fewest < count:
        raise TrainingError(
            f"{count} folds need at least {count} spam and ham that are not near-duplicates;"
            f" there are {fewest}"
        )
    fold = stratified_folds(spam, duplicates, count, seed)
    inside = [fold == number for number in range(count)]
    return [(np.flatnonzero(~test), np.flatnonzero(test)) for test in inside]


def group_folds(groups: Any, duplicates: Any) -> list[tuple[Any, Any]]:
    """Each group tested by a model that saw nothing of it, nor near-duplicates of its comments."""
    names = np.unique(groups)
    if len(names) < 2:
        raise TrainingError(f"there is only one group, {str(names[0])!r}: at least two are needed")
    folds = []
    for name in names:
        inside = groups == name
        train = ~inside & ~np.isin(duplicates, duplicates[inside])
        folds.append((np.flatnonzero(train), np.flatnonzero(inside)))
    return folds


def time_fold(times: Any, share: float = 0.7) -> list[tuple[Any, Any]]:
    """The oldest ``share`` of the rows to train on, the rest to test on."""
    order = np.argsort(times, kind="stable")
    cut = round(len(order) * share)
    return [(np.sort(order[:cut]), order[cut:])]


def measure(said: Predictions) -> dict[str, Figure]:
    """Every measure the command line shows, with 95% intervals.

    Shares have Wilson's interval, all others the percentile bootstrap over comments. Accuracy to
    MCC take a probability of 0.5 for the border.
    """
    spam, ham = int(np.sum(said.spam)), int(np.sum(~said.spam))
    guessed = said.probability >= 0.5
    hit = int(np.sum(guessed & said.spam))
    called_spam = said.verdict == SPAM
    figures = {
        "accuracy": share(int(np.sum(guessed == said.spam)), spam + ham, "no comments"),
        "precision": share(hit, int(np.sum(guessed)), "nothing is called spam"),
        "recall": share(hit, spam, "no spam"),
    }
    resampled = bootstrap(said) if spam + ham else {}
    for name, why_not in {
        "f1": "" if spam else "no spam",
        "mcc": _lacking(spam, ham),
        "roc_auc": _lacking(spam, ham),
        "recall_at_1%_fpr": _lacking(spam, ham) or _too_few(ham, 100),
        "recall_at_0.1%_fpr": _lacking(spam, ham) or _too_few(ham, 1000),
    }.items():
        figures[name] = Figure(None, why_not=why_not) if why_not else resampled[name]
    figures |= {
        "ham_called_spam": share(int(np.sum(called_spam & ~said.spam)), ham, "no ham"),
        "spam_caught": share(int(np.sum(called_spam & said.spam)), spam, "no spam"),
        "spam_passed": share(int(np.sum((said.verdict == HAM) & said.spam)), spam, "no spam"),
        "unsure": share(
            int(np.sum((said.verdict != HAM) & ~called_spam)), spam + ham, "no comments"
        ),
        "brier": resampled.get("brier", Figure(None, why_not="no comments")),
        "calibration_error": resampled.get(
            "calibration_error", Figure(None, why_not="no comments")
        ),
    }
    return figures


def _lacking(spam: int, ham: int) -> str:
    return "no spam" if not spam else "no ham" if not ham else ""


def _too_few(ham: int, needed: int) -> str:
    return "" if ham >= needed else f"needs {needed:,} ham, there are {ham:,}"


def share(hits: int, rows: int, why_not: str) -> Figure:
    """A share with Wilson's 95% interval."""
    if not rows:
        return Figure(None, why_not=why_not)
    value = hits / rows
    z = float(special.ndtri(0.975))
    centre = value + z**2 / (2 * rows)
    half = z * math.sqrt(value * (1 - value) / rows + (z / rows) ** 2 / 4)
    low, high = ((centre + side) / (1 + z**2 / rows) for side in (-half, half))
    return Figure(value, 0.0 if hits == 0 else low, 1.0 if hits == rows else high)


def bootstrap(said: Predictions) -> dict[str, Figure]:
    """The measures that are no plain shares, each with its percentile bootstrap interval."""
    curve = Curve(said)
    rows = len(said.spam)
    whole = curve.measures(np.ones(rows))
    rng = np.random.default_rng(0)
    drawn = [
        curve.measures(np.bincount(rng.integers(rows, size=rows), minlength=rows))
        for _ in range(RESAMPLES)
    ]
    figures = {}
    for name, value in whole.items():
        values = [one[name] for one in drawn if not np.isnan(one[name])]
        if values and not np.isnan(value):
            low, high = np.percentile(values, [2.5, 97.5])
            figures[name] = Figure(value, float(low), float(high))
    return figures


class Curve:
    """Predictions by falling probability, to be measured again and again with other weights."""

    def __init__(self, said: Predictions) -> None:
        order = np.argsort(-said.probability, kind="stable")
        probability, self._spam = said.probability[order], said.spam[order]
        # Rows of equal probability are passed together, so a curve has a point after each run.
        ends = np.append(np.flatnonzero(np.diff(probability)), len(order) - 1)
        self._points: Any = slice(None) if len(ends) == len(order) else ends
        self._above = int(np.sum(probability >= 0.5))
        self._surplus = probability - self._spam
        self._bins = np.minimum((probability * BINS).astype(int), BINS - 1)

    def measures(self, weight: Any) -> dict[str, float]:
        """Measures of the predictions, each row counted ``weight`` times; not all weigh nothing."""
        all_passed = np.cumsum(weight)
        all_hits = np.cumsum(weight * self._spam)
        rows, spam = all_passed[-1], all_hits[-1]
        ham = rows - spam
        tp = all_hits[self._above - 1] if self._above else 0
        fp = all_passed[self._above - 1] - tp if self._above else 0
        fn, tn = spam - tp, ham - fp
        with np.errstate(invalid="ignore", divide="ignore"):
            hits = all_hits[self._points]
            tpr = np.append(0.0, hits / spam)
            fpr = np.append(0.0, (all_passed[self._points] - hits) / ham)
        weighted = weight * self._surplus
        # Where MCC is 0/0, all being called one class, it is 0 by convention.
        scale = np.sqrt(float(tp + fp) * float(tp + fn) * float(tn + fp) * float(tn + fn))
        return {
            "f1": float(2 * tp / max(2 * tp + fp + fn, 1)),
            "mcc": float((tp * tn - fp * fn) / max(scale, 1)),
            "roc_auc": float(np.trapezoid(tpr, fpr)),
            "recall_at_1%_fpr": _recall_at(0.01, tpr, fpr),
            "recall_at_0.1%_fpr": _recall_at(0.001, tpr, fpr),
            "brier": float(np.sum(weighted * self._surplus) / rows),
            "calibration_error": float(
                np.abs(np.bincount(self._bins, weighted, minlength=BINS)).sum() / rows
            ),
        }


def _recall_at(most: float, tpr: Any, fpr: Any) -> float:
    """The recall where at most that share of ham is called spam."""
    if np.isnan(fpr[-1]):
        return float("nan")
    return float(tpr[np.searchsorted(fpr, most, "right") - 1])


def by_group(said: Predictions, groups: Any) -> Iterator[tuple[str, Predictions]]:
    """The predictions of each group, by its name."""
    for name in np.unique(groups):
        yield str(name), said.of(groups == name)
