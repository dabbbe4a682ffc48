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
from collections.abc import Callable, Iterable, Mapping, Sequence
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

#: What a text still needs once it is tidy: a closer look at markup, links and strange letters; at
#: letters that stand apart; at signs among letters; at letters three in a row; at letters beyond
#: ASCII that have not been met before.
MARKED, SPACED, LEET, STRETCHED, NEW = 1, 2, 4, 8, 16
ODD = SPACED | LEET | STRETCHED
#: What stands for a letter beyond ASCII that has to be seen among its neighbours.
STRANGE = 0xFFFFFFFF
#: The code points that can be learned.
LETTERS = 0x20000

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
#: ASCII in lower case, with blanks for whatever separates.
_LOWER = bytes(
    32 if kind == BLANK else code + 32 if kind == CAPITAL else code
    for code, kind in enumerate(CLASSES)
)
#: What ``look_closer`` stops at.
_TELLING = bytes(chr(code) in "@[&<.:%t" for code in range(128))
#: All that the functions have to know of each character of ASCII, in three rows.
ASCII = CLASSES + _LOWER + _TELLING
LOWER, TELLING = 128, 256


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
    """Write the column of every n-gram in ``codes[begin:end]``, the shorter ones first; return how
    many there are.

    32-bit FNV-1a over code points, folded to ``bits`` bits; blanks part the words of an n-gram.
    ``columns`` needs room for ``high * (end - begin)`` entries; ``places``, unless it is None, for
    twice as many: where each n-gram begins and ends.
    """
    mask = (1 << bits) - 1
    count = skipped = 0
    shorter = columns  # the hashes of n-grams one shorter, which go on from there
    for length in range(1, min(high, end - begin) + 1):
        hashes = columns[count:]
        if unit == CHARS:
            found = hash_characters(codes, begin, end, length, shorter, hashes)
        else:
            found = hash_words(codes, begin, end, unit, length, shorter, hashes)
        if length < low:
            skipped += found
        elif places is not None:
            locate(codes, begin, end, unit, length, places[2 * (count - skipped) :])
        shorter = hashes
        count += found
    told = columns[skipped:count]
    for place in range(count - skipped):
        columns[place] = (told[place] ^ (told[place] >> 16)) & mask
    return count - skipped


def hash_characters(
    codes: Any, begin: int, end: int, length: int, shorter: Any, hashes: Any
) -> int:
    """Write the hash of each run of ``length`` code points to ``hashes``; return how many."""
    found = end - begin - length + 1
    added = codes[end - found : end]
    if length == 1:
        for start in range(found):
            hashes[start] = ((2166136261 ^ added[start]) * 16777619) & 0xFFFFFFFF
    else:
        for start in range(found):
            hashes[start] = ((shorter[start] ^ added[start]) * 16777619) & 0xFFFFFFFF
    return found


def hash_words(
    codes: Any, begin: int, end: int, unit: int, length: int, shorter: Any, hashes: Any
) -> int:
    """Write the hash of each run of ``length`` words to ``hashes``; return how many."""
    first = -length  # the word that an n-gram begins with which ends with the word at hand
    hashed = 0
    before = SEPARATOR
    for place in range(begin, end):
        kind = kind_of(codes[place], unit)
        if kind == LONER or (kind == LETTER and before != LETTER):
            first += 1
            hashed = 2166136261
            if length > 1 and first >= 0:
                hashed = ((shorter[first] ^ 32) * 16777619) & 0xFFFFFFFF
        if kind != SEPARATOR and first >= 0:
            hashed = ((hashed ^ codes[place]) * 16777619) & 0xFFFFFFFF
            hashes[first] = hashed
        before = kind
    return max(first + 1, 0)


def locate(codes: Any, begin: int, end: int, unit: int, length: int, places: Any) -> None:
    """Write where each n-gram of so many code points or words begins and ends to ``places``."""
    first = last = -1  # of the n-grams that have begun, and that may have ended
    before = SEPARATOR
    for place in range(begin, end):
        kind = LONER if unit == CHARS else kind_of(codes[place], unit)
        if kind == LONER or (kind == LETTER and before != LETTER):
            first += 1
            last = first - length + 1
            places[2 * first] = place
        if kind != SEPARATOR and last >= 0:
            places[2 * last + 1] = place + 1
        before = kind


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


