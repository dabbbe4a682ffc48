"""What train and evaluate share: labelled comments from files."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import click

from spamguard import formats
from spamguard.cli.common import (
    Complaints,
    escaped,
    progress,
    refuse_input_as_output,
    report_oddities,
    say,
)
from spamguard.errors import InputError
from spamguard.formats.columns import Labels
from spamguard.formats.rows import Rows
from spamguard.formats.source import Source


def label_options(function: Any) -> Any:
    for name, meaning in (("ham", "ham"), ("spam", "spam")):
        function = click.option(
            f"--{name}-value",
            f"{name}_values",
            multiple=True,
            metavar="VALUE",
            help=f"A value of the label column that means {meaning}; may be given several times.",
        )(function)
    return function


class Labelled:
    """Labelled comments from files, as the table that training cleans, and how they were read."""

    def __init__(
        self,
        spam_values: tuple[str, ...],
        ham_values: tuple[str, ...],
        *,
        include_pingbacks: bool = False,
        trash_is_spam: bool = False,
    ) -> None:
        spam, ham = (
            {value.strip().lower() for value in side} for side in (spam_values, ham_values)
        )
        if spam & ham:
            raise click.UsageError(f"{(spam & ham).pop()!r} cannot mean both spam and ham")
        self.rows: list[dict[str, Any]] = []
        self.bad = 0
        self._meanings = (spam_values, ham_values)
        self._include_pingbacks = include_pingbacks
        self._trash_is_spam = trash_is_spam

    def read(
        self,
        path: str,
        format_name: str | None,
        chosen: dict[str, str],
        also: dict[str, str],
        quiet: bool,
        output: str | None = None,
    ) -> None:
        """Add the comments of a file. ``also``: further columns to keep, by what to call them.

        ``output`` is where the result will go, which must not be the file itself.
        """
        with Source(path) as source, progress(source, f"reading {source.name}", quiet) as step:
            refuse_input_as_output(source, output)
            begun = len(self.rows)
            reader = formats.open_table(
                source,
                format_name,
                chosen,
                include_pingbacks=self._include_pingbacks,
                trash_is_spam=self._trash_is_spam,
            )
            complaints = Complaints(source)
            labels: Labels | None = None
            is_export = isinstance(reader, Rows)  # which says itself what is spam
            for batch in reader.batches():
                for record in batch:
                    if record.error is not None:
                        self.bad += 1
                        complaints.about(record)
                    if record.comment is None:
                        continue
                    if labels is None and ("label" in reader.columns or not is_export):
                        labels = self._labels(source, reader.columns)
                        check_columns(source, reader.names, also.values())
                    row = {
                        "comment": record.comment,
                        "label": record.label
                        if labels is None
                        else labels.read(reader.cell(record, labels.column)),
                        "file": source.name,
                        "line": record.line,
                        "source": reader.cell(record, reader.columns.get("source", "")) or path,
                    }
                    for name, column in also.items():
                        row[name] = reader.cell(record, column)
                    self.rows.append(row)
                step()
            complaints.close()
            report_oddities(source, reader)
            self._forget_empty_fields(begun)
            if labels is not None and not quiet:
                took = ", ".join(f"{field} = {name}" for field, name in reader.columns.items())
                meanings = reader.meanings if isinstance(reader, Rows) else None
                if meanings:  # the fields of an export are where its format says
                    say(escaped(f"{source.name}: statuses: {_described(meanings)}"))
                else:
                    say(escaped(f"{source.name}: columns: {took}"))
                    say(escaped(f"{source.name}: labels: {labels.described()}"))

    def _forget_empty_fields(self, begun: int) -> None:
        """A field that is empty throughout a file is one that its source does not have."""
        rows = self.rows[begun:]
        for field in ("author", "author_url"):
            if not any(getattr(row["comment"], field) for row in rows):
                for row in rows:
                    row["comment"] = row["comment"]._replace(**{field: None})

    def _labels(self, source: Source, columns: Any) -> Labels:
        if "label" not in columns:
            raise InputError(
                f"{source.name}: no column looks like a label (spam or ham);"
                " name it with --label-column"
            )
        return Labels(columns["label"], *self._meanings, trash_is_spam=self._trash_is_spam)


def _described(meanings: Counter[tuple[str, str | None]]) -> str:
    """What the statuses of an export were taken for: ``1 = ham (7), 0 = unlabelled (2)``."""
    return ", ".join(
        f"{status or '(none)'} = {label or 'unlabelled'} ({count:,})"
        for (status, label), count in meanings.most_common()
    )


def check_columns(source: Source, names: Sequence[str], wanted: Iterable[str]) -> None:
    for column in wanted:
        if column not in names:
            raise InputError(
                f"{source.name}: no column {column!r}; its columns are {', '.join(names)}"
            )


def moment() -> str:
    """Now in UTC, or the moment that SOURCE_DATE_EPOCH names."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        moment = time.gmtime(None if epoch is None else int(epoch))
    except (ValueError, OverflowError, OSError):
        raise InputError(f"SOURCE_DATE_EPOCH: {epoch!r} is no number of seconds") from None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)


def dropped_counts(counts: dict[str, int], bad: int) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in {**counts, "bad": bad}.items())


class FalsePositiveRate(click.FloatRange):
    """A range that NaN lies outside of."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        rate = super().convert(value, param, ctx)
        if rate != rate:  # noqa: PLR0124 - true of NaN alone
            self.fail("it is no number", param, ctx)
        return rate


files_argument = click.argument("files", nargs=-1, required=True, metavar="FILE...")
table_format_option = click.option(
    "--format", "format_name", type=click.Choice(formats.FILES), help="What the input is."
)
fpr_option = click.option(
    "--max-fpr",
    type=FalsePositiveRate(0, 0.5),
    default=0.005,
    show_default=True,
    help="The largest share of ham that may be called spam.",
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Of the division into folds.",
)
