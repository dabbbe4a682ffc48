"""The regressions: those of scikit-learn, all at once, from memory or from a file."""

import errno
import math
import tempfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from reference import Blocks, count_columns, described, make_classifier, matrix_of_rows
from spamguard import counts, fitting, training
from spamguard.errors import OutputError
from spamguard.fitting import LANES, Regressions
from spamguard.folds import stratified_folds


@pytest.fixture(scope="module")
def prepared(corpus):
    return training.prepare(corpus[0])


@pytest.fixture(scope="module")
def weights(corpus):
    return np.random.default_rng(0).uniform(0.2, 2, len(corpus[0]))


@pytest.fixture(scope="module")
def member(corpus):
    """Every regression but the last goes without some rows."""
    member = np.random.default_rng(1).random((len(corpus[0]), LANES)) < 0.8
    member[:, -1] = True
    return member


def fitted(prepared, spam, weights, member, hidden=None, **limits):
    hidden = np.zeros(len(spam), bool) if hidden is None else hidden
    regressions = Regressions(prepared.counts, prepared.name_only, spam, weights, member, hidden)
    regressions.fit(0, **limits)
    return regressions


TIGHT = {"tolerance": 1e-7, "still": 0.0}


def test_hidden_names_and_addresses_are_not_learned_from(corpus, prepared, weights):
    comments, spam = corpus
    hidden = np.random.default_rng(2).random(len(spam)) < 0.5
    found = described(comments)
    blocks = Blocks().fit(found)
    table = blocks.transform(found)
    shown = blocks.parts_.transform(found).tolil()
    for name in ("author", "site", "keywords"):
        within = blocks.parts_.output_indices_[name]
        shown[np.ix_(hidden, np.arange(within.start, within.stop))] = 0
    name_only = found[:, -1].toarray().ravel() * ~hidden
    learned = blocks.with_twins(shown.tocsr(), name_only)
    regression = make_classifier()[-1].fit(learned, spam, sample_weight=weights)
    member = np.ones((len(spam), LANES), bool)
    regressions = fitted(prepared, spam, weights, member, hidden, **TIGHT)
    said = regressions.log_odds(np.zeros(len(spam), int))
    assert said == pytest.approx(regression.decision_function(table), abs=2e-3)


@pytest.mark.parametrize("lane", [0, LANES - 1])
def test_each_regression_is_that_of_scikit_learn(corpus, prepared, weights, member, lane):
    """idf, dropped columns, weights of rows, penalty and free intercept; also of unseen rows."""
    comments, spam = corpus
    table, rows = described(comments), member[:, lane]
    classifier = make_classifier().fit(
        table[rows], spam[rows], logisticregression__sample_weight=weights[rows]
    )
    regressions = fitted(prepared, spam, weights, member, **TIGHT)
    said = regressions.log_odds(np.full(len(spam), lane))
    assert said == pytest.approx(classifier.decision_function(table), abs=2e-3)
    learned = regressions.learned()
    intercept = classifier[-1].intercept_[0]
    assert learned.intercept[lane] == pytest.approx(intercept, abs=2e-3)


def test_the_usual_tolerance_is_near_the_optimum(corpus, prepared, weights, member):
    spam = corpus[1]
    lane = np.full(len(spam), LANES - 1)
    best, usual = (
        fitted(prepared, spam, weights, member, **limits).log_odds(lane) for limits in (TIGHT, {})
    )
    assert np.mean(np.abs(best - usual)) < 0.02 * np.mean(np.abs(best))


def test_regressions_beside_each_other_are_those_alone(corpus, prepared, weights, member):
    spam = corpus[1]
    together = fitted(prepared, spam, weights, member, **TIGHT).learned()
    for lane in (0, 3):
        alone = fitted(
            prepared, spam, weights, np.repeat(member[:, [lane]], LANES, axis=1), **TIGHT
        ).learned()
        assert together.weight[:, lane] == pytest.approx(alone.weight[:, 1], abs=1e-3)


