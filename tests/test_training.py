import hashlib
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spamguard import fitting, storage, training
from spamguard.duplicates import near_duplicate_groups
from spamguard.errors import TrainingError
from spamguard.model import Model, Scorer
from spamguard.records import HAM, SPAM, Comment
from strategies import texts

WORDS = ["table", "river", "green", "walk", "letter", "house", "seven", "music", "paper", "winter"]
BAKERY = (
    "we have been coming to this little bakery on the corner since my daughter was born and the"
    " bread has never once let us down even when the queue reached the bus stop in the rain"
)
PUMPKINS = (
    "great post about pumpkins and other winter vegetables that nobody in this town seems to grow"
    " any more although my grandmother had a whole field of them behind the house"
)


def different(count, word=""):
    """Comments of eight words drawn from few, each with one more word."""
    rng = np.random.default_rng(count)
    return [Comment(" ".join([*rng.choice(WORDS, 8), word, str(row)])) for row in range(count)]


# What is learned from


def usable(texts, labels):
    return training.usable([hash(text.strip()) for text in texts], labels)


def test_rows_that_teach_nothing_are_dropped_and_counted():
    texts, labels = zip(
        ("buy now", SPAM),  # 0
        ("", HAM),
        (" \n ", SPAM),
        ("nobody said", None),
        ("first!", SPAM),
        ("first!", HAM),
        (" first!\n", HAM),
        ("buy now ", SPAM),
        ("buy now", SPAM),
        ("Buy now", SPAM),  # 9
        ("thanks", HAM),  # 10
        ("", None),
        ("thanks", None),
        strict=True,
    )
    keep, dropped = usable(texts, labels)
    assert dropped == {"unlabelled": 3, "empty": 2, "labelled both ways": 3, "duplicates": 2}
    assert list(np.flatnonzero(keep)) == [0, 9, 10]


@pytest.mark.parametrize(
    ("texts", "labels", "reason"),
    [([], [], None), (["a"], [None], "unlabelled"), ([" "], [SPAM], "empty")],
)
def test_nothing_may_be_left(texts, labels, reason):
    keep, dropped = usable(texts, labels)
    assert len(keep) == len(texts)
    assert not keep.any()
    assert {name for name, count in dropped.items() if count} == ({reason} if reason else set())


short = st.sampled_from(["", " ", "a", "a ", "b", "B", "c\n"])
rows = st.lists(st.tuples(short, st.sampled_from([SPAM, HAM, None])), max_size=30)


@given(rows)
def test_what_is_left_is_labelled_once(rows):
    keep, dropped = usable([text for text, _ in rows], [label for _, label in rows])
    left = [(text.strip(), label) for (text, label), kept in zip(rows, keep, strict=True) if kept]
    assert len(left) + sum(dropped.values()) == len(rows)
    labels = {}
    for text, label in rows:
        if label:
            labels.setdefault(text.strip(), set()).add(label)
    once = {text: next(iter(found)) for text, found in labels.items() if len(found) == 1 and text}
    assert len(left) == len(once)
    assert dict(left) == once


# Near-duplicates


def edited(text, place, word):
    words = text.split()
    words[place] = word
    return " ".join(words)


def test_copies_with_small_edits_are_one_group():
    groups = near_duplicate_groups(
        [
            BAKERY,
            edited(BAKERY, 0, "they"),
            edited(BAKERY, 17, "soup"),
            edited(BAKERY, -1, "snow"),
            BAKERY.upper() + "!!!",
            BAKERY.replace(" ", "  "),
            BAKERY.replace("bread", "<b>bread</b>"),
            BAKERY.replace("e", "e\N{ZERO WIDTH SPACE}"),
            BAKERY + " thanks",
            "hi, " + BAKERY,
        ]
    )
    assert len(set(groups)) == 1


def test_different_texts_are_different_groups():
    different_texts = [
        BAKERY,
        PUMPKINS,
        # The same words in another order, and half of each of two others.
        " ".join(sorted(BAKERY.split())),
        " ".join(BAKERY.split()[:18] + PUMPKINS.split()[:18]),
        "ok",
        "ok thanks",
        "thanks",
        "thanks ok",
        "\N{GRINNING FACE}",
        "\N{GRINNING FACE}\N{GRINNING FACE}",
        "!!!",
        "便宜的手表",
        "便宜的鞋子和包",
    ]
    groups = near_duplicate_groups(different_texts)
    assert len(set(groups)) == len(different_texts)


def test_no_texts_have_no_groups():
    assert list(near_duplicate_groups([])) == []
    assert list(near_duplicate_groups(["", " "])) == [0, 0]


