"""A file written back in its own format, with verdicts as the statuses of its comments."""

import gzip
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, BinaryIO, NamedTuple

from spamguard.errors import InputError
from spamguard.formats.changes import Change, Changes
from spamguard.formats.output import whole_file
from spamguard.formats.record import Record
from spamguard.formats.source import Source
from spamguard.records import Verdict

CHUNK = 1 << 20
_SQLITE = b"SQLite format 3\0"

Judged = Iterable[tuple[Record, Verdict | None]]


class Patch(NamedTuple):
    """What is written in the stead of the bytes ``old`` at a place."""

    place: int
    old: bytes
    new: bytes


@contextmanager
def seekable(source: Source) -> Iterator[Source]:
    """The bytes of a source, unzipped, as a file that can be read once more.

    What comes from a pipe, or is gzipped, is put in a temporary file first and read from there.
    """
    path = source.plain_file()
    if path == source.path:
        yield source
        return
    with Source(path) as again:
        again.name = source.name
        yield again


@contextmanager
def labelled_copy(
    source: Source,
    output: str,
    log: str | None,
    changes: Changes,
    complain: Callable[[int, str], None],
) -> Iterator[Callable[[Judged], int]]:
    """Write ``output``: a seekable source with the changes that its judged comments call for.

    Gives what takes the judged comments, and tells how many of them get another status. ``log`` is
    where to write the changes down as well.
    """
    with (
        whole_file(output) as file,
        whole_file(log) if log else nullcontext() as logged,  # in its place before the output is
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as kept,
    ):

        def take(judged: Judged) -> int:
            count = 0
            for record, verdict in judged:
                change = changes.of(record, verdict)
                if change is None:
                    continue
                if change.place is None and not changes.by_id:
                    complain(
                        record.line,
                        f"called {change.new_status}, but has no status that can be changed",
                    )
                    continue
                kept.write(change.line())
                count += 1
            return count

        yield take
        kept.seek(0)
        write_changed(source, output, file, (Change.from_line(line) for line in kept))
        file.flush()  # what is too much for the disk shows before the log is there
        if logged is not None:
            kept.seek(0)
            for line in kept:
                logged.write(line.encode())


def write_changed(source: Source, output: str, file: BinaryIO, changes: Iterable[Change]) -> None:
    """Write a seekable source with changes into ``file``, which is to become ``output``."""
    name = source.name
    with open(source.plain_file(), "rb") as stream:
        if stream.read(len(_SQLITE)) == _SQLITE:
            stream.seek(0)
            shutil.copyfileobj(stream, file, CHUNK)
            file.flush()
            _change_database(file, changes, name)
            return
        stream.seek(0)
        patches = (_patch(change, name) for change in changes)
        if not output.endswith(".gz"):
            patch(stream, patches, file.write, name)
            return
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            patch(stream, patches, packed.write, name)


def _change_database(file: BinaryIO, changes: Iterable[Change], name: str) -> None:
    from spamguard.formats.isso import set_modes

    set_modes(str(file.name), ((change.id, change.old, change.new) for change in changes), name)


def _patch(change: Change, name: str) -> Patch:
    if change.place is None:
        raise InputError(f"{name}: is no database, but the changes are those of one")
    return Patch(change.place, change.old.encode("latin-1"), change.new.encode("latin-1"))


def patch(
    file: BinaryIO, patches: Iterable[Patch], write: Callable[[bytes], Any], name: str
) -> None:
    """Write a file with its patches, which come in the order of their places.

    Where something else stands than a patch expects, it is an InputError.
    """
    position = 0
    for place, old, new in patches:
        if place < position:
            raise InputError(f"{name}: byte {place:,} is to be changed after byte {position:,}")
        _copy(file, place - position, write)
        found = file.read(len(old))
        if found != old or file.tell() != place + len(old):
            raise InputError(
                f"{name}: at byte {place:,} there stands {found!r} and not {old!r}: it is another"
                " file, or was changed since"
            )
        write(new)
        position = place + len(old)
    while data := file.read(CHUNK):
        write(data)


def _copy(file: BinaryIO, count: int, write: Callable[[bytes], Any]) -> None:
    while count and (data := file.read(min(count, CHUNK))):
        write(data)
        count -= len(data)


def undone(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes that take back what the given ones did to a file."""
    shift = 0
    for change in changes:
        place = None if change.place is None else change.place + shift
        shift += len(change.new) - len(change.old)
        yield change._replace(place=place, old=change.new, new=change.old)
