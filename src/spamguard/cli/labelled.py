"""What train and evaluate share: labelled comments from files."""

import os
import pickle
import re
import tempfile
import time
import weakref
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import click

from spamguard import formats
from spamguard.cli.common import (
    Complaints,
    escaped,
    idle_columns,
    progress,
    refuse_input_as_output,
    report_oddities,
    say,
)
from spamguard.errors import InputError, OutputError
from spamguard.formats.columns import Labels
from spamguard.formats.rows import Rows
from spamguard.formats.source import Source
from spamguard.records import Comment

#: Comments of this many bytes are kept in memory, more in a temporary file.
MOST_IN_MEMORY = 64 << 20
BATCH = 1000
MAY_BE_EMPTY = ("author", "author_url")


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
    """Labelled comments from files, what is known of each, and how they were read.

    The comments lie outside memory if they are many; ``keys`` has the hash of each one's text
    without blanks around it, which ``training.usable`` takes, and ``columns`` what else is known
    of each: label, file, line, source, and what was asked for.
    """

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
        self.columns: dict[str, Any] = {"label": [], "file": [], "line": array("q"), "source": []}
        self.keys = array("q")
        self.bad = 0
        self._spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed in the next line
            MOST_IN_MEMORY, prefix="spamguard-"
        )
        weakref.finalize(self, self._spool.close)
        self._batch: list[Comment] = []
        self._batches = 0
        #: Runs of comments, each with the fields that its file does not really have.
        self._runs: list[tuple[int, list[str]]] = []
        self._names: dict[str, str] = {}
        self._meanings = (spam_values, ham_values)
        self._include_pingbacks = include_pingbacks
        self._trash_is_spam = trash_is_spam
        self._has_columns = False

    def read_all(
        self,
        paths: Sequence[str],
        format_name: str | None,
        chosen: dict[str, str],
        also: dict[str, str],
        quiet: bool,
        output: str | None,
    ) -> None:
        """Add the comments of several files. Columns are named for those that have some."""
        for path in paths:
            self.read(path, format_name, chosen, also, quiet, output)
        if chosen and not self._has_columns:
            raise idle_columns(paths[0], chosen)

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
            unfilled, empty = set(MAY_BE_EMPTY), set()
            for name in also:
                self.columns.setdefault(name, [])
            begun = len(self.columns["label"])
            self._has_columns |= formats.has_columns(source, format_name)
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
                    label = record.label
                    if labels is not None:
                        label = labels.read(reader.cell(record, labels.column))
                    told = str(reader.cell(record, reader.columns.get("source", "")) or path)
                    self.columns["label"].append(label)
                    self.columns["file"].append(source.name)
                    self.columns["line"].append(record.line)
                    self.columns["source"].append(self._names.setdefault(told, told))
                    for name, column in also.items():
                        self.columns[name].append(reader.cell(record, column))
                    self._keep(record.comment)
                    for field in MAY_BE_EMPTY if unfilled else ():
                        value = getattr(record.comment, field)
                        if value:
                            unfilled.discard(field)
                        elif value is not None:
                            empty.add(field)
                step()
            complaints.close()
            report_oddities(source, reader)
            # A field that is empty throughout a file is one that its source does not have.
            self._runs.append((len(self.columns["label"]) - begun, sorted(unfilled & empty)))
            if labels is not None and not quiet:
                took = ", ".join(f"{field} = {name}" for field, name in reader.columns.items())
                meanings = reader.meanings if isinstance(reader, Rows) else None
                if meanings:  # the fields of an export are where its format says
                    say(escaped(f"{source.name}: statuses: {_described(meanings)}"))
                else:
                    say(escaped(f"{source.name}: columns: {took}"))
                    say(escaped(f"{source.name}: labels: {labels.described()}"))

    def _keep(self, comment: Comment) -> None:
        self.keys.append(hash(comment.text.strip()))
        self._batch.append(comment)
        if len(self._batch) == BATCH:
            self._put_away()

    def _put_away(self) -> None:
        try:
            pickle.dump([tuple(comment) for comment in self._batch], self._spool)
        except OSError as error:
            raise OutputError(
                f"{tempfile.gettempdir()}: comments cannot be kept here: {error.strerror}"
            ) from None
        self._batches += 1
        self._batch = []

    def comments(self) -> Iterator[Comment]:
        """All comments in order."""
        if self._batch:
            self._put_away()
        self._spool.seek(0)
        kept = chain.from_iterable(pickle.load(self._spool) for _ in range(self._batches))
        for rows, empty in self._runs:
            nothing: dict[str, Any] = dict.fromkeys(empty)
            for cells in islice(kept, rows):
                comment = Comment._make(cells)
                yield comment._replace(**nothing) if nothing else comment

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


class Memory(click.ParamType[int]):
    """An amount of memory such as 500M or 1.5G, in bytes."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?) ?([KMGT]?)(?:i?B)?", value, re.IGNORECASE)
        if found is None:
            self.fail(f"{value!r} is no amount of memory; write it like 500M or 2G", param, ctx)
        return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))


def half_of_memory() -> str:
    """Half of the machine's memory, 2 GiB where the system does not tell."""
    try:
        return str(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    except (AttributeError, ValueError, OSError):
        return "2G"


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
