"""The n-gram counts of many comments: in memory, or what is too much for it in a temporary file."""

import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from spamguard import features
from spamguard.errors import OutputError

BLOCKS = len(features.BLOCKS)
#: Comments are dealt out to so many shards.
SHARDS = 64
#: So many comments are counted at once, and about so many characters.
BATCH_ROWS = 4096
BATCH_CHARACTERS = 1 << 20


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
                weakref.finalize(self, _close, self._file)
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


def _close(file: Any) -> None:
    """What a full disk has no room for is still in the buffer, and would fail once more."""
    with suppress(OSError):
        file.close()


class Shard(NamedTuple):
    """The counts of some comments, those of each comment together.

    Block ``b`` of comment ``i`` has ``columns[borders[k]:borders[k + 1]]``, k = i * BLOCKS + b.
    """

    columns: Any  # uint16
    counts: Any  # uint8
    borders: Any  # int64


class Counts:
    """The counts of comments, dealt out to shards at random.

    Each shard is a sample of all comments, in whatever order they came: what learns from one shard
    after another would be led astray by files in which all spam stands together. ``room`` is how
    many bytes may lie in memory.
    """

    def __init__(self, room: float) -> None:
        self.rows = 0
        self._shelf = Shelf(room)
        #: Of each shard, the pieces on the shelf, and the rows of the comments in them.
        self._pieces: list[list[int]] = [[] for _ in range(SHARDS)]
        self._rows: list[list[Any]] = [[] for _ in range(SHARDS)]

    @property
    def room(self) -> float:
        """How many bytes more may lie in memory."""
        return self._shelf.room

    def append(self, tally: features.Tally) -> None:
        import numpy as np

        size = (len(tally.borders) - 1) // BLOCKS
        order = np.random.default_rng(self.rows).permutation(size)
        for number in range(min(SHARDS, size)):
            chosen = order[number::SHARDS]
            lines = (chosen[:, None] + size * np.arange(BLOCKS)).ravel()
            self._add(number, self.rows + chosen, Shard(*_lines(*tally, lines)))
        self.rows += size

    def _add(self, number: int, rows: Any, piece: Shard) -> None:
        self._pieces[number].append(len(self._shelf))
        self._rows[number].append(rows)
        self._shelf.append(piece)

    def __len__(self) -> int:
        """The number of shards."""
        return sum(map(bool, self._pieces))

    def joined(self, numbers: Iterable[int]) -> tuple[Any, Shard]:
        """The rows of the comments of some shards, and their counts."""
        import numpy as np

        held = [rows for number in numbers for rows in self._rows[number]]
        pieces = [Shard(*self._shelf[at]) for number in numbers for at in self._pieces[number]]
        lengths = np.concatenate([np.diff(piece.borders) for piece in pieces])
        shard = Shard(
            np.concatenate([piece.columns for piece in pieces]),
            np.concatenate([piece.counts for piece in pieces]),
            np.append(0, np.cumsum(lengths)),
        )
        return np.concatenate(held), shard

    def __iter__(self) -> Iterator[tuple[Any, Shard]]:
        return (self.joined([number]) for number in range(len(self)))

    def take(self, rows: Any) -> "Counts":
        """The counts of some comments, given by their rows in rising order."""
        import numpy as np

        taken = Counts(self.room)
        taken.rows = len(rows)
        place = np.full(self.rows, -1)
        place[rows] = np.arange(len(rows))
        number = 0
        for held, shard in self:
            chosen = np.flatnonzero(place[held] >= 0)
            if len(chosen):
                lines = (chosen[:, None] * BLOCKS + np.arange(BLOCKS)).ravel()
                taken._add(number, place[held[chosen]], Shard(*_lines(*shard, lines)))
                number += 1
        return taken


def _lines(columns: Any, counts: Any, borders: Any, lines: Any) -> tuple[Any, Any, Any]:
    """Some of the runs between borders, in the order of their numbers in ``lines``."""
    import numpy as np

    lengths = np.diff(borders)[lines]
    ends = np.append(0, np.cumsum(lengths))
    places = np.arange(ends[-1]) + np.repeat(borders[lines] - ends[:-1], lengths)
    return columns[places], counts[places], ends


def batched(things: Iterable[Any], size: Callable[[Any], int]) -> Iterator[list[Any]]:
    """Lists of things in order, each for one go; ``size`` is in characters."""
    batch: list[Any] = []
    characters = 0
    for thing in things:
        batch.append(thing)
        characters += size(thing)
        if len(batch) == BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
