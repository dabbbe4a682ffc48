"""Lists that the owner of a blog writes: authors, e-mail addresses, hosts and phrases, one a line.

A line says what it is by its looks, or by what stands before a colon: ``author: Tom``.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import Final

from spamguard.disguise import LINK, MAIL
from spamguard.errors import InputError
from spamguard.formats.source import Source
from spamguard.traits import Traits, host_of, plain_name, plain_text, tokens

AUTHOR: Final = "author"
EMAIL: Final = "email"
HOST: Final = "host"
PHRASE: Final = "phrase"

_PREFIX = re.compile(rf"({AUTHOR}|{EMAIL}|{HOST}|{PHRASE})\s*:(?!//)\s*(.*)", re.IGNORECASE)
#: One address, or with nothing before the @ all that end so.
_EMAIL = re.compile(r"[^\s@]*@(?:[^\s@.]+\.)+[^\s@.]+")
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_ADDRESS = re.compile(
    r"[a-z]+://\S+|(?:\d{1,3}\.){3}\d{1,3}"
    rf"|(?:\*?\.)?(?:{_LABEL}\.)*(?:[^\W\d_]{{2,}}|xn--[\w-]+)(?:/\S*)?",
    re.IGNORECASE,
)
_PAGE = re.compile(r"(?:[a-z]+://)?+[^/?#]*[/?#].+", re.IGNORECASE)
#: No name, address or phrase is longer.
MOST_ENTRY = 500
#: Of so many further bad lines the numbers are told.
MOST_TOLD = 10


class OwnersList:
    """A file of entries: by kind, and the number of the line that each stands in first."""

    def __init__(self, path: str) -> None:
        self._entries: dict[int, str] = {}
        self._lines: dict[str, dict[str, int]] = {AUTHOR: {}, EMAIL: {}, HOST: {}, PHRASE: {}}
        #: The numbers of tokens in the phrases that begin with a token.
        self._lengths: dict[str, set[int]] = {}
        if path == "-":
            raise InputError("-: a list is read from a file; stdin is for comments")
        with Source(path) as source:
            if source.is_folder:
                raise InputError(f"{path}: is a folder; give a file with one entry a line")
            self._name = source.name
            self._read(source)

    def _read(self, source: Source) -> None:
        problems: list[tuple[int, str]] = []
        for number, line in enumerate(chain.from_iterable(source.line_chunks()), 1):
            entry = line.strip()
            if not entry or entry.startswith("#"):
                continue
            try:
                self._add(entry, number)
            except ValueError as error:
                problems.append((number, str(error)))
        if problems:
            (first, problem), *others = problems
            raise InputError(f"{self._name}: line {first}: {problem}{_more(others)}")

    def _add(self, entry: str, number: int) -> None:
        self._entries[number] = entry
        for kind, key in _parsed(entry):
            self._lines[kind].setdefault(key, number)
            if kind == PHRASE:
                words = key.split(" ")
                self._lengths.setdefault(words[0], set()).add(len(words))

    def reason(self, traits: Traits) -> str | None:
        """The first line that matches a comment, None where none does."""
        number = min(self._matching(traits), default=None)
        if number is None:
            return None
        return f"{self._name}: line {number}: {self._entries[number]}"

    def _matching(self, traits: Traits) -> Iterator[int]:
        authors, emails, hosts, phrases = self._lines.values()
        keys = [
            (authors, [traits.name] if authors else []),
            (emails, _with_domains(traits.emails) if emails else []),
            (hosts, _with_parents(traits.hosts) if hosts else []),
            (phrases, self._phrases_in(traits.tokens) if phrases else []),
        ]
        for known, found in keys:
            yield from (known[key] for key in found if key in known)

    def _phrases_in(self, words: list[str]) -> Iterator[str]:
        """What may be a phrase of the list, at each word that one begins with."""
        for place, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                yield " ".join(words[place : place + length])


def _more(others: list[tuple[int, str]]) -> str:
    """How many more lines are bad, and which."""
    if not others:
        return ""
    numbers = ", ".join(str(number) for number, _ in others[:MOST_TOLD])
    dots = ", ..." if len(others) > MOST_TOLD else ""
    return f" ({len(others):,} more bad lines: {numbers}{dots})"


def _parsed(entry: str) -> list[tuple[str, str]]:
    """What an entry matches: kinds and keys. Raises ValueError that says what is wrong with it."""
    if not entry.isascii() and re.search("[\ud800-\udfff]", entry):
        raise ValueError("is not valid UTF-8; save the list as UTF-8")
    if len(entry) > MOST_ENTRY:
        raise ValueError(f"longer than {MOST_ENTRY} characters: no name, address or phrase")
    prefix = _PREFIX.fullmatch(entry)
    if prefix:
        kind, value = prefix[1].lower(), prefix[2]
        if not value:
            raise ValueError(f"nothing stands after {entry!r}")
        parse = {AUTHOR: _author, EMAIL: _email, HOST: _host, PHRASE: _phrase}[kind]
        return [(kind, parse(value))]
    if _EMAIL.fullmatch(entry):
        return [(EMAIL, _email(entry))]
    if "." in entry and _ADDRESS.fullmatch(entry):
        return [(HOST, _host(entry))]
    # A name and a phrase look alike. What is too little for a phrase may still be a name.
    keys = [(AUTHOR, _author(entry)), (PHRASE, _words(entry))]
    return [(kind, key) for kind, key in keys if key]


def _author(value: str) -> str:
    name = plain_name(value)
    if not name:
        raise ValueError(f"{value!r} shows nothing")
    return name


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError(f"{value!r} is no e-mail address")
    return value.casefold()


def _host(value: str) -> str:
    host = host_of(value.removeprefix("*"))
    if not _HOST.fullmatch(host):
        raise ValueError(f"{value!r} is no host")
    if _PAGE.fullmatch(value):
        raise ValueError(f"{value!r} is a page, and only whole hosts can be listed, as {host!r}")
    return host


def _phrase(value: str) -> str:
    phrase = _words(value)
    if not phrase:
        raise ValueError(f"{value!r} is too little to tell a comment by; write more of it")
    return phrase


def _words(value: str) -> str:
    """The tokens of a phrase, none where they are one letter only, or signs that any text has."""
    has_letter = any(map(str.isalnum, value))
    has_symbol = any(unicodedata.category(character) == "So" for character in value)
    if not has_symbol and not (has_letter and len(value) > 1):
        return ""
    text = plain_text(value)[0]
    if LINK in text or MAIL in text:
        raise ValueError(f"{value!r} holds a link or an e-mail address; list that, or the rest")
    return " ".join(tokens(text))


def _with_domains(emails: list[str]) -> Iterator[str]:
    """The addresses, and for all at the same host what they end with."""
    for email in emails:
        yield email
        yield "@" + email.rpartition("@")[2]


def _with_parents(hosts: set[str]) -> Iterator[str]:
    """The hosts, and those that they are subdomains of."""
    for host in hosts:
        labels = host.split(".")
        for first in range(len(labels)):
            yield ".".join(labels[first:])
