"""What score and explain share: how plain comments come in, and how an answer looks."""

import os
import sys
from typing import Any

import click

from spamguard import formats
from spamguard.cli.common import (
    chosen_columns,
    escaped,
    is_terminal,
    refuse_idle_columns,
    say,
)
from spamguard.formats.record import Reader, Record, shown, visible
from spamguard.formats.source import Source
from spamguard.records import Verdict

#: The formats that hold nothing but texts.
PLAIN = ("lines", "nul", "text")
#: What files are called that hold more.
TABLES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}

format_option = click.option(
    "--format",
    "format_name",
    type=click.Choice([name for name in formats.FORMATS if name != "nul"]),
    help="What the input is; lines: one comment a line (default), text: all of it is one comment.",
)
nul_option = click.option("-0", "nul", is_flag=True, help="Comments end with NUL, not with a line.")


def invite(file: str) -> None:
    """Say what is waited for where somebody sits at the other end."""
    if file == "-" and is_terminal(sys.stdin):
        say("waiting for comments from the terminal; Ctrl-D ends them")


def open_reader(
    source: Source,
    format_name: str | None,
    nul: bool,
    include_pingbacks: bool,
    options: dict[str, Any],
) -> Reader:
    """Plain comments unless a format is named, or the input is a file and surely an export."""
    if nul and format_name not in (None, "lines"):
        raise click.UsageError("-0 is for plain comments; leave --format out")
    name = "nul" if nul else format_name
    if name is None and (source.size or source.is_folder) and source.path is not None:
        source.fill()
        name = None if source.is_zip else formats.export_of(source) or "lines"
        if name == "lines":
            _hint_at_table(source)
    elif name is None:
        name = "lines"
    chosen = chosen_columns(options)
    if chosen and name in PLAIN:
        option = f"--{next(iter(chosen)).replace('_', '-')}-column"
        raise click.UsageError(f"{option} is for tables; say --format csv, tsv or jsonl as well")
    refuse_idle_columns(source, name, chosen)
    return formats.open_reader(source, name, chosen, include_pingbacks=include_pingbacks)


def _hint_at_table(source: Source) -> None:
    """A table that is read as lines is answered in full, and wrongly."""
    ending = os.path.splitext(source.name.removesuffix(".gz"))[1].lower()
    if ending in TABLES:
        say(
            f"{escaped(source.name)}: read as one comment a line;"
            f" if it is a table, say --format {TABLES[ending]}"
        )


def text_line(record: Record, verdict: Verdict | None) -> str:
    if verdict is None or record.comment is None:
        return f"error\t\t{escaped(record.error or '')}\n"
    return f"{verdict.label}\t{shown(verdict.probability)}\t{escaped(record.comment.text)}\n"


def json_line(record: Record, verdict: Verdict | None) -> str:
    import json

    answer: dict[str, Any]
    if verdict is None or record.comment is None:
        answer = {"label": None, "error": record.error}
    else:
        answer = {"label": verdict.label, "probability": round(verdict.probability, 6)}
        if verdict.reason is not None:
            answer["reason"] = verdict.reason
        if record.comment.id is not None:
            answer["id"] = record.comment.id
        answer["text"] = record.comment.text
    return visible(json.dumps(answer, ensure_ascii=False)) + "\n"
