"""What label writes, and where it goes."""

import gzip
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

import click

from spamguard.cli.common import Complaints, encoded, escaped, model_digest, write
from spamguard.cli.reasons import told_reasons
from spamguard.cli.resume import resumable_run
from spamguard.formats import wpcli
from spamguard.formats.changes import STATUSES, Changes
from spamguard.formats.forms import CSV, IN_PLACE, JSON_LINES, PARQUET, SAME
from spamguard.formats.inplace import labelled_copy
from spamguard.formats.jsonl import JsonLines
from spamguard.formats.output import whole_file
from spamguard.formats.record import (
    REASON_KEY,
    REASONS_COLUMN,
    Annotator,
    PlainRows,
    Reader,
    RowWriter,
)
from spamguard.formats.rows import Extended
from spamguard.formats.source import Source
from spamguard.formats.table import Table
from spamguard.labelling import Judged, Pair, Tally
from spamguard.model import Model
from spamguard.records import Comment, Verdict

Take = Callable[[Judged], None]
Send = Callable[[str], None]

#: What a summary calls the comments that were changed, and those that a script is to change.
CHANGED = "given another status"
NAMED = "named in the script"

_NOT_RESUMABLE = "--resume is for a file that is labelled to .csv or .jsonl, and nothing else"


@dataclass(frozen=True)
class Wishes:
    """What label is to write, and how.

    overruled: whether something else than the model may decide.
    """

    output: str | None
    model_path: str | None
    only: str | None
    explain: bool
    overruled: bool
    excel_safe: bool
    hold: bool
    log: str | None
    ids: str | None
    script: str | None
    resume: bool
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
        if self.only and not self.output:
            raise click.UsageError("--only is for the rows of OUT; give it with -o")
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
        if self.resume and (form is None or form == IN_PLACE):
            raise click.UsageError(_NOT_RESUMABLE)
        if self.script and name not in wpcli.SOURCES:
            what = "a zip; unzip it first" if name is None else f"of the format {name}"
            raise click.UsageError(f"--wp-cli is for comments of WordPress, and this is {what}")

    def is_resumable(self, source: Source, form: str) -> bool:
        """Whether another run could go on with this one: it writes rows of text and no more."""
        output = os.path.realpath(self.output or "-")
        is_resumable = (
            form != PARQUET
            and not (self.ids or self.script or output.endswith(".gz") or self.output == "-")
            and (os.path.isfile(output) or not os.path.exists(output))
            and source.path is not None
            and source.size > 0
            and not source.is_file(f"{output}.part")
        )
        if self.resume and not is_resumable:
            raise click.UsageError(_NOT_RESUMABLE)
        return is_resumable

    def writer(self, reader: Annotator, form: str, model: Model) -> RowWriter:
        """The reader, with what the rows are to have besides."""
        column = self.reasons_column(reader, form)
        if not (column or self.excel_safe):
            return reader
        told = partial(told_reasons, model) if self.explain else _what_decided
        return Extended(
            reader,
            as_json=_is_json(reader, form),
            delimiter=getattr(reader, "delimiter", ",") if form == SAME else ",",
            reasons=(column, told) if column else None,
            guard=self.excel_safe,
        )

    def reasons_column(self, reader: Annotator, form: str) -> str:
        """The column that says why, "" for none. Lines of JSON say what decided by themselves."""
        if self.explain:
            return REASONS_COLUMN
        is_said = _is_json(reader, form) and form != PARQUET
        return REASON_KEY if self.overruled and not is_said else ""


def _is_json(reader: Annotator, form: str) -> bool:
    return form in (JSON_LINES, PARQUET) or (form == SAME and isinstance(reader, JsonLines))


def _what_decided(_: Comment, verdict: Verdict) -> str:
    """What decided instead of the model."""
    return escaped(verdict.reason or "")


class Output(NamedTuple):
    """What takes the judged comments, the reader that gives those to judge, and whether it gives
    only what an earlier run has left."""

    take: Take
    reader: Reader
    resumes: bool = False


@contextmanager
def output_to(
    wishes: Wishes,
    source: Source,
    reader: Annotator,
    name: str | None,
    form: str,
    model: Model,
    tally: Tally,
    decided: dict[str, int],
    done: Counter[str],
    complaints: Complaints,
) -> Iterator[Output]:
    """The output in its form: the input with other statuses, or rows.

    ``decided`` counts what decided instead of the model; a run that goes on adds to it.
    ``done`` counts what was done besides writing rows.
    """
    output, digest = str(wishes.output), model_digest(wishes.model_path)
    if form == IN_PLACE:
        changes = Changes(STATUSES[str(name)], digest, hold=wishes.hold)
        with labelled_copy(source, output, wishes.log, changes, complaints.say) as write_pairs:
            yield Output(_counting(done, CHANGED, write_pairs), reader)
        return
    rows = wishes.writer(reader, form, model)
    if wishes.is_resumable(source, form):
        with resumable_run(output, source, tally, decided, digest, wishes.resume) as run:
            if not run.resumes:
                run.send(rows.opening())
            take = run.counted(partial(_send_rows, run.send, rows, wishes.only))
            yield Output(take, run.rest(reader), run.resumes)
        return
    names = [*getattr(reader, "written", ()), *filter(None, [wishes.reasons_column(reader, form)])]
    with opened(output, form, names, source.encoding) as send:
        send(rows.opening())
        yield Output(partial(_send_rows, send, rows, wishes.only), reader)


def _counting(done: Counter[str], what: str, take: Callable[[Iterable[Pair]], int]) -> Take:
    def counted(judged: Judged) -> None:
        done[what] += take(judged.pairs())

    done[what] = 0
    return counted


def _send_rows(send: Send, rows: RowWriter, only: str | None, judged: Judged) -> None:
    """The rows of all records, or of those with one verdict."""
    if only is None and isinstance(judged.records, PlainRows) and isinstance(rows, Table):
        send(judged.records.annotated(cast("Sequence[Verdict]", judged.verdicts)))
        return
    send(
        "".join(
            rows.annotated(record, verdict)
            for record, verdict in judged.pairs()
            if only is None or (verdict is not None and verdict.label == only)
        )
    )


@contextmanager
def scripts_at(path: str, done: Counter[str], complaints: Complaints, hold: bool) -> Iterator[Take]:
    """The script at ``path``, and beside it the one that takes it back, which is there first."""
    with whole_file(path) as apply, whole_file(wpcli.undo_name(path)) as undo:
        scripts = wpcli.Scripts(apply, undo, complaints.say, hold=hold)
        yield _counting(done, NAMED, scripts.write)
        scripts.close()


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
    # Read when Arrow is loaded. Its own pool keeps 20 MiB more than is in use.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
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
