"""Parquet: the columns of a table, each for itself. Needs pyarrow."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from spamguard.errors import InputError, NoCommentsError, OutputError
from spamguard.formats.columns import NO_PARENT, NOT_COMMENTS, find_columns, listed, with_status
from spamguard.formats.export import BATCH, shown
from spamguard.formats.record import PROBABILITY_COLUMN, Choices, Record
from spamguard.formats.rows import as_text
from spamguard.formats.source import Source
from spamguard.records import Comment

#: A group of rows is unpacked as a whole.
MOST_GROUP = 256 << 20
#: So many characters, or rows, are written as one group.
GROUP = 8 << 20
GROUP_ROWS = 50_000
_TEXTS = (
    "author", "author_email", "author_url", "post_title", "date", "post_link", "post_text",
)  # fmt: skip


class Parquet:
    """A Parquet file, read a group of rows at a time."""

    def __init__(self, source: Source, choices: Choices) -> None:
        self.skipped: Counter[str] = Counter()
        self.damage: list[tuple[int, str]] = []
        self._source = source
        self._choices = choices
        self._file = self._open()
        names = [name for name in self._file.schema_arrow.names if isinstance(name, str)]
        self.names = tuple(names)
        self.columns = find_columns(names, choices.columns, source.name)
        if "text" not in self.columns:
            raise NoCommentsError(
                f"{source.name}: no column looks like the text of a comment among"
                f" {listed(names)}; name it with --text-column"
            )

    def _open(self) -> Any:
        try:
            from pyarrow import ArrowException, parquet
        except ImportError:
            raise InputError(
                f"{self._source.name}: to read Parquet: pip install spamguard[parquet]"
            ) from None
        self._errors = (ArrowException, OSError, ValueError)
        path = self._source.plain_file()
        try:
            file = parquet.ParquetFile(path, memory_map=False)
        except self._errors as error:
            raise self._broken(error) from None
        groups = range(file.metadata.num_row_groups)
        if any(file.metadata.row_group(group).total_byte_size > MOST_GROUP for group in groups):
            raise InputError(
                f"{self._source.name}: a group of rows of more than {MOST_GROUP >> 20} MiB;"
                " write it with smaller ones"
            )
        return file

    def _broken(self, error: Exception) -> InputError:
        reason = " ".join(str(error).split())[:200]
        return InputError(f"{self._source.name}: the Parquet file is broken: {reason}")

    def batches(self) -> Iterator[list[Record]]:
        number = 0
        try:
            for batch in self._file.iter_batches(batch_size=BATCH):
                rows = batch.to_pylist()
                yield [self._record(row, number + place) for place, row in enumerate(rows, 1)]
                number += len(rows)
        except self._errors as error:
            raise self._broken(error) from None
        if not number:
            raise NoCommentsError(f"{self._source.name}: a Parquet file without rows")

    def _record(self, row: dict[str, Any], number: int) -> Record:
        value = {field: row[name] for field, name in with_status(self.columns).items()}
        kind = value.get("type")
        if kind in NOT_COMMENTS and not self._choices.include_pingbacks:
            self.skipped[str(kind)] += 1
            return Record(None, number, "", None, row)
        if not isinstance(value["text"], str):
            return Record(None, number, "", f"no text in {self.columns['text']!r}", row)
        parent = value.get("parent")
        texts = {field: shown(value[field]) for field in _TEXTS if field in value}
        comment = Comment(
            value["text"],
            **texts,
            id=value.get("id"),
            parent=None if parent in NO_PARENT else parent,
            status=shown(value.get("status")),
        )
        return Record(comment, number, "", None, row)

    def cell(self, record: Record, column: str) -> Any:
        return record.cells.get(column) if isinstance(record.cells, dict) else None


class Writer:
    """Lines of JSON packed into a Parquet file. All columns are text, but for the probability."""

    def __init__(self, file: BinaryIO, names: Sequence[str]) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise OutputError("to write Parquet: pip install spamguard[parquet]") from None
        self._pa = pa
        types = (pa.float64() if name == PROBABILITY_COLUMN else pa.string() for name in names)
        self._schema = pa.schema(list(zip(names, types, strict=True)))
        self._writer = parquet.ParquetWriter(file, self._schema)
        self._group: list[Any] = []  # as Arrow has it, which is smaller than objects of Python
        self._rows = self._size = 0

    def write(self, text: str) -> None:
        """Add rows: whole lines, each an object with a value for every column."""
        items = [json.loads(line) for line in text.split("\n")[:-1]]
        columns = [
            self._pa.array([_as(field.type, item[field.name]) for item in items], field.type)
            for field in self._schema
        ]
        self._group.append(self._pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self._rows += len(items)
        self._size += len(text)
        if self._size >= GROUP or self._rows >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(self._pa.Table.from_batches(self._group, self._schema))
        self._group = []
        self._rows = self._size = 0

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Let go of a file that will not be whole."""
        self._writer.close()


def _as(kind: Any, value: object) -> object:
    return value if value is None or kind == "double" else as_text(value)
