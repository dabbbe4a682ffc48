"""A zip of one or several files, read one after another as if each had been given."""

import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, BinaryIO, cast

from spamguard.errors import InputError, NoCommentsError
from spamguard.formats.record import Reader, Record
from spamguard.formats.source import MOST_GROWTH, SMALL, Source

#: What is in each zip that is a file of Excel, LibreOffice or Numbers.
_OFFICE = frozenset({"[Content_Types].xml", "META-INF/manifest.xml", "Index/Document.iwa"})
#: No export has so many parts.
MOST_MEMBERS = 10_000
MOST_UNZIPPED = 64 << 30

_NO_MATTER = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError)


class Archive:
    """The records of all files in a zip. What is no file of comments is counted as skipped."""

    def __init__(self, source: Source, open_member: Callable[[Source], Reader]) -> None:
        self.damage: list[tuple[int, str]] = []
        self._source = source
        self._open_member = open_member
        self.meanings: Counter[tuple[str, str | None]] = Counter()  # in the files done with
        self._skipped: Counter[str] = Counter()  # the same
        self._reader: Reader | None = None
        self._is_done = False

    @property
    def columns(self) -> Mapping[str, str]:
        """Those of the file that is read now, or was read last."""
        return {} if self._reader is None else self._reader.columns

    @property
    def skipped(self) -> Counter[str]:
        if self._reader is None or self._is_done:
            return self._skipped
        return self._skipped + self._reader.skipped

    def cell(self, record: Record, column: str) -> Any:
        return None if self._reader is None else self._reader.cell(record, column)

    def batches(self) -> Iterator[Sequence[Record]]:
        found = False
        refused: list[str] = []
        with self._opened() as archive:
            members = _checked(archive, self._source.name)
            for member in members:
                try:
                    for batch in self._batches_of(archive, member):
                        found = found or bool(batch)
                        yield batch
                except NoCommentsError as error:
                    refused.append(str(error))
                    self._skipped["file without comments"] += 1
        if not found and len(members) == 1:
            raise NoCommentsError(refused[0])
        if not found:
            raise NoCommentsError(
                f"{self._source.name}: none of its {len(members)} files has comments in it"
            )

    def _opened(self) -> zipfile.ZipFile:
        path = self._source.plain_file()
        try:
            return zipfile.ZipFile(path)
        except (*_UNREADABLE, OSError) as error:
            raise InputError(f"{self._source.name}: the zip is broken: {error}") from None

    def _batches_of(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo
    ) -> Iterator[Sequence[Record]]:
        try:
            stream = _Member(archive.open(member))
        except (*_UNREADABLE, OSError) as error:
            raise InputError(f"{self._source.name}: {member.filename}: {error}") from None
        name = f"{self._source.name}:{member.filename}"
        with closing(stream), Source(name, cast("BinaryIO", stream)) as inside:
            reader = self._open_member(inside)
            self._reader, self._is_done = reader, False
            try:
                for batch in reader.batches():
                    self._source.heavy = self._source.heavy or inside.heavy
                    yield batch
            finally:
                self.meanings += getattr(reader, "meanings", Counter())
                self._skipped += reader.skipped
                self.damage += [
                    (line, f"{member.filename}: {kind}") for line, kind in reader.damage
                ]
                self._is_done = True
                self._source.replaced += inside.replaced


class _Member:
    """A file in a zip, that fails as files fail."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read1(self, size: int) -> bytes:
        try:
            return cast("bytes", self._stream.read1(size))
        except _UNREADABLE as error:
            raise OSError(str(error)) from None

    def fileno(self) -> int:
        raise OSError("not a file of its own")

    def tell(self) -> int:
        return cast("int", self._stream.tell())

    def close(self) -> None:
        self._stream.close()


def _checked(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The files in an archive, unless something about one of them is wrong."""
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) > MOST_MEMBERS:
        raise InputError(f"{name}: {len(members):,} files in one zip: no export has so many")
    if not _OFFICE.isdisjoint(info.filename for info in members):
        raise NoCommentsError(
            f"{name}: a spreadsheet or another office file; save it as CSV in UTF-8"
        )
    for info in members:
        wrong = _wrong_with(info)
        if wrong:
            raise InputError(f"{name}: {info.filename!r}: {wrong}; unzip it yourself")
    unzipped = sum(info.file_size for info in members)
    zipped = sum(info.compress_size for info in members)
    if unzipped > max(SMALL, MOST_GROWTH * zipped) or unzipped > MOST_UNZIPPED:
        raise InputError(
            f"{name}: {zipped:,} bytes grow to {unzipped:,}: this is no export but a zip bomb"
        )
    kept = [info for info in members if not any(part in info.filename for part in _NO_MATTER)]
    if not kept:
        raise NoCommentsError(f"{name}: a zip without files")
    return kept


def _wrong_with(info: zipfile.ZipInfo) -> str:
    path = info.filename.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/") or path[1:2] == ":":
        return "a path that leads out of the zip"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a symbolic link"
    if info.flag_bits & 1:
        return "encrypted"
    return ""
