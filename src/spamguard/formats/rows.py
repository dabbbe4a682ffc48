"""The comments of an export as rows of a new table: every field, and the verdict."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spamguard.formats.record import ADDED, Reader, Record, shown, visible
from spamguard.records import Comment, Verdict

FIELDS = (
    "id",
    "parent",
    "author",
    "author_url",
    "date",
    "post_title",
    "post_link",
    "status",
    "text",
)


class Rows:
    """A reader whose comments can be written as CSV or, with ``as_json``, as JSON lines."""

    names = FIELDS

    def __init__(self, reader: Reader, *, as_json: bool) -> None:
        self._reader = reader
        self._as_json = as_json

    @property
    def columns(self) -> Mapping[str, str]:
        return self._reader.columns

    @property
    def skipped(self) -> Counter[str]:
        return self._reader.skipped

    @property
    def damage(self) -> list[tuple[int, str]]:
        return self._reader.damage

    def batches(self) -> Iterator[Sequence[Record]]:
        return self._reader.batches()

    def cell(self, record: Record, column: str) -> Any:
        return self._reader.cell(record, column)

    def opening(self) -> str:
        return "" if self._as_json else _row([*FIELDS, *ADDED])

    def annotated(self, record: Record, verdict: Verdict | None) -> str:
        comment = record.comment or Comment("")
        values = [getattr(comment, field) for field in FIELDS]
        if self._as_json:
            probability = None if verdict is None else round(verdict.probability, 6)
            label = None if verdict is None else verdict.label
            item = dict(zip((*FIELDS, *ADDED), [*values, label, probability], strict=True))
            return visible(json.dumps(item, ensure_ascii=False)) + "\n"
        added = ["", ""] if verdict is None else [verdict.label, shown(verdict.probability)]
        return _row(["" if value is None else str(value) for value in values] + added)


def _row(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
