"""Bytes from a file or a pipe to lines of text, a chunk at a time."""

import codecs
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Self

from spamguard.errors import InputError
from spamguard.formats.record import visible

#: What one read asks for. A pipe gives what it has, so a live one is answered line by line.
CHUNK = 1 << 18
#: What a pipe holds at most on Linux. A read this full means that more is waiting.
FULL_PIPE = 1 << 16
#: From here on, loading the compiled kernel pays.
HEAVY = 1 << 17
#: Where the kind of an input must have shown.
HEAD = 1 << 16

_GZIP = b"\x1f\x8b"
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_MAGIC = (_GZIP, *_BOMS)


class Source:
    """An input, opened: its name for messages, its first bytes, and its lines.

    Bytes that are not UTF-8 become lone surrogates (``surrogateescape``), so that a line can be
    written back as it was. A byte order mark is taken off and kept in ``bom``.
    """

    def __init__(self, path: str) -> None:
        self.name = "stdin" if path == "-" else path
        self.path = None if path == "-" else path
        self._raw: BinaryIO = self._open(path)
        #: Bytes in the file as it lies on disk, 0 where that is unknown.
        self.size = self._regular_size()
        self._stream: BinaryIO = self._raw
        self._held = self._read()
        self._read_on(self._may_be_magic)
        #: True when there is much to read: a large file, or a pipe that was found full.
        self.heavy = self.size > HEAVY or len(self._held) >= FULL_PIPE
        if self._held.startswith(_GZIP):
            self._unzip()
        #: How many texts held what is not valid in their encoding.
        self.replaced = 0
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
        try:
            file = open(path, "rb")  # noqa: SIM115 - closed by __exit__
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
        import io

        class Rejoined(io.RawIOBase):
            """The bytes that were looked at, and then the rest."""

            def __init__(self, head: bytes, tail: BinaryIO) -> None:
                self.head, self.tail = head, tail

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
                data = self.head or self.tail.read1(len(buffer))  # type: ignore[attr-defined]
                part, self.head = data[: len(buffer)], data[len(buffer) :]
                buffer[: len(part)] = part
                return len(part)

        self._stream = gzip.GzipFile(fileobj=io.BufferedReader(Rejoined(self._held, self._raw)))  # type: ignore[assignment]
        self._held = self._read()
        self._read_on(self._may_be_magic)

    def _read(self) -> bytes:
        try:
            return self._stream.read1(CHUNK)  # type: ignore[attr-defined,no-any-return]
        except (OSError, EOFError, zlib.error) as error:
            what = getattr(error, "strerror", None) or str(error)
            raise InputError(f"{self.name}: cannot be read to its end: {what}") from None

    def _read_on(self, undecided: Callable[[], bool]) -> None:
        """Read more at the beginning, as long as that is needed to tell what the input is."""
        while undecided():
            data = self._read()
            if not data:
                return
            self._held += data

    def _may_be_magic(self) -> bool:
        return 0 < len(self._held) < 3 and any(m.startswith(self._held) for m in _MAGIC)

    def visible(self, text: str) -> str:
        """``record.visible``, counted."""
        shown = visible(text)
        self.replaced += shown is not text
        return shown

    def head(self) -> str:
        """The first line at least, decoded, for a look at what the input is."""
        self._read_on(lambda: len(self._held) < HEAD and b"\n" not in self._held.lstrip())
        return self._held[:HEAD].decode(self.encoding, "replace")

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

    def line_chunks(self, end: str = "\n") -> Iterator[list[str]]:
        """Lists of whole lines with their ends, as they come; the last line may lack its end."""
        pieces: list[str] = []
        for text in self.text_chunks():
            if end not in text:
                pieces.append(text)
                continue
            lines = text.split(end)
            pieces.append(lines[0])
            lines[0] = "".join(pieces)
            pieces = [lines.pop()]
            yield [line + end for line in lines]
        last = "".join(pieces)
        if last:
            yield [last]

    def is_file(self, path: str) -> bool:
        """Whether ``path`` names the very file that is read here."""
        try:
            return os.path.samestat(os.fstat(self._raw.fileno()), os.stat(path))
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        if self.path is not None:
            self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
