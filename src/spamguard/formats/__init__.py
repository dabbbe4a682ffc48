"""Readers and writers: one module a format, and the table that picks one by name or by content."""

from collections.abc import Callable, Mapping
from typing import Final

from spamguard.errors import InputError
from spamguard.formats.record import Annotator, Reader
from spamguard.formats.source import Source

Chosen = Mapping[str, str]


def _lines(source: Source, _chosen: Chosen) -> Reader:
    from spamguard.formats.lines import Lines

    return Lines(source)


def _nul(source: Source, _chosen: Chosen) -> Reader:
    from spamguard.formats.lines import Lines

    return Lines(source, "\0")


def _text(source: Source, _chosen: Chosen) -> Reader:
    from spamguard.formats.lines import Whole

    return Whole(source)


def _csv(source: Source, chosen: Chosen) -> Annotator:
    from spamguard.formats.table import Table

    return Table(source, chosen)


def _tsv(source: Source, chosen: Chosen) -> Annotator:
    from spamguard.formats.table import Table

    return Table(source, chosen, "\t")


def _jsonl(source: Source, chosen: Chosen) -> Annotator:
    from spamguard.formats.jsonl import JsonLines

    return JsonLines(source, chosen)


#: Formats whose records have columns, so that they can be trained on and labelled.
TABLES: Final[Mapping[str, Callable[[Source, Chosen], Annotator]]] = {
    "csv": _csv,
    "tsv": _tsv,
    "jsonl": _jsonl,
}
#: Every format that can be scored.
FORMATS: Final[Mapping[str, Callable[[Source, Chosen], Reader]]] = {
    "lines": _lines,
    "nul": _nul,
    "text": _text,
    **TABLES,
}


def open_reader(source: Source, name: str, chosen: Chosen) -> Reader:
    """The reader called ``name``, one of ``FORMATS``."""
    return FORMATS[name](source, chosen)


def open_table(source: Source, name: str | None, chosen: Chosen) -> Annotator:
    """The reader called ``name``, one of ``TABLES``, or the one that the content asks for."""
    return TABLES[name or _format_of(source)](source, chosen)


def _format_of(source: Source) -> str:
    head = source.head().lstrip()
    if not head:
        raise InputError(f"{source.name}: empty: there are no comments in it")
    if head.startswith("{"):
        return "jsonl"
    if head.startswith("["):
        raise InputError(
            f"{source.name}: looks like a JSON array; give one object a line (JSON lines)"
        )
    if head.startswith("<"):
        raise InputError(f"{source.name}: looks like XML or HTML; give CSV, TSV or JSON lines")
    first = head.split("\n", 1)[0]
    if "\0" in first or ("\0" in head and "\ufffd" in first):
        raise InputError(f"{source.name}: looks like a binary file; give CSV, TSV or JSON lines")
    return "csv"
