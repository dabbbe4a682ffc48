"""Raw comments to their views: clean text, the links in it, its author.

A view is a string. What a comment says is read after its disguises are off (``disguise``).
"""

import functools
import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Self

from spamguard import kernel
from spamguard.records import Columns

#: Longer texts are read at both ends: what a spammer hides behind padding stands at the end.
HEAD, TAIL = 6000, 4000
_MOST_NAME, _MOST_ADDRESS, _MOST_LINKS = 200, 500, 20
#: The view of a field that was left empty, which says something; "" is a field that is not there.
EMPTY = "-"

_WORD = re.compile(r"[^\W_]+")


class Views(NamedTuple):
    """What the blocks read of some comments: each view holds one string a comment, empty where the
    comment has nothing to show."""

    text: Sequence[str]
    links: Sequence[str]
    signs: Sequence[str]
    author: Sequence[str]
    site: Sequence[str]
    keywords: Sequence[str]


class Found(NamedTuple):
    """What was found while a text was cleaned.

    links: the addresses in it. forms: how they were written, ``html`` or ``bbcode``.
    signs: what shows that something was disguised.
    """

    links: list[str]
    forms: list[str]
    signs: list[str]

    @classmethod
    def nothing(cls) -> Self:
        return cls([], [], [])


def clean(raws: Sequence[str], speed: kernel.Interpreted) -> tuple[list[str], dict[int, Found]]:
    """The texts as a reader would take them in, and what was found in some, by their places."""
    untidy = list(raws)
    found: defaultdict[int, Found] = defaultdict(Found.nothing)
    texts, needs = _tidy(untidy, speed, plain=False)

    def tidy_again(places: list[int]) -> None:
        again = _tidy([untidy[place] for place in places], speed, plain=True)
        for place, text, need in zip(places, *again, strict=True):
            texts[place], needs[place] = text, need

    marked = [place for place, need in enumerate(needs) if need & kernel.MARKED]
    if marked:
        from spamguard.disguise import undisguise

        for place in marked:
            untidy[place] = undisguise(untidy[place], *found[place])
        tidy_again(marked)
    odd = [place for place, need in enumerate(needs) if need]
    if odd:
        from spamguard import spelling

        spaced = [place for place in odd if needs[place] & kernel.SPACED]
        for place in spaced:
            untidy[place] = spelling.joined(untidy[place].lower(), found[place].signs)
        tidy_again(spaced)
        for place in odd:
            if needs[place] & kernel.LEET:
                texts[place] = spelling.without_leet(texts[place], found[place].signs)
            if needs[place] & kernel.STRETCHED:
                texts[place] = spelling.shortened(texts[place])
    return texts, found


def _tidy(
    raws: Sequence[str], speed: kernel.Interpreted, *, plain: bool
) -> tuple[list[str], list[int]]:
    """``kernel.tidy_texts`` for strings."""
    codes, offsets = speed.codes(raws)
    tidy, ends, needs = map(speed.numbers, (len(codes), len(raws), len(raws)))
    speed.tidy_texts(codes, offsets, plain, speed.classes, tidy, ends, needs)
    places = [0, *ends.tolist()]
    whole = kernel.decoded(tidy[: places[-1]])
    return [whole[begin:end] for begin, end in pairwise(places)], needs.tolist()


@functools.lru_cache(1 << 12)
def address_words(address: str) -> str:
    """The telling parts of a URL: its ending, the words of its host and of its path."""
    address = re.sub(r"^[a-z]+:/*", "", address.lower()).removeprefix("www.")
    host, _, path = address.partition("/")
    labels = host.split("@")[-1].split(":")[0].split(".")
    words = [f".{labels[-1]}"] if len(labels) > 1 else []
    words += [f"@{word}" for label in labels[:-1] for word in _WORD.findall(label)]
    words += [f"/{word}" for word in _WORD.findall(path)[:20]]
    words.append("path" if path else "root")
    return " ".join(words)


def views(comments: Columns, speed: kernel.Interpreted) -> Views:
    """The views of many comments at once."""
    raws, names, addresses = comments
    if max(map(len, raws), default=0) > HEAD + TAIL:
        raws = list(map(_clipped, raws))
    texts, found = clean(raws, speed)
    links, signs, authors, sites, keywords = ([""] * len(raws) for _ in range(5))
    for place, (urls, forms, seen) in found.items():
        if seen:
            signs[place] = " ".join(seen)
        if urls:
            counted = f"links:{min(len(urls), 9)}"
            words = map(address_words, urls[:_MOST_LINKS])
            links[place] = " ".join([*forms, counted, *words])
            keywords[place] = " ".join(urls[:_MOST_LINKS])
    named = [(place, name[:_MOST_NAME]) for place, name in enumerate(names) if name is not None]
    if named:
        clean_names, _ = clean([name for _, name in named], speed)
        for (place, _), name in zip(named, clean_names, strict=True):
            authors[place] = f" {name} " if name else EMPTY
            keywords[place] = f"{name} {keywords[place]}"
    for place, address in enumerate(addresses):
        if address is not None:
            site = address[:_MOST_ADDRESS].strip().lower()
            sites[place] = address_words(site) if site else EMPTY
            keywords[place] = f"{keywords[place]} {site}"
    keywords = [" ".join(_WORD.findall(words)) if words else "" for words in keywords]
    return Views([f" {text} " for text in texts], links, signs, authors, sites, keywords)


def _clipped(raw: str) -> str:
    return raw if len(raw) <= HEAD + TAIL else f"{raw[:HEAD]} {raw[-TAIL:]}"
