"""The form in which labelled comments are written: by the ending of the file, and what was read."""

import os
from typing import Final

from spamguard.errors import InputError

#: A table as it is with verdicts beside its rows, and a file as it is with verdicts as statuses.
SAME: Final = "same"
IN_PLACE: Final = "in place"
#: New tables, one row a comment.
CSV: Final = "csv"
JSON_LINES: Final = "jsonl"
PARQUET: Final = "parquet"

_XML: Final = "XML"
_SQLITE: Final = "SQLite"
_ENDINGS: Final = {
    ".csv": CSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".parquet": PARQUET,
    ".xml": _XML,
    ".db": _SQLITE,
    ".sqlite": _SQLITE,
    ".sqlite3": _SQLITE,
}
_SPREADSHEETS: Final = (".xlsx", ".xls", ".ods")
#: What the files are that can be written back, and the tables.
_IN_PLACE: Final = {"wxr": _XML, "disqus": _XML, "isso": _SQLITE}
_TABLES: Final = {"csv": CSV, "tsv": CSV, "jsonl": JSON_LINES}


def form_of(output: str, name: str | None) -> str:
    """The form to write ``output`` in, when comments were read in the format ``name``.

    None is a zip. What cannot be is an InputError.
    """
    ending = _known_ending(output)
    form = _ENDINGS.get(ending)
    if form in (_XML, _SQLITE):
        if form == _SQLITE and output.endswith(".gz"):
            raise InputError(f"{output}: databases are not gzipped; leave .gz out")
        if _IN_PLACE.get(name or "") == form:
            return IN_PLACE
        what = "a zip (unzip it first)" if name is None else f"the format {name}"
        raise InputError(
            f"{output}: {what} cannot be written back as {ending}; choose .csv, .jsonl or .parquet"
        )
    own = _TABLES.get(name or "")
    if own is not None and form in (None, own):
        return SAME
    return table_form(output)


def table_form(output: str) -> str:
    """The form of a new table by the ending of its name; CSV where there is none."""
    ending = _known_ending(output)
    form = _ENDINGS.get(ending, "" if ending else CSV)
    if form not in (CSV, JSON_LINES, PARQUET):
        raise InputError(f"{output}: a table of comments is written to .csv, .jsonl or .parquet")
    if form == PARQUET and output.endswith(".gz"):
        raise InputError(f"{output}: Parquet is not gzipped; leave .gz out")
    return form


def _known_ending(output: str) -> str:
    ending = os.path.splitext(output.removesuffix(".gz"))[1].lower()
    if ending in _SPREADSHEETS:
        raise InputError(
            f"{output}: no {ending} is written; choose .csv, which spreadsheet programs open"
        )
    return ending