def test_the_interpreted_passes_learn_the_same(corpus, prepared, weights, member, monkeypatch):
    rows = np.arange(0, len(corpus[0]), 6)
    some, spam = prepared.take(rows), corpus[1][rows]
    found = []
    for refused in (False, True):
        if refused:
            monkeypatch.setattr(fitting.kernel, "compile_functions", no_numba)
        fitting._compiled.cache_clear()
        regressions = fitted(some, spam, weights[rows], member[rows], tolerance=0.05)
        found.append(regressions.learned())
    fitting._compiled.cache_clear()
    for one, other in zip(*found, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def no_numba(*_):
    raise ImportError


# Counts on a shelf


def test_what_does_not_fit_in_memory_gives_the_same_bits(corpus, prepared):
    comments, spam = corpus
    size = sum(array.nbytes for _, shard in prepared.counts for array in shard)
    fits = []
    for room in (math.inf, size // 2, 0):
        again = training.prepare(comments, room)
        fits.append(training.fit_prepared(again, spam, training.Options()))
        shelf = again.counts._shelf
        assert (shelf._kept == [], shelf._filed == []) == (room == 0, room == math.inf)
        assert shelf.room >= 0
    for other in fits[1:]:
        assert other.model == fits[0].model
        assert list(other.probability) == list(fits[0].probability)


@settings(max_examples=20)
@given(rows=st.sets(st.integers(0, 99), min_size=1), seed=st.integers(0, 5))
def test_some_rows_of_the_counts_are_those_rows(corpus, rows, seed):
    order = np.random.default_rng(seed).permutation(len(corpus[0]))[:100]
    comments = [corpus[0][row] for row in order]
    rows = np.array(sorted(rows))
    whole = training.prepare(comments).counts
    taken = whole.take(rows)
    assert (whole.rows, taken.rows) == (100, len(rows))
    assert abs(matrix_of_rows(whole) - count_columns(comments)).sum() == 0
    assert abs(matrix_of_rows(taken) - count_columns(comments)[rows]).sum() == 0


def test_comments_in_several_batches_are_counted_alike(corpus, monkeypatch):
    comments = corpus[0]
    characters = sum(len(comment.text) for comment in comments)
    monkeypatch.setattr(counts, "BATCH_CHARACTERS", characters // 20)
    assert len(list(counts.batched(comments, lambda comment: len(comment.text)))) > 10
    found = matrix_of_rows(training.prepare(comments).counts)
    assert abs(found - count_columns(comments)).sum() == 0


def test_the_order_of_the_rows_does_not_lead_astray(corpus, monkeypatch):
    """All ham and then all spam, in shards that are visited one after another."""
    comments, spam = corpus
    monkeypatch.setattr(counts, "BATCH_ROWS", 20)
    monkeypatch.setattr(fitting, "AT_ONCE", 30)
    member = np.ones((len(spam), LANES), bool)
    weights, lane = np.ones(len(spam)), np.zeros(len(spam), int)
    order = np.argsort(spam, kind="stable")
    said = []
    for rows in (np.arange(len(spam)), order):
        in_order = training.prepare([comments[row] for row in rows])
        found = fitted(in_order, spam[rows], weights, member, **TIGHT).log_odds(lane)
        said.append(found[np.argsort(rows)])
    assert said[0] == pytest.approx(said[1], abs=5e-3)


def test_a_full_disk_is_one_line(corpus, monkeypatch):
    class Full:
        def tell(self):
            return 0

        def close(self):
            pass

        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    with pytest.raises(OutputError, match=r"--max-memory.*No space left"):
        training.prepare(corpus[0], 0)


# Folds


@settings(max_examples=60)
@given(
    rows=st.integers(20, 200),
    groups=st.integers(6, 200),
    share=st.floats(0.2, 0.8),
    folds=st.integers(2, 5),
    seed=st.integers(0, 9),
)
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_are_those_of_scikit_learn(rows, groups, share, folds, seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, rows)
    spam = rng.random(rows) < share
    expected = np.zeros(rows, int)
    division = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for number, (_, test) in enumerate(division.split(spam, spam, group)):
        expected[test] = number
    assert list(stratified_folds(spam, group, folds, seed)) == list(expected)


@given(
    margin=st.floats(-50, 50),
    part=st.floats(0, 1),
    most=st.floats(1e-3, 1e3),
    length=st.floats(0.1, 10),
)
@example(margin=4.0, part=1.0, most=2.0, length=7.0)
def test_the_best_share_leaves_no_surplus(margin, part, most, length):
    """The share is the slope of the loss at the margin that this very share brings about."""
    share = part * most
    found = fitting.best_share(margin, share, most, length)
    reached = margin + length * (found - share)
    assert 0 <= found <= most
    assert found == pytest.approx(most / (1 + math.exp(reached)), rel=1e-4, abs=1e-5 * most)
