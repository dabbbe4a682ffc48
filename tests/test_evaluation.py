import math
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.exceptions import UndefinedMetricWarning

from spamguard import evaluation, training
from spamguard.errors import TrainingError
from spamguard.evaluation import Predictions
from spamguard.model import Scorer
from spamguard.records import HAM, SPAM, UNSURE


def said(spam, probability, ham_cutoff=0.2, spam_cutoff=0.8):
    spam, probability = np.array(spam, bool), np.array(probability, float)
    verdict = np.where(probability < ham_cutoff, HAM, UNSURE)
    verdict = np.where(probability >= spam_cutoff, SPAM, verdict)
    return Predictions(spam, probability, verdict)


def drawn(seed, rows, ties=False):
    """Random predictions that are right more often than not."""
    rng = np.random.default_rng(seed)
    spam = rng.random(rows) < 0.4
    probability = 1 / (1 + np.exp(-rng.normal(np.where(spam, 1.0, -1.0), 1.5)))
    return said(spam, probability.round(1) if ties else probability)


def recall_at(limit, spam, probability):
    """The best share of spam at or above any threshold that lets in so little ham."""
    best = 0.0
    for threshold in probability:
        above = probability >= threshold
        if above[~spam].mean() <= limit:
            best = max(best, above[spam].mean())
    return best


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("seed", "rows"), [(0, 1500), (1, 2500), (2, 400), (3, 171)])
def test_measures_are_those_of_scikit_learn(seed, rows, ties):
    found = drawn(seed, rows, ties)
    spam, probability = found.spam, found.probability
    guessed = probability >= 0.5
    figures = evaluation.measure(found)
    expected = {
        "accuracy": metrics.accuracy_score(spam, guessed),
        "precision": metrics.precision_score(spam, guessed),
        "recall": metrics.recall_score(spam, guessed),
        "f1": metrics.f1_score(spam, guessed),
        "mcc": metrics.matthews_corrcoef(spam, guessed),
        "roc_auc": metrics.roc_auc_score(spam, probability),
        "brier": metrics.brier_score_loss(spam, probability),
        "recall_at_1%_fpr": recall_at(0.01, spam, probability),
        "recall_at_0.1%_fpr": recall_at(0.001, spam, probability),
        "ham_called_spam": np.mean(probability[~spam] >= 0.8),
        "spam_caught": np.mean(probability[spam] >= 0.8),
        "spam_passed": np.mean(probability[spam] < 0.2),
        "unsure": np.mean((probability >= 0.2) & (probability < 0.8)),
    }
    few = {"recall_at_1%_fpr": 100, "recall_at_0.1%_fpr": 1000}
    for name, value in expected.items():
        if np.sum(~spam) >= few.get(name, 0):
            assert figures[name].value == pytest.approx(value, abs=1e-12), name
        else:
            assert figures[name].value is None
    assert figures.keys() == {*expected, "calibration_error"}


some = st.sampled_from([0.0, 0.1, 0.49, 0.5, 0.51, 0.9, 1.0]) | st.floats(0, 1)
classes = st.lists(st.tuples(st.booleans(), some), max_size=40)


@settings(max_examples=40)
@given(classes)
@example([])
@example([(False, 0.1)] * 5)
@example([(True, 0.9)] * 5)
@example([(True, 0.1), (False, 0.2)])
@example([(True, 0.9), (False, 0.8)])
def test_every_figure_is_a_number_in_range_or_says_why_not(rows):
    figures = evaluation.measure(said([spam for spam, _ in rows], [value for _, value in rows]))
    for name, figure in figures.items():
        if figure.value is None:
            assert figure.why_not, name
            assert (figure.low, figure.high) == (None, None)
            continue
        assert figure.why_not == ""
        lowest = -1 if name == "mcc" else 0
        assert lowest <= figure.value <= 1, name
        assert lowest <= figure.low <= figure.high <= 1 + 1e-12, name


@settings(max_examples=40)
@given(classes)
def test_defined_figures_are_those_of_scikit_learn_in_small_samples_too(rows):
    found = said([spam for spam, _ in rows], [value for _, value in rows])
    if found.spam.all() or not found.spam.any():
        return
    figures = evaluation.measure(found)
    guessed = found.probability >= 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        f1 = metrics.f1_score(found.spam, guessed)
        auc = metrics.roc_auc_score(found.spam, found.probability)
    assert figures["f1"].value == pytest.approx(f1)
    assert figures["roc_auc"].value == pytest.approx(auc)
    if guessed.any() and not guessed.all():
        mcc = metrics.matthews_corrcoef(found.spam, guessed)
        assert figures["mcc"].value == pytest.approx(mcc)


