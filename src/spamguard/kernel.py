"""The kernel: what is done with every code point, at two speeds.

Code points are made tidy, n-grams of them become columns, and columns a score. Every function is
plain Python over indexable numbers, written so that no product exceeds 2**63. ``Interpreted`` needs
no import and answers one comment in about a millisecond; ``Compiled`` holds the very same functions
compiled by numba for many comments. Both give equal bits: sums run in float64 in one order, and
logarithms come from a table.
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

from spamguard import tidying

_NATIVE = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"

CHARS = 0  # n-grams of code points
# n-grams of words; punctuation separates, an emoji or an ideograph is a word of its own, and so are
# the digits behind letters: "slot88" is told by either half
WORDS = 1
TOKENS = 2  # n-grams of whatever stands between spaces

SEPARATOR = 0
LETTER = 1
LONER = 2
DIGIT = 3

#: Occurrences are counted in one byte, so a count saturates here.
MOST = 255

#: Sublinear term frequency, 1 + ln(count), as scikit-learn's TfidfTransformer defines it.
TERM_FREQUENCY = [0.0] + [1.0 + math.log(count) for count in range(1, MOST + 1)]
#: The more windows a text has, the more of them look like spam by chance: so much is taken off what
#: the worst of so many says. Padded readers' comments are then called spam as rarely as others
#: (docs/experiments.md).
WINDOW_TOLL = 0.46
TOLLS = [0.0] + [WINDOW_TOLL * math.log(count) for count in range(1, MOST + 1)]
#: By how much the next occurrence raises the term frequency, and its square, in turn.
RISES = [
    after**power - before**power for before, after in pairwise(TERM_FREQUENCY) for power in (1, 2)
]


def kind_of(code: int, unit: int) -> int:
    """Whether a code point separates words, belongs to one, or is a word of its own."""
    if code == 32:
        return SEPARATOR
    if unit == TOKENS:
        return LETTER
    if code < 128:
        if 97 <= code <= 122 or 65 <= code <= 90 or code == 95:
            return LETTER
        return DIGIT if 48 <= code <= 57 else SEPARATOR
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


def begins_word(kind: int, before: int) -> bool:
    """Whether a code point of that kind begins a word behind one of the kind ``before``."""
    if kind == DIGIT:
        return before != DIGIT
    return kind == LONER or (kind == LETTER and before in (SEPARATOR, LONER))


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
        if begins_word(kind, before):
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
        if begins_word(kind, before):
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
    name_only_weight: Any,
    name_only: Any,
    columns: Any,
    scores: Any,
) -> None:
    """Add one block's share of the log-odds of text ``i``, ``codes[begins[i]:ends[i]]``, to
    ``scores[i]``, by ``name_only_weight`` where ``name_only[i]``. ``columns`` is scratch."""
    for text in range(len(begins)):
        count = hash_ngrams(codes, begins[text], ends[text], unit, low, high, bits, columns, None)
        learned = name_only_weight if name_only[text] else weight
        scores[text] += weigh(columns, count, rises, tallies, idf, learned)


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


def keep_highest(scores: Any, places: Any, others: Any, tolls: Any) -> None:
    """Raise ``scores[place]`` to the highest of the ``others`` of that place, which stand together,
    less the toll for so many, where that is more."""
    number = 0
    while number < len(places):
        place, begin = places[number], number
        highest = others[number]
        while number < len(places) and places[number] == place:
            highest = max(highest, others[number])
            number += 1
        scores[place] = max(scores[place], highest - tolls[min(number - begin, MOST)])


class Interpreted:
    """The kernel as Python runs it, over what the standard library has; takes no time to start."""

    is_compiled = False

    def __init__(self) -> None:
        self.hash_ngrams: Any = hash_ngrams
        self.score_texts: Any = score_texts
        self.hash_texts: Any = hash_texts
        self.count_texts: Any = count_texts
        self.tidy_texts: Any = tidying.tidy_texts
        self.cut_windows: Any = tidying.cut_windows
        self.keep_highest: Any = keep_highest
        self.decide: Any = decide
        self.rises: Any = RISES
        self.tolls: Any = TOLLS
        self.table: Any = tidying.ASCII
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

    def flags(self, values: Iterable[int]) -> Any:
        """Truth values, a byte each."""
        return bytes(values)

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
        self.tolls = np.array(TOLLS)
        self.table = np.frombuffer(tidying.ASCII, np.uint8)
        self.letters = np.zeros(tidying.LETTERS, np.uint32)

    def learn(self, plain: Mapping[str, str | None]) -> None:
        for letter, other in plain.items():
            if ord(letter) < tidying.LETTERS:
                code = tidying.STRANGE if other is None else tidying.tidy_code(other)
                self.letters[ord(letter)] = code

    def numbers(self, size: int) -> Any:
        import numpy as np

        return np.empty(size, np.uint32)

    def tallies(self, size: int) -> Any:
        import numpy as np

        return np.zeros(size, np.uint8)

    def flags(self, values: Iterable[int]) -> Any:
        import numpy as np

        return np.frombuffer(bytes(values), np.uint8)

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
    own = compile_functions(
        kind_of, begins_word, hash_characters, hash_words, locate, hash_ngrams, weigh, score_texts,
        hash_texts, count_texts, keep_highest, sigmoid, decide,
    )  # fmt: skip
    tidy = compile_functions(
        tidying.kind_beyond_ascii, tidying.is_small, tidying.look_closer, tidying.spelled_oddly,
        tidying.tidy_texts, tidying.blank_near, tidying.cut_windows,
    )  # fmt: skip
    return types.SimpleNamespace(**vars(own), **vars(tidy))


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
