"""Words that are spelled so that no filter knows them: s p a c e d, l33t, stretchedddd.

``disguise`` tells what the signs mean.
"""

import re

from spamguard.expressions import Expression

_GAPS = " .*_~\n-"
_SPELLED = "a-z0-9@$\u0370-\u052f"
_APART = Expression(
    f"(?<![{_SPELLED}'\u2019])[{_SPELLED}]([{_GAPS}]{{1,3}})[{_SPELLED}](?:\\1[{_SPELLED}]){{2,}}"
    f"(?![{_SPELLED}'\u2019])"
)
#: In a text with such a word shorter ones are words too.
_SHORT_APART = Expression(_APART.pattern.replace("{2,}", "*"))

_RUN = Expression(r"([^\W\d_])\1\1+")
_LETTERS_ONLY = Expression(r"[^\W\d_]{3,}")
#: Words that have a letter three times.
_KEPT = frozenset(("www", "xxx", "iii", "viii", "xiii", "xviii"))
#: Common words that have a letter twice. In all others a stretched letter is one: that is right in
#: 98 of 100 words.
_DOUBLES = """
    accept accepted access account accounts across actually add added address affect affordable
    agree agreement all alle allow allowed appear apple apply appointment appreciate approved
    attached attack attention attorney baccarat balls bbc beer bella belle better bill billion
    bills bless blessed blogger blood bonne boobs book books boots boss bottle bottom broccoli
    business butter buttocks button call called calling calls cannot carry cell cheers cheese
    chill choose class coffee collect college comment comments commission common connect cool
    correct deep difference different difficult discreet dofollow dollar dollars door dress
    dropped effect effective egg eggs elle especially essay essays excellent express facebook
    fall fee feed feel feeling feels fees feet fell fill finally floor follow followed follower
    followers following food fool foot free freedom full funny getting gonna good google gotta
    green greetings guarantee guaranteed guess hall hallo happen happened happy hell hello hill
    hook hurry illegal install installed issue issues keep keeping keeps kill killed kiss knee
    letter letters little llc look looked looking looks loop lottery marriage massage matter
    matters mattress meet meeting mess message messages middle million miss missed missing moon
    mummy need needed needs newsletter offer offered offering offers office official oggi
    pass passed password personally pills pizza pool poor press pressure pretty process
    professional pull pussy putting really recommend room root roulette running school scroll
    see seed seeing seeking seem seems seen sees sell seller sellers selling shall sheet
    shipping shoot shopping silly sitting sleep sleeping small smell soon sorry speech speed
    spell staff stood stopped street stuff succeed success successful suggest summer supply
    support sweet tall teen teeth tell telling tells terrible three till toll tomorrow took tool
    tools traffic tree trees twitter ugg usually voor vuitton wall wallet wedding week weekend
    weekly weeks well whatsapp wheel will willing winner winning wood wordpress worry wrapped
    written yahoo yellow zoo zoom
"""
_WITH_DOUBLES = frozenset(_DOUBLES.split())

#: Digits and signs by the letter they stand for.
_LETTERS = str.maketrans("013457@$!", "oieastasi")
_WORD = Expression(r"[a-z0-9@$](?:[a-z0-9@$!]*[a-z0-9@$])?")
#: A word with such a place is leet; with any others it takes two places.
_LEET_WORD = Expression(r"""(?x)
      [a-z]00?[a-z] | [a-z]33[a-z]
    | [a-z][13][a-z]{2} | [aeiouy][13][a-z]
    | [aeiouy]4[a-z] | [a-z]4[aeiouy][a-z] | ^[^aeiouy]+4[a-z]{2}
    | [aeiouy][57][a-z] | [a-z][57][aeiouy]
    | ^(?:[^aeiouy]+|[a-z]{1,2})@[a-z] | ^[a-z]{0,2}[aeiouy]\$\$?[a-z] | ^[^aeiouy]{1,2}![a-z]{3}
    | [a-z][013457@$!]{1,2}[a-z]+[013457@$!]{1,2}[a-z]
""")
#: Digits that stand for no letter, hexadecimal numbers, names from technology, 4 for "for".
_NO_LEET = Expression(
    r".*[2689]|0x|[a-f0-9]+$|.*\d(?:d|[dfi]v?|js|me|u|all|you|sale)s?$|.*[^aeiouy013457@$!]{5}"
    r"|(?:log4|sha\d|md5|mp[34]|[dhsw]3|web3|x11|ps[345]|es5|utf|int|vec|mat|py3)"
    r"|v\d+(?:beta|alpha)?$|.*\$\d|(?:pi|me|my|us)@"
)
#: Where two words are leet, these are too: "th3", "t0", "0n".
_PERHAPS_LEET = Expression(
    r"(?=.*[a-z])(?!\d+(?:st|nd|rd|th|s|k|m|x|am|pm|[ckm]m|k?g|[mg]b|min|hrs?|px|%)$)[a-z013457@$]+"
)
_FEWEST_LETTERS, _LONGEST_LEET = 3, 24


def joined(text: str, signs: list[str]) -> str:
    """The text with words whose letters stood apart; its blanks are as they were written."""
    together = _APART.sub(_joined, text)
    if together == text:
        return text
    signs.append("spaced")
    return _SHORT_APART.sub(_joined_letters, together)


def _joined(match: re.Match[str]) -> str:
    """A word whose letters stood apart, unless they are a list, kisses or initials."""
    word = _joined_letters(match)
    letters = list(filter(str.isalpha, word))
    is_word = len(set(letters)) >= 3 and 3 * len(letters) >= 2 * len(word)
    is_initials = "." in match[1] and len(word) < 5 and match.string.startswith(".", match.end())
    return word if is_word and not is_initials else match[0]


def _joined_letters(match: re.Match[str]) -> str:
    return "".join([character for character in match[0] if character not in _GAPS])


def without_leet(text: str, signs: list[str]) -> str:
    """The text with letters in place of digits and signs in its words."""
    leet = {word for word in _WORD.findall(text) if _is_leet(word)}
    if not leet:
        return text
    signs.append("leet")

    def plain(match: re.Match[str]) -> str:
        word = match[0]
        perhaps = len(leet) > 1 and _PERHAPS_LEET.fullmatch(word) and not _NO_LEET.match(word)
        return word.translate(_LETTERS) if perhaps or word in leet else word

    return _WORD.sub(plain, text)


def _is_leet(word: str) -> bool:
    if word.isalpha() or word.isdigit() or len(word) > _LONGEST_LEET:
        return False
    if sum(map(str.isalpha, word)) < _FEWEST_LETTERS:
        return False
    return bool(_LEET_WORD.search(word)) and not _NO_LEET.match(word)


def shortened(text: str) -> str:
    """The text with stretched words as long as they usually are."""
    return _LETTERS_ONLY.sub(_shortened, text)


def _shortened(match: re.Match[str]) -> str:
    """A word with one letter for each run, or two where a common word has them."""
    word = match[0]
    if word in _KEPT:
        return word
    doubled = _RUN.sub(r"\1\1", word)
    return doubled if doubled in _WITH_DOUBLES else _RUN.sub(r"\1", word)