def sigmoid(value: float) -> float:
    """The probability that log-odds stand for."""
    if value >= 0:
        return 1.0 / (1.0 + math.exp(-value))
    grown = math.exp(max(value, -700.0))
    return grown / (1.0 + grown)


def decide(
    log_odds: Any,
    slope: float,
    offset: float,
    ham: float,
    spam: float,
    labels: Any,
    probabilities: Any,
) -> None:
    """Write what uncalibrated log-odds mean: 0 in ``labels`` for a probability of at least
    ``spam``, 2 for one below ``ham``, and 1 between."""
    for place in range(len(log_odds)):
        probability = sigmoid(slope * log_odds[place] + offset)
        probabilities[place] = probability
        labels[place] = 0 if probability >= spam else 2 if probability < ham else 1


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


def cut_windows(
    codes: Any,
    begins: Any,
    ends: Any,
    long: int,
    window: int,
    stride: int,
    texts: Any,
    firsts: Any,
    lasts: Any,
) -> int:
    """Cut texts longer than ``long`` into windows of about so many code points, a stride apart;
    return how many there are. Of window ``j``, write the text it is of to ``texts[j]``, and where
    it begins and ends to ``firsts[j]`` and ``lasts[j]``: at blanks, if there are any near."""
    found = 0
    for text in range(len(begins)):
        begin, end = begins[text], ends[text]
        if end - begin > long:
            for place in range(begin, end - stride, stride):
                texts[found] = text
                firsts[found] = blank_near(codes, place, min(place + stride, end))
                last = min(place + window, end)
                lasts[found] = min(blank_near(codes, last, min(last + stride, end)) + 1, end)
                found += 1
    return found


def blank_near(codes: Any, begin: int, end: int) -> int:
    """The first blank in ``codes[begin:end]``, or ``begin`` if there is none."""
    for place in range(begin, end):
        if codes[place] == 32:
            return place
    return begin


def keep_highest(scores: Any, places: Any, others: Any) -> None:
    """Raise ``scores[places[i]]`` to ``others[i]`` where that is more."""
    for number in range(len(places)):
        place = places[number]
        scores[place] = max(scores[place], others[number])


def tidy_texts(
    codes: Any,
    begins: Any,
    ends: Any,
    plain: bool,
    table: Any,
    letters: Any,
    tidy: Any,
    places: Any,
    start: int,
    tidy_begins: Any,
    tidy_ends: Any,
    needs: Any,
) -> int:
    """Write every text to ``tidy`` in lower case, with a blank at either end and single ones
    inside, and return how much room that took. Of text ``i``, write to place ``places[i]``: where
    it begins and ends now, counted from ``start``, to ``tidy_begins`` and ``tidy_ends``; and what
    else it needs to ``needs``: MARKED or NEW, which texts that are ``plain`` never need, or else
    the sum of SPACED, LEET and STRETCHED.

    ``tidy`` needs room for all codes and two more a text. ``table`` is ASCII; ``letters`` says what
    stands for a code point beyond it, 0 where that is not known yet. All that ``letters`` is too
    short for is strange.
    """
    size = 0
    for text in range(len(begins)):
        begin = size
        tidy[size] = last = 32
        size += 1
        found = 0
        for place in range(begins[text], ends[text]):
            code = codes[place]
            if code < 128:
                code = table[LOWER + code]
            elif plain:
                if kind_beyond_ascii(code) == BLANK:
                    code = 32
            else:
                other = letters[code] if code < len(letters) else STRANGE
                if other == STRANGE:
                    found |= MARKED
                elif other == 0:
                    found |= NEW
                else:
                    code = other
            if code == 32 and last == 32:
                continue
            tidy[size] = last = code
            size += 1
        if last != 32 or size == begin + 1:
            tidy[size] = 32
            size += 1
        if not plain and found == 0:
            found = look_closer(tidy, begin, size, table)
        at = places[text]
        tidy_begins[at], tidy_ends[at] = start + begin, start + size
        needs[at] = found if found != 0 else spelled_oddly(tidy, begin, size, table)
    return size


