"""What to look for in XML, and what is found there."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple


class Field(NamedTuple):
    """An element without elements of its own: its path below the record, its text, its place."""

    path: str
    text: str
    attributes: Mapping[str, str] = {}
    place: tuple[int, bytes] | None = None


class Element(NamedTuple):
    """A record: the line it begins in, its fields in order, and what was said around it.

    ``error`` says why there is less in it than there should be.
    """

    name: str
    line: int
    attributes: Mapping[str, str]
    fields: list[Field]
    around: Mapping[str, str]
    error: str | None = None

    def find(self, path: str) -> Field | None:
        return next((one for one in self.fields if one.path == path), None)

    def text(self, path: str) -> str | None:
        """The text of the first field with that path."""
        found = self.find(path)
        return None if found is None else found.text


@dataclass(frozen=True)
class Shape:
    """Where a format keeps its comments. Names are local: without the prefix of a namespace.

    comment: the element that holds a comment.
    others: further elements that are records (a thread that comments refer to).
    inner: elements inside a record that hold elements; all others hold text.
    fields: the names of the elements inside a comment that hold text.
    text: the path of the one that holds what was said.
    around: the element that stands around comments, and ``kept``, what is kept of its children.
    opened: the tags that are open where ``around`` may stand, or else a comment.
    status: the path of the field that says what the blog made of the comment.
    """

    comment: str
    fields: tuple[str, ...]
    text: str
    opened: bytes
    status: str = ""
    others: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    around: str = ""
    kept: tuple[str, ...] = field(default=())

    @cached_property
    def records(self) -> frozenset[str]:
        return frozenset((self.comment, *self.others))

    @cached_property
    def starts(self) -> re.Pattern[bytes]:
        """The beginning of a CDATA section, or of something to go on from."""
        return re.compile(rb"<!\[CDATA\[|" + _tag((*self.records, self.around), closing=False))

    @cached_property
    def starts_within(self) -> re.Pattern[bytes]:
        """The same inside what stands around comments: what is kept of that counts as well."""
        names = (*self.records, self.around, *self.kept)
        return re.compile(rb"<!\[CDATA\[|" + _tag(names, closing=False))

    @cached_property
    def tags(self) -> re.Pattern[bytes]:
        """A tag that has a meaning inside a comment or ends it."""
        names = (self.comment, self.around, *self.others, *self.inner, *self.fields)
        return re.compile(_tag(names, closing=True) + rb"([^<>]*)>")


def _tag(names: Iterable[str], *, closing: bool) -> bytes:
    slash = rb"(/?)" if closing else b""
    known = "|".join(re.escape(name) for name in names if name).encode()
    return rb"<" + slash + rb"(?:[\w.-]{1,40}:)?(" + known + rb")(?=[\s/>])"
