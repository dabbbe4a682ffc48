"""A raw comment to its views: clean text, the links in it, its author.

A view is a string. Everything a comment says is read after the disguises are off: entities,
markup, invisible characters, styled and accented letters.
"""

import re
import unicodedata
from typing import NamedTuple

from spamguard.records import Comment

#: What stands in the text view where a link or an e-mail address stood.
LINK = "\N{LINK SYMBOL}"
MAIL = "\N{E-MAIL SYMBOL}"

#: Longer texts are read at both ends: what a spammer hides behind padding stands at the end.
HEAD, TAIL = 6000, 4000


class Views(NamedTuple):
    """What the blocks read: each a string, empty where the comment has nothing to show."""

    text: str
    links: str
    author: str
    site: str


_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_PLAIN = re.compile(r"[<&\[@:/\x00-\x1f\x7f]|\w\.[a-z]|  ", re.ASCII | re.IGNORECASE)
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_ANCHOR = re.compile(r"""<a\s[^<>]*?href\s*=\s*["']?([^"'\s<>]+)[^<>]*>""", re.IGNORECASE)
_BBCODE = re.compile(r"\[(?:url|link|img)(?:=\"?|\])\s*([^\]\[\s\"]+)\"?\]?", re.IGNORECASE)
_MARKUP = re.compile(
    r"</?[a-z!][^<>]*>|\[/?(?:url|link|img|b|i|u|color|size|quote)\b[^\]\[]*\]", re.IGNORECASE
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_URL = re.compile(
    r"(?:h(?:tt|xx)ps?://?|ftp://|www\.)[^\s<>\"'\]\[]+"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|net|org|info|biz|ru|cn|io|co|me|tk|xyz|top|online|site|shop|club"
    r"|store|app|blog|live|pro|vip|link|ly|gl|in|uk|us|de|fr|it|es|pl|nl|eu|br|id|to|cc|ws|tv)"
    r"\b(?:/[^\s<>\"'\]\[]*)?",
    re.IGNORECASE,
)
_NOT_WORD = re.compile(r"[^\w]+|_+")


def clean(raw: str) -> tuple[str, list[str], list[str]]:
    """The text as a reader would take it in, the links in it, and the signs of how it was made."""
    if raw.isascii() and not _PLAIN.search(raw):
        return raw.strip().lower(), [], []
    links: list[str] = []
    signs: list[str] = []

    def take(match: re.Match[str]) -> str:
        links.append(match[match.lastindex or 0])
        return f" {LINK} "

    text = raw
    if "&" in text:
        import html

        for _ in range(3):
            text = html.unescape(text)
    if not text.isascii():
        visible = _INVISIBLE.sub("", text)
        if len(visible) != len(text.rstrip("\ufeff")) and "\u200b" in text:
            signs.append("hidden")
        text = unicodedata.normalize("NFKD", visible)
        text = unicodedata.normalize("NFC", _MARKS.sub("", text)).casefold()
    else:
        text = text.lower()
    if "<" in text:
        shown = _ANCHOR.sub(take, text)
        if len(shown) != len(text):
            signs.append("html")
        text = shown
    if "[" in text:
        shown = _BBCODE.sub(take, text)
        if shown != text:
            signs.append("bbcode")
        text = shown
    text = _MARKUP.sub(" ", text) if "<" in text or "[" in text else text
    if "@" in text:
        text = _MAIL.sub(f" {MAIL} ", text)
    if "." in text or "://" in text:
        text = _URL.sub(take, text)
    return _SPACES.sub(" ", text).strip(), links, signs


def address_words(address: str) -> list[str]:
    """The telling parts of a URL: its ending, the words of its host and of its path."""
    address = re.sub(r"^[a-z]+:/*", "", address.lower()).removeprefix("www.")
    host, _, path = address.partition("/")
    labels = host.split("@")[-1].split(":")[0].split(".")
    words = [f".{labels[-1]}"] if len(labels) > 1 else []
    words += [f"@{word}" for label in labels[:-1] for word in _NOT_WORD.split(label) if word]
    words += [f"/{word}" for word in _NOT_WORD.split(path)[:20] if word]
    words.append("path" if path else "root")
    return words


def views(comment: Comment) -> Views:
    raw = comment.text
    if len(raw) > HEAD + TAIL:
        raw = raw[:HEAD] + " " + raw[-TAIL:]
    text, links, signs = clean(raw)
    if links:
        signs.append(f"links:{min(len(links), 9)}")
        for link in links[:20]:
            signs += address_words(link)
    author = site = ""
    if comment.author is not None:
        author, _, _ = clean(comment.author[:200])
        author = f" {author} " if author else "-"
    if comment.author_url is not None:
        site = (
            " ".join(address_words(comment.author_url[:500])) if comment.author_url.strip() else "-"
        )
    return Views(f" {text} ", " ".join(signs), author, site)
