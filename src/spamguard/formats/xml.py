"""Elements out of XML that need not be well-formed, a chunk at a time, with their places.

Expat reads what it can. Where it gives up, ``mending`` saves the comment that stands open, and
expat is set to work again behind it, or else where the next one begins.
"""

import re
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from spamguard.errors import InputError
from spamguard.formats.export import MOST_TEXT
from spamguard.formats.mending import Sections, mend, next_start, place_of
from spamguard.formats.shape import Element, Field, Shape
from spamguard.formats.source import Source
from spamguard.formats.xmlbytes import Cleaner, Note

#: A tag longer than this is an attack: expat before 2.6 takes quadratic time over it.
MOST_TOKEN: Final = 4 << 20
#: Expat is given so much at once, so that little is given in vain if it soon gives up.
SLICE: Final = 1 << 16
#: Nor do real files break so often with no comment in between.
MOST_BREAKS: Final = 50_000
#: An element that is still open after so many bytes is given up.
MOST_ELEMENT: Final = 2 * MOST_TEXT
#: Expat keeps every tag that is open and every name that it met.
MOST_DEPTH: Final = 256
MOST_NAMES: Final = 20_000

#: What expat says when the input ends too early.
_ENDED: Final = (
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
)
_START_TAG: Final = re.compile(rb"<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")


class _GivenUp(Exception):  # noqa: N818 - it never leaves this module
    """What expat would bear but nobody should."""


class _LocalNames(dict[str, str]):
    def __missing__(self, name: str) -> str:
        if len(self) > MOST_NAMES:
            self.clear()
        self[name] = local = name.rpartition(":")[2]
        return local