def test_all_ham_leaves_the_figures_about_spam_out():
    figures = evaluation.measure(said([False] * 300, np.linspace(0, 0.9, 300)))
    missing = {name for name, figure in figures.items() if figure.value is None}
    assert missing == {
        "recall", "f1", "mcc", "roc_auc", "recall_at_1%_fpr", "recall_at_0.1%_fpr", "spam_caught",
        "spam_passed",
    }  # fmt: skip
    assert {figures[name].why_not for name in missing} == {"no spam"}
    assert figures["accuracy"].value == pytest.approx(np.mean(np.linspace(0, 0.9, 300) < 0.5))


def test_all_spam_leaves_the_figures_about_ham_out():
    figures = evaluation.measure(said([True] * 300, np.linspace(0.1, 1, 300)))
    missing = {name for name, figure in figures.items() if figure.value is None}
    assert missing == {
        "mcc", "roc_auc", "recall_at_1%_fpr", "recall_at_0.1%_fpr", "ham_called_spam"
    }  # fmt: skip
    assert {figures[name].why_not for name in missing} == {"no ham"}


def test_rates_of_ham_need_ham_to_show_them():
    figures = evaluation.measure(said([True] * 50 + [False] * 99, [0.9] * 50 + [0.1] * 99))
    assert figures["recall_at_1%_fpr"].why_not == "needs 100 ham, there are 99"
    assert figures["recall_at_0.1%_fpr"].why_not == "needs 1,000 ham, there are 99"
    figures = evaluation.measure(said([True] * 50 + [False] * 100, [0.9] * 50 + [0.1] * 100))
    assert figures["recall_at_1%_fpr"].value == 1.0
    assert figures["recall_at_0.1%_fpr"].value is None


def test_nothing_called_spam_has_no_precision():
    figures = evaluation.measure(said([True, False] * 20, [0.3, 0.2] * 20))
    assert figures["precision"].why_not == "nothing is called spam"
    assert figures["recall"].value == 0.0
    assert figures["f1"].value == 0.0
    assert figures["roc_auc"].value == 1.0


def test_the_calibration_error_by_hand():
    found = said([True] * 9 + [False] * 11, [0.95] * 10 + [0.05] * 10)
    # Ten say 0.95 and nine of them are spam; ten say 0.05 and none is.
    error = evaluation.measure(found)["calibration_error"].value
    assert error == pytest.approx((10 * 0.05 + 10 * 0.05) / 20)
    assert evaluation.measure(said([True] * 5, [1.0] * 5))["calibration_error"].value == 0.0


def test_intervals_hold_the_value_and_shrink_with_more_rows():
    small = evaluation.measure(drawn(5, 150))
    large = evaluation.measure(drawn(5, 3000))
    for name, figure in large.items():
        assert figure.low <= figure.value <= figure.high, name
        if small[name].value is not None:
            assert figure.high - figure.low < small[name].high - small[name].low, name


def test_figures_do_not_change_from_run_to_run_nor_with_the_order():
    found = drawn(6, 300)
    order = np.random.default_rng(0).permutation(300)
    figures = evaluation.measure(found)
    assert evaluation.measure(found) == figures
    for name, figure in evaluation.measure(found.of(order)).items():
        assert figure == pytest.approx(figures[name]) or figure == figures[name]


@given(st.integers(1, 5000), st.data())
def test_shares_have_wilsons_interval(rows, data):
    hits = data.draw(st.integers(0, rows))
    figure = evaluation.share(hits, rows, "")
    z = 1.959963984540054
    centre = (hits + z * z / 2) / (rows + z * z)
    half = z / (rows + z * z) * math.sqrt(hits * (rows - hits) / rows + z * z / 4)
    assert figure.value == hits / rows
    assert (figure.low, figure.high) == pytest.approx((centre - half, centre + half), abs=1e-9)


def test_a_share_of_nothing_says_why():
    assert evaluation.share(0, 0, "no ham") == (None, None, None, "no ham")


# Folds


def check_folds(folds, rows):
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested) == list(range(rows))
    for train, test in folds:
        assert not set(train) & set(test)


rows_in_groups = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=2, max_size=60)