@given(st.lists(texts, max_size=6), st.randoms(use_true_random=False))
def test_equal_texts_are_always_one_group(distinct, random):
    doubled = distinct * 2
    random.shuffle(doubled)
    groups = near_duplicate_groups(doubled)
    assert len(groups) == len(doubled)
    found = {}
    for text, group in zip(doubled, groups, strict=True):
        assert found.setdefault(text, group) == group


def test_a_campaign_is_never_in_training_and_test_at_once(corpus):
    comments, _ = corpus
    campaign = [edited(BAKERY, place, "spam") for place in range(0, 30, 3)]
    rows = [comment.text for comment in comments] + campaign
    groups = near_duplicate_groups(rows)
    assert len(set(groups[len(comments) :])) == 1
    assert len(set(groups)) > 0.9 * len(comments)


# Cut-offs

probabilities = st.floats(0, 1, exclude_max=True) | st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.99])
ham_and_spam = st.tuples(
    st.lists(probabilities, min_size=20, max_size=300),
    st.lists(probabilities, min_size=20, max_size=300),
)
NEIGHBOURS = ([0.75] * 20, [np.nextafter(0.75, 1)] * 20)


def cutoffs_of(ham, spam, max_fpr, weights=None, *, leave_sources_out=False):
    probability = np.array(ham + spam)
    is_spam = np.arange(len(probability)) >= len(ham)
    if weights is None:
        weights = np.ones(len(probability))
    options = training.Options(max_fpr, leave_sources_out=leave_sources_out)
    return training.choose_cutoffs(probability, is_spam, weights, options)


@given(ham_and_spam, st.floats(0, 0.5))
@example(NEIGHBOURS, 0.005)
@example(([0.9] * 100, [0.95] * 20), 0.01)
@example(([0.1] * 99 + [0.9], [0.95] * 20), 0.01)
def test_cutoffs_keep_both_promises(classes, max_fpr):
    ham, spam = map(np.array, classes)
    cut = cutoffs_of(*classes, max_fpr)
    assert np.sum(ham >= cut.spam) <= max_fpr * len(ham)
    assert np.sum(spam < cut.ham) <= 0.02 * len(spam)
    assert 0 <= cut.ham <= 0.5 <= cut.spam <= 1
    assert cut.ham_rows == len(ham)
    assert cut.ham_above == np.sum(ham >= cut.spam)


@given(ham_and_spam, st.floats(0, 0.5))
@example(NEIGHBOURS, 0.005)
@example(([0.9] * 100, [0.95] * 20), 0.01)
def test_at_most_a_tenth_of_ham_is_unsure_where_sources_are_left_out(classes, max_fpr):
    ham = np.array(classes[0])
    cut = cutoffs_of(*classes, max_fpr, leave_sources_out=True)
    assert cut.spam == cutoffs_of(*classes, max_fpr).spam
    assert np.sum((cut.ham <= ham) & (ham < cut.spam)) <= 0.1 * len(ham) or cut.ham == 0.5
    assert 0 <= cut.ham <= 0.5


@given(ham_and_spam)
def test_too_few_ham_give_the_strictest_cutoff(classes):
    ham, spam = classes
    max_fpr = 0.9 / len(ham)
    cut = cutoffs_of(ham, spam, max_fpr)
    assert cut.spam > max(ham)
    assert cut.ham_above == 0
    assert cut == cutoffs_of(ham, spam, 0.0)


@given(ham_and_spam, st.floats(0, 0.4), st.floats(0, 0.4))
def test_a_stricter_promise_never_lowers_the_cutoff(classes, one, other):
    strict, loose = sorted([one, other])
    assert cutoffs_of(*classes, strict).spam >= cutoffs_of(*classes, loose).spam


def test_cutoffs_by_hand():
    ham = [row / 1000 for row in range(1000)]
    spam = [0.3 + row / 1000 for row in range(500)]
    cut = cutoffs_of(ham, spam, 0.01)
    # Ten ham may lie above: 0.990 to 0.999. A fiftieth of the spam, 10, may lie below.
    assert cut.ham_above == 10
    assert 0.989 < cut.spam <= 0.990
    assert cut.ham == 0.31
    # Or a tenth of the ham, 100, may be unsure: 0.890 to 0.989, but no more than from 0.5 on.
    assert cutoffs_of(ham, spam, 0.01, leave_sources_out=True).ham == 0.5
    halved = [value / 2 for value in ham]
    cut = cutoffs_of(halved, spam, 0.01, leave_sources_out=True)
    assert (cut.ham_above, cut.spam) == (0, 0.5)
    assert 0.4495 < cut.ham <= 0.45


