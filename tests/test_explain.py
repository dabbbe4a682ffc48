from array import array

import pytest
from hypothesis import assume, example, given, settings

from spamguard import features, kernel, text
from spamguard.explain import explain
from spamguard.model import Model, Part, Scorer
from spamguard.records import Columns, Comment
from strategies import comments


@pytest.fixture(scope="session")
def scorer(small_model):
    return Scorer(small_model.model)


@settings(max_examples=60)
@given(comment=comments)
@example(comment=Comment(""))
@example(comment=Comment("", "", ""))
@example(comment=Comment("spam " * 3000, "-", " "))
@example(comment=Comment("\ufdfa" * 3000))  # each of which is 18 letters: over 255 windows
@example(comment=Comment("the bread was lovely " * 60 + "cheap replica watches", "Ann", ""))
def test_the_shares_add_up_to_the_log_odds(small_model, scorer, comment):
    model = small_model.model
    found = explain(model, comment)
    (raw,) = scorer.log_odds([comment])
    assert found.log_odds == model.slope * raw + model.offset
    assert found.verdict == model.verdict(raw)
    assert found.intercept == model.slope * model.intercept + model.offset
    total = found.rest + found.intercept + sum(reason.share for reason in found.reasons)
    assert total == pytest.approx(found.log_odds, rel=0, abs=1e-9)


@settings(max_examples=40)
@given(comment=comments)
def test_every_piece_stands_in_its_view_once(small_model, comment):
    views = text.views(Columns.of([comment]), kernel.Interpreted())._asdict()
    assume(len(views["text"][0]) <= text.LONG)
    expected = {(view, piece) for view in views for piece in views[view][0].split(" ") if piece}
    found = [(reason.view, reason.piece) for reason in explain(small_model.model, comment).reasons]
    assert sorted(found) == sorted(expected)


@settings(max_examples=40)
@given(comment=comments)
def test_reasons_are_sorted_and_pick_their_side(small_model, comment):
    found = explain(small_model.model, comment)
    shares = [reason.share for reason in found.reasons]
    assert shares == sorted(shares, reverse=True)
    everything = len(shares)
    spam, ham = found.towards_spam(everything), found.towards_ham(everything)
    assert [reason.share for reason in spam] == [share for share in shares if share > 0]
    assert [reason.share for reason in ham] == [share for share in shares[::-1] if share < 0]
    assert found.towards_spam(2) == spam[:2]
    assert found.towards_ham(0) == []


def hand_made(unit, low, high, weights):
    """A model of one block of the text in which only these n-grams weigh anything."""
    block = features.Block("by hand", features.VIEWS.index("text"), unit, low, high, 16)
    columns = kernel.Interpreted().numbers(100)
    learned = array("f", [0.0]) * block.size
    for ngram, weight in weights.items():
        codes = [ord(character) for character in ngram]
        size = len(ngram) if unit == kernel.CHARS else len(ngram.split())
        assert kernel.hash_ngrams(codes, 0, len(codes), unit, size, size, 16, columns, None) == 1
        learned[columns[0]] = weight
    part = Part(block, array("f", [1.0] * block.size).tobytes(), learned.tobytes())
    return Model((part,), 0.25, 2.0, -1.0, 0.2, 0.8, {})


def test_words_by_hand():
    model = hand_made(kernel.WORDS, 1, 1, {"viagra": 3.0, "grandma": -1.0})
    found = explain(model, Comment("cheap VIAGRA, grandma!"))
    each = 2.0 / 3**0.5  # the slope over the norm of three words
    assert [(reason.view, reason.piece) for reason in found.reasons] == [
        ("text", "viagra,"), ("text", "cheap"), ("text", "grandma!")
    ]  # fmt: skip
    shares = [reason.share for reason in found.reasons]
    assert shares == pytest.approx([3 * each, 0.0, -each])
    assert (found.intercept, found.rest) == (-0.5, 0.0)
    assert found.towards_spam(5) == found.reasons[:1]
    assert found.towards_ham(5) == found.reasons[2:]


def test_an_ngram_of_two_words_is_shared_by_both():
    model = hand_made(kernel.WORDS, 2, 2, {"bad day": 4.0})
    found = explain(model, Comment("bad day"))
    assert {reason.piece: reason.share for reason in found.reasons} == pytest.approx(
        {"bad": 4.0, "day": 4.0}
    )


def test_a_repeated_word_is_one_reason():
    model = hand_made(kernel.WORDS, 1, 1, {"viagra": 3.0})
    found = explain(model, Comment("viagra viagra viagra"))
    assert [reason.piece for reason in found.reasons] == ["viagra"]
    assert found.reasons[0].share == pytest.approx(6.0)


def test_blanks_are_the_rest():
    model = hand_made(kernel.CHARS, 1, 1, {" ": 3.0})
    found = explain(model, Comment(""))
    assert (found.reasons, found.rest) == ([], pytest.approx(6.0))
    assert found.log_odds == pytest.approx(6.0 - 0.5)