@given(rows_in_groups)
def test_group_folds_leak_nothing(rows):
    names = np.array([f"blog {name}" for name, _ in rows])
    duplicates = np.array([number for _, number in rows])
    if len(set(names)) < 2:
        with pytest.raises(TrainingError, match="only one group, 'blog"):
            evaluation.group_folds(names, duplicates)
        return
    folds = evaluation.group_folds(names, duplicates)
    check_folds(folds, len(rows))
    assert len(folds) == len(set(names))
    for train, test in folds:
        assert len(set(names[test])) == 1
        assert not set(names[train]) & set(names[test])
        assert not set(duplicates[train]) & set(duplicates[test])
        # All that may be learned from is learned from.
        left_out = set(range(len(rows))) - set(train) - set(test)
        assert all(duplicates[row] in duplicates[test] for row in left_out)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 15)), min_size=20, max_size=80))
@example([(row < 10, row % 2) for row in range(20)])
def test_random_folds_keep_duplicates_together(rows):
    spam = np.array([label for label, _ in rows])
    duplicates = np.array([number for _, number in rows])
    try:
        folds = evaluation.random_folds(spam, duplicates, 3, 0)
    except TrainingError:
        assert min(spam.sum(), (~spam).sum()) < 3 or len(set(duplicates)) < 3
        return
    assert len(set(duplicates)) >= 3
    check_folds(folds, len(rows))
    assert len(folds) == 3
    for train, test in folds:
        assert not set(duplicates[train]) & set(duplicates[test])


def test_random_folds_are_stratified_and_follow_the_seed():
    spam = np.arange(200) < 50
    folds = evaluation.random_folds(spam, np.arange(200), 5, 0)
    assert [spam[test].sum() for _, test in folds] == [10] * 5
    again = evaluation.random_folds(spam, np.arange(200), 5, 0)
    other = evaluation.random_folds(spam, np.arange(200), 5, 1)
    tests = [[sorted(test) for _, test in each] for each in (folds, again, other)]
    assert tests[0] == tests[1] != tests[2]


def test_more_folds_than_spam_are_refused():
    with pytest.raises(TrainingError, match=r"5 folds need at least 5 spam and ham .*there are 4"):
        evaluation.random_folds(np.arange(50) < 4, np.arange(50), 5, 0)


@given(st.lists(st.integers(0, 30), min_size=2, max_size=60))
def test_the_oldest_train_and_the_rest_test(days):
    times = np.array(days, "datetime64[D]")
    ((train, test),) = evaluation.time_fold(times)
    assert sorted([*train, *test]) == list(range(len(days)))
    assert len(train) == round(0.7 * len(days))
    assert times[train].max(initial=times.min()) <= times[test].min()


# What models say


def test_predictions_are_the_verdicts_of_the_model(small_model, corpus):
    comments, spam = corpus
    found = evaluation.predict(small_model.model, comments[::3], spam[::3])
    verdicts = Scorer(small_model.model).verdicts(comments[::3])
    assert list(found.probability) == [verdict.probability for verdict in verdicts]
    assert list(found.verdict) == [verdict.label for verdict in verdicts]
    assert list(found.spam) == list(spam[::3])


@given(probability=st.lists(st.floats(0, 1), min_size=1))
def test_known_probabilities_are_judged_by_the_cutoffs(small_model, probability):
    model = small_model.model
    probability = [*probability, model.ham_cutoff, model.spam_cutoff]
    found = evaluation.judged(model, np.array(probability), [True] * len(probability))
    for value, verdict in zip(probability, found.verdict, strict=True):
        assert (verdict == SPAM) == (value >= model.spam_cutoff)
        assert (verdict == HAM) == (value < model.ham_cutoff)


def test_cross_prediction_tests_every_fold_by_a_model_that_saw_none_of_it(corpus):
    comments, spam = corpus
    rows = np.r_[0:40, -40:0]
    comments, spam = [comments[row] for row in rows], spam[rows]
    folds = evaluation.random_folds(spam, np.arange(80), 2, 0)
    through = []
    options = training.Options(seed=3)
    found = evaluation.cross_predict(comments, spam, folds, options, done=through.append)
    assert through == [1, 2]
    tested = np.concatenate([test for _, test in folds])
    assert list(found.spam) == list(spam[tested])
    train, test = folds[1]
    model = training.fit([comments[row] for row in train], spam[train], options).model
    alone = evaluation.predict(model, [comments[row] for row in test], spam[test])
    assert list(found.probability[-len(test) :]) == list(alone.probability)


def test_predictions_come_apart_by_group():
    found = said([True, False, True], [0.9, 0.1, 0.5])
    parts = dict(evaluation.by_group(found, np.array(["b", "a", "b"])))
    assert list(parts) == ["a", "b"]
    assert list(parts["b"].probability) == [0.9, 0.5]
    assert list(parts["b"].verdict) == [SPAM, UNSURE]
    assert list(parts["a"].spam) == [False]