def test_a_small_source_keeps_the_promise_too():
    """Of 100 readers of a small blog 20 look like spam, and none of 9,900 of a large one."""
    ham = [0.1] * 9900 + [0.2] * 80 + [0.9] * 20
    spam = [0.95] * 100
    weights = training.balancing_weights(
        np.repeat([False, True], [10_000, 100]), np.repeat([0, 1], [9900, 200])
    )
    by_rows = cutoffs_of(ham, spam, 0.005)
    assert (by_rows.spam, by_rows.ham_above) == (pytest.approx(0.55), 20)
    by_source = cutoffs_of(ham, spam, 0.005, weights)
    assert by_source.spam > 0.9
    assert by_source.ham_above == 0


def test_a_large_source_keeps_the_promise_too():
    """The same the other way round: what is rare by weight may be frequent by rows."""
    ham = [0.1] * 9000 + [0.9] * 90 + [0.2] * 910
    weights = np.repeat([0.1, 1.0, 1.0], [9090, 910, 100])
    assert cutoffs_of(ham, [0.95] * 100, 0.01, weights).ham_above == 90
    assert cutoffs_of(ham, [0.95] * 100, 0.005, weights).ham_above == 0


def test_a_blogs_own_readers_weigh_as_much_as_all_others():
    spam = np.repeat([False, False, True, True], [40, 400, 30, 300])
    sources = np.repeat([0, 1, 0, 2], [40, 400, 30, 300])
    own = sources == 0
    before, weights = (training.balancing_weights(spam, sources, mine) for mine in (False, own))
    assert before[own & ~spam].sum() < before[~own & ~spam].sum() / 2
    assert weights[own & ~spam].sum() == pytest.approx(weights[~own & ~spam].sum())
    assert weights.mean() == pytest.approx(1)
    assert weights[spam] / weights[spam][0] == pytest.approx(before[spam] / before[spam][0])


def test_no_source_rules_the_ham_cutoff():
    """Nearly all spam is of one source, which nothing else is like."""
    spam = [0.01] * 900 + [0.4 + row / 1000 for row in range(100)]
    weights = np.repeat([1.0, 0.001, 1.0], [50, 900, 100])
    assert cutoffs_of([0.001] * 50, spam, 0.005).ham == 0.01
    assert 0.4 <= cutoffs_of([0.001] * 50, spam, 0.005, weights).ham < 0.41


def test_ham_and_spam_well_apart_are_cut_in_the_middle():
    cut = cutoffs_of([0.1] * 50, [0.9] * 50, 0.005)
    assert (cut.ham, cut.spam) == (0.5, 0.5)
    cut = cutoffs_of([0.7] * 50, [0.9] * 50, 0.005)
    assert (cut.ham, cut.spam) == (0.5, pytest.approx(0.8))


def test_what_can_be_promised():
    """With no hit the exact bound is 1 - 0.05 ** (1 / rows)."""
    assert training.upper_bound(0, 200) == pytest.approx(0.0149, abs=5e-5)
    assert training.upper_bound(0, 3000) == pytest.approx(1 - 0.05 ** (1 / 3000))
    assert training.upper_bound(5, 5) == 1.0
    assert training.upper_bound(0, 0) == 1.0
    assert training.Cutoffs(0.2, 0.8, 200, 0).promise == training.upper_bound(0, 200)


@given(st.integers(1, 5000), st.data())
def test_the_promise_is_above_the_share_and_grows_with_it(rows, data):
    hits = data.draw(st.integers(0, rows - 1))
    bound = training.upper_bound(hits, rows)
    assert hits / rows < bound <= training.upper_bound(hits + 1, rows) <= 1


# Calibration


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.4, -1.5), (3.0, 0.8)])
def test_a_known_logistic_is_recovered(slope, offset):
    rng = np.random.default_rng(1)
    scores = rng.normal(0, 3, 40_000)
    spam = rng.random(40_000) < 1 / (1 + np.exp(-(slope * scores + offset)))
    found = training.calibrate(scores, spam, np.ones(40_000))
    assert found == pytest.approx((slope, offset), rel=0.06, abs=0.04)