class Elements:
    """The records in a source, in lists as they come; ``note`` is told of what is broken.

    Places count the unzipped bytes of the source, its byte order mark included.
    """

    def __init__(self, source: Source, shape: Shape, note: Note) -> None:
        self.shape = shape
        self.note = note
        self.cleaner = Cleaner(source, note)
        self.name = source.name
        #: Names without the prefix of their namespace.
        self.local = _LocalNames()
        #: What was said around the comments that are read now.
        self.around: dict[str, str] = {}
        #: Records that were read and not yet handed out, and where the last one ends.
        self.ready: list[Element] = []
        self.done_to = 0
        # The bytes that may still be asked for, and where they begin.
        self._window = bytearray()
        self._base = len(source.bom)
        self._sections = Sections(self._window, self._base)
        # A place, and the line it is in: lines are counted from there.
        self._counted = self._base
        self._line = 1
        # Expat at work and up to where it was fed, or else a comment to mend or a place to look
        # for the next one from.
        self._run: _Run | None = _Run(self, self._base, 1, b"")
        self._fed = self._base
        self._torn: _Run | None = None
        self._wait_for = 0
        self._seek = self._base
        self._within = False  # of what stands around comments
        # How often expat gave up since a record was read.
        self._breaks = 0
        self._done_before = 0

    def __iter__(self) -> Iterator[list[Element]]:
        for data in self.cleaner.chunks():
            self._window += data
            self._work(final=False)
            yield self._taken()
        self._work(final=True)
        yield self._taken()

    def give(self, element: Element) -> None:
        """Hand out a record, and say so if something of it has to be left behind."""
        texts = sum(field.path == self.shape.text for field in element.fields)
        if texts > 1:
            self.note(element.line, "a comment with more than one text; the first is taken")
        self.ready.append(element)

    def _taken(self) -> list[Element]:
        taken, self.ready = self.ready, []
        return taken

    def bytes_at(self, start: int, end: int) -> bytes:
        return bytes(self._window[start - self._base : end - self._base])

    def _line_at(self, place: int) -> int:
        start, end = self._counted - self._base, place - self._base
        if start <= end:
            self._line += self._window.count(b"\n", start, end)
        else:
            self._line -= self._window.count(b"\n", end, start)
        self._counted = place
        return self._line

    def _work(self, *, final: bool) -> None:
        """Do all that can be done with the bytes that are there."""
        while self._run is not None or self._go_on(final=final):
            run = self._run
            assert run is not None  # noqa: S101 - for the type checker
            try:
                self._feed(run, final=final)
                break
            except (expat.ExpatError, _GivenUp) as error:
                self._broken(run, error)
        self._forget()

    def _feed(self, run: "_Run", *, final: bool) -> None:
        while data := self.bytes_at(self._fed, self._fed + SLICE):
            self._fed += len(data)
            run.parse(data, final=False)
            self._check(run)
        if final:
            run.parse(b"", final=True)

    def _check(self, run: "_Run") -> None:
        if self._fed - run.place() > MOST_TOKEN:
            raise _GivenUp(f"a tag of more than {MOST_TOKEN >> 20} MiB")
        if run.begun is not None and self._fed - run.begun > MOST_ELEMENT:
            raise _GivenUp(f"a comment of more than {MOST_ELEMENT >> 20} MiB")
        if run.names() > MOST_NAMES:
            raise InputError(f"{self.name}: more than {MOST_NAMES:,} names of elements: no export")

    def _broken(self, run: "_Run", error: Exception) -> None:
        """Take note of what expat met, and where to go on."""
        self._run = None
        self._breaks = self._breaks + 1 if self.done_to == self._done_before else 0
        self._done_before = self.done_to
        if self._breaks > MOST_BREAKS:
            raise InputError(
                f"{self.name}: line {self._line_at(self._fed)}: broken in more than"
                f" {MOST_BREAKS:,} places without a comment between them: no export"
            )
        if isinstance(error, expat.ExpatError):
            ended = error.code in _ENDED and run.error_place() >= self._fed
            kind = "ends too early" if ended else expat.ErrorString(error.code)
            place = min(max(run.error_place(), self._base), self._fed)
        else:
            kind, place = str(error), run.place()
        self.note(self._line_at(place), kind)
        self._seek = max(run.last + 1, self.done_to, self._seek)
        self._within = run.leave()
        if run.begun is None or run.record != self.shape.comment:
            return
        if isinstance(error, _GivenUp):
            self.give(Element(run.record, run.line, {}, [], self.around, kind))
        else:
            self._torn, self._wait_for = run, 0

    def _go_on(self, *, final: bool) -> bool:
        """Find a place to go on from; false when the bytes at hand hold none."""
        if self._torn is not None:
            return self._mend(self._torn, final=final)
        final = final or len(self._window) > MOST_ELEMENT
        starts = self.shape.starts_within if self._within else self.shape.starts
        at, name = next_start(
            self._window, self._seek - self._base, starts, self._sections, final=final
        )
        self._seek = self._base + at
        if name:
            self._begin(self._seek, inside=name != self.shape.around)
            self._seek += 1  # never again from here
        return bool(name)

    def _mend(self, torn: "_Run", *, final: bool) -> bool:
        """Save what is there of a comment that expat gave up in; false to wait for more bytes."""
        assert torn.begun is not None  # noqa: S101 - for the type checker
        if len(self._window) < self._wait_for and not final:
            return False
        start = torn.begun - self._base
        final = final or len(self._window) - start > MOST_ELEMENT
        mended = mend(self._window, start, self.shape, self.cleaner, self._sections, final=final)
        if mended is None:
            self._wait_for = 2 * len(self._window)
            return False
        self._torn = None
        self.give(Element(torn.record, torn.line, mended.attributes, mended.fields, self.around))
        self.done_to = self._base + mended.end
        self._begin(self.done_to, inside=True)
        return True

    def _begin(self, place: int, *, inside: bool) -> None:
        """Set expat to work at a place, as if what stands around it in a sound file was there."""
        opened = self.shape.opened
        if inside and self.shape.around:
            opened += b"<%s>" % self.shape.around.encode()
        self._run = _Run(self, place, self._line_at(place), opened)
        self._fed = place

    def _forget(self) -> None:
        """Let go of the bytes that nobody will ask for."""
        if self._run is not None:
            if self._fed - self._run.last > MOST_ELEMENT:
                self._run.last = self._run.place()
            keep = min(self._run.last, self._run.place())
            keep = keep if self._run.begun is None else min(keep, self._run.begun)
        elif self._torn is not None:
            keep = self._torn.begun or 0
        else:
            keep = self._seek
        count = min(keep - self._base, len(self._window))
        if count > 0:
            self._line_at(max(self._counted, self._base + count))
            self._base += count
            self._sections.base = self._base
            del self._window[:count]


