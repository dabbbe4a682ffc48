"""The command ``label``: comments with verdicts beside them, or as their statuses."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from spamguard import formats
from spamguard.cli.common import (
    STRICT_EXIT,
    Complaints,
    chosen_columns,
    column_options,
    escaped,
    load_model,
    model_digest,
    model_option,
    pingbacks_option,
    progress,
    quiet_option,
    refuse_input_as_output,
    report,
    report_oddities,
    say,
    strict_option,
    write,
)
from spamguard.cli.outputs import Batch, Take, opened, rows_to
from spamguard.cli.reasons import told_reasons
from spamguard.cli.statuses import StatusTable
from spamguard.errors import InputError
from spamguard.formats import wpcli
from spamguard.formats.changes import STATUSES, Changes
from spamguard.formats.forms import CSV, IN_PLACE, JSON_LINES, PARQUET, SAME, form_of
from spamguard.formats.inplace import labelled_copy, seekable
from spamguard.formats.jsonl import JsonLines
from spamguard.formats.output import whole_file
from spamguard.formats.record import REASONS_COLUMN, Annotator, RowWriter, shown
from spamguard.formats.rows import Extended
from spamguard.formats.source import Source
from spamguard.labelling import Tally, judge
from spamguard.model import Model
from spamguard.records import HAM, LABELS, SPAM

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
@pingbacks_option
@click.option("--only", type=click.Choice(LABELS), help="Write only the rows with this verdict.")
@click.option("--explain", is_flag=True, help="Add a column with the three strongest reasons.")
@click.option("--excel-safe", is_flag=True, help="Put ' before cells that a spreadsheet would run.")
@click.option(
    "--unsure",
    type=click.Choice(["hold", "keep"]),
    default="keep",
    show_default=True,
    help="What to do with shown comments it is unsure of, where statuses are changed.",
)
@click.option("--log", metavar="FILE", help="Write the changed statuses down, for undo.")
@click.option(
    "--ids", type=click.Choice(LABELS), help="Print the ids with this verdict, one a line."
)
@click.option(
    "--wp-cli",
    "script",
    metavar="SCRIPT",
    help="Write a script that marks the spam on a live WordPress, and one that undoes it.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@strict_option
@quiet_option
def label(
    file: str,
    output: str | None,
    model_path: str | None,
    format_name: str | None,
    include_pingbacks: bool,
    only: str | None,
    explain: bool,
    excel_safe: bool,
    unsure: str,
    log: str | None,
    ids: str | None,
    script: str | None,
    dry_run: bool,
    strict: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Label the comments in FILE (- for stdin): a table, or the export of a blog.

    Every row and column of CSV, TSV and JSON lines is kept, in order; spamguard_label and
    spamguard_probability are added. Other comments become rows of CSV, JSON lines or Parquet, as
    the ending of OUT says. Where that is .xml for an export of WordPress or Disqus, or .db for the
    database of Isso, it is the input with the statuses of the spam changed.
    """
    wishes = Wishes(output, only, explain, excel_safe, unsure == "hold", log, ids, script, dry_run)
    wishes.check()
    model = load_model(model_path)
    tally = Tally(certain=SHOWN_CERTAIN if dry_run else 0)
    statuses = StatusTable()
    with ExitStack() as stack:
        source = stack.enter_context(Source(file))
        for written in wishes.files():
            refuse_input_as_output(source, written)
        name = None if source.is_zip else format_name or formats.format_of(source)
        form = form_of(output, name) if output else None
        wishes.check_form(form, name)
        if form == IN_PLACE:
            source, path = stack.enter_context(seekable(source))
        reader = formats.open_table(
            source,
            format_name or name,
            chosen_columns(options),
            form=form,
            include_pingbacks=include_pingbacks,
        )
        if ids and "id" not in reader.columns and reader.columns:
            raise InputError(f"{source.name}: no column looks like an id; name it with --id-column")
        complaints = Complaints(source)
        takers: list[Take] = []
        if output and form == IN_PLACE:
            changes = Changes(STATUSES[str(name)], model_digest(model_path), hold=wishes.hold)
            copy = labelled_copy(str(path), output, log, changes, complaints.say, source.name)
            takers.append(stack.enter_context(copy))
        elif output and form:
            annotator = wishes.annotator(reader, form, model)
            names = [*getattr(reader, "written", ()), *([REASONS_COLUMN] if explain else [])]
            to = opened(output, form, names, source.encoding)
            takers.append(rows_to(stack.enter_context(to), annotator, only))
        if ids:
            takers.append(lambda judged: write("".join(_ids(source, judged, ids))))
        if script:
            takers.append(stack.enter_context(_scripts(script, complaints, wishes.hold)))
        if dry_run or (sys.stderr.isatty() and not quiet):
            takers.append(statuses.add)
        step = stack.enter_context(progress(source, "labelling", quiet))
        for judged in judge(source, reader, model, tally):
            for record, _ in judged:
                if record.error is not None:
                    complaints.about(record)
            for take in takers:
                take(judged)
            step()
        complaints.close()
    report_oddities(source, reader)
    if dry_run:
        _show(statuses, tally)
    else:
        for line in statuses.table():
            say(line)
    report(tally, source, quiet)
    if strict and tally.bad:
        sys.exit(STRICT_EXIT)


