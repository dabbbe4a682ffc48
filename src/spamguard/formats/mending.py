"""What can be saved where XML is broken.

A parser knows no more here, so this goes by the tags that the format is made of: a field reaches
up to the next of them. So the marks of a comment that stand inside the text of one are taken at
their word, unless that text is a sound CDATA section; in XML that is well-formed none of this runs.
"""

import html
import re
from typing import NamedTuple

from spamguard.formats.shape import Field, Shape
from spamguard.formats.xmlbytes import Cleaner

_CDATA = b"<![CDATA["
_END = b"]]>"
_ATTRIBUTE = re.compile(r"([\w:.-]{1,80})\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
_STATUS = re.compile(rb"\s*(?:<!\[CDATA\[)?\s*([\w-]*)\s*(?:\]\]>)?\s*")
_BLANK = re.compile(rb"\s*")


class Sections:
    """Finds the ends of CDATA sections; however often it is asked, no byte is searched twice.

    ``base`` is the place of the first byte in the input: what was found holds as bytes are let go.
    """

    def __init__(self, data: bytearray, base: int) -> None:
        self._data = data
        self.base = base
        # Between these places there is no end, and at the second one there is, if it is known.
        self._from = self._to = 0
        self._ends = False

    def end(self, start: int) -> int:
        """Where the section that opens at ``start`` ends; -1 where the bytes at hand do not say."""
        place = start + self.base
        if not self._from <= place <= self._to:
            self._from, self._to, self._ends = place, place, False
        if not self._ends:
            found = self._data.find(_END, max(start, self._to - len(_END) + 1 - self.base))
            self._ends = found >= 0
            self._to = self.base + (found if self._ends else len(self._data))
        return self._to - self.base if self._ends else -1

    def is_sound(self, start: int) -> bool:
        """Whether the section ends, and no other one opens inside it."""
        end = self.end(start)
        return end >= 0 and self._data.find(_CDATA, start + len(_CDATA), end) < 0


def next_start(
    data: bytearray,
    position: int,
    starts: re.Pattern[bytes],
    sections: Sections,
    *,
    final: bool,
) -> tuple[int, str]:
    """Where the next element to go on from begins, and its name.

    Without a name it is the place up to which there is none, as far as the bytes tell by now.
    """
    while found := starts.search(data, position):
        position = found.end()
        if found[1]:
            return found.start(), found[1].decode()
        if sections.end(position) < 0 and not final:
            return found.start(), ""
        if sections.is_sound(found.start()):
            position = sections.end(position) + len(_END)
    return max(position, len(data) - 100), ""


class Mended(NamedTuple):
    """The fields that could be saved of a record, its attributes, and where it ends."""

    fields: list[Field]
    attributes: dict[str, str]
    end: int


def mend(
    data: bytearray, start: int, shape: Shape, cleaner: Cleaner, sections: Sections, *, final: bool
) -> Mended | None:
    """The comment that begins at ``start``, up to the tag that ends it or begins the next one.

    None: it is not all there yet.
    """
    fields: list[Field] = []
    within: list[str] = []
    attributes: dict[str, str] | None = None
    open_tag: re.Match[bytes] | None = None
    position = start
    while True:
        tag = shape.tags.search(data, position)
        if tag is None and not final:
            return None
        if open_tag is not None:
            end = len(data) if tag is None else tag.start()
            fields.append(_field(data, open_tag, end, within, shape, cleaner, sections.base))
            closes = tag is not None and tag[1] and tag[2] == open_tag[2]
            open_tag = None
            if tag is not None and closes:
                position = tag.end()
                continue
        if tag is None:
            return Mended(fields, attributes or {}, len(data))
        name, closing = tag[2].decode(), bool(tag[1])
        position = tag.end()
        if attributes is None:
            attributes = attributes_of(tag, cleaner)
        elif closing and name == shape.comment:
            return Mended(fields, attributes, position)
        elif name in (shape.comment, shape.around):
            return Mended(fields, attributes, tag.start())
        elif name in shape.inner:
            within = [] if closing else [name]
        elif not closing and tag[3].endswith(b"/"):
            path = "/".join((*within, name))
            fields.append(Field(path, "", attributes_of(tag, cleaner)))
        elif not closing:
            open_tag = tag
            position = _after_section(data, position, name, sections)


def _after_section(data: bytearray, position: int, name: str, sections: Sections) -> int:
    """The end of the sound CDATA section that a field consists of, or else where it begins."""
    start = _BLANK.match(data, position).end()  # type: ignore[union-attr]
    if not data.startswith(_CDATA, start) or not sections.is_sound(start):
        return position
    end = sections.end(start) + len(_END)
    after = _BLANK.match(data, end).end()  # type: ignore[union-attr]
    closing = re.compile(rb"</(?:[\w.-]{1,40}:)?" + re.escape(name.encode()) + rb"[\s>]")
    return end if closing.match(data, after) else position


def _field(
    data: bytearray,
    tag: re.Match[bytes],
    end: int,
    within: list[str],
    shape: Shape,
    cleaner: Cleaner,
    base: int,
) -> Field:
    path = "/".join((*within, tag[2].decode()))
    raw = bytes(data[tag.end() : end])
    place = place_of(raw, base + tag.end()) if path == shape.status and cleaner.exact else None
    return Field(path, unwrapped(raw, cleaner), attributes_of(tag, cleaner), place)


def attributes_of(tag: re.Match[bytes], cleaner: Cleaner) -> dict[str, str]:
    return {
        name: html.unescape(value.strip("\"'"))
        for name, value in _ATTRIBUTE.findall(cleaner.text(tag[3][:4096].removesuffix(b"/")))
    }


def unwrapped(raw: bytes, cleaner: Cleaner) -> str:
    """The text of a field, out of its CDATA section or with its entities resolved."""
    text = cleaner.text(raw)
    inside = text.strip()
    if not inside.startswith("<![CDATA["):
        return html.unescape(text)
    inside = inside.removeprefix("<![CDATA[").removesuffix("]]>")
    return inside.replace("]]]]><![CDATA[>", "]]>")


def place_of(raw: bytes, start: int) -> tuple[int, bytes] | None:
    """Where the one word in ``raw`` stands, in a CDATA section or not; None if there are more."""
    found = _STATUS.fullmatch(raw) if len(raw) < 200 else None
    return None if found is None else (start + found.start(1), found[1])
