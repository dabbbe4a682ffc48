"""Takes the disguises off a text: entities, markup, invisible, styled and accented letters."""

import html
import re
import unicodedata

#: What stands in a clean text where a link or an e-mail address stood.
LINK = "\N{LINK SYMBOL}"
MAIL = "\N{E-MAIL SYMBOL}"

#: Entities may be escaped again and again; more often than this is not worth the time.
MOST_UNESCAPES = 3

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_ANCHOR = re.compile(r"""<a\s[^<>]*?href\s*=\s*["']?([^"'\s<>]+)[^<>]*>""")
_BBCODE = re.compile(r"\[(?:url|link|img)(?:=\"?|\])\s*([^\]\[\s\"]+)\"?\]?")
_TAG = re.compile(r"</?[a-z!][^<>]*>|\[/?(?:url|link|img|b|i|u|color|size|quote)\b[^\]\[]*\]")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_URL = re.compile(
    r"((?:h(?:tt|xx)ps?://?|ftp://|www\.)[^\s<>\"'\]\[]+"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|net|org|info|biz|ru|cn|io|co|me|tk|xyz|top|online|site|shop|club"
    r"|store|app|blog|live|pro|vip|link|ly|gl|in|uk|us|de|fr|it|es|pl|nl|eu|br|id|to|cc|ws|tv)"
    r"\b(?:/[^\s<>\"'\]\[]*)?)"
)


def undisguise(raw: str) -> tuple[str, list[str], list[str]]:
    """The text as a reader would take it in, the links in it, and the signs of how it was made."""
    links: list[str] = []
    signs: list[str] = []

    def take(match: re.Match[str]) -> str:
        links.append(match[1])
        return f" {LINK} "

    text = _unescaped(raw)
    text = text.lower() if text.isascii() else _plain_letters(text)
    for sign, opener, expression in (("html", "<", _ANCHOR), ("bbcode", "[", _BBCODE)):
        if opener in text:
            before = len(links)
            text = expression.sub(take, text)
            if len(links) > before:
                signs.append(sign)
    if "<" in text or "[" in text:
        text = _TAG.sub(" ", text)
    if "@" in text:
        text = _MAIL.sub(f" {MAIL} ", text)
    if "." in text or "://" in text:
        text = _URL.sub(take, text)
    return _SPACES.sub(" ", text).strip(), links, signs


def _unescaped(text: str) -> str:
    for _ in range(MOST_UNESCAPES):
        if "&" not in text:
            break
        text = html.unescape(text)
    return text


def _plain_letters(text: str) -> str:
    """Letters without style, accents and case; what cannot be seen is gone."""
    text = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text))
    return unicodedata.normalize("NFC", _MARKS.sub("", text)).casefold()
