import math
import random
from array import array

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reference import classifier_of, described
from spamguard import kernel, text
from spamguard.kernel import Interpreted, sigmoid
from spamguard.model import Scorer
from spamguard.records import HAM, SPAM, UNSURE, Columns, Comment
from strategies import comments, texts

any_number = st.floats(allow_nan=False)


@pytest.fixture(scope="session")
def slow(small_model):
    return Scorer(small_model.model)


@pytest.fixture(scope="session")
def fast(small_model):
    scorer = Scorer(small_model.model, bulk=True)
    assert scorer.speed.is_compiled
    return scorer


@settings(max_examples=60)
@given(batch=st.lists(comments, max_size=6))
@example(batch=[])
@example(batch=[Comment("")])
@example(batch=[Comment("", "", "")])
@example(batch=[Comment("buy \N{PILL} now! " * 5000, "x" * 9000, "http://" + "a.b/" * 3000)])
@example(batch=[Comment("\ufdfa" * 3000)])  # each of which is 18 letters: over 255 windows
def test_both_kernels_give_equal_bits(slow, fast, batch):
    found = slow.log_odds(batch)
    assert found == fast.log_odds(batch)
    assert len(found) == len(batch)
    assert all(map(math.isfinite, found))


@settings(max_examples=40)
@given(batch=st.lists(comments, min_size=1, max_size=5))
def test_a_comment_scores_the_same_alone_and_in_any_company(slow, fast, batch):
    alone = [slow.log_odds([comment])[0] for comment in batch]
    assert slow.log_odds(batch) == alone
    assert fast.log_odds(batch[::-1]) == alone[::-1]


def test_the_whole_corpus_gives_equal_bits(slow, fast, corpus):
    batch = list(corpus[0])
    found = slow.log_odds(batch)
    assert fast.log_odds(batch) == found
    assert len(set(found)) > 100
    order = random.Random(0).sample(range(len(batch)), len(batch))
    assert fast.log_odds([batch[row] for row in order]) == [found[row] for row in order]


@pytest.fixture(scope="session")
def classifier(small_model, corpus):
    return classifier_of(small_model.model, corpus[0])


def clean_texts(comments):
    return list(text.views(Columns.of(comments), Interpreted()).text)


def short(comments):
    """Those that are not read in windows."""
    cleaned = zip(comments, clean_texts(comments), strict=True)
    return [comment for comment, clean in cleaned if len(clean) <= text.LONG]


@settings(max_examples=60)
@given(batch=st.lists(comments, min_size=1, max_size=8).map(short).filter(bool))
def test_log_odds_are_those_of_scikit_learn(classifier, fast, batch):
    expected = classifier.decision_function(described(batch))
    assert fast.log_odds(batch) == pytest.approx(list(expected), abs=1e-4)


def test_log_odds_of_the_training_rows_are_those_of_scikit_learn(classifier, fast, corpus):
    batch = short(corpus[0])
    expected = classifier.decision_function(described(batch))
    assert fast.log_odds(batch) == pytest.approx(list(expected), abs=1e-4)


def windows_of(whole):
    """Where they begin and end."""
    speed = Interpreted()
    texts, begins, ends = text.windows(*speed.codes([whole]), speed)
    assert set(texts) <= {0}
    return list(zip(begins, ends, strict=True))


def test_a_long_text_counts_as_much_as_its_worst_window(classifier, slow, fast, corpus):
    rows, spam = corpus
    ham = [row.text for row, bad in zip(rows, spam, strict=True) if not bad]
    innocent = " ".join(ham[:12])
    raised = 0
    for bait in [row.text for row, bad in zip(rows, spam, strict=True) if bad][:10]:
        (whole,) = clean_texts([Comment(f"{innocent} {bait} {innocent}")])
        pieces = [Comment(whole), *(Comment(whole[b:e]) for b, e in windows_of(whole))]
        odds = classifier.decision_function(described(pieces))
        assert fast.log_odds(pieces[:1]) == slow.log_odds(pieces[:1])
        worst = max(odds[1:]) - kernel.TOLLS[len(odds) - 1]
        assert fast.log_odds(pieces[:1]) == pytest.approx([max(odds[0], worst)], abs=1e-4)
        raised += odds[0] < worst - 1
    assert raised > 5


@settings(max_examples=60)
@given(words=st.text("ab ", min_size=1, max_size=3000))
@example(words="a" * 3000)
def test_windows_cover_a_long_text_and_are_short_themselves(words):
    found = windows_of(words)
    assert bool(found) == (len(words) > text.LONG)
    seen = set()
    for begin, end in found:
        assert 0 < end - begin <= text.LONG
        seen |= set(range(begin, end))
    assert not found or "".join(words[at] for at in range(len(words)) if at not in seen) == ""


def test_the_model_has_learned(small_model, slow, corpus):
    rows, spam = corpus
    probability = list(map(small_model.model.probability, slow.log_odds(rows)))
    right = [(value >= 0.5) == bool(label) for value, label in zip(probability, spam, strict=True)]
    assert sum(right) > 0.95 * len(right)


@given(low=any_number, high=any_number)
def test_probability_is_monotone(small_model, low, high):
    low, high = sorted([low, high])
    model = small_model.model
    assert 0.0 <= model.probability(low) <= model.probability(high) <= 1.0


@given(any_number)
def test_sigmoid(value):
    assert 0.0 <= sigmoid(value) <= 1.0
    assert sigmoid(value) + sigmoid(-value) == pytest.approx(1.0, abs=1e-12)


def test_sigmoid_by_hand():
    assert sigmoid(0.0) == 0.5
    assert sigmoid(math.log(3)) == pytest.approx(0.75)
    assert sigmoid(math.inf) == 1.0
    assert sigmoid(-math.inf) == pytest.approx(0.0, abs=1e-300)


@given(log_odds=any_number, cuts=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted))
def test_verdict_follows_the_cutoffs(small_model, log_odds, cuts):
    ham, spam = cuts
    model = small_model.model._replace(ham_cutoff=ham, spam_cutoff=spam)
    label, probability, reason = model.verdict(log_odds)
    assert reason is None
    assert probability == model.probability(log_odds)
    assert (label == SPAM) == (probability >= spam)
    assert (label == HAM) == (probability < ham)
    assert label in (HAM, UNSURE, SPAM)


def test_a_cutoff_belongs_to_the_verdict_above_it(small_model):
    at = small_model.model.probability(0.0)
    above = math.nextafter(at, 1)
    model = small_model.model
    assert model._replace(ham_cutoff=0.0, spam_cutoff=at).verdict(0.0).label == SPAM
    assert model._replace(ham_cutoff=0.0, spam_cutoff=above).verdict(0.0).label == UNSURE
    assert model._replace(ham_cutoff=at, spam_cutoff=above).verdict(0.0).label == UNSURE
    assert model._replace(ham_cutoff=above, spam_cutoff=above).verdict(0.0).label == HAM


@given(text=texts)
def test_verdicts_are_the_models_word_on_the_log_odds(slow, text):
    batch = [Comment(text), Comment("thanks"), Comment(text, "buy viagra")]
    expected = [slow.model.verdict(value) for value in slow.log_odds(batch)]
    assert slow.verdicts(batch) == expected


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_floats_are_read_without_numpy(values):
    stored = array("f", values)
    assert list(Interpreted().floats(stored.tobytes())) == values
