"""The kernel: what is done with every code point, at two speeds.

Code points are made tidy, n-grams of them become columns, and columns a score. Every function is
plain Python over indexable numbers, written so that no product exceeds 2**63. ``Interpreted`` needs
no import and answers one comment in about a millisecond; ``Compiled`` holds the very same functions
compiled by numba for many comments. Both give equal bits: sums run in float64 in order of
occurrence, and logarithms come from a table.
"""

import functools
import math
import operator
import sys
import types
from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

_NATIVE = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"

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
#: By how much the next occurrence raises the term frequency, and its square, in turn.
RISES = [
    after**power - before**power for before, after in pairwise(TERM_FREQUENCY) for power in (1, 2)
]

#: What a text still needs once it is tidy: a closer look at markup, links and letters beyond ASCII;
#: at letters that stand apart; at signs among letters; at letters three in a row.
MARKED, SPACED, LEET, STRETCHED = 1, 2, 4, 8

# Classes of code points.
OTHER, SMALL, CAPITAL, BLANK, GAP, SIGN, DIGIT = range(7)


def _class_of(code: int) -> int:
    character = chr(code)
    if character.isspace() or not character.isprintable():
        return BLANK
    if character.isalpha():
        return SMALL if character.islower() else CAPITAL
    if character in ".-_*~":  # between letters that stand apart
        return GAP
    if character in "013457@$!":  # in place of letters
        return SIGN
    return DIGIT if character.isdigit() else OTHER


CLASSES = bytes(map(_class_of, range(128)))


