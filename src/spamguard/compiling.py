"""Functions compiled by numba, and where they are kept for the next run.

Whoever can write the files of numba's cache has them run as code. So they lie in a directory that
nobody but the user (and root) can change, or nowhere.
"""

import functools
import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numba import config, njit
from numba.core import event

COMPILING = "compiling the kernel, which takes some seconds"
KEPT = "it is kept in {} for the next run"
UNKEPT = (
    "and will in every run: there is no directory for it that only you can write to;"
    " name one in NUMBA_CACHE_DIR"
)


def compiled(function: Any) -> Any:
    """The function as numba will compile it at its first call, unless it is found in the cache.

    Python's log tells when that begins.
    """
    _announce_compiling()
    chosen = config.CACHE_DIR
    for place in [chosen] if chosen else _places():
        config.CACHE_DIR = place
        try:
            found = njit(cache=True, nogil=True)(function)
        except RuntimeError:  # numba finds no place that can be written to
            continue
        finally:
            config.CACHE_DIR = chosen
        if _is_private(Path(found.stats.cache_path)):
            return found
    return njit(nogil=True)(function)


def _places() -> Iterator[str]:
    """numba's own choice, beside the module or else in the user's cache; then a private one."""
    yield ""
    from numba.misc.appdirs import user_cache_dir

    private = user_cache_dir("spamguard", appauthor=False)
    try:
        os.makedirs(private, mode=0o700, exist_ok=True)
    except OSError:
        return
    yield private


def is_private(directory: Path) -> bool:
    """Whether nobody but this user and root can change what is loaded from a directory.

    Windows knows no such modes, and gives every user a cache of his own.
    """
    if sys.platform == "win32":
        return True
    directory = directory.resolve()
    for path in (*directory.glob("*.nb[ic]"), directory, *directory.parents):
        about = path.stat()
        if about.st_uid not in (0, os.geteuid()):
            return False
        # In a sticky directory such as /tmp, others cannot replace what is not theirs.
        is_sticky = path in directory.parents and about.st_mode & stat.S_ISVTX
        if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky:
            return False
    return True


#: Asked once, though each function is kept by itself.
_is_private = functools.cache(is_private)


class _Announcer(event.Listener):  # type: ignore[misc]
    """Says once that something is being compiled, and whether it will be again."""

    said = False

    def on_start(self, begun: Any) -> None:
        if self.said:
            return
        self.said = True
        place = begun.data["dispatcher"].stats.cache_path
        end = "; " + KEPT.format(place) if place else " " + UNKEPT
        logging.getLogger(__name__).warning(COMPILING + end)

    def on_end(self, ended: Any) -> None:
        """Of no interest."""


@functools.cache
def _announce_compiling() -> None:
    event.register("numba:compile", _Announcer())
