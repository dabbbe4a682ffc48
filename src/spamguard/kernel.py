"""The hashing kernel: n-grams of code points to columns, and columns to a score.

Every function here is plain Python over indexable numbers, written so that no product exceeds
2**63. Interpreted it needs no import and answers one comment in about a millisecond;
``compiled()`` hands out the very same functions compiled by numba for many comments.
Both give equal bits: sums run in float64 in order of occurrence, and logarithms come from a table.
"""

import functools
import math
import types
from collections.abc import Callable
from typing import Any

CHARS = 0  # n-grams of code points
WORDS = 1  # n-grams of words; punctuation separates, an emoji or an ideograph is a word of its own
TOKENS = 2  # n-grams of whatever stands between spaces

SEPARATOR = 0
LETTER = 1
LONER = 2

#: Occurrences are counted in one byte, so a count saturates here.
MOST = 255

#: Sublinear term frequency, 1 + ln(count), as scikit-learn's TfidfTransformer defines it.
TERM_FREQUENCY = [0.0] + [1.0 + math.log(count) for count in range(1, MOST + 1)]


def kind_of(code: int, unit: int) -> int:
    """Whether a code point separates words, belongs to one, or is a word of its own."""
    if code == 32:
        return SEPARATOR
    if unit == TOKENS:
        return LETTER
    if code < 128:
        if 97 <= code <= 122 or 48 <= code <= 57 or 65 <= code <= 90 or code == 95:
            return LETTER
        return SEPARATOR
    if code < 0xC0:
        return LETTER if code in (0xAA, 0xB5, 0xBA) else SEPARATOR
    if code < 0x2000:
        return LETTER
    if code < 0x2E80:  # punctuation and symbols; arrows onwards are worth a word of their own
        if code < 0x2190:
            return LETTER if code >= 0x20A0 else SEPARATOR
        return LONER if code < 0x2C00 else LETTER
    if code < 0x3040:  # ideographic punctuation
        return LONER if code < 0x3000 else SEPARATOR
    if code < 0xA000:  # kana and ideographs
        return LONER
    if code < 0xF900:
        return LETTER
    if code < 0xFB00:
        return LONER
    if code < 0xFE00:
        return LETTER
    if code < 0xFE70 or 0xFFE0 <= code < 0x10000:
        return SEPARATOR
    if code < 0x1F000:
        return LETTER
    return LONER


def hash_ngrams(
    codes: Any,
    begin: int,
    end: int,
    unit: int,
    low: int,
    high: int,
    bits: int,
    columns: Any,
    starts: Any,
    stops: Any,
) -> int:
    """Write the column and the place of every n-gram in ``codes[begin:end]``; return how many.

    32-bit FNV-1a over code points, folded to ``bits`` bits. ``columns``, ``starts`` and ``stops``
    need room for ``high * (end - begin)`` entries.
    """
    mask = (1 << bits) - 1
    count = 0
    if unit == CHARS:
        for start in range(begin, end):
            hashed = 2166136261
            last = min(start + high, end)
            for place in range(start, last):
                hashed = ((hashed ^ codes[place]) * 16777619) & 0xFFFFFFFF
                if place - start + 1 >= low:
                    columns[count] = (hashed ^ (hashed >> 16)) & mask
                    starts[count] = start
                    stops[count] = place + 1
                    count += 1
        return count
    before = SEPARATOR
    for start in range(begin, end):
        kind = kind_of(codes[start], unit)
        starts_word = kind == LONER or (kind == LETTER and before != LETTER)
        before = kind
        if not starts_word:
            continue
        hashed = 2166136261
        words = 0
        place = start
        while words < high and place < end:
            kind = kind_of(codes[place], unit)
            if kind == SEPARATOR:
                place += 1
                continue
            if words > 0:
                hashed = ((hashed ^ 32) * 16777619) & 0xFFFFFFFF
            hashed = ((hashed ^ codes[place]) * 16777619) & 0xFFFFFFFF
            place += 1
            if kind == LETTER:
                while place < end and kind_of(codes[place], unit) == LETTER:
                    hashed = ((hashed ^ codes[place]) * 16777619) & 0xFFFFFFFF
                    place += 1
            words += 1
            if words >= low:
                columns[count] = (hashed ^ (hashed >> 16)) & mask
                starts[count] = start
                stops[count] = place
                count += 1
    return count


