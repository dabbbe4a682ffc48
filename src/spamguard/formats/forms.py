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
#: What the files are that can be written back, and the tables.
_IN_PLACE: Final = {"wxr": _XML, "disqus": _XML, "isso": _SQLITE}
_TABLES: Final = {"csv": CSV, "tsv": CSV, "jsonl": JSON_LINES}


def form_of(output: str, name: str | None) -> str:
    """The form to write ``output`` in, when comments were read in the format ``name``.

    None is a zip. What cannot be is an InputError.
    """
    plain = output.removesuffix(".gz")
    ending = os.path.splitext(plain)[1].lower()
    form = _ENDINGS.get(ending)
    if plain != output and form in (PARQUET, _SQLITE):
        raise InputError(f"{output}: {ending} files are not gzipped; leave .gz out")
    if form in (_XML, _SQLITE):
        if _IN_PLACE.get(name or "") == form:
            return IN_PLACE
        what = "a zip (unzip it first)" if name is None else f"the format {name}"
        raise InputError(
            f"{output}: {what} cannot be written back as {ending}; choose .csv, .jsonl or .parquet"
        )
    own = _TABLES.get(name or "")
    if own is not None:
        return SAME if form in (None, own) else form or SAME
    if form is None and ending:
        back = ", or its own format back" if name in _IN_PLACE else ""
        raise InputError(
            f"{output}: comments of an export are written to .csv, .jsonl or .parquet{back}"
        )
    return form or CSV