def kind_beyond_ascii(code: int) -> int:
    """BLANK for controls and what ``str.split`` splits at; SMALL for Greek and Cyrillic letters."""
    if 0x370 <= code < 0x530:
        return SMALL
    if code <= 0xA0:
        return BLANK
    if code < 0x1680 or code > 0x3000:
        return OTHER
    if 0x2000 <= code <= 0x200A or code in (0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000):
        return BLANK
    return OTHER


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
    places: Any,
) -> int:
    """Write the column of every n-gram in ``codes[begin:end]``; return how many there are.

    32-bit FNV-1a over code points, folded to ``bits`` bits. ``columns`` needs room for
    ``high * (end - begin)`` entries; ``places``, unless it is None, for twice as many: where each
    n-gram begins and ends.
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
                    if places is not None:
                        places[2 * count] = start
                        places[2 * count + 1] = place + 1
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
                if places is not None:
                    places[2 * count] = start
                    places[2 * count + 1] = place
                count += 1
    return count


def weigh(columns: Any, count: int, rises: Any, tallies: Any, idf: Any, weight: Any) -> float:
    """The dot product of the L2-normalised TF-IDF vector of ``columns[:count]`` with ``weight``.

    Each occurrence adds what it makes the vector grow by. ``tallies`` holds a zero byte for every
    column, and does so again afterwards.
    """
    dot = 0.0
    square = 0.0
    for place in range(count):
        column = columns[place]
        tally = tallies[column]
        if tally < MOST:
            tallies[column] = tally + 1
            rarity = idf[column] * 1.0
            dot += rises[2 * tally] * rarity * weight[column]
            square += rises[2 * tally + 1] * rarity * rarity
    for place in range(count):
        tallies[columns[place]] = 0
    if square == 0.0:
        return 0.0
    return dot / math.sqrt(square)


def score_texts(
    codes: Any,
    begins: Any,
    ends: Any,
    unit: int,
    low: int,
    high: int,
    bits: int,
    rises: Any,
    tallies: Any,
    idf: Any,
    weight: Any,
    columns: Any,
    scores: Any,
) -> None:
    """Add one block's share of the log-odds of text ``i``, ``codes[begins[i]:ends[i]]``, to
    ``scores[i]``. ``columns`` is scratch."""
    for text in range(len(begins)):
        count = hash_ngrams(codes, begins[text], ends[text], unit, low, high, bits, columns, None)
        scores[text] += weigh(columns, count, rises, tallies, idf, weight)


def hash_texts(
    codes: Any,
    begins: Any,
    ends: Any,
    unit: int,
    low: int,
    high: int,
    bits: int,
    columns: Any,
    borders: Any,
) -> None:
    """Write the columns of all n-grams of text ``i``, ``codes[begins[i]:ends[i]]``, to
    ``columns[borders[i]:borders[i + 1]]``."""
    for text in range(len(begins)):
        found = columns[borders[text] :]
        count = hash_ngrams(codes, begins[text], ends[text], unit, low, high, bits, found, None)
        borders[text + 1] = borders[text] + count


def count_texts(
    codes: Any,
    begins: Any,
    ends: Any,
    unit: int,
    low: int,
    high: int,
    bits: int,
    tallies: Any,
    found: Any,
    columns: Any,
    counts: Any,
    borders: Any,
) -> None:
    """Write the distinct columns of text ``i``, ``codes[begins[i]:ends[i]]``, to
    ``columns[borders[i]:borders[i + 1]]``, and how often each occurs, at most ``MOST``, to
    ``counts``.

    ``tallies`` holds a zero byte for every column, and does so again afterwards; ``found`` is
    scratch.
    """
    for text in range(len(begins)):
        count = hash_ngrams(codes, begins[text], ends[text], unit, low, high, bits, found, None)
        begin = end = borders[text]
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
        borders[text + 1] = end


def tidy_texts(
    codes: Any,
    begins: Any,
    ends: Any,
    plain: bool,
    classes: Any,
    tidy: Any,
    tidy_ends: Any,
    needs: Any,
) -> None:
    """Write every text to ``tidy`` in lower case (ASCII), with a blank at either end and single
    ones inside; where each ends to ``tidy_ends``; and what else it needs to ``needs``: MARKED,
    which texts that are ``plain`` never need, or else the sum of SPACED, LEET and STRETCHED.

    ``tidy`` needs room for all codes and two more a text; ``classes`` is CLASSES.
    """
    size = 0
    for text in range(len(begins)):
        begin = size
        tidy[size] = 32
        size += 1
        for place in range(begins[text], ends[text]):
            code = codes[place]
            kind = classes[code] if code < 128 else kind_beyond_ascii(code)
            if kind == BLANK:
                if tidy[size - 1] == 32:
                    continue
                code = 32
            elif kind == CAPITAL:
                code += 32
            tidy[size] = code
            size += 1
        if tidy[size - 1] != 32 or size == begin + 1:
            tidy[size] = 32
            size += 1
        tidy_ends[text] = size
        needs[text] = 0 if plain else look_closer(tidy, begin, size, classes)
        if needs[text] == 0:
            needs[text] = spelled_oddly(tidy, begin, size, classes)


def look_closer(tidy: Any, begin: int, end: int, classes: Any) -> int:
    """MARKED, if there may be anything in ``tidy[begin:end]`` that ``disguise`` has to see."""
    before, last = 0, 0
    for place in range(begin, end):
        code = tidy[place]
        if code >= 128 or code in (64, 91):  # @ and [
            return MARKED
        if (last == 38 and code not in (32, 38)) or (last == 60 and code not in (32, 51, 60)):
            return MARKED  # an entity or a tag, but not "a & b" and "<3"
        if classes[code] == SMALL and (
            (last == 46 and before != 46) or (last == 32 and before == 46 and tidy[place - 3] == 32)
        ):  # "site.com" and "site . com"
            return MARKED
        if last == 58 and code == 47:  # of a page
            return MARKED
        if last == 37 and 50 <= code <= 55:  # perhaps percent-encoded
            return MARKED
        if (
            code == 116
            and last == 111
            and before == 100
            and classes[tidy[place + 1]] != SMALL
            and classes[tidy[place - 3]] != SMALL
        ):  # "example dot com"
            return MARKED
        before, last = last, code
    return 0


def spelled_oddly(tidy: Any, begin: int, end: int, classes: Any) -> int:
    """The sum of SPACED, LEET and STRETCHED that there may be in ``tidy[begin:end]``."""
    needs = 0
    run = 0  # letters since the last gap; below 0 where something else stands among them
    alone = 0  # how many letters before stood alone, one after another
    leet = 0  # of a word: 1 after a letter, 2 after a sign behind it, 3 after one more letter
    is_number = True  # whether a word may be hexadecimal
    before, last = 0, 0
    for place in range(begin, end):
        code = tidy[place]
        kind = classes[code] if code < 128 else kind_beyond_ascii(code)
        if kind == SMALL:
            if leet in (0, 2):
                leet += 1
            is_number = is_number and code <= 102
            if run >= 0:
                run += 1
            if code == last and code == before:
                needs |= STRETCHED
        elif kind == SIGN:
            if leet == 1:
                leet = 2
            run = -1
        elif kind == DIGIT:
            leet = run = -1
        else:
            if leet == 3 and not is_number:
                needs |= LEET
            leet, is_number = 0, True
            if kind in (BLANK, GAP):
                if run != 0:
                    alone = alone + 1 if run == 1 else 0
                run = 0
            else:
                run = -1
            if alone >= 3:
                needs |= SPACED
            if code >= 128 and code == last and code == before:
                needs |= STRETCHED
        before, last = last, code
    return needs


class Interpreted:
    """The kernel as Python runs it, over what the standard library has; takes no time to start."""

    is_compiled = False

    def __init__(self) -> None:
        self.hash_ngrams: Any = hash_ngrams
        self.score_texts: Any = score_texts
        self.hash_texts: Any = hash_texts
        self.count_texts: Any = count_texts
        self.tidy_texts: Any = tidy_texts
        self.rises: Any = RISES
        self.classes: Any = CLASSES

    def numbers(self, size: int) -> Any:
        """Room for so many whole numbers from 0 to 2**32 - 1."""
        return array("I", bytes(4 * size))

    def tallies(self, size: int) -> Any:
        """So many zero bytes."""
        return bytearray(size)

    def floats(self, raw: bytes) -> Any:
        """Little-endian float32 bytes as a sequence of numbers."""
        if sys.byteorder == "little":
            return memoryview(raw).cast("f")
        swapped = array("f", raw)
        swapped.byteswap()
        return swapped

    def places(self, values: Sequence[int]) -> Any:
        """Whole numbers as the functions take them."""
        return values

    def joined(self, parts: Sequence[Any]) -> Any:
        """Some ``numbers`` one after another."""
        return functools.reduce(operator.add, parts)

    def codes(self, strings: Sequence[str]) -> tuple[Any, Any, Any]:
        """All strings as one run of code points, where each begins, and where each ends."""
        offsets = [0, *accumulate(map(len, strings))]
        codes = memoryview("".join(strings).encode(_NATIVE, "surrogatepass")).cast("I")
        return codes, offsets[:-1], offsets[1:]


class Compiled(Interpreted):
    """The same functions compiled by numba, over numpy's arrays.

    Raises ImportError where numba cannot be had.
    """

    is_compiled = True

    def __init__(self) -> None:
        import numpy as np

        functions = _compiled()
        self.hash_ngrams = functions.hash_ngrams
        self.score_texts = functions.score_texts
        self.hash_texts = functions.hash_texts
        self.count_texts = functions.count_texts
        self.tidy_texts = functions.tidy_texts
        self.rises = np.array(RISES)
        self.classes = np.frombuffer(CLASSES, np.uint8)

    def numbers(self, size: int) -> Any:
        import numpy as np

        return np.empty(size, np.uint32)

    def tallies(self, size: int) -> Any:
        import numpy as np

        return np.zeros(size, np.uint8)

    def floats(self, raw: bytes) -> Any:
        import numpy as np

        return np.frombuffer(raw, "<f4").astype(np.float32)

    def places(self, values: Sequence[int]) -> Any:
        import numpy as np

        return np.array(values, np.int64)

    def joined(self, parts: Sequence[Any]) -> Any:
        import numpy as np

        return np.concatenate(parts)

    def codes(self, strings: Sequence[str]) -> tuple[Any, Any, Any]:
        import numpy as np

        offsets = np.zeros(len(strings) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, strings), np.int64, len(strings)), out=offsets[1:])
        raw = "".join(strings).encode(_NATIVE, "surrogatepass")
        return np.frombuffer(raw, np.uint32), offsets[:-1], offsets[1:]


def fastest() -> Interpreted:
    """The kernel for much work: compiled, unless numba cannot be had."""
    try:
        return Compiled()
    except ImportError:
        return Interpreted()


def decoded(codes: Any) -> str:
    """A run of code points as a string."""
    return str(codes.tobytes().decode(_NATIVE, "surrogatepass"))


def _numba() -> types.ModuleType:
    """numba, ready to work; it would load scipy's linear algebra just to see whether it can."""
    unused = "scipy.linalg"
    hidden = unused not in sys.modules
    if hidden:
        sys.modules[unused] = None  # type: ignore[assignment]
    try:
        import numba
        import numba.np.arraymath
    finally:
        if hidden:
            del sys.modules[unused]
    return numba


@functools.cache
def _compiled() -> types.SimpleNamespace:
    return compile_functions(
        kind_of, kind_beyond_ascii, hash_ngrams, weigh, score_texts, hash_texts, count_texts,
        look_closer, spelled_oddly, tidy_texts,
    )  # fmt: skip


def compile_functions(*functions: Callable[..., Any]) -> types.SimpleNamespace:
    """Functions of one module, each after those it calls, compiled by numba.

    Raises ImportError where numba cannot be had.
    """
    numba = _numba()
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
