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


#: Anything that is not in here is as a reader sees it, but for its case.
_PLAIN = re.compile(r"[<&\[@:/\x00-\x1f\x7f]|\w\.[a-z]|  ", re.ASCII | re.IGNORECASE)
_NOT_WORD = re.compile(r"[\W_]+")


def clean(raw: str) -> tuple[str, list[str], list[str]]:
    """The text as a reader would take it in, the links in it, and the signs of how it was made."""
    if raw.isascii() and not _PLAIN.search(raw):
        return raw.strip().lower(), [], []
    from spamguard.disguise import undisguise

    return undisguise(raw)


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
