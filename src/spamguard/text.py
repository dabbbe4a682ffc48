"""Raw comments to their views: clean text, the links in it, its author.

A view is a string. What a comment says is read after its disguises are off (``disguise``).
"""

import functools
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Self

from spamguard import kernel, tidying
from spamguard.cells import Cells
from spamguard.records import Columns

#: Longer texts are read at both ends: what a spammer hides behind padding stands at the end.
HEAD, TAIL = 6000, 4000
#: Longer clean texts are also read in windows of about so many characters, a stride apart: spam may
#: stand among innocent words. A window is never longer than LONG.
LONG, WINDOW, STRIDE = 240, 160, 80
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

    def name_only(self) -> Iterator[bool]:
        """Whether each comment has a name from a form that asks for no address, as those of videos
        and social media are."""
        return (
            not site and author not in ("", EMPTY)
            for author, site in zip(self.author, self.site, strict=True)
        )


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


class CleanTexts(Sequence[str]):
    """Texts as runs of code points in one buffer, each with a blank at either end."""

    def __init__(self, raws: Sequence[str], speed: kernel.Interpreted) -> None:
        self._speed = speed
        self._buffers: list[Any] = []
        self._starts: list[int] = []
        self._size = 0
        everywhere = speed.places(range(len(raws)))
        self.begins, self.ends, self.needs = (speed.places(range(len(raws))) for _ in range(3))
        self._put(everywhere, raws, plain=False)

    def replace(self, places: Sequence[int], texts: Sequence[str], *, plain: bool = True) -> None:
        """Put other texts in some places, by default such without disguise."""
        self._put(self._speed.places(places), texts, plain=plain)

    def _put(self, places: Any, texts: Sequence[str], *, plain: bool) -> None:
        codes, begins, ends = runs(texts, self._speed)
        tidy = self._speed.numbers(len(codes) + 2 * len(texts))
        size = self._speed.tidy_texts(
            codes, begins, ends, plain, self._speed.table, self._speed.letters,
            tidy, places, self._size, self.begins, self.ends, self.needs,
        )  # fmt: skip
        self._buffers.append(tidy[:size])
        self._starts.append(self._size)
        self._size += size

    def needing(self, need: int) -> list[int]:
        """The places of the texts that need that, or any of that."""
        return self._speed.having(self.needs, need)

    @property
    def codes(self) -> Any:
        if len(self._buffers) > 1:
            self._buffers, self._starts = [self._speed.joined(self._buffers)], [0]
        return self._buffers[0]

    @property
    def longest(self) -> int:
        return self._speed.longest(self.begins, self.ends)

    def __len__(self) -> int:
        return len(self.begins)

    def __getitem__(self, place: Any) -> Any:
        begin, end = self.begins[place], self.ends[place]
        number = bisect_right(self._starts, begin) - 1
        start = self._starts[number]
        return kernel.decoded(self._buffers[number][begin - start : end - start])

    def __iter__(self) -> Iterator[str]:
        whole = kernel.decoded(self.codes)
        borders = zip(self.begins.tolist(), self.ends.tolist(), strict=True)
        return (whole[begin:end] for begin, end in borders)


def longest(strings: Sequence[str]) -> int:
    """At least the length of the longest of some strings, 0 if there is none."""
    if isinstance(strings, Cells | CleanTexts):
        return strings.longest
    return max(map(len, strings), default=0)


def runs(strings: Sequence[str], speed: kernel.Interpreted) -> tuple[Any, Any, Any]:
    """Strings as the kernel takes them: code points, and where each string begins and ends."""
    if isinstance(strings, CleanTexts):
        return strings.codes, strings.begins, strings.ends
    return strings.codes() if isinstance(strings, Cells) else speed.codes(strings)