@dataclass(frozen=True)
class Wishes:
    """What is to be written, and how."""

    output: str | None
    only: str | None
    explain: bool
    excel_safe: bool
    hold: bool
    log: str | None
    ids: str | None
    script: str | None
    dry_run: bool

    def files(self) -> list[str]:
        """All files that will be written."""
        undo = wpcli.undo_name(self.script) if self.script else None
        return [path for path in (self.output, self.log, self.script, undo) if path]

    def check(self) -> None:
        """Whether the wishes go together, whatever the input is."""
        files = [os.path.realpath(path) for path in self.files()]
        if len(set(files)) < len(files):
            raise click.UsageError("--output, --log and --wp-cli write a file each")
        if self.dry_run and (self.output or self.ids or self.script):
            raise click.UsageError(
                "--dry-run writes nothing; leave --output, --ids and --wp-cli out"
            )
        if not (self.output or self.ids or self.script or self.dry_run):
            raise click.UsageError(
                "say what to write: -o OUT, --ids VERDICT, --wp-cli SCRIPT or --dry-run"
            )
        if self.ids and self.output == "-":
            raise click.UsageError("--ids and the output cannot both go to stdout")

    def check_form(self, form: str | None, name: str | None) -> None:
        """Whether they go with the form of the output, and with the format of the input."""
        if form == IN_PLACE and (self.only or self.explain or self.excel_safe):
            raise click.UsageError("--only, --explain and --excel-safe are for tables")
        if form != IN_PLACE and self.log:
            raise click.UsageError("--log is for exports that are written back (-o labelled.xml)")
        if self.hold and form != IN_PLACE and not self.script:
            raise click.UsageError("--unsure hold is for statuses: -o labelled.xml, or --wp-cli")
        if self.hold and form == IN_PLACE and STATUSES[str(name)].hold is None:
            raise click.UsageError(f"the format {name} cannot say that a comment is held")
        as_text = form == CSV or (form == SAME and name != "jsonl")
        if self.excel_safe and not as_text:
            raise click.UsageError("--excel-safe is for CSV")
        if self.explain and form is None:
            raise click.UsageError(
                "--explain adds a column to OUT; to see it, use spamguard explain"
            )
        if self.script and name not in wpcli.SOURCES:
            what = "a zip; unzip it first" if name is None else f"of the format {name}"
            raise click.UsageError(f"--wp-cli is for comments of WordPress, and this is {what}")

    def annotator(self, reader: Annotator, form: str, model: Model) -> RowWriter:
        """The reader, with what the rows are to have besides."""
        if not (self.explain or self.excel_safe):
            return reader
        as_json = form in (JSON_LINES, PARQUET) or (form == SAME and isinstance(reader, JsonLines))
        return Extended(
            reader,
            as_json=as_json,
            delimiter=getattr(reader, "delimiter", ",") if form == SAME else ",",
            reasons=partial(told_reasons, model) if self.explain else None,
            guard=self.excel_safe,
        )


@contextmanager
def _scripts(path: str, complaints: Complaints, hold: bool) -> Iterator[Take]:
    """The script at ``path``, and beside it the one that takes it back, which is there first."""
    with whole_file(path) as apply, whole_file(wpcli.undo_name(path)) as undo:
        scripts = wpcli.Scripts(apply, undo, complaints.say, hold=hold)
        yield scripts.write
        scripts.close()


def _ids(source: Source, judged: Batch, wanted: str) -> Iterator[str]:
    """The ids of the comments with one verdict, each on its own line and safe for ``xargs``."""
    for record, verdict in judged:
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


def _show(statuses: StatusTable, tally: Tally) -> None:
    """What a run would change, and the comments that are judged with the most certainty."""
    write("".join(line + "\n" for line in statuses.table()))
    doubtful = statuses.doubtful()
    if doubtful:
        write(f"approved, and called spam: {statuses.approved_spam():,}, the least certain first\n")
        write("".join(line + "\n" for line in doubtful))
    for name in (SPAM, HAM):
        write(f"the most certain {name}\n")
        for probability, line, text in tally.most_certain(name):
            write(f"{shown(probability)}\tline {line}\t{escaped(text)}\n")
