"""Output files that are whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from spamguard.errors import OutputError


@contextmanager
def whole_file(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write that appears at ``path`` only when all of it is written.

    It grows beside its place under a name of its own that ends in ``.part``. Whatever ends the
    writing before the block is left takes that away again and leaves what was at ``path`` before.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if target.exists() and not target.is_file():
            with open(target, "wb") as file:  # a device or a pipe cannot be moved into place
                yield file
            return
        try:
            with open(part, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                os.chmod(part, target.stat().st_mode & 0o7777)
            os.replace(part, target)
        except FileExistsError:  # a name that is taken is not ours to remove
            raise
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except BrokenPipeError:  # of another output, whose reader has gone
        raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None
