"""A raw comment to its views: clean text, the links in it, its author.

A view is a string. What a comment says is read after its disguises are off (``disguise``).
"""

import re
from typing import NamedTuple

from spamguard.records import Comment

#: Longer texts are read at both ends: what a spammer hides behind padding stands at the end.
HEAD, TAIL = 6000, 4000


class Views(NamedTuple):
    """What the blocks read: each a string, empty where the comment has nothing to show."""

    text: str
    links: str
    author: str
    site: str
    keywords: str


_INNER_DOT = re.compile(r"[a-z]\.[a-z]", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_WORD = re.compile(r"[^\W_]+")


def clean(raw: str) -> tuple[str, list[str], list[str]]:
    """The text as a reader would take it in, the links in it, and the signs of how it was made."""
    if raw.isascii() and not _marked(raw):
        return " ".join(raw.lower().split()), [], []
    from spamguard.disguise import undisguise

    return undisguise(raw)


def _marked(raw: str) -> bool:
    """Whether an ASCII text may hold markup, entities, links, addresses or control characters.

    Single characters are looked for before any expression is tried: most texts have none.
    """
    return (
        "<" in raw
        or "&" in raw
        or "[" in raw
        or "@" in raw
        or "://" in raw
        or ("." in raw and _INNER_DOT.search(raw) is not None)
        or (not raw.isprintable() and _CONTROL.search(raw) is not None)
    )


def address_words(address: str) -> list[str]:
    """The telling parts of a URL: its ending, the words of its host and of its path."""
    address = re.sub(r"^[a-z]+:/*", "", address.lower()).removeprefix("www.")
    host, _, path = address.partition("/")
    labels = host.split("@")[-1].split(":")[0].split(".")
    words = [f".{labels[-1]}"] if len(labels) > 1 else []
    words += [f"@{word}" for label in labels[:-1] for word in _WORD.findall(label)]
    words += [f"/{word}" for word in _WORD.findall(path)[:20]]
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
    if not links and comment.author is None and comment.author_url is None:
        return Views(f" {text} ", " ".join(signs), "", "", "")
    author = site = keywords = ""
    if comment.author is not None:
        author = clean(comment.author[:200])[0]
    if comment.author_url is not None:
        site = comment.author_url[:500].strip().lower()
    if author or site or links:
        keywords = " ".join(_WORD.findall(f"{author} {site} {' '.join(links[:20])}"))
    return Views(
        f" {text} ",
        " ".join(signs),
        f" {author} " if author else _empty(comment.author),
        " ".join(address_words(site)) if site else _empty(comment.author_url),
        keywords,
    )


def _empty(field: str | None) -> str:
    """A field left empty says something; one that the source does not have says nothing."""
    return "" if field is None else "-"