def test_a_row_that_weighs_twice_counts_as_two():
    rng = np.random.default_rng(2)
    spam = np.tile([True, False], 5000)
    scores = rng.normal(np.where(spam, 1, -1), 2)
    twice = rng.random(10_000) < 0.3
    weights = np.where(twice, 2.0, 1.0)
    rows = np.repeat(np.arange(10_000), np.where(twice, 2, 1))
    expected = training.calibrate(scores[rows], spam[rows], np.ones(len(rows)))
    assert training.calibrate(scores, spam, weights / weights.mean()) == pytest.approx(
        expected, abs=1e-3
    )


def test_weights_within_classes_leave_as_much_spam():
    spam = np.repeat([True, False], [30, 70])
    weights = training.within_classes(
        training.balancing_weights(spam, np.repeat([0, 1], [10, 90])), spam
    )
    assert weights[spam].mean() == pytest.approx(1)
    assert weights[~spam].mean() == pytest.approx(1)
    assert weights[0] == pytest.approx(weights[29] * np.sqrt(2))


@pytest.mark.parametrize("distance", [1.0, 100.0, 1e4])
def test_classes_that_are_apart_still_leave_doubt(distance):
    spam = np.repeat([True, False], 30)
    scores = np.where(spam, distance, -distance)
    slope, offset = training.calibrate(scores, spam, np.ones(60))
    probability = 1 / (1 + np.exp(-(slope * scores + offset)))
    assert np.all(np.abs(probability - spam) < 0.1)
    assert np.all(np.abs(probability - spam) > 0.01)


def test_scores_that_mislead_never_turn_the_order_round():
    spam = np.repeat([True, False], 30)
    slope, _ = training.calibrate(np.where(spam, -2.0, 2.0), spam, np.ones(60))
    assert 0 < slope < 1e-3


# The fit


def test_the_model_says_what_it_rests_on(small_model, corpus):
    comments, spam = corpus
    model, cut = small_model.model, small_model.cutoffs
    assert model.facts["spam"] == spam.sum()
    assert model.facts["ham"] == len(comments) - spam.sum()
    assert model.facts["trained"] == "2024-02-29"
    assert model.facts["cutoffs"]["promise"] == cut.promise
    assert json.loads(json.dumps(model.facts)) == model.facts
    assert (model.ham_cutoff, model.spam_cutoff) == (cut.ham, cut.spam)
    assert cut.ham_above == np.sum(small_model.probability[~spam] >= model.spam_cutoff)
    assert cut.ham_above <= 0.005 * cut.ham_rows


def test_out_of_fold_probabilities_are_good_but_not_those_of_the_training_rows(small_model, corpus):
    comments, spam = corpus
    right = np.mean((small_model.probability >= 0.5) == spam)
    seen = np.array(Scorer(small_model.model).log_odds(comments))
    assert 0.7 < right < np.mean((seen > 0) == spam)


