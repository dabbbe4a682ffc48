"""Bytes from a file or a pipe to lines of text, a chunk at a time."""

import codecs
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Self

from spamguard.errors import InputError, OutputError
from spamguard.formats.record import visible

#: What one read asks for. A pipe gives what it has, so a live one is answered line by line.
CHUNK = 1 << 18
#: What a pipe holds at most on Linux. A read this full means that more is waiting.
FULL_PIPE = 1 << 16
#: From here on, loading the compiled kernel pays.
HEAVY = 1 << 17
#: Where the kind of an input must have shown.
HEAD = 1 << 16
#: Deflated comments shrink 3- to 20-fold. What grows more than this, and is large, is a bomb.
MOST_GROWTH = 250
SMALL = 64 << 20
#: What is read from a pipe for a reader that has to jump about is kept in a file up to this size.
MOST_SPOOLED = 4 << 30

_GZIP = b"\x1f\x8b"
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_ZIP = b"PK\x03\x04"
_MAGIC = (_GZIP, _ZIP, *_BOMS)


class Source:
    """An input, opened: its name for messages, its first bytes, and its lines.

    Bytes that are not UTF-8 become lone surrogates (``surrogateescape``), so that a line can be
    written back as it was. A byte order mark is taken off and kept in ``bom``. ``stream`` gives
    the bytes of something inside another source, which ``path`` then only names.
    """

    def __init__(self, path: str, stream: BinaryIO | None = None) -> None:
        self.name = "stdin" if path == "-" else path
        self.path = None if path == "-" or stream is not None else path
        #: True for a folder, which has no bytes: a reader of folders goes by ``path``.
        self.is_folder = self.path is not None and os.path.isdir(self.path)
        self._owned = path != "-" or stream is not None
        self._raw: BinaryIO = self._open(path) if stream is None else stream
        #: Bytes in the file as it lies on disk, 0 where that is unknown.
        self.size = self._regular_size()
        self._stream: BinaryIO = self._raw
        self._packed: _Rejoined | None = None
        self._unpacked = 0
        self._spooled = ""
        self._held = self._read()
        self._read_on(self._may_be_magic)
        #: True when there is much to read: a large file, or a pipe that was found full.
        self.heavy = self.size > HEAVY or len(self._held) >= FULL_PIPE
        if self._held.startswith(_GZIP):
            self._unzip()
        #: How many texts held what is not valid in their encoding.
        self.replaced = 0
        self.is_zip = self._held.startswith(_ZIP)
        self.encoding = "utf-8"
        self.bom = b""
        for bom, encoding in _BOMS.items():
            if self._held.startswith(bom):
                self.bom, self.encoding = bom, encoding
                self._held = self._held[len(bom) :]

    def _open(self, path: str) -> BinaryIO:
        if path == "-":
            if sys.stdin is None:
                raise InputError("stdin: is closed; give a file")
            return sys.stdin.buffer
        if self.is_folder:
            return io.BytesIO()
        try:
            file = open(path, "rb")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        return file

    def _regular_size(self) -> int:
        """The size of a regular file in bytes, 0 for a pipe or a terminal."""
        try:
            status = os.fstat(self._raw.fileno())
        except (OSError, ValueError):
            return 0
        return status.st_size if stat.S_ISREG(status.st_mode) else 0

    def _unzip(self) -> None:
        import gzip

        self._packed = _Rejoined(self._held, self._raw)
        self._stream = gzip.GzipFile(fileobj=io.BufferedReader(self._packed))  # type: ignore[assignment]
        self._held = self._read()
        self._read_on(self._may_be_magic)

    def _read(self) -> bytes:
        try:
            data: bytes = self._stream.read1(CHUNK)  # type: ignore[attr-defined]
        except (OSError, EOFError, zlib.error) as error:
            what = getattr(error, "strerror", None) or str(error)
            raise InputError(f"{self.name}: cannot be read to its end: {what}") from None
        if self._packed is not None:
            self._unpacked += len(data)
            if self._unpacked > max(SMALL, MOST_GROWTH * self._packed.taken):
                raise InputError(
                    f"{self.name}: grows more than {MOST_GROWTH}-fold when it is unzipped:"
                    " this is no export but a zip bomb"
                )
        return data

    def _read_on(self, undecided: Callable[[], bool]) -> None:
        """Read more at the beginning, as long as that is needed to tell what the input is."""
        while undecided() and (data := self._read()):
            self._held += data

    def _may_be_magic(self) -> bool:
        return 0 < len(self._held) < 4 and any(m.startswith(self._held) for m in _MAGIC)

    def visible(self, text: str) -> str:
        """``record.visible``, counted."""
        shown = visible(text)
        self.replaced += shown is not text
        return shown

    def beginning(self) -> bytes:
        """The first line at least, unzipped, without the byte order mark."""
        self._read_on(lambda: len(self._held) < HEAD and b"\n" not in self._held.lstrip())
        return self._held[:HEAD]

    def head(self) -> str:
        """The beginning, decoded, for a look at what the input is."""
        return self.beginning().decode(self.encoding, "replace")

    def fill(self) -> None:
        """Read on until ``beginning`` can show all that it ever shows."""
        self._read_on(lambda: len(self._held) < HEAD)

    def position(self) -> int:
        """How many bytes of the file were read so far."""
        return self._raw.tell()

    def byte_chunks(self) -> Iterator[bytes]:
        """The bytes after the byte order mark, unzipped, in pieces as they come."""
        data = self._held
        self._held = b""
        while data:
            yield data
            data = self._read()
            self.heavy = self.heavy or len(data) >= FULL_PIPE

    def text_chunks(self) -> Iterator[str]:
        """The text, decoded, in pieces as they come."""
        errors = "surrogateescape" if self.encoding == "utf-8" else "replace"
        decode = codecs.getincrementaldecoder(self.encoding)(errors).decode
        for data in self.byte_chunks():
            yield decode(data)
        yield decode(b"", True)

    def blocks(self, end: str = "\n", part: int | None = None) -> Iterator[bytes]:
        """Whole lines with their ends as bytes of UTF-8, as they come; the last may lack its end.

        Bytes that are not UTF-8 are among them. A line of more than ``part`` bytes comes in parts.
        """
        pieces: list[bytes] = []
        size = 0
        for data in self._utf8_chunks():
            whole, found, rest = data.rpartition(end.encode())
            if found:
                yield b"".join([*pieces, whole, found])
                pieces, size = [], 0
            pieces.append(rest)
            size += len(rest)
            if part is not None and size > part:
                yield b"".join(pieces)
                pieces, size = [], 0
        last = b"".join(pieces)
        if last:
            yield last

    def _utf8_chunks(self) -> Iterator[bytes]:
        if self.encoding == "utf-8":
            return self.byte_chunks()
        return (text.encode() for text in self.text_chunks())

    def line_chunks(self, end: str = "\n") -> Iterator[list[str]]:
        """Lists of whole lines with their ends, as they come; the last line may lack its end."""
        return (lines_of(block, end) for block in self.blocks(end))

    def plain_file(self) -> str:
        """The path of a file with the unzipped bytes, for readers that have to jump about in them.

        That is the input itself where it is such a file, and otherwise a temporary one, which is
        gone when the source is closed.
        """
        if self.path is not None and self.size and self._packed is None:
            return self.path
        if not self._spooled:
            self._spool()
        return self._spooled

    def _spool(self) -> None:
        import tempfile

        size = 0
        try:
            with tempfile.NamedTemporaryFile(prefix="spamguard-", delete=False) as file:
                self._spooled = file.name
                file.write(self.bom)
                for data in self.byte_chunks():
                    size += len(data)
                    if size > MOST_SPOOLED:
                        raise InputError(
                            f"{self.name}: more than {MOST_SPOOLED >> 30} GiB; unzip it, and give"
                            " it as a file"
                        )
                    file.write(data)
        except OSError as error:
            place = os.path.dirname(self._spooled) or tempfile.tempdir or self.name
            raise OutputError(
                f"{place}: a temporary file cannot be written: {error.strerror};"
                " TMPDIR names another folder for it"
            ) from None

    def reopened(self) -> "Source":
        """The same input from its beginning, for those who read it twice.

        What is no file on disk is kept in a temporary one, which is gone when this one is closed.
        """
        if self.path is not None and (self.size or self.is_folder):
            return Source(self.path)
        return Source(self.name, open(self.plain_file(), "rb"))

    def is_file(self, path: str) -> bool:
        """Whether ``path`` names the very file that is read here."""
        try:
            return os.path.samestat(os.fstat(self._raw.fileno()), os.stat(path))
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        if self._owned:
            self._raw.close()
        if self._spooled:
            os.unlink(self._spooled)
            self._spooled = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lines_of(block: bytes, end: str = "\n") -> list[str]:
    """The lines in a block, with their ends."""
    *lines, last = block.decode("utf-8", "surrogateescape").split(end)
    return [line + end for line in lines] + ([last] if last else [])


class _Rejoined(io.RawIOBase):
    """The bytes that were looked at, and then the rest; counts what it hands out."""

    def __init__(self, head: bytes, tail: BinaryIO) -> None:
        self._head, self._tail = head, tail
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._head or self._tail.read1(len(buffer))  # type: ignore[attr-defined]
        part, self._head = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(part)] = part
        self.taken += len(part)
        return len(part)
