"""Bytes of XML as a parser takes them: cleaned, and every one in its place."""

import codecs
import re
from collections.abc import Callable, Iterator

from spamguard.formats.source import Source

Note = Callable[[int, str], None]


class Cleaner:
    """The bytes of a source as expat takes them, each in its place.

    Control characters become blanks. What is no valid UTF-8 becomes DEL, byte by byte, which
    ``text`` shows as U+FFFD. Other encodings go through expat where they have a byte a character,
    and are translated where they have not; then places mean nothing (``exact`` is false).
    """

    def __init__(self, source: Source, note: Note) -> None:
        self._source = source
        self._note = note
        source.fill()
        self.codec = self._codec_of(source.beginning())
        self.exact = self.codec == "utf-8" or _is_single_byte(self.codec)
        self.replaced = False
        self._table = _blanks("latin-1" if self.codec == "utf-8" or not self.exact else self.codec)
        self._line = 1

    def _codec_of(self, head: bytes) -> str:
        """What the bytes are by their byte order mark, by their looks, or as they say."""
        if self._source.bom:
            return self._source.encoding
        found = _DECLARED.match(head)
        try:
            codec = codecs.lookup(found[1].decode() if found else "utf-8")
        except LookupError:
            return "utf-8"
        # What can be read here is no UTF-16 or UTF-32, whatever it says.
        if not codec._is_text_encoding or codec.name.startswith(("ascii", "utf")):  # noqa: SLF001
            return "utf-8"
        if not head.isascii() and _is_utf8(head):
            self._note(1, f"is UTF-8, not {codec.name} as it says")
            return "utf-8"
        return codec.name

    @property
    def expat_encoding(self) -> str:
        return self.codec if self.exact else "utf-8"

    def text(self, data: bytes) -> str:
        """Clean bytes, decoded."""
        return self.shown(data.decode(self.expat_encoding, "replace"))

    def shown(self, text: str) -> str:
        if not self.replaced or "\x7f" not in text:
            return text
        self._source.replaced += 1
        return text.replace("\x7f", "\ufffd")

    def chunks(self) -> Iterator[bytes]:
        if self.codec == "utf-8":
            pieces = _whole_characters(self._source.byte_chunks())
        elif self.exact:
            pieces = self._source.byte_chunks()
        else:
            pieces = self._translated()
        for data in pieces:
            yield self._clean(data)
            self._line += data.count(b"\n")

    def _translated(self) -> Iterator[bytes]:
        decode = codecs.getincrementaldecoder(self.codec)("replace").decode
        for data in self._source.byte_chunks():
            yield decode(data).encode("utf-8", "replace")
        yield decode(b"", True).encode("utf-8", "replace")

    def _clean(self, data: bytes) -> bytes:
        clean = data.translate(self._table)
        if clean != data:
            self._met(data, clean, "control characters, read as blanks")
        if self.codec == "utf-8" and not clean.isascii():
            valid = _as_utf8(clean)
            if valid != clean:
                self.replaced = True
                self._met(clean, valid, "bytes that are not UTF-8, read as U+FFFD")
            return valid
        return clean

    def _met(self, before: bytes, after: bytes, kind: str) -> None:
        place = next(i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b)
        self._note(self._line + before.count(b"\n", 0, place), kind)


_DECLARED = re.compile(rb"[^<]{0,64}<\?xml[^<>]{0,200}?encoding=[\"']([\w.-]{1,40})[\"']")


def _is_single_byte(codec: str) -> bool:
    try:
        return len(bytes(range(32, 127)).decode(codec)) == 95 and (
            len(bytes(range(128, 256)).decode(codec, "replace")) == 128
        )
    except (LookupError, ValueError):
        return False


def _blanks(codec: str) -> bytes:
    """The table that turns into blanks what XML does not allow."""
    table = bytearray(range(256))
    for byte in (*range(9), 11, 12, *range(14, 32)):
        table[byte] = 32
    for byte in range(128, 256):
        if bytes([byte]).decode(codec, "replace") == "\ufffd":
            table[byte] = 32
    return bytes(table)


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _whole_characters(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, but no character is cut in two."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        cut = len(data)
        while cut > max(0, len(data) - 4) and data[cut - 1] & 0xC0 == 0x80:
            cut -= 1
        cut = cut - 1 if cut and data[cut - 1] >= 0xC0 else len(data)
        rest = data[cut:]
        yield data[:cut]
    yield rest


_NOT_CHARACTERS = re.compile("[\udc80-\udcff]|[\ufffe\uffff]")


def _as_utf8(data: bytes) -> bytes:
    """The bytes with DEL for each that expat would not take."""
    try:
        text = data.decode()
        if b"\xef\xbf\xbe" not in data and b"\xef\xbf\xbf" not in data:
            return data
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    return _NOT_CHARACTERS.sub(_as_long, text).encode()


def _as_long(found: re.Match[str]) -> str:
    """DEL for each byte: a surrogate stands for one, a character that is none for three."""
    return "\x7f" if found[0] < "\ue000" else "\x7f\x7f\x7f"