LITTLE = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_training import little_model
print(hashlib.sha256(little_model()).hexdigest())
"""


def little_model():
    comments = different(25, "viagra") + different(26, "thanks")
    spam = np.arange(51) < 25
    return storage.dump(training.fit(comments, spam, training.Options()).model)


def test_the_same_input_gives_the_same_bytes():
    running = [
        subprocess.Popen(
            [sys.executable, "-c", LITTLE, os.path.dirname(__file__)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads},
        )
        for seed, threads in (("1", "1"), ("2", "2"))
    ]
    once = little_model()
    assert little_model() == once
    apart = [process.communicate()[0].strip() for process in running]
    assert apart == [hashlib.sha256(once).hexdigest()] * 2


@pytest.mark.parametrize(
    ("spam", "ham", "expected"),
    [
        (0, 0, "no labelled comments"),
        (0, 40, "no spam among 40"),
        (40, 0, "no ham among 40"),
        (19, 40, "only 19 spam among 59"),
        (40, 1, "only 1 ham among 41"),
    ],
)
def test_too_little_to_learn_from_names_what_is_missing(spam, ham, expected):
    comments = different(spam, "viagra") + different(ham, "thanks")
    with pytest.raises(TrainingError) as caught:
        training.fit(comments, np.arange(spam + ham) < spam, training.Options())
    assert expected in str(caught.value)
    if spam + ham:
        assert "at least 20" in str(caught.value)
        assert str(caught.value).endswith("spam" if spam < ham else "ham")


def test_a_class_of_one_campaign_cannot_be_learned():
    campaign = [Comment(edited(BAKERY, place % 30, "spam")) for place in range(30)]
    with pytest.raises(TrainingError, match="alike"):
        training.fit(campaign + different(30), np.arange(60) < 30, training.Options())


def test_two_campaigns_cannot_be_learned_either():
    """There are fewer groups of near-duplicates than folds."""
    comments = [Comment(BAKERY)] * 25 + [Comment(PUMPKINS)] * 25
    with pytest.raises(TrainingError, match="alike"):
        training.fit(comments, np.arange(50) < 25, training.Options())


def test_rows_without_words_can_be_learned_from():
    """Nothing but emoji: no block but the characters and the words has anything."""
    emoji = [chr(0x1F600 + number) for number in range(50)]
    comments = [
        Comment(f"{face}{other}{'!' if spam else '?'}")
        for spam, other in ((True, "\N{PILL}"), (False, "\N{CAT}"))
        for face in emoji[:25]
    ]
    fitted = training.fit(comments, np.arange(50) < 25, training.Options())
    assert all(np.isfinite(fitted.probability))
    assert np.mean((fitted.probability > 0.5) == (np.arange(50) < 25)) > 0.9


def test_cutoffs_rest_on_the_scores_that_the_model_gives(corpus):
    """Also of long texts, of a model that was trained without them: they count as much as their
    worst window."""
    rows, spam = corpus
    ham = [row.text for row, bad in zip(rows, spam, strict=True) if not bad]
    padding = " ".join(ham[:12])
    comments = [
        row._replace(text=f"{padding} {row.text}") if number % 3 == 0 else row
        for number, row in enumerate(rows)
    ]
    prepared = training.prepare(comments)
    assert len(prepared.whole) > len(rows)
    lane = np.full(len(rows), fitting.FOLDS)
    member = np.ones((len(rows), fitting.LANES), bool)
    member[::3] = False
    weights = np.ones(len(rows))
    regressions = fitting.Regressions(
        prepared.counts, prepared.name_only, spam, weights, member, weights == 0
    )
    regressions.fit(0)
    learned = regressions.learned()
    intercept = float(learned.intercept[-1])
    model = Model(training.learned_parts(learned), intercept, 1.0, 0.0, 0.5, 0.5, {})
    expected = Scorer(model, bulk=True).log_odds(comments)
    said = regressions.log_odds(lane, prepared.windows, prepared.whole)
    assert said == pytest.approx(expected, abs=1e-3)
    assert np.sum(said > regressions.log_odds(lane) + 0.1) > len(rows) / 12
    some = np.arange(0, len(rows), 2)
    taken = prepared.take(some)
    assert list(np.unique(taken.whole)) == [
        place for place, row in enumerate(some) if row in set(prepared.whole)
    ]
    assert taken.windows.rows == len(taken.whole) == np.isin(prepared.whole, some).sum()


# Forms and shares


def test_words_may_mean_the_opposite_where_there_is_a_name_only(corpus):
    """No one set of weights can tell that; each form's own twin can."""
    rows, spam = corpus
    turned = np.arange(len(rows)) % 2 == 0
    comments = [
        Comment(row.text, "Ann", None if other else "")
        for row, other in zip(rows, turned, strict=True)
    ]
    fitted = training.fit(comments, spam ^ turned, training.Options())
    said = np.array(Scorer(fitted.model, bulk=True).log_odds(comments))
    for form in (turned, ~turned):
        assert np.mean((said > 0)[form] == (spam ^ turned)[form]) > 0.9
    assert list(said) == Scorer(fitted.model).log_odds(comments)


def test_no_twin_is_kept_where_all_comments_have_a_name_only(corpus):
    rows, spam = corpus
    comments = [Comment(row.text, "Ann") for row in rows]
    model = training.fit(comments, spam, training.Options()).model
    assert all(part.name_only_weight == b"" for part in model.parts)


def test_the_share_of_spam_that_is_assumed_changes_no_verdict(corpus, monkeypatch):
    rows, spam = corpus
    sources = np.arange(len(rows)) % 7
    options = training.Options(leave_sources_out=True)
    found = []
    for share in (0.1, 0.2):
        monkeypatch.setattr(training, "USUAL_SHARE", share)
        fitted = training.fit(rows, spam, options, sources)
        assert fitted.model.facts["assumed_spam_share"] == share
        found.append(fitted)
    odds = [np.log(fit.probability / (1 - fit.probability)) for fit in found]
    moved = math.log(0.2 / 0.8) - math.log(0.1 / 0.9)
    assert odds[1] - odds[0] == pytest.approx(np.full(len(rows), moved))
    unsure = [
        (fit.cutoffs.ham <= fit.probability) & (fit.probability < fit.cutoffs.spam) for fit in found
    ]
    assert all(fit.cutoffs.spam > 0.5 > fit.cutoffs.ham for fit in found)
    assert list(unsure[0]) == list(unsure[1])
