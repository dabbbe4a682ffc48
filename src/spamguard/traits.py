"""What a comment can be known by: its author, the addresses and hosts in it, and its words.

All of it without disguise: entities, strange letters, hidden characters and the like are off.
"""

import html
import re
from functools import cached_property
from urllib.parse import unquote

from spamguard import spelling
from spamguard.disguise import mail_addresses, undisguise
from spamguard.letters import plain_letters
from spamguard.records import Comment

#: Scripts without blanks between words, which are read letter by letter.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
#: Vowels and points that are no letters to Python, but stand inside words.
_INSIDE = "\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}]|[{_INSIDE}])+|\S")
_SCHEME = re.compile(r"(?:[a-z]+:)?/*")
_AFTER_HOST = re.compile(r"[/?#\\]")
#: No address and no name that is looked up is longer.
MOST_HOST, MOST_NAME = 253, 500


class Traits:
    """A comment, taken apart as far as somebody asks."""

    def __init__(self, comment: Comment) -> None:
        self._comment = comment

    @cached_property
    def _plain(self) -> tuple[str, list[str]]:
        return plain_text(self._comment.text)

    @cached_property
    def tokens(self) -> list[str]:
        """The words of the text, and each other sign in it."""
        return tokens(self._plain[0])

    @cached_property
    def link_hosts(self) -> set[str]:
        """The hosts of the links in the text."""
        return {host_of(link) for link in self._plain[1]}

    @cached_property
    def hosts(self) -> set[str]:
        """The hosts of the links in the text, of the author's address and of links in his name."""
        address, name = self._comment.author_url or "", (self._comment.author or "")[:MOST_NAME]
        return {*self.link_hosts, *map(host_of, [address, *plain_text(name)[1]])} - {""}

    @cached_property
    def name(self) -> str:
        return plain_name(self._comment.author or "")

    @cached_property
    def emails(self) -> list[str]:
        """The author's e-mail address, and those in the text."""
        own = (self._comment.author_email or "").strip().casefold()
        return [own, *mail_addresses(self._comment.text)]


def plain_text(raw: str) -> tuple[str, list[str]]:
    """A text without disguise, as ``text.clean`` gives it for many at once, and the links in it."""
    links: list[str] = []
    text = spelling.joined(undisguise(raw, links, [], []), [])
    return spelling.shortened(spelling.without_leet(" ".join(text.split()), [])), links


def tokens(text: str) -> list[str]:
    """The words of a text without disguise, and each other sign in it."""
    return _TOKEN.findall(text)


def plain_name(name: str) -> str:
    """A name as it is compared."""
    return " ".join(plain_letters(html.unescape(name[:MOST_NAME]), []).casefold().split())


def host_of(address: str) -> str:
    """The host that an address leads to, without ``www.``."""
    plain = unquote(plain_letters(address[: 2 * MOST_HOST].strip(), [])).casefold()
    begin = _SCHEME.match(plain)
    rest = plain[begin.end() :] if begin else plain
    host = _AFTER_HOST.split(rest, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]
    return host.strip(".").removeprefix("www.")
