"""The regressions: those of scikit-learn, all at once, from memory or from a file."""

import errno
import math
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.model_selection import StratifiedGroupKFold

from reference import count_columns, make_classifier, matrix
from spamguard import counts, fitting, training
from spamguard.errors import OutputError
from spamguard.fitting import LANES, Regressions
from spamguard.folds import stratified_folds
from spamguard.records import Comment


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


def fitted(some, spam, weights, member, **limits):
    regressions = Regressions(some, spam, weights, member)
    regressions.fit(0, **limits)
    return regressions


TIGHT = {"tolerance": 1e-7, "still": 0.0}


@pytest.mark.parametrize("lane", [0, LANES - 1])
def test_each_regression_is_that_of_scikit_learn(corpus, prepared, weights, member, lane):
    """idf, dropped columns, weights of rows, penalty and free intercept; also of unseen rows."""
    comments, spam = corpus
    table, rows = count_columns(comments), member[:, lane]
    classifier = make_classifier().fit(
        table[rows], spam[rows], logisticregression__sample_weight=weights[rows]
    )
    regressions = fitted(prepared.counts, spam, weights, member, **TIGHT)
    said = regressions.log_odds(np.full(len(spam), lane))
    assert said == pytest.approx(classifier.decision_function(table), abs=2e-3)
    learned = regressions.learned()
    intercept = classifier[-1].intercept_[0]
    assert learned.intercept[lane] == pytest.approx(intercept, abs=2e-3)


def test_the_usual_tolerance_is_near_the_optimum(corpus, prepared, weights, member):
    spam = corpus[1]
    lane = np.full(len(spam), LANES - 1)
    best, usual = (
        fitted(prepared.counts, spam, weights, member, **limits).log_odds(lane)
        for limits in (TIGHT, {})
    )
    assert np.mean(np.abs(best - usual)) < 0.02 * np.mean(np.abs(best))


def test_regressions_beside_each_other_are_those_alone(corpus, prepared, weights, member):
    spam = corpus[1]
    together = fitted(prepared.counts, spam, weights, member, **TIGHT).learned()
    for lane in (0, 3):
        alone = fitted(
            prepared.counts, spam, weights, np.repeat(member[:, [lane]], LANES, axis=1), **TIGHT
        ).learned()
        assert together.weight[:, lane] == pytest.approx(alone.weight[:, 1], abs=1e-3)


def test_the_interpreted_passes_learn_the_same(corpus, prepared, weights, member, monkeypatch):
    rows = np.arange(0, len(corpus[0]), 6)
    some, spam = prepared.counts.take(rows), corpus[1][rows]
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


def filed_and_kept(comments, monkeypatch, rows_a_shard):
    monkeypatch.setattr(counts, "SHARD_ROWS", rows_a_shard)
    kept = training.prepare(comments)
    size = sum(array.nbytes for _, tally in kept.counts for array in tally)
    return kept, training.prepare(comments, 0), training.prepare(comments, size // 2)


def test_what_does_not_fit_in_memory_gives_the_same_bits(corpus, monkeypatch):
    comments, spam = corpus
    fits = [
        training.fit_prepared(prepared, spam, training.Options(room=0))
        for prepared in filed_and_kept(comments, monkeypatch, 50)
    ]
    assert len(fits[0].model.parts)
    for other in fits[1:]:
        assert other.model == fits[0].model
        assert list(other.probability) == list(fits[0].probability)


def test_nothing_of_the_counts_is_in_memory_where_there_is_no_room(corpus, monkeypatch):
    _, filed, half = filed_and_kept(corpus[0], monkeypatch, 50)
    assert filed.counts._shelf._kept == []
    assert 0 < len(half.counts._shelf._kept) < len(half.counts)
    assert half.counts.room >= 0


@settings(max_examples=20)
@given(rows=st.sets(st.integers(0, 99), min_size=1), seed=st.integers(0, 5))
def test_some_rows_of_the_counts_are_those_rows(corpus, rows, seed):
    order = np.random.default_rng(seed).permutation(len(corpus[0]))[:100]
    comments = [corpus[0][row] for row in order]
    rows = np.array(sorted(rows))
    taken = training.prepare(comments).counts.take(rows)
    assert taken.rows == len(rows)
    found = sparse.vstack([matrix(tally) for _, tally in taken])
    assert abs(found - count_columns(comments)[rows]).sum() == 0


def test_long_comments_make_small_shards():
    comments = [Comment("long " * 1900)] * 300
    prepared = training.prepare(comments)
    assert len(prepared.counts) >= 2
    assert prepared.counts.rows == 300


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
def test_the_best_share_leaves_no_surplus(margin, part, most, length):
    """The share is the slope of the loss at the margin that this very share brings about."""
    share = part * most
    found = fitting.best_share(margin, share, most, length)
    reached = margin + length * (found - share)
    assert 0 <= found <= most
    assert found == pytest.approx(most / (1 + math.exp(reached)), rel=1e-4, abs=1e-5 * most)