def look_closer(tidy: Any, begin: int, end: int, table: Any) -> int:
    """MARKED, if there may be anything in ``tidy[begin:end]`` that ``disguise`` has to see."""
    for place in range(begin + 1, end - 1):
        code = tidy[place]
        if code >= 128 or not table[TELLING + code]:
            continue
        before, after = tidy[place - 1], tidy[place + 1]  # there is always a blank at the end
        if code == 46:  # "site.com" and "site . com"
            if before != 46 and is_small(after, table):
                return MARKED
            if before == after == 32 and place + 2 < end and is_small(tidy[place + 2], table):
                return MARKED
        elif code == 116:  # "example dot com"
            within = is_small(after, table) or is_small(tidy[place - 3], table)
            if before == 111 and tidy[place - 2] == 100 and not within:
                return MARKED
        elif code == 38:  # an entity, but not "a & b"
            if after not in (32, 38):
                return MARKED
        elif code == 60:  # a tag, but not "<3"
            if after not in (32, 51, 60):
                return MARKED
        elif code == 58:  # of a page
            if after == 47:
                return MARKED
        elif code == 37:  # perhaps percent-encoded
            if 50 <= after <= 55:
                return MARKED
        else:  # @ and [
            return MARKED
    return 0


def is_small(code: int, table: Any) -> bool:
    """Whether it is one of a to z."""
    return code < 128 and table[code] == SMALL


def spelled_oddly(tidy: Any, begin: int, end: int, table: Any) -> int:
    """The sum of SPACED, LEET and STRETCHED that there may be in ``tidy[begin:end]``."""
    needs = 0
    run = 0  # letters since the last gap; below 0 where something else stands among them
    alone = 0  # how many letters before stood alone, one after another
    leet = 0  # of a word: 1 after a letter, 2 after a sign behind it, 3 after one more letter
    is_number = True  # whether a word may be hexadecimal
    before, last = 0, 0
    for place in range(begin, end):
        code = tidy[place]
        kind = table[code] if code < 128 else kind_beyond_ascii(code)
        if code == last and code == before and (kind == SMALL or code >= 128):
            needs |= STRETCHED
        before, last = last, code
        if kind == SMALL:
            if leet in (0, 2):
                leet += 1
            if code > 102:
                is_number = False
            if run >= 0:
                run += 1
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
        self.cut_windows: Any = cut_windows
        self.keep_highest: Any = keep_highest
        self.decide: Any = decide
        self.rises: Any = RISES
        self.table: Any = ASCII
        #: What stands for each letter beyond ASCII, where that is the same among any others.
        self.letters: Any = ()

    def learn(self, plain: Mapping[str, str | None]) -> None:
        """Take in the letters that stand for others; None for one that has to be seen in place."""

    def numbers(self, size: int) -> Any:
        """Room for so many whole numbers from 0 to 2**32 - 1, whose slices are views of it."""
        return memoryview(bytearray(4 * size)).cast("I")

    def tallies(self, size: int) -> Any:
        """So many zero bytes."""
        return bytearray(size)

    def filled(self, size: int, value: float) -> Any:
        """A number so many times, in double precision."""
        return array("d", [value]) * size

    def floats(self, raw: bytes) -> Any:
        """Little-endian float32 bytes as a sequence of numbers."""
        if sys.byteorder == "little":
            return memoryview(raw).cast("f")
        swapped = array("f", raw)
        swapped.byteswap()
        return swapped

    def places(self, values: Iterable[int]) -> Any:
        """Whole numbers as the functions take them."""
        return array("q", values)

    def having(self, flags: Any, wanted: int) -> list[int]:
        """Where any of the ``wanted`` bits is set."""
        return [place for place, found in enumerate(flags) if found & wanted]

    def longest(self, begins: Any, ends: Any) -> int:
        """The length of the longest run, 0 if there is none."""
        return max(map(operator.sub, ends, begins), default=0)

    def joined(self, parts: Sequence[Any]) -> Any:
        """Some ``numbers`` one after another."""
        return memoryview(b"".join(parts)).cast("I")

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
        self.cut_windows = functions.cut_windows
        self.keep_highest = functions.keep_highest
        self.decide = functions.decide
        self.rises = np.array(RISES)
        self.table = np.frombuffer(ASCII, np.uint8)
        self.letters = np.zeros(LETTERS, np.uint32)

    def learn(self, plain: Mapping[str, str | None]) -> None:
        for letter, other in plain.items():
            if ord(letter) < LETTERS:
                self.letters[ord(letter)] = STRANGE if other is None else _tidy_code(other)

    def numbers(self, size: int) -> Any:
        import numpy as np

        return np.empty(size, np.uint32)

    def tallies(self, size: int) -> Any:
        import numpy as np

        return np.zeros(size, np.uint8)

    def filled(self, size: int, value: float) -> Any:
        import numpy as np

        return np.full(size, value)

    def floats(self, raw: bytes) -> Any:
        import numpy as np

        return np.frombuffer(raw, "<f4").astype(np.float32)

    def places(self, values: Iterable[int]) -> Any:
        import numpy as np

        if isinstance(values, range):
            return np.arange(values.start, values.stop)
        return np.fromiter(values, np.int64)

    def having(self, flags: Any, wanted: int) -> list[int]:
        import numpy as np

        found: list[int] = np.flatnonzero(flags & wanted).tolist()
        return found

    def longest(self, begins: Any, ends: Any) -> int:
        import numpy as np

        return int(np.subtract(ends, begins).max(initial=0))

    def joined(self, parts: Sequence[Any]) -> Any:
        import numpy as np

        return np.concatenate(parts)

    def codes(self, strings: Sequence[str]) -> tuple[Any, Any, Any]:
        import numpy as np

        offsets = np.zeros(len(strings) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, strings), np.int64, len(strings)), out=offsets[1:])
        raw = "".join(strings).encode(_NATIVE, "surrogatepass")
        return np.frombuffer(raw, np.uint32), offsets[:-1], offsets[1:]