def windows(codes: Any, begins: Any, ends: Any, speed: kernel.Interpreted) -> tuple[Any, Any, Any]:
    """The windows of the long ones among some texts: which text each is of, where it begins, and
    where it ends. They begin and end at blanks, if any are near."""
    most = range(len(codes) // STRIDE + len(begins))
    found = texts, firsts, lasts = speed.places(most), speed.places(most), speed.places(most)
    count = speed.cut_windows(codes, begins, ends, LONG, WINDOW, STRIDE, *found)
    return texts[:count], firsts[:count], lasts[:count]


def clean(raws: Sequence[str], speed: kernel.Interpreted) -> tuple[CleanTexts, dict[int, Found]]:
    """The texts as a reader would take them in, and what was found in some, by their places."""
    found: defaultdict[int, Found] = defaultdict(Found.nothing)
    texts = CleanTexts(raws, speed)
    new = texts.needing(tidying.NEW)
    if new:
        from spamguard.letters import plain_letter

        again = [raws[place] for place in new]
        speed.learn({letter: plain_letter(letter) for letter in set().union(*again)})
        texts.replace(new, again, plain=False)
    undisguised: dict[int, str] = {}
    marked = texts.needing(tidying.MARKED)
    if marked:
        from spamguard.disguise import undisguise

        room = Found.nothing()
        for place in marked:
            undisguised[place] = undisguise(raws[place], *room)
            if room.links or room.signs:
                found[place], room = room, Found.nothing()
        texts.replace(marked, list(undisguised.values()))
    if texts.needing(tidying.ODD):
        from spamguard import spelling

        spaced = texts.needing(tidying.SPACED)
        if spaced:  # words are told apart by wider gaps, so blanks are as they were written
            from spamguard.disguise import undisguise

            joined = [
                spelling.joined(
                    undisguised.get(place) or undisguise(raws[place], [], [], []),
                    found[place].signs,
                )
                for place in spaced
            ]
            texts.replace(spaced, joined)
        odd = texts.needing(tidying.LEET | tidying.STRETCHED)
        if odd:
            texts.replace(odd, [_plainly(texts, place, found[place].signs) for place in odd])
    return texts, found


def _plainly(texts: CleanTexts, place: int, signs: list[str]) -> str:
    """One of the texts, spelled as anyone spells it."""
    from spamguard import spelling

    text, need = texts[place], texts.needs[place]
    if need & tidying.LEET:
        text = spelling.without_leet(text, signs)
    return spelling.shortened(text) if need & tidying.STRETCHED else text


@functools.lru_cache(1 << 12)
def address_words(address: str) -> str:
    """The telling parts of a URL: its ending, the words of its host and of its path."""
    scheme, colon, rest = address.lower().partition(":")
    bare = rest.lstrip("/") if colon and scheme.isalpha() and scheme.isascii() else address.lower()
    host, _, path = bare.removeprefix("www.").partition("/")
    name, dot, ending = host.rpartition("@")[2].partition(":")[0].rpartition(".")
    words = [dot + ending] if dot else []
    words += [f"@{word}" for word in _WORD.findall(name)]
    words += [f"/{word}" for word in _WORD.findall(path)[:20]]
    words.append("path" if path else "root")
    return " ".join(words)


def views(comments: Columns, speed: kernel.Interpreted) -> Views:
    """The views of many comments at once."""
    raws, names, addresses = comments
    if longest(raws) > HEAD + TAIL:
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
            authors[place] = EMPTY if name.isspace() else name
            keywords[place] = f"{name}{keywords[place]}"
    for place, address in enumerate(addresses):
        if address is not None:
            site = address[:_MOST_ADDRESS].strip().lower()
            sites[place] = address_words(site) if site else EMPTY
            keywords[place] = f"{keywords[place]} {site}"
    keywords = [" ".join(_WORD.findall(words)) if words else "" for words in keywords]
    return Views(texts, links, signs, authors, sites, keywords)


def _clipped(raw: str) -> str:
    return raw if len(raw) <= HEAD + TAIL else f"{raw[:HEAD]} {raw[-TAIL:]}"
