"""What a reader makes of one record of its input, and what every format can do."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from spamguard.cells import Lot
from spamguard.records import LABELS, Columns, Comment, Verdict, Verdicts

#: The columns that labelling adds.
LABEL_COLUMN = "spamguard_label"
PROBABILITY_COLUMN = "spamguard_probability"
ADDED = (LABEL_COLUMN, PROBABILITY_COLUMN)
#: What labelling adds to an object of JSON besides, where something else than the model decided.
REASON_KEY = "spamguard_reason"
#: The column that it adds when it is asked why.
REASONS_COLUMN = "spamguard_reasons"
#: What an earlier run may have left, to be replaced.
EARLIER = (*ADDED, REASON_KEY, REASONS_COLUMN)

_SURROGATES = re.compile("[\ud800-\udfff]")


class Record(NamedTuple):
    """One record: its comment, or the ``error`` that kept it from being one.

    ``raw`` is the record as it stood in the input, with its end; ``cells`` is it taken apart.
    A record without comment and without error is handed on untouched (an empty line in a table).
    ``label`` is what the file itself says of the comment: SPAM, HAM or nothing (a table says it in
    a column instead). ``place`` is where the status stands in the unzipped input, and its bytes
    there, so that it can be changed in place.
    """

    comment: Comment | None
    line: int
    raw: str
    error: str | None = None
    cells: Any = None
    label: str | None = None
    place: tuple[int, bytes] | None = None


class PlainRows(Sequence[Record]):
    """Rows of a table that all hold a comment, as columns of cells.

    They become records only when one is asked for, which takes longer than judging them.
    """

    def __init__(
        self, lot: Lot, columns: Columns, delimiter: str, one_by_one: Callable[[], list[Record]]
    ) -> None:
        self.columns = columns
        self.lot = lot
        self._delimiter = delimiter
        self._one_by_one = one_by_one

    @functools.cached_property
    def _records(self) -> list[Record]:
        return self._one_by_one()

    def __len__(self) -> int:
        return len(self.lot.begins)

    def __getitem__(self, place: Any) -> Any:
        return self._records[place]

    def annotated(self, verdicts: Sequence[Verdict]) -> str:
        """The rows, each with its verdict behind it."""
        if not isinstance(verdicts, Verdicts):
            verdicts = Verdicts.of(verdicts)
        return self.lot.extended(
            self._delimiter, LABELS, verdicts.labels, verdicts.probabilities
        ).decode()


class Choices(NamedTuple):
    """What the user asked of a reader.

    columns: the column that holds a field, where it is not to be guessed.
    include_pingbacks: give what other programs wrote (pingbacks, order notes, ...) as well.
    trash_is_spam: take what the blog's owner threw away as spam.
    """

    columns: Mapping[str, str] = {}
    include_pingbacks: bool = False
    trash_is_spam: bool = False


class Reader(Protocol):
    """Reads records from a source, a list at a time as the input gives them."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The column that each field was found in; empty where the format has no columns."""

    @property
    def skipped(self) -> Counter[str]:
        """How many records of which kind were left out so far, because no person wrote them."""

    @property
    def damage(self) -> list[tuple[int, str]]:
        """What was met that should not be there: the first line of each kind, and the kind."""

    def batches(self) -> Iterator[Sequence[Record]]: ...

    def cell(self, record: Record, column: str) -> Any:
        """The value of a record in a column, None where it has none."""


class RowWriter(Protocol):
    """Writes the records of a reader with their verdicts."""

    def opening(self) -> str:
        """What the annotated file begins with."""

    def annotated(self, record: Record, verdict: Verdict | None) -> str:
        """The record as it was, with the verdict, or with empty cells where there is none."""


class Annotator(Reader, RowWriter, Protocol):
    """A reader of a table that can be written back with verdicts beside its rows."""

    @property
    def names(self) -> Sequence[str]:
        """All its columns, once its first record was read."""


def added_keys(verdict: Verdict | None) -> dict[str, object]:
    """What labelling adds to an object of JSON."""
    if verdict is None:
        return dict.fromkeys(ADDED)
    added = dict(zip(ADDED, (verdict.label, round(verdict.probability, 6)), strict=True))
    return added if verdict.reason is None else {**added, REASON_KEY: verdict.reason}


def shown(probability: float) -> str:
    """A probability as every output shows it."""
    return f"{probability:.6f}"


def is_visible(texts: Iterable[str]) -> bool:
    """Whether all of them are valid Unicode."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def visible(text: str) -> str:
    """The text with what was no valid UTF-8, and with lone surrogates, replaced by U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
