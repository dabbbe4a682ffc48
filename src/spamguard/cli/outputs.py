"""Where labelled comments go."""

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from spamguard.cli.common import encoded, write
from spamguard.formats.forms import PARQUET
from spamguard.formats.output import whole_file
from spamguard.formats.record import Record, RowWriter
from spamguard.records import Verdict

Batch = Iterable[tuple[Record, Verdict | None]]
Take = Callable[[Batch], None]
Send = Callable[[str], None]


def rows_to(send: Send, annotator: RowWriter, only: str | None) -> Take:
    """What takes judged comments and sends their rows: all, or those with one verdict."""
    send(annotator.opening())
    return lambda judged: send("".join(_kept(annotator, judged, only)))


def _kept(annotator: RowWriter, judged: Batch, only: str | None) -> Iterator[str]:
    for record, verdict in judged:
        if only is None or (verdict is not None and verdict.label == only):
            yield annotator.annotated(record, verdict)


def opened(
    output: str, form: str, names: Sequence[str], encoding: str = "utf-8"
) -> AbstractContextManager[Send]:
    """Where rows of text go: stdout, or a whole file. Lines of JSON can be packed as Parquet."""
    return _parquet_to(output, names) if form == PARQUET else _text_to(output, encoding)


@contextmanager
def _text_to(output: str, encoding: str) -> Iterator[Send]:
    if output == "-":
        yield lambda text: write(text, encoding)
        return
    with whole_file(output) as file:
        if not output.endswith(".gz"):
            yield lambda text: _send(file, encoded(text, encoding))
            return
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            yield lambda text: _send(packed, encoded(text, encoding))


def _send(file: Any, data: bytes) -> None:
    file.write(data)


@contextmanager
def _parquet_to(output: str, names: Sequence[str]) -> Iterator[Send]:
    """Lines of JSON, packed."""
    from spamguard.formats.parquet import Writer

    with whole_file(output) as file:
        writer = Writer(file, names)
        try:
            yield writer.write
            writer.close()
        except BaseException:
            with suppress(Exception):  # or it would try to end the file when nobody listens
                writer.abandon()
            raise
