import math
import shutil
import subprocess
import sys
from array import array
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import spamguard
from reference import matrix
from spamguard import features, kernel, text
from strategies import texts

UNITS = (kernel.CHARS, kernel.WORDS, kernel.TOKENS)


def interpreted(codes, begin, end, unit, low, high, bits):
    """Columns, and where each n-gram begins and ends."""
    return found(kernel.Interpreted(), codes, begin, end, unit, low, high, bits)


def compiled(codes, begin, end, unit, low, high, bits):
    array = np.array(codes, np.uint32)
    return found(kernel.Compiled(), array, begin, end, unit, low, high, bits)


def found(speed, codes, begin, end, unit, low, high, bits):
    room = high * (end - begin)
    columns, places = speed.numbers(room), speed.numbers(2 * room)
    count = speed.hash_ngrams(codes, begin, end, unit, low, high, bits, columns, places)
    again = speed.numbers(room)
    assert speed.hash_ngrams(codes, begin, end, unit, low, high, bits, again, None) == count
    assert again[:count].tolist() == columns[:count].tolist()
    places = places[: 2 * count].tolist()
    return [columns[:count].tolist(), places[::2], places[1::2]]


def codes_of(text):
    return [ord(character) for character in text]


def ngrams(text, unit, low, high):
    """The n-grams as they stand in the text."""
    _, starts, stops = interpreted(codes_of(text), 0, len(text), unit, low, high, 16)
    return [text[start:stop] for start, stop in zip(starts, stops, strict=True)]


def column(text, unit, bits=31):
    """The column of a text that is one n-gram."""
    size = len(text) if unit == kernel.CHARS else len(text.split())
    (found,), _, _ = interpreted(codes_of(text), 0, len(text), unit, size, size, bits)
    return found


@st.composite
def tasks(draw):
    codes = codes_of(draw(texts))[:600]
    begin = draw(st.integers(0, len(codes)))
    end = draw(st.integers(begin, len(codes)))
    low = draw(st.integers(1, 8))
    high = draw(st.integers(low, 8))
    return codes, begin, end, draw(st.sampled_from(UNITS)), low, high, draw(st.integers(1, 31))


@given(tasks())
@example(([], 0, 0, kernel.CHARS, 1, 5, 16))
@example((codes_of("a b c d e"), 2, 7, kernel.WORDS, 1, 8, 31))
def test_both_kernels_find_the_same(task):
    assert interpreted(*task) == compiled(*task)


@given(tasks())
def test_ngrams_keep_within_the_room_and_the_range(task):
    _, begin, end, unit, low, high, bits = task
    columns, starts, stops = interpreted(*task)
    assert len(columns) <= high * (end - begin)
    assert all(0 <= found < 1 << bits for found in columns)
    assert all(begin <= start < stop <= end for start, stop in zip(starts, stops, strict=True))
    if unit == kernel.CHARS:
        sizes = {stop - start for start, stop in zip(starts, stops, strict=True)}
        assert sizes <= set(range(low, high + 1))


@given(st.sampled_from(range(0x110000)), st.sampled_from(UNITS))
def test_every_code_point_has_one_kind(code, unit):
    assert kernel.kind_of(code, unit) in (
        kernel.SEPARATOR, kernel.LETTER, kernel.LONER, kernel.DIGIT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "hashed"), [("a", 0xE40C292C), ("foobar", 0xBF9CF968)], ids=["a", "foobar"]
)
@pytest.mark.parametrize("unit", UNITS)
def test_the_hash_is_fnv_1a(text, hashed, unit):
    """Published test vectors of 32-bit FNV-1a."""
    assert column(text, unit) == (hashed ^ (hashed >> 16)) & 0x7FFFFFFF
    assert column(text, unit, 16) == (hashed ^ (hashed >> 16)) & 0xFFFF


@pytest.mark.parametrize(
    ("text", "low", "high", "expected"),
    [
        ("", 1, 5, []),
        ("a", 1, 5, ["a"]),
        ("a", 2, 5, []),
        ("abc", 1, 2, ["a", "b", "c", "ab", "bc"]),
        ("abcd", 3, 3, ["abc", "bcd"]),
        (" é\N{GRINNING FACE}", 1, 3, [" ", "é", "😀", " é", "é😀", " é😀"]),
    ],
)
def test_character_ngrams(text, low, high, expected):
    assert ngrams(text, kernel.CHARS, low, high) == expected