class _Run:
    """Expat on a stretch of bytes that it can read: turns what it tells into records.

    begun: where the record that is open begins, None where none is; then also its name and line.
    last: where the last start tag stands.
    """

    def __init__(self, owner: Elements, place: int, line: int, opened: bytes) -> None:
        self._owner = owner
        self._shape = owner.shape
        self.begun: int | None = None
        self.record = ""
        self.line = 0
        self.last = place - 1
        self._attributes: dict[str, str] = {}
        self._fields: list[Field] = []
        self._error: str | None = None
        self._within: list[str] = []
        self._depth = 0
        self._around = bool(opened) and opened.endswith(b"<%s>" % self._shape.around.encode())
        # The element that holds text: its name, where its tag begins, its attributes, and how
        # many elements are open inside it.
        self._leaf = ""
        self._leaf_at = 0
        self._leaf_attributes: dict[str, str] = {}
        self._inside = 0
        self._markup = False
        self._parts: list[str] = []
        self._length = 0
        self._expat = expat.ParserCreate(owner.cleaner.expat_encoding)
        self._expat.buffer_text = True
        self._expat.Parse(opened, False)
        self._shift = place - len(opened)
        self._lines = line - 1
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.CommentHandler = self._comment
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._expat.EntityDeclHandler = self._refuse

    def parse(self, data: bytes, *, final: bool) -> None:
        self._expat.Parse(data, final)

    def place(self) -> int:
        """Where expat is; before it got anywhere, where it began."""
        return max(self._expat.CurrentByteIndex + self._shift, self.last)

    def error_place(self) -> int:
        return self._expat.ErrorByteIndex + self._shift

    def names(self) -> int:
        return len(self._expat.intern)

    def leave(self) -> bool:
        """Keep what was read of a text around comments; whether expat was among such texts."""
        if self._leaf and self.begun is None:
            self._owner.around.setdefault(self._leaf, "".join(self._parts))
        return self._around

    def _refuse(self, *_: object) -> None:
        raise InputError(
            f"{self._owner.name}: line {self._line_now()}: declares a document type (DTD); no blog"
            " writes that, and entities can be bombs, so it is not read"
        )

    def _line_now(self) -> int:
        return self._expat.CurrentLineNumber + self._lines

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.last = self._expat.CurrentByteIndex + self._shift
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise _GivenUp(f"more than {MOST_DEPTH} elements inside each other")
        name = self._owner.local[name]
        if self._leaf:
            if self.begun is not None or name not in self._shape.records:
                self._inside += 1
                self._markup = True
                return
            self.leave()  # its end is missing: no comment stands inside a title
            self._leaf = ""
        if self.begun is not None:
            if name in self._shape.inner:
                self._within.append(name)
            else:
                self._open_leaf(name, attributes)
        elif name in self._shape.records:
            self.begun, self.record, self.line = self.last, name, self._line_now()
            self._attributes, self._fields, self._error = attributes, [], None
        elif name == self._shape.around:
            self._owner.around, self._around = {}, True
        elif self._around and name in self._shape.kept:
            self._open_leaf(name, attributes)

    def _open_leaf(self, name: str, attributes: dict[str, str]) -> None:
        self._leaf, self._leaf_at, self._leaf_attributes = name, self.last, attributes
        self._inside, self._markup, self._parts, self._length = 0, False, [], 0

    def _text(self, text: str) -> None:
        if self._leaf and self._length <= MOST_TEXT:
            self._parts.append(text)
            self._length += len(text)
        elif self.begun is not None and not self._leaf and not text.isspace():
            self._owner.note(self._line_now(), "text between the fields of a comment, left out")

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._leaf:
            if self._inside:
                self._inside -= 1
            else:
                self._close_leaf()
        elif self._within:
            self._within.pop()
        elif self.begun is not None:
            self._owner.done_to = self._expat.CurrentByteIndex + self._shift
            self._owner.give(
                Element(
                    self.record,
                    self.line,
                    self._attributes,
                    self._fields,
                    self._owner.around,
                    self._error,
                )
            )
            self.begun = None
        elif self._around and self._owner.local[name] == self._shape.around:
            self._around = False

    def _close_leaf(self) -> None:
        text = self._parts[0] if len(self._parts) == 1 else "".join(self._parts)
        if self._owner.cleaner.replaced:
            text = self._owner.cleaner.shown(text)
        name, self._leaf = self._leaf, ""
        if self._length > MOST_TEXT:
            self._too_long(name)
        if self.begun is None:
            self._owner.around.setdefault(name, text)
            return
        path = "/".join((*self._within, name)) if self._within else name
        place = None
        if self._markup or path == self._shape.status:
            raw = self._inner_bytes()
            if self._markup and raw is not None:
                text = self._owner.cleaner.text(raw)
            elif raw is not None and self._owner.cleaner.exact:
                place = place_of(raw, self._expat.CurrentByteIndex + self._shift - len(raw))
        if "![CDATA[" in text and self._shape.starts.search(text.encode(errors="replace"), 9):
            self._owner.note(self.line, "a text with the marks of another comment in it")
        self._fields.append(Field(path, text, self._leaf_attributes, place))

    def _too_long(self, name: str) -> None:
        kind = f"a {name} of more than {MOST_TEXT >> 20} MiB"
        self._owner.note(self._line_now(), kind)
        if self.begun is not None:
            self._error = kind

    def _inner_bytes(self) -> bytes | None:
        """The bytes between the tags of the leaf, None for a tag that closes itself."""
        raw = self._owner.bytes_at(self._leaf_at, self._expat.CurrentByteIndex + self._shift)
        tag = _START_TAG.match(raw)
        return None if tag is None or tag[0].endswith(b"/>") else raw[tag.end() :]

    def _comment(self, text: str) -> None:
        if self._shape.starts.search(text.encode(errors="replace")):
            self._owner.note(self._line_now(), "comments inside <!-- -->, left out")