def weigh(columns: Any, count: int, tallies: Any, frequency: Any, idf: Any, weight: Any) -> float:
    """The dot product of the L2-normalised TF-IDF vector of ``columns[:count]`` with ``weight``.

    ``tallies`` holds a zero byte for every column, and does so again afterwards;
    ``columns`` is overwritten.
    """
    distinct = 0
    for place in range(count):
        column = columns[place]
        if tallies[column] == 0:
            columns[distinct] = column
            distinct += 1
        if tallies[column] < MOST:
            tallies[column] += 1
    dot = 0.0
    square = 0.0
    for place in range(distinct):
        column = columns[place]
        value = frequency[tallies[column]] * idf[column]
        dot += value * weight[column]
        square += value * value
        tallies[column] = 0
    if square == 0.0:
        return 0.0
    return dot / math.sqrt(square)


def score_texts(
    codes: Any,
    offsets: Any,
    unit: int,
    low: int,
    high: int,
    bits: int,
    idf: Any,
    weight: Any,
    frequency: Any,
    tallies: Any,
    columns: Any,
    starts: Any,
    stops: Any,
    scores: Any,
) -> None:
    """Add one block's share of the log-odds of text ``i``, ``codes[offsets[i]:offsets[i + 1]]``,
    to ``scores[i]``. The four arrays before ``scores`` are scratch."""
    for text in range(len(offsets) - 1):
        count = hash_ngrams(
            codes, offsets[text], offsets[text + 1], unit, low, high, bits, columns, starts, stops
        )
        scores[text] += weigh(columns, count, tallies, frequency, idf, weight)


def hash_texts(
    codes: Any,
    offsets: Any,
    unit: int,
    low: int,
    high: int,
    bits: int,
    columns: Any,
    starts: Any,
    stops: Any,
    ends: Any,
) -> None:
    """Write the columns of all n-grams of text ``i``, ``codes[offsets[i]:offsets[i + 1]]``, to
    ``columns[ends[i]:ends[i + 1]]``. ``starts`` and ``stops`` are scratch."""
    for text in range(len(offsets) - 1):
        found = columns[ends[text] :]
        ends[text + 1] = ends[text] + hash_ngrams(
            codes, offsets[text], offsets[text + 1], unit, low, high, bits, found, starts, stops
        )


def count_texts(
    codes: Any,
    offsets: Any,
    views: int,
    blocks: Any,
    tallies: Any,
    found: Any,
    starts: Any,
    stops: Any,
    columns: Any,
    counts: Any,
    ends: Any,
) -> None:
    """Count the n-grams of comments: each has ``views`` strings one after another, string ``i`` is
    ``codes[offsets[i]:offsets[i + 1]]``. A row of ``blocks`` is view, unit, low, high, bits.

    The distinct columns of block ``b`` in comment ``i`` go to ``columns[ends[k]:ends[k + 1]]``, with
    k = i * len(blocks) + b, and how often each occurs, at most ``MOST``, to ``counts``.
    ``tallies`` holds a zero byte for every column, and does so again afterwards; the three arrays
    after it are scratch.
    """
    end = 0
    for text in range(len(ends) // len(blocks)):
        for block in range(len(blocks)):
            view, unit, low, high, bits = blocks[block]
            begin, string = end, text * views + view
            first, last = offsets[string], offsets[string + 1]
            count = hash_ngrams(
                codes, first, last, unit, low, high, bits, found, starts, stops
            )
            for place in range(count):
                column = found[place]
                if tallies[column] == 0:
                    columns[end] = column
                    end += 1
                if tallies[column] < MOST:
                    tallies[column] += 1
            for place in range(begin, end):
                counts[place] = tallies[columns[place]]
                tallies[columns[place]] = 0
            ends[text * len(blocks) + block + 1] = end


@functools.cache
def compiled() -> types.SimpleNamespace:
    """The kernel's functions compiled by numba; raises ImportError where numba cannot be had."""
    return compile_functions(kind_of, hash_ngrams, weigh, score_texts, hash_texts, count_texts)


def compile_functions(*functions: Callable[..., Any]) -> types.SimpleNamespace:
    """Functions of one module, each after those it calls, compiled by numba.

    Raises ImportError where numba cannot be had.
    """
    import numba

    namespace = dict(functions[0].__globals__)
    for function in functions:
        # A copy whose global names are the compiled ones, so that calls stay compiled.
        twin: Callable[..., Any] = types.FunctionType(
            function.__code__, namespace, function.__name__, function.__defaults__
        )
        twin.__module__ = function.__module__
        try:
            namespace[function.__name__] = numba.njit(cache=True, nogil=True)(twin)
        except RuntimeError:  # there is no place for a cache that only this user can write
            namespace[function.__name__] = numba.njit(nogil=True)(twin)
    return types.SimpleNamespace(
        **{function.__name__: namespace[function.__name__] for function in functions}
    )