@functools.cache
def fastest() -> Interpreted:
    """The kernel for much work: compiled, unless numba cannot be had."""
    try:
        return Compiled()
    except ImportError:
        return Interpreted()


def _tidy_code(letter: str) -> int:
    """A letter as it stands in a tidy text."""
    code = ord(letter)
    return ASCII[LOWER + code] if code < 128 else 32 if kind_beyond_ascii(code) == BLANK else code


def decoded(codes: Any) -> str:
    """A run of code points as a string."""
    return str(codes.tobytes().decode(_NATIVE, "surrogatepass"))


def _load_numba() -> None:
    """Import numba, which would load scipy's linear algebra just to see whether it can."""
    unused = "scipy.linalg"
    hidden = unused not in sys.modules
    if hidden:
        sys.modules[unused] = None  # type: ignore[assignment]
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        if hidden:
            del sys.modules[unused]


@functools.cache
def _compiled() -> types.SimpleNamespace:
    return compile_functions(
        kind_of, kind_beyond_ascii, hash_characters, hash_words, locate, hash_ngrams, weigh,
        score_texts, hash_texts, count_texts, is_small, look_closer, spelled_oddly, tidy_texts,
        blank_near, cut_windows, keep_highest, sigmoid, decide,
    )  # fmt: skip


def compile_functions(*functions: Callable[..., Any]) -> types.SimpleNamespace:
    """Functions of one module, each after those it calls, compiled by numba.

    Raises ImportError where numba cannot be had.
    """
    _load_numba()
    from spamguard.compiling import compiled

    namespace = dict(functions[0].__globals__)
    for function in functions:
        # A copy whose global names are the compiled ones, so that calls stay compiled.
        twin: Callable[..., Any] = types.FunctionType(
            function.__code__, namespace, function.__name__, function.__defaults__
        )
        twin.__module__ = function.__module__
        namespace[function.__name__] = compiled(twin)
    return types.SimpleNamespace(
        **{function.__name__: namespace[function.__name__] for function in functions}
    )
