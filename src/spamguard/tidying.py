"""Texts made tidy, told from those that need a closer look, and cut into windows.

The functions belong to the kernel, which has them at two speeds (``kernel``).
"""

from typing import Any

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


def tidy_code(letter: str) -> int:
    """A letter as it stands in a tidy text."""
    code = ord(letter)
    return ASCII[LOWER + code] if code < 128 else 32 if kind_beyond_ascii(code) == BLANK else code
