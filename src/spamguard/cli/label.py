"""The command ``label``: a table of comments with verdicts beside its rows."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import click

from spamguard import formats
from spamguard.cli.common import (
    STRICT_EXIT,
    Complaints,
    chosen_columns,
    column_options,
    encoded,
    escaped,
    load_model,
    model_option,
    progress,
    quiet_option,
    refuse_input_as_output,
    report,
    report_oddities,
    strict_option,
    write,
)
from spamguard.errors import InputError
from spamguard.formats.output import whole_file
from spamguard.formats.record import Annotator, PlainRows, shown
from spamguard.formats.source import Source
from spamguard.labelling import Judged, Tally, judge
from spamguard.records import HAM, LABELS, SPAM, Verdict

SHOWN_CERTAIN = 10
_RISKY = re.compile(r"[\s'\"\\\ufffd]")


@click.command()
@click.argument("file")
@click.option("-o", "--output", metavar="OUT", help="The file to write; - for stdout.")
@model_option
@click.option(
    "--format", "format_name", type=click.Choice(formats.FILES), help="What the input is."
)
@column_options("text", "author", "author_url", "post_title", "id")
@click.option("--only", type=click.Choice(LABELS), help="Write only the rows with this verdict.")
@click.option(
    "--ids", type=click.Choice(LABELS), help="Print the ids with this verdict, one a line."
)
@click.option("--dry-run", is_flag=True, help="Write nothing; show counts and the surest verdicts.")
@strict_option
@quiet_option
def label(
    file: str,
    output: str | None,
    model_path: str | None,
    format_name: str | None,
    only: str | None,
    ids: str | None,
    dry_run: bool,
    strict: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Label the comments in FILE (- for stdin): a table, or the export of a blog.

    Every row and column of CSV, TSV and JSON lines is kept, in order; spamguard_label and
    spamguard_probability are added. The comments of an export become rows of CSV, or of JSON
    lines where OUT ends in .jsonl.
    """
    if dry_run and (output or ids):
        raise click.UsageError("--dry-run writes nothing; leave --output and --ids out")
    if not (output or ids or dry_run):
        raise click.UsageError("say what to write: -o OUT, --ids VERDICT or --dry-run")
    if ids and output == "-":
        raise click.UsageError("--ids and the output cannot both go to stdout")
    model = load_model(model_path)
    tally = Tally(certain=SHOWN_CERTAIN if dry_run else 0)
    with Source(file) as source:
        refuse_input_as_output(source, output)
        as_json = (output or "").removesuffix(".gz").endswith(".jsonl")
        reader = formats.open_table(source, format_name, chosen_columns(options), as_json=as_json)
        if ids and "id" not in reader.columns and reader.columns:
            raise InputError(f"{source.name}: no column looks like an id; name it with --id-column")
        with _sink(output, source.encoding) as sink, progress(source, "labelling", quiet) as step:
            if output:
                sink(reader.opening())
            complaints = Complaints(source)
            for judged in judge(source, reader, model, tally):
                for record in judged.bad():
                    complaints.about(record)
                if output:
                    sink("".join(_kept(reader, judged, only)))
                if ids:
                    write("".join(_ids(source, judged, ids)))
                step()
            complaints.close()
            report_oddities(source, reader)
    if dry_run:
        _show_certain(tally)
    report(tally, source, quiet)
    if strict and tally.bad:
        sys.exit(STRICT_EXIT)


@contextmanager
def _sink(output: str | None, encoding: str) -> Iterator[Callable[[str], None]]:
    """Where labelled text goes: a whole file, gzipped by its name, or stdout."""
    if output is None or output == "-":
        yield lambda text: write(text, encoding)
        return
    with whole_file(output) as file:
        if not output.endswith(".gz"):
            yield lambda text: _send(file, encoded(text, encoding))
            return
        import gzip

        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            yield lambda text: _send(packed, encoded(text, encoding))


def _send(file: Any, data: bytes) -> None:
    file.write(data)


def _kept(reader: Annotator, judged: Judged, only: str | None) -> Iterator[str]:
    """The annotated records, all of them or those with one verdict."""
    for annotated, verdict in zip(_annotated(reader, judged), judged.verdicts, strict=True):
        if only is None or (verdict is not None and verdict.label == only):
            yield annotated


def _annotated(reader: Annotator, judged: Judged) -> Iterable[str]:
    if isinstance(judged.records, PlainRows):
        return judged.records.annotated(cast("Sequence[Verdict]", judged.verdicts))
    return (reader.annotated(record, verdict) for record, verdict in judged.pairs())


def _ids(source: Source, judged: Judged, wanted: str) -> Iterator[str]:
    """The ids of the comments with one verdict, each on its own line and safe for ``xargs``."""
    for record, verdict in judged.pairs():
        if verdict is None or verdict.label != wanted or record.comment is None:
            continue
        found = record.comment.id
        is_id = isinstance(found, str | int) and not isinstance(found, bool)
        key = str(found) if is_id else ""
        if not key or key.startswith("-") or not key.isprintable() or _RISKY.search(key):
            raise InputError(
                f"{source.name}: line {record.line}: the id {key!r} is missing or would not be safe"
                " in a command; ids hold no blanks or quotes and do not begin with -"
            )
        yield key + "\n"


def _show_certain(tally: Tally) -> None:
    for name in (SPAM, HAM):
        write(f"the most certain {name}\n")
        for probability, line, text in tally.most_certain(name):
            write(f"{shown(probability)}\tline {line}\t{escaped(text)}\n")
