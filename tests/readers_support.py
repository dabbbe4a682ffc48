"""What the tests of the readers share: reading a file, and giving it in other ways."""

import gzip
import io
import sqlite3
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from spamguard import formats
from spamguard.formats.columns import Labels
from spamguard.formats.source import Source

EXPORTS = Path(__file__).parent / "exports"
SHARED = Path(__file__).parents[2] / "shared" / "exports"


class Read(NamedTuple):
    """What a reader gave: its comments, their labels and kinds, and what it could not read."""

    comments: list
    labels: list
    kinds: list
    errors: list
    records: list
    reader: object


def read(path, name=None, **wishes):
    """Everything in a file; for a table the label is what its label column says."""
    with Source(str(path)) as source:
        reader = formats.open_reader(source, name, {}, **wishes)
        records = [(record, reader) for batch in reader.batches() for record in batch]
    labels = None
    kept = Read([], [], [], [], [record for record, _ in records], reader)
    for record, _ in records:
        if record.error is not None:
            kept.errors.append(record.error)
        if record.comment is None:
            continue
        column = reader.columns.get("label", "label")
        if column == "label":
            label = record.label
        else:
            labels = labels or Labels(column)
            label = labels.read(reader.cell(record, column))
        kept.comments.append(record.comment)
        kept.labels.append(label)
        kept.kinds.append(reader.cell(record, "type"))
    return kept


def read_bytes(data, tmp_path, **wishes):
    path = tmp_path / "input"
    path.write_bytes(data)
    return read(path, **wishes)


def as_stdin(monkeypatch, data):
    """Make ``data`` what stdin gives, as a pipe would."""
    stream = io.BufferedReader(io.BytesIO(data))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))


def zipped(tmp_path, **files):
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return path


def gzipped(tmp_path, data):
    path = tmp_path / "input.gz"
    path.write_bytes(gzip.compress(data))
    return path


def isso_database(path, *more):
    """An Isso database out of its SQL, with more statements after that."""
    with sqlite3.connect(path) as database:
        database.executescript((EXPORTS / "isso.sql").read_text())
        for statement in more:
            database.execute(statement)
    database.close()
    return path
