"""Letters without style, accents and case; what cannot be seen is gone, look-alikes are unmasked.

``disguise`` tells what the signs mean.
"""

import functools
import re
import unicodedata

from spamguard.expressions import Expression

_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_MARK = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_FLAG = "\U0001f1e6-\U0001f1ff"
_WIDE = "\uff21-\uff3a\uff41-\uff5a"
_STYLE = (
    "\u0262\u026a\u0274\u0280\u028f\u0299\u029c\u029f\u02b0-\u02b8\u1d00-\u1dbf\u2071\u207f"
    "\u2090-\u209c\u2102-\u2138\u2145-\u2149\u249c-\u24e9\ua730\ua731\U0001d400-\U0001d7ff"
    "\U0001f110-\U0001f189"
)
_LETTER = "a-zA-Z\u00c0-\u02af\u0370-\u0482\u048a-\u052f"
_GREEK = "\u0370-\u03ff"
_FOREIGN = (
    "\u0400-\u058f\u10a0-\u10ff\u13a0-\u167f\u18b0-\u18ff\u1d26-\u1d2b\u2c80-\u2cff\ua4d0-\ua4ff"
    "\ua640-\ua69f\uab70-\uabbf"
)
_DRESS = (
    "\u00d0\u00d8\u00f8\u0110-\u02af\u1d00-\u1d9a\u1efe\u1eff\u2c60-\u2c7f\ua720-\ua7ff"
    "\uab30-\uab6f\U0001f150-\U0001f189"
)

_ODD = Expression(f"[{_UNSEEN}{_MARK}{_WIDE}{_STYLE}{_FLAG}]")
_STRANGE = Expression(f"[{_GREEK}{_FOREIGN}{_DRESS}]")
#: These say something about the text around them, or NFKD turns them into such.
_TELLING = f"\u00b5{_UNSEEN}{_MARK}{_WIDE}{_GREEK}{_FOREIGN}\u1f00-\u1fff{_STYLE}{_FLAG}"
_UNUSUAL = Expression(f"[{_TELLING}{_DRESS}]")

