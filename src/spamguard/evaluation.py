"""How good a model is: folds, and figures with their uncertainty."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats
from sklearn.model_selection import StratifiedGroupKFold

from spamguard import training
from spamguard.errors import TrainingError
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


def predict(model: Model, comments: Sequence[Comment], spam: Any) -> Predictions:
    """What a saved model says of labelled comments."""
    verdicts = Scorer(model, bulk=len(comments) > 1000).verdicts(comments)
    return judged(model, np.array([verdict.probability for verdict in verdicts]), spam)


def cross_predict(
    comments: Sequence[Comment],
    spam: Any,
    folds: Sequence[tuple[Any, Any]],
    options: training.Options,
    sources: Any = None,
    done: Callable[[int], object] | None = None,
    models: list[Model] | None = None,
) -> Predictions:
    """What models trained without a fold say of it; rows in no test fold are left out.

    ``folds`` are pairs of index arrays (train, test). ``done`` is called with the number
    of each fold that is through. The model of each fold is added to ``models``.
    """
    found = []
    for number, (train, test) in enumerate(folds):
        known = None if sources is None else sources[train]
        fitted = training.fit([comments[row] for row in train], spam[train], options, known)
        found.append(predict(fitted.model, [comments[row] for row in test], spam[test]))
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
) -> list[Step]:
    """What models trained on shares of the folds' training rows say of the same test rows.

    Each share keeps the balance of the classes and lies within the next larger one. ``done`` is
    called with each share that is through.
    """
    order = np.random.default_rng(options.seed).permutation(len(spam))
    steps = []
    for share_kept in LEARNING_SHARES:
        thinned = [(_thinned(train, spam, order, share_kept), test) for train, test in folds]
        rows = round(float(np.mean([len(train) for train, _ in thinned])))
        try:
            said = cross_predict(comments, spam, thinned, options, sources)
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
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    return list(folds.split(spam, spam, duplicates))


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
    return [(order[:cut], order[cut:])]


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
    interval = stats.binomtest(hits, rows).proportion_ci(0.95, method="wilson")
    return Figure(hits / rows, float(interval.low), float(interval.high))


def bootstrap(said: Predictions) -> dict[str, Figure]:
    """The measures that are no plain shares, each with its percentile bootstrap interval."""
    order = np.argsort(-said.probability, kind="stable")
    ranked = said.of(order)
    rows = len(order)
    whole = curve_measures(ranked, np.ones(rows))
    rng = np.random.default_rng(0)
    drawn = [
        curve_measures(ranked, np.bincount(rng.integers(rows, size=rows), minlength=rows))
        for _ in range(RESAMPLES)
    ]
    figures = {}
    for name, value in whole.items():
        values = [one[name] for one in drawn if not np.isnan(one[name])]
        if values and not np.isnan(value):
            low, high = np.percentile(values, [2.5, 97.5])
            figures[name] = Figure(value, float(low), float(high))
    return figures


def curve_measures(ranked: Predictions, weight: Any) -> dict[str, float]:
    """Measures of predictions sorted by falling probability, each row counted ``weight`` times."""
    with np.errstate(invalid="ignore", divide="ignore"):
        # Rows of equal probability are passed together, so a curve has a point after each run.
        last = np.append(np.flatnonzero(np.diff(ranked.probability)), len(weight) - 1)
        hits = np.cumsum(weight * ranked.spam)[last]
        alarms = np.cumsum(weight * ~ranked.spam)[last]
        spam, ham = hits[-1], alarms[-1]
        tpr = np.append(0.0, hits / spam)
        fpr = np.append(0.0, alarms / ham)
        above = ranked.probability >= 0.5
        tp, fp = weight[above & ranked.spam].sum(), weight[above & ~ranked.spam].sum()
        fn, tn = spam - tp, ham - fp
        return {
            "f1": float(2 * tp / max(2 * tp + fp + fn, 1)),
            # Where it is 0/0, all being called one class, it is 0 by convention.
            "mcc": float(
                (tp * tn - fp * fn)
                / max(np.sqrt(float(tp + fp) * float(tp + fn) * float(tn + fp) * float(tn + fn)), 1)
            ),
            "roc_auc": float(np.trapezoid(tpr, fpr)),
            "recall_at_1%_fpr": float(tpr[fpr <= 0.01][-1]) if ham else np.nan,
            "recall_at_0.1%_fpr": float(tpr[fpr <= 0.001][-1]) if ham else np.nan,
            "brier": float(np.average((ranked.probability - ranked.spam) ** 2, weights=weight)),
            "calibration_error": calibration_error(ranked, weight),
        }


def calibration_error(said: Predictions, weight: Any) -> float:
    """Expected calibration error over ``BINS`` bins of equal width (Naeini 2015)."""
    bins = np.minimum((said.probability * BINS).astype(int), BINS - 1)
    surplus = np.bincount(bins, weight * (said.probability - said.spam), minlength=BINS)
    return float(np.abs(surplus).sum() / weight.sum())


def by_group(said: Predictions, groups: Any) -> Iterator[tuple[str, Predictions]]:
    """The predictions of each group, by its name."""
    for name in np.unique(groups):
        yield str(name), said.of(groups == name)
