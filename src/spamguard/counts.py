"""The n-gram counts of many comments: in memory, or what is too much for it in a temporary file."""

import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from spamguard import features
from spamguard.errors import OutputError

#: A shard holds the counts of so many comments at most, and of about so many characters.
SHARD_ROWS = 4096
SHARD_CHARACTERS = 1 << 20


class Shelf:
    """Lists of arrays by their number: in memory as far as ``room`` goes, then in a file."""

    def __init__(self, room: float) -> None:
        #: How many bytes more may lie in memory.
        self.room = room
        self._kept: list[list[Any]] = []
        self._filed: list[tuple[int, list[tuple[Any, Any]]]] = []
        self._file: Any = None

    def append(self, arrays: Sequence[Any]) -> None:
        size = sum(array.nbytes for array in arrays)
        if not self._filed and size <= self.room:
            self.room -= size
            self._kept.append(list(arrays))
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="spamguard-")  # noqa: SIM115 - below
                weakref.finalize(self, self._file.close)
            self._filed.append((self._file.tell(), [(a.dtype, a.shape) for a in arrays]))
            for array in arrays:
                self._file.write(array)
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{tempfile.gettempdir()}: what --max-memory has no room for cannot be written"
                f" here: {error.strerror}"
            ) from None

    def __len__(self) -> int:
        return len(self._kept) + len(self._filed)

    def __getitem__(self, number: int) -> list[Any]:
        import numpy as np

        if number < len(self._kept):
            return self._kept[number]
        place, shapes = self._filed[number - len(self._kept)]
        self._file.seek(place)
        arrays = [np.empty(shape, dtype) for dtype, shape in shapes]
        for array in arrays:
            self._file.readinto(array)
        return arrays


class Counts:
    """The counts of comments in shards, each a ``features.Tally`` of some of them in order.

    ``room`` is how many bytes of it may lie in memory.
    """

    def __init__(self, room: float) -> None:
        self._shelf = Shelf(room)
        self._begins = [0]

    @property
    def room(self) -> float:
        """How many bytes more may lie in memory."""
        return self._shelf.room

    @property
    def rows(self) -> int:
        return self._begins[-1]

    def append(self, tally: features.Tally) -> None:
        self._begins.append(self.rows + (len(tally.borders) - 1) // len(features.BLOCKS))
        self._shelf.append(tally)

    def __len__(self) -> int:
        return len(self._shelf)

    def __getitem__(self, number: int) -> tuple[slice, features.Tally]:
        """The rows of a shard, and their counts."""
        rows = slice(self._begins[number], self._begins[number + 1])
        return rows, features.Tally(*self._shelf[number])

    def take(self, rows: Any) -> "Counts":
        """The counts of some rows, given by their numbers in rising order."""
        import numpy as np

        taken = Counts(self.room)
        for place, tally in self:
            begin, end = np.searchsorted(rows, [place.start, place.stop])
            if begin < end:
                taken.append(_of_rows(tally, rows[begin:end] - place.start))
        return taken

    def __iter__(self) -> Iterator[tuple[slice, features.Tally]]:
        return (self[number] for number in range(len(self)))


def _of_rows(tally: features.Tally, rows: Any) -> features.Tally:
    import numpy as np

    blocks = len(features.BLOCKS)
    lines = (np.arange(blocks)[:, None] * ((len(tally.borders) - 1) // blocks) + rows).ravel()
    lengths = np.diff(tally.borders)[lines]
    borders = np.append(0, np.cumsum(lengths))
    places = np.arange(borders[-1]) + np.repeat(tally.borders[lines] - borders[:-1], lengths)
    return features.Tally(tally.columns[places], tally.counts[places], borders)


def batched(things: Iterable[Any], size: Callable[[Any], int]) -> Iterator[list[Any]]:
    """Lists of things in order, each small enough for a shard; ``size`` is in characters."""
    batch: list[Any] = []
    characters = 0
    for thing in things:
        batch.append(thing)
        characters += size(thing)
        if len(batch) == SHARD_ROWS or characters >= SHARD_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