_ASCII = Expression("[\x00-\x7f]+")
#: Others than these may become one with the character before, or change places with it.
_ALONE = (
    "\x00-\u02af\u1e00-\u1eff\u2000-\u2bff\u3000-\u3096\u30a0-\u30ff\u4e00-\u9fff\uac00-\ud7a3"
    "\uff01-\uff65\U0001f000-\U0001faff"
)
_IN_CONTEXT = Expression(f"[{_TELLING}]|[^{_ALONE}]")
_INVISIBLE = Expression(f"[{_UNSEEN}]+")
_IN_WORD = Expression(f"[{_UNSEEN}](?<=[{_LETTER}].)[{_UNSEEN}]*[{_LETTER}]")
_BACKWARDS = Expression("\u202e([^\u202c\n]*)\u202c?")
_LONE_FLAG = Expression(f"[{_FLAG}](?<![{_FLAG}].)(?![{_FLAG}])")
_MARKS = Expression(f"[{_MARK}]+")
_PILED_MARKS = Expression(f"[{_MARK}]{{3}}|(?:[{_LETTER}][\u0332-\u0338\u20d0-\u20f0]){{3}}")
_STYLED = Expression(f"[{_STYLE}]{{3}}")
_WIDE_WORD = Expression(f"[{_WIDE}]{{3}}")
_EAST_ASIAN = Expression("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DRESSED = Expression(f"[{_DRESS}]")

_ALIEN = f"[{_GREEK}{_FOREIGN}]"
_ALIEN_LETTER = Expression(_ALIEN)
_MIXED_WORD = Expression(f"[A-Za-z{_GREEK}{_FOREIGN}]+")
_MIXED_PAIR = Expression(f"[A-Za-z](?:(?={_ALIEN})|(?<={_ALIEN}[A-Za-z]))")
#: A Greek letter at the edge of a Latin word is physics, not a disguise.
_MASKED = Expression(f"[A-Za-z][{_GREEK}]+[A-Za-z]|[A-Za-z][{_FOREIGN}]|[{_FOREIGN}][A-Za-z]")
#: Latin letters that turn up in Cyrillic words.
_CYRILLIC = str.maketrans("ABCEHKMOPTXaceopxyi", "АВСЕНКМОРТХасеорхуі")  # noqa: RUF001
#: Shorter mixed words are formulas and typing errors.
_SHORTEST_MASKED = 4

#: Normalising takes the square of the time for a pile of marks, so long texts go slice by slice.
_SLICE = 500
#: One character may stand for eighteen; a text grows to twice its length and so much at most.
_MOST_MORE = 100


def plain_letters(text: str, signs: list[str]) -> str:
    """The text in plain letters, those beyond ASCII in lower case; signs of disguise go to
    ``signs``."""
    simple = _simple("".join(set(_ASCII.sub("", text))))
    if simple is None:
        return _plain_in_context(text, signs)
    for character, plain in simple:
        text = text.replace(character, plain)
    return text


def plain_letter(letter: str) -> str | None:
    """What one letter becomes wherever it stands; None if that depends, or is not one letter."""
    simple = _simple(letter)
    if simple is None:
        return None
    plain = dict(simple).get(letter, letter).lower()
    return plain if len(plain) == 1 else None


@functools.lru_cache(1 << 12)
def _simple(characters: str) -> tuple[tuple[str, str], ...] | None:
    """What becomes of these characters, where nothing depends on what stands beside them."""
    if _IN_CONTEXT.search(characters):
        return None
    plain = [(character, _plain_in_context(character, [])) for character in characters]
    return tuple((before, after) for before, after in plain if before != after)


def _plain_in_context(text: str, signs: list[str]) -> str:
    unusual = _UNUSUAL.search(text)
    if unusual:
        odd = "".join(_ODD.findall(text))
        dress = _INVISIBLE.sub("", odd)
        if dress:
            text = _undressed(text, signs)
        if len(dress) < len(odd):
            text = _visible(text, signs)
    if len(text) <= _SLICE:
        text = _normal(text)
    else:
        most = 2 * len(text) + _MOST_MORE
        slices = range(0, len(text), _SLICE)
        text = "".join([_normal(text[at : at + _SLICE]) for at in slices])[:most]
    if unusual and _STRANGE.search(text):
        if _DRESSED.search(text):
            from spamguard.confusables import DRESSED

            text = _DRESSED.sub(lambda match: DRESSED.get(match[0], match[0]), text)
        if _MIXED_PAIR.search(text):
            text = _one_script(text, signs)
    return text.casefold()


def _normal(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    if decomposed is not text:  # marks that stood in the text itself are gone
        decomposed = _MARKS.sub("", decomposed)
    return unicodedata.normalize("NFC", decomposed)


def _visible(text: str, signs: list[str]) -> str:
    """The text as it is shown: nothing invisible in it, all of it from left to right."""
    if _IN_WORD.search(text) or "\u202e" in text:
        signs.append("hidden")
        text = _BACKWARDS.sub(lambda match: match[1][::-1], text)
    return _INVISIBLE.sub("", text)


def _undressed(text: str, signs: list[str]) -> str:
    """The text without marks; letters in other dresses are left to NFKD."""
    wide = _WIDE_WORD.search(text) and not _EAST_ASIAN.search(text)
    if wide or _STYLED.search(text):
        signs.append("styled")
    if _PILED_MARKS.search(text):
        signs.append("marks")
    text = _LONE_FLAG.sub(lambda match: chr(ord(match[0]) - 0x1F1E6 + ord("a")), text)
    return _MARKS.sub("", text)  # not only after NFKD, which sorts a long pile of them slowly


def _one_script(text: str, signs: list[str]) -> str:
    """Words that mix Latin letters with look-alikes, in one script.

    Where no other letter shows that the writer writes Greek or Cyrillic, all look-alikes are Latin.
    """
    from spamguard.confusables import FOREIGN

    all_latin = all(alien in FOREIGN for alien in _ALIEN_LETTER.findall(text))

    def unmask(match: re.Match[str]) -> str:
        word = match[0]
        if word.isascii():
            return word
        plain = "".join([FOREIGN.get(letter, letter) for letter in word])
        mixed = _MIXED_PAIR.search(word)
        if not mixed:
            return plain if all_latin else word
        own = len(re.findall("[A-Za-z]", word))
        if not all_latin and (not plain.isascii() or 2 * own < len(word)):
            cyrillic = word.translate(_CYRILLIC)
            if not re.search("[A-Za-z\u0370-\u03ff]", cyrillic):
                plain = cyrillic
            elif not plain.isascii():
                return word
        if len(word) >= _SHORTEST_MASKED and "mixed" not in signs and _MASKED.search(word):
            signs.append("mixed")
        return plain

    return _MIXED_WORD.sub(unmask, text)
