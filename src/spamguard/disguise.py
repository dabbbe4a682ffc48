"""Takes the disguises off a text: entities, markup, strange letters, hidden links, odd spelling.

What honest writers hardly ever type leaves a sign, one word each:

======= ================================================================================
entity  plain letters written as numbers: ``&#118;iagra``
hidden  something inside a word that is not shown, or text that runs backwards
marks   accents piled up, or lines through letters
styled  mathematical, circled, full-width or other dressed-up letters, three in a row
mixed   look-alikes from another script inside a Latin word, or Latin ones in a Cyrillic word
percent letters written as ``%76``
dotcom  a link whose dot is spelled out or in brackets
spaced  a word with its letters set apart
leet    digits and signs in place of letters: ``v1agra``
======= ================================================================================

Time grows in proportion to the text, whatever stands in it. What most texts don't need is skipped
after a test that costs next to nothing.
"""

import html
import re

from spamguard.expressions import Expression
from spamguard.letters import plain_letters

#: What stands in a clean text where a link or an e-mail address stood.
LINK = "\N{LINK SYMBOL}"
MAIL = "\N{E-MAIL SYMBOL}"

#: Entities and percent signs may be escaped again and again; more often is not worth the time.
MOST_UNESCAPES = 3

_NUMBERED_LETTER = Expression(
    r"&#(?:[xX]0*(?:[46][1-9a-fA-F]|[57][0-9aA])(?![0-9a-fA-F])"
    r"|0*(?:6[5-9]|[78]\d|9[07-9]|1[01]\d|12[0-2])(?!\d))"
)
_ENDLESS_NUMBER = Expression(r"&#\d{8,}")
#: What most entities are: no sign of anything, and nothing that another entity could be made of.
_QUOTES = (("&#39;", "'"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"))

_COMMENT = Expression(r"(?s)<!--(?:(?!<!--).)*?-->")
_ANCHOR = Expression(r"<a\s([^<>]*)>")
_HREF = Expression(r"""href\s*=\s*["']?([^"'\s]+)""")
_BBCODE = Expression(r"\[(?:url|link|img)(?:=\"?|\])\s*([^\]\[\s\"]+)\"?\]?")
_NOT_SHOWN = Expression(
    r"<(\w++)(?>[^<>]*?(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0))[^<>]*+>"
    r"[^<>]*+</\1>"
)
_EMPTY_ELEMENT = Expression(r"<(a|b|i|u|s|em|strong|span|font|small|big)\b[^<>]*+></\1>")
#: Tags that a reader sees no gap at come first.
_TAG = Expression(
    r"(</?(?:b|i|u|s|em|strong|strike|span|font|small|big|sub|sup|ins|del|mark|wbr)\b[^<>]*+>)"
    r"|</?[a-z!][^<>]*+>|\[/?(?:url|link|img|quote)\b[^\]\[]*+\]"
)
_INLINE_BBCODE = Expression(r"\[/?(?:b|i|u|s|color|size|font)\b[^\]\[]*+\]")
_ENDING = (
    "(?:com|net|org|info|biz|ru|cn|io|co|me|tk|xyz|top|online|site|shop|club|store|app|blog|live"
    r"|pro|vip|link|ly|gl|in|uk|us|de|fr|it|es|pl|nl|eu|br|id|to|cc|ws|tv)\b"
)
_PERCENT_LETTERS = Expression(
    r"(?<![\w=])h(?:tt|xx)ps?%3a%2f%2f|%(?:[46][1-9a-f]|[57][0-9a])\S*%[2-7][0-9a-f]"
)
_PERCENT = Expression(r"%(2[5def]|3[0-9adf]|[4-7][0-9a-f])")
_BRACKETED_DOT = Expression(
    r" ?[(\[{] ?dot ?[)\]}] ?(?=[a-z])"
    rf"| ?[(\[{{] ?\. ?[)\]}}] ?(?=(?:[a-z0-9-]{{1,63}}+\.)?{_ENDING})"
)
_LONE_DOT = Expression(r" (?:dot |\. ?)(com|org|info|biz|ru|xyz|online|site|shop|club|top|io)\b")
_SPELLED_DOT = Expression(
    rf"(?<![a-z0-9-])([a-z0-9-]{{3,63}}+){_LONE_DOT.pattern}"
    r"(?! (?:bubble|boom|bust|crash|era|compan|millionaire|startup|domain))"
)
#: A word before a dot that is not the name of a host: "the dot com bubble".
_NO_HOST = Expression(
    "the|this|that|these|your|our|his|her|their|its|any|some|all|each|every|another|other|own|real"
    "|old|new|first|big|and|for|not|with|pre|post|during|before|after|since|early|late|one|two"
    "|former|failed|typical"
)
_BRACKETED_AT = Expression(
    r"(?<=[\w.+-]) ?(?:[(\[{] ?at ?[)\]}] ?| at (?=(?:gmail|yahoo|hotmail|outlook|aol|proton)))"
    r"(?=[a-z0-9-]{1,63}+\.)"
)
_MAIL = Expression(r"(?<![\w.+-])[\w.+-]{1,64}+@[\w-]{1,63}+\.[\w.-]*\w")
_DOMAIN = Expression(rf"\.{_ENDING}")
_URL = Expression(
    r"(?<![a-z0-9-])((?:h(?:tt|xx)ps?://?|ftp://|www\.)[^\s<>\"'\]\[]+"
    rf"|(?:[a-z0-9-]{{1,63}}+\.){{1,8}}{_ENDING}(?:/[^\s<>\"'\]\[]*)?)"
)


def undisguise(raw: str, links: list[str], forms: list[str], signs: list[str]) -> str:
    """The text in lower case with its disguises off; what is found goes into the three lists.

    ``text.Found`` says what belongs there. How words are spelled is looked at later (``spelling``).
    """

    def take(match: re.Match[str]) -> str:
        links.append(match[1])
        return f" {LINK} "

    text = _unescaped(raw, signs) if "&" in raw else raw
    text = (text if text.isascii() else plain_letters(text, signs)).lower()
    if "%" in text and _PERCENT_LETTERS.search(text):
        signs.append("percent")
        text = re.sub(r"\S+", _without_percents, text)
    if "<" in text or "[" in text:
        text = _without_markup(text, links, forms, signs)
    if "dot" in text or " ." in text or "[." in text or "(." in text:
        text = _with_dots(text, signs)
    if "@" in text:
        text = _MAIL.sub(f" {MAIL} ", text)
    if ":/" in text or "www." in text or _DOMAIN.search(text):
        text = _URL.sub(take, text)
    return text


def _unescaped(text: str, signs: list[str]) -> str:
    for entity, character in _QUOTES:
        if entity in text:
            text = text.replace(entity, character)
    if "&#" in text:
        if _NUMBERED_LETTER.search(text):
            signs.append("entity")
        text = _ENDLESS_NUMBER.sub("\ufffd", text)  # Python counts no further than 4,300 digits
    for _ in range(MOST_UNESCAPES):
        if "&" not in text:
            break
        text = html.unescape(text)
    return text


def _without_percents(word: re.Match[str]) -> str:
    text = word[0]
    for _ in range(MOST_UNESCAPES):
        if "%" not in text:
            break
        text = _PERCENT.sub(lambda code: chr(int(code[1], 16)).lower(), text)
    return text


def _with_dots(text: str, signs: list[str]) -> str:
    """Links and addresses as machines read them: "example dot com", "me (at) example [.] org"."""

    def join(match: re.Match[str]) -> str:
        return match[0] if _NO_HOST.fullmatch(match[1]) else f"{match[1]}.{match[2]}"

    dotted = text
    if "(" in text or "[" in text or "{" in text:
        dotted = _BRACKETED_DOT.sub(".", dotted)
    if _LONE_DOT.search(dotted):
        dotted = _SPELLED_DOT.sub(join, dotted)
    if dotted == text:
        return text
    addressed = _BRACKETED_AT.sub("@", dotted)
    if addressed == dotted:  # honest people hide their address, but not their links
        signs.append("dotcom")
    return addressed


def _without_markup(text: str, links: list[str], forms: list[str], signs: list[str]) -> str:
    """The text without tags; where a link stood stands a symbol."""

    def hide(match: re.Match[str]) -> str:
        """Nothing, and a sign if that joins two halves of a word."""
        begin, end = match.span()
        sides = match.string[max(begin - 1, 0) : begin], match.string[end : end + 1]
        if all(map(str.isalpha, sides)) and "hidden" not in signs:
            signs.append("hidden")
        return ""

    def take(match: re.Match[str]) -> str:
        links.append(match[1])
        return f" {LINK} "

    def take_anchor(match: re.Match[str]) -> str:
        address = _HREF.search(match[1])
        return take(address) if address else " "

    before = len(links)
    if "<" in text:
        if "<!--" in text:
            text = _COMMENT.sub(hide, text)
        if "<a" in text:
            text = _ANCHOR.sub(take_anchor, text)
            if len(links) > before:
                forms.append("html")
        if "></" in text:
            text = _EMPTY_ELEMENT.sub(hide, text)
        if "none" in text or "hidden" in text or "font-size" in text:
            text = _NOT_SHOWN.sub(hide, text)
    if "[" in text:
        before = len(links)
        text = _BBCODE.sub(take, text)
        if len(links) > before:
            forms.append("bbcode")
        if "[/" in text:  # not in code: a[i]
            text = _INLINE_BBCODE.sub("", text)
    return _TAG.sub(lambda tag: "" if tag[1] else " ", text)


def mail_addresses(raw: str) -> list[str]:
    """The e-mail addresses in a text, which ``undisguise`` leaves out of what it gives."""
    text = _unescaped(raw, []) if "&" in raw else raw
    text = (text if text.isascii() else plain_letters(text, [])).lower()
    if " at" in text or "(at" in text or "[at" in text or "{at" in text:
        text = _BRACKETED_AT.sub("@", _with_dots(text, []))
    return _MAIL.findall(_with_dots(text, [])) if "@" in text else []