@pytest.mark.parametrize(
    ("text", "low", "high", "expected"),
    [
        ("", 1, 2, []),
        (" ... ", 1, 2, []),
        ("one", 1, 2, ["one"]),
        ("one", 2, 2, []),
        (" Hello, world! x_y", 1, 2, ["Hello", "world", "x_y", "Hello, world", "world! x_y"]),
        ("slot88 2nd mp3s", 1, 1, ["slot", "88", "2nd", "mp", "3s"]),
        ("slot88é", 1, 2, ["slot", "88é", "slot88é"]),
        ("a b c d", 2, 3, ["a b", "b c", "c d", "a b c", "b c d"]),
        ("don't", 1, 1, ["don", "t"]),
        ("straße дешёвые", 1, 1, ["straße", "дешёвые"]),
        ("wow😀😀ok", 1, 1, ["wow", "😀", "😀", "ok"]),
        ("good😀", 1, 2, ["good", "😀", "good😀"]),
        ("便宜表", 1, 2, ["便", "宜", "表", "便宜", "宜表"]),
        ("とabc", 1, 1, ["と", "abc"]),
        ("5€ → now", 1, 1, ["5€", "→", "now"]),
        ("a\N{NO-BREAK SPACE}b\N{EM DASH}c。d", 1, 1, ["a", "b", "c", "d"]),
    ],
)
def test_word_ngrams(text, low, high, expected):
    assert ngrams(text, kernel.WORDS, low, high) == expected


@pytest.mark.parametrize(
    ("text", "low", "high", "expected"),
    [
        ("   ", 1, 1, []),
        ("@cheap .com  /buy!", 1, 1, ["@cheap", ".com", "/buy!"]),
        ("a-b 😀😀 c", 1, 2, ["a-b", "😀😀", "c", "a-b 😀😀", "😀😀 c"]),
    ],
)
def test_token_ngrams(text, low, high, expected):
    assert ngrams(text, kernel.TOKENS, low, high) == expected


def test_what_stands_between_words_does_not_count():
    assert column("cheap watches", kernel.WORDS) == column("cheap  watches", kernel.WORDS)
    columns, _, _ = interpreted(codes_of("cheap, watches"), 0, 14, kernel.WORDS, 2, 2, 31)
    assert columns == [column("cheap watches", kernel.WORDS)]
    assert columns != [column("cheapwatches", kernel.WORDS)]


def test_only_the_part_between_begin_and_end_is_read():
    codes = codes_of("one two three")
    columns, starts, stops = interpreted(codes, 4, 7, kernel.WORDS, 1, 2, 31)
    assert (starts, stops) == ([4], [7])
    assert columns == [column("two", kernel.WORDS)]


def weigh(columns, idf, weight):
    """The kernel's answer, and the tallies afterwards."""
    tallies = bytearray(len(idf))
    dot = kernel.weigh(columns, len(columns), kernel.RISES, tallies, idf, weight)
    return dot, tallies


columns_of_eight = st.lists(st.integers(0, 7), max_size=600)
small_floats = st.floats(-1000, 1000, width=32)


@given(
    columns_of_eight,
    st.lists(small_floats, min_size=8, max_size=8),
    st.lists(small_floats, min_size=8, max_size=8),
)
def test_weigh_is_the_product_with_the_normalised_vector(columns, idf, weight):
    dot, tallies = weigh(columns, idf, weight)
    assert tallies == bytes(8)
    counts = np.minimum(np.bincount(columns, minlength=8), kernel.MOST)
    values = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf
    norm = np.linalg.norm(values)
    expected = values @ weight / norm if norm else 0.0
    assert dot == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_weigh_by_hand():
    dot, _ = weigh([2, 0, 2], [3.0, 5.0, 1.0], [1.0, 9.0, 2.0])
    twice = 1 + math.log(2)
    assert dot == pytest.approx((3 * 1 + twice * 2) / math.sqrt(9 + twice**2), rel=1e-15)


