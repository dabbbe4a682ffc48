"""Output files that are whole or not there."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from spamguard.errors import InputError, OutputError

#: So many bytes are written between two checkpoints.
EVERY: Final = 16 << 20


@contextmanager
def whole_file(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write that appears at ``path`` only when all of it is written.

    It grows beside its place under a name of its own that ends in ``.part``. Whatever ends the
    writing before the block is left takes that away again and leaves what was at ``path`` before.
    """
    target = Path(os.path.realpath(path))
    part = _own_part(target)
    with _told(path):
        if target.exists() and not target.is_file():
            with open(target, "wb") as file:  # a device or a pipe cannot be moved into place
                yield file
            return
        try:
            with open(part, "xb") as file:
                yield file
                _sync(file)
            _move(part, target)
        except FileExistsError:  # a name that is taken is not ours to remove
            raise
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _own_part(target: Path) -> Path:
    return target.with_name(f"{target.name}.{os.getpid()}.part")


@contextmanager
def _told(path: str | Path) -> Iterator[None]:
    """Turn what goes wrong with a file into one line."""
    try:
        yield
    except BrokenPipeError:  # of another output, whose reader has gone
        raise
    except OSError as error:
        folder = os.path.dirname(os.path.realpath(path))
        is_missing = isinstance(error, FileNotFoundError) and not os.path.exists(folder)
        problem = f"there is no folder {folder}" if is_missing else error.strerror or error
        raise OutputError(f"{path}: cannot be written: {problem}") from None


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(part: Path, target: Path) -> None:
    if target.exists():
        os.chmod(part, target.stat().st_mode & 0o7777)
    os.replace(part, target)


class Unfinished:
    """An output file that a later run can go on with, should this one be stopped.

    Now and then, ``save`` keeps what is written by then as ``path`` with ``.part``, and what the
    run has to know to go on as ``.part.json``. ``state`` is what an earlier run saved, None where
    this one begins anew. ``is_kept`` tells whether there is something to go on with.
    """

    def __init__(self, path: str, about: dict[str, Any], *, resume: bool) -> None:
        self._about = about
        self._target = Path(os.path.realpath(path))
        self._kept = self._target.with_name(f"{self._target.name}.part")
        self._mark = self._target.with_name(f"{self._target.name}.part.json")
        self.state: dict[str, Any] | None = None
        mark = self._read_mark()
        if resume and mark is not None:
            self._part = self._kept
            self._file = self._reopened(mark, path)
            self.state = mark["state"]
        else:
            self._part = _own_part(self._target)
            self._file = open(self._part, "xb")  # noqa: SIM115 - closed by finish or abandon
        self._saved = self._file.tell()

    @property
    def is_kept(self) -> bool:
        return self._part == self._kept

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def save(self, state: dict[str, Any]) -> None:
        """Make a checkpoint, if much was written since the last one."""
        size = self._file.tell()
        if size - self._saved < EVERY or not (self.is_kept or self._may_keep()):
            return
        _sync(self._file)
        if not self.is_kept:
            os.replace(self._part, self._kept)
            self._part = self._kept
        mark = {"about": self._about, "size": size, "state": state}
        with whole_file(self._mark) as file:
            file.write(json.dumps(mark).encode())
        self._saved = size

    def finish(self) -> None:
        """Move the file to its place. What an earlier run left is of no use any more."""
        _sync(self._file)
        written = os.fstat(self._file.fileno())
        self._file.close()
        if not os.path.samestat(written, os.stat(self._part)):
            raise OutputError(f"{self._target}: another run writes it as well")
        is_marked = self._read_mark() is not None
        if is_marked and not self.is_kept:
            self._kept.unlink(missing_ok=True)
        _move(self._part, self._target)
        if is_marked:
            self._mark.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Leave what is kept to a later run, and nothing else."""
        try:
            self._file.close()
        finally:
            if not self.is_kept:
                self._part.unlink(missing_ok=True)

    def _may_keep(self) -> bool:
        """Whether the name of the kept file is free, or that of an earlier run of ours."""
        return not self._kept.exists() or self._read_mark() is not None

    def _read_mark(self) -> dict[str, Any] | None:
        try:
            mark = json.loads(self._mark.read_bytes())
            return mark if mark.keys() == {"about", "size", "state"} else None
        except (OSError, ValueError, AttributeError, RecursionError):
            return None

    def _reopened(self, mark: dict[str, Any], path: str) -> BinaryIO:
        about = mark["about"] if isinstance(mark["about"], dict) else {}
        other = [name for name, value in self._about.items() if about.get(name) != value]
        if other:
            raise InputError(
                f"{path}: the unfinished run had not the same {' and '.join(other)};"
                " leave --resume out to begin anew"
            )
        file = open(self._kept, "r+b")  # noqa: SIM115 - closed by finish or abandon
        if file.seek(0, os.SEEK_END) < mark["size"]:
            file.close()
            raise InputError(
                f"{self._kept}: is shorter than it was; leave --resume out to begin anew"
            )
        file.seek(mark["size"])
        file.truncate()
        return file


@contextmanager
def resumable_file(path: str, about: dict[str, Any], *, resume: bool) -> Iterator[Unfinished]:
    """A whole file, of which ``Unfinished`` keeps what there is when the run is stopped.

    ``about`` is what must be the same for a run to go on with it: name -> value.
    """
    with _told(path):
        file = Unfinished(path, about, resume=resume)
        try:
            yield file
            file.finish()
        except BaseException:
            file.abandon()
            raise
