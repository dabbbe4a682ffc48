"""The command ``convert``: any readable file as a table of comments."""

import sys
from collections import Counter
from typing import Any

import click

from spamguard import formats
from spamguard.cli.common import (
    STRICT_EXIT,
    Complaints,
    bad_rows_of,
    chosen_columns,
    column_options,
    comments_of,
    pingbacks_option,
    progress,
    quiet_option,
    refuse_idle_columns,
    refuse_input_as_output,
    report_oddities,
    say,
    strict_option,
    trash_option,
)
from spamguard.cli.labelled import label_options, table_format_option
from spamguard.cli.outputs import opened
from spamguard.formats.columns import Labels
from spamguard.formats.forms import CSV, table_form
from spamguard.formats.record import Reader, Record
from spamguard.formats.rows import FIELDS, RowForm
from spamguard.formats.source import Source
from spamguard.records import HAM, SPAM

#: What is written of a comment, under names that every reader finds again.
NAMES = (*FIELDS, "post_text", "source", "label")


@click.command()
@click.argument("file")
@click.option("-o", "--output", required=True, metavar="OUT", help="The table; - for stdout.")
@table_format_option
@column_options()
@label_options
@pingbacks_option
@trash_option
@strict_option
@quiet_option
def convert(
    file: str,
    output: str,
    format_name: str | None,
    spam_values: tuple[str, ...],
    ham_values: tuple[str, ...],
    include_pingbacks: bool,
    trash_is_spam: bool,
    strict: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Write the comments in FILE (- for stdin) as a table that every command reads.

    CSV, JSON lines or Parquet, as the ending of OUT says; with what FILE says is spam and ham.
    """
    form = table_form(output)
    rows = RowForm(as_json=form != CSV)
    counts: Counter[str | None] = Counter()
    bad = 0
    with Source(file) as source:
        refuse_input_as_output(source, output)
        chosen = chosen_columns(options)
        refuse_idle_columns(source, format_name, chosen)
        reader = formats.open_reader(
            source,
            format_name,
            chosen,
            include_pingbacks=include_pingbacks,
            trash_is_spam=trash_is_spam,
        )
        complaints = Complaints(source)
        labels: Labels | None = None
        shown = progress(source, "converting", quiet, to_stdout=output == "-")
        with opened(output, form, NAMES) as send, shown as step:
            send(rows.opening(NAMES))
            for batch in reader.batches():
                if labels is None and "label" in reader.columns:
                    column = reader.columns["label"]
                    labels = Labels(column, spam_values, ham_values, trash_is_spam=trash_is_spam)
                written = []
                for record in batch:
                    if record.error is not None:
                        bad += 1
                        complaints.about(record)
                    if record.comment is None:
                        continue
                    label = None
                    if labels is not None:
                        label = labels.read(reader.cell(record, labels.column))
                    counts[label] += 1
                    written.append(rows.row(NAMES, _values(reader, record, label)))
                send("".join(written))
                step()
        complaints.close()
    report_oddities(source, reader)
    if not quiet:
        spam, ham, unlabelled = (counts[label] for label in (SPAM, HAM, None))
        told = f"{spam:,} spam, {ham:,} ham, {unlabelled:,} unlabelled"
        say(f"{comments_of(counts.total())}: {told}; {bad_rows_of(bad)}")
    if strict and bad:
        sys.exit(STRICT_EXIT)


def _values(reader: Reader, record: Record, label: str | None) -> list[Any]:
    fields = [getattr(record.comment, field) for field in (*FIELDS, "post_text")]
    return [*fields, reader.cell(record, reader.columns.get("source", "")), label]