def test_columns_without_idf_weigh_nothing():
    assert weigh([1, 1, 2], [1.0, 0.0, 0.0], [5.0, 5.0, 5.0])[0] == 0.0
    assert weigh([], [1.0], [5.0])[0] == 0.0


def test_counts_saturate():
    idf, weight = [1.0, 1.0], [3.0, -1.0]
    full = weigh([0] * kernel.MOST + [1], idf, weight)
    assert weigh([0] * (kernel.MOST + 1) + [1], idf, weight) == full
    assert weigh([0] * 5000 + [1], idf, weight) == full
    assert weigh([0] * (kernel.MOST - 1) + [1], idf, weight) != full


def counted(strings, blocks, speed):
    views = text.Views(strings, *([""] * len(strings) for _ in text.Views._fields[1:]))
    return features.tally(views, speed, blocks)


def test_counted_columns_saturate_alike():
    block = features.Block("words", 0, kernel.WORDS, 1, 1, 16)
    counts = matrix(
        counted(["spam " * 5000 + "ham", "spam", ""], [block], kernel.fastest()), [block]
    )
    assert counts.shape == (3, 1 << 16)
    assert sorted(counts[0].data) == [1.0, kernel.MOST]
    assert counts[1].data == [1.0]
    assert counts[2].nnz == 0


@given(st.lists(texts, max_size=4))
def test_both_kernels_count_the_same(strings):
    blocks = [block for block in features.BLOCKS if block.view == 0]
    found = [
        counted([string[:500] for string in strings], blocks, speed)
        for speed in (kernel.Interpreted(), kernel.fastest())
    ]
    for one, other in zip(*found, strict=True):
        assert list(one) == list(other)


@given(st.lists(texts, max_size=4), st.integers(0, 2**32 - 1))
def test_both_kernels_score_the_same(strings, seed):
    rng = np.random.default_rng(seed)
    bits = 8  # so few columns that they collide and repeat
    idf = rng.uniform(0, 9, 1 << bits).astype(np.float32)
    weight, name_only_weight = rng.normal(0, 9, (2, 1 << bits)).astype(np.float32)
    answers = []
    for speed in (kernel.Interpreted(), kernel.Compiled()):
        tallies = speed.tallies(1 << bits)
        scores = array("d", [0.25]) * len(strings)
        speed.score_texts(
            *speed.codes([string[:2000] for string in strings]),
            kernel.WORDS, 1, 3, bits, speed.rises, tallies,
            *(speed.floats(array.tobytes()) for array in (idf, weight, name_only_weight)),
            speed.flags(number % 2 for number in range(len(strings))),
            speed.numbers(3 * 2000), scores,
        )  # fmt: skip
        assert not any(tallies)
        answers.append(scores.tolist())
    assert answers[0] == answers[1]


BULK_WITHOUT = """
import sys
{before}
from spamguard.model import Model, Part, Scorer
from spamguard.features import BLOCKS
from spamguard.records import Comment
parts = tuple(Part(block, bytes(4 * block.size), bytes(4 * block.size)) for block in BLOCKS)
scorer = Scorer(Model(parts, 0.25, 1.0, 0.0, 0.2, 0.8, {{}}), bulk=True)
print(scorer.speed.is_compiled, scorer.log_odds([Comment("hello")]))
"""


def test_without_numba_bulk_work_is_interpreted():
    script = BULK_WITHOUT.format(before="sys.modules['numba'] = None")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("False [0.25]\n", 0), done.stderr


def test_bulk_work_goes_on_where_numba_can_keep_no_cache(tmp_path):
    """A package folder and a home that cannot be written to, as in many a service."""
    package = tmp_path / "spamguard"
    shutil.copytree(
        Path(spamguard.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "__pycache__").write_text("a file, so that no folder can be made here")
    done = subprocess.run(
        [sys.executable, "-B", "-c", BULK_WITHOUT.format(before="")],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True [0.25]\n"
    assert done.stderr.count("\n") == 1
    assert "in every run" in done.stderr
