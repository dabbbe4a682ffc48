"""The commands that judge comments: score, label and explain."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

import click

from spamguard import formats
from spamguard.cli.common import (
    Complaints,
    chosen_columns,
    column_options,
    escaped,
    load_model,
    model_option,
    progress,
    quiet_option,
    say,
    write,
)
from spamguard.errors import InputError
from spamguard.explain import Explanation, Reason
from spamguard.explain import explain as reasons_of
from spamguard.formats.output import whole_file
from spamguard.formats.record import Annotator, Reader, Record, shown
from spamguard.formats.source import Source
from spamguard.labelling import Judged, Tally, judge
from spamguard.records import HAM, LABELS, SPAM, UNSURE, Verdict

EXIT_CODES = {HAM: 0, SPAM: 10, UNSURE: 11}
STRICT_EXIT = 3
SHOWN_CERTAIN = 10
_RISKY = re.compile(r"[\s'\"\\]")

format_option = click.option(
    "--format",
    "format_name",
    type=click.Choice([name for name in formats.FORMATS if name != "nul"]),
    help="What the input is; lines: one comment a line (default), text: all of it is one comment.",
)
nul_option = click.option("-0", "nul", is_flag=True, help="Comments end with NUL, not with a line.")
strict_option = click.option("--strict", is_flag=True, help="Exit with 3 if a record was bad.")


def _reader(source: Source, format_name: str | None, nul: bool, options: dict[str, Any]) -> Reader:
    if nul and format_name not in (None, "lines"):
        raise click.UsageError("-0 is for plain comments; leave --format out")
    name = "nul" if nul else format_name or "lines"
    return formats.open_reader(source, name, chosen_columns(options))


def _text_line(record: Record, verdict: Verdict | None) -> str:
    if verdict is None or record.comment is None:
        return f"error\t\t{escaped(record.error or '')}\n"
    return f"{verdict.label}\t{shown(verdict.probability)}\t{escaped(record.comment.text)}\n"


def _json_line(record: Record, verdict: Verdict | None) -> str:
    answer: dict[str, Any]
    if verdict is None or record.comment is None:
        answer = {"label": None, "error": record.error}
    else:
        answer = {"label": verdict.label, "probability": round(verdict.probability, 6)}
        if record.comment.id is not None:
            answer["id"] = record.comment.id
        answer["text"] = record.comment.text
    return json.dumps(answer, ensure_ascii=False) + "\n"


def _is_record(item: Judged) -> bool:
    return item[0].comment is not None or item[0].error is not None


@click.command()
@click.argument("file", default="-")
@model_option
@format_option
@nul_option
@column_options("text", "author", "author_url", "post_title", "id")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON lines.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 0 for ham, 10 for spam, 11 for unsure; for exactly one comment.",
)
@strict_option
def score(
    file: str,
    model_path: str | None,
    format_name: str | None,
    nul: bool,
    as_json: bool,
    exit_code: bool,
    strict: bool,
    **options: Any,
) -> None:
    """Score comments from FILE or stdin, one a line.

    Answers each with its verdict (ham, unsure, spam), the probability of spam, and the comment.
    On a live pipe each answer comes before the next line is read.
    """
    model = load_model(model_path)
    answer = _json_line if as_json else _text_line
    tally = Tally()
    with Source(file) as source:
        reader = _reader(source, format_name, nul, options)
        complaints = Complaints(source)
        held: list[Judged] = []  # --exit-code answers only when it knows that there is one
        for judged in judge(source, reader, model, tally):
            records = list(filter(_is_record, judged))
            for record, verdict in records:
                if verdict is None:
                    complaints.about(record)
            if exit_code:
                held += records
                if len(held) > 1:
                    break
            else:
                write("".join(answer(record, verdict) for record, verdict in records))
        complaints.close()
    if exit_code:
        if len(held) != 1:
            found = "more than one" if held else "none"
            raise click.UsageError(f"--exit-code is for exactly one comment; there is {found}")
        write(answer(*held[0]))
        verdict = held[0][1]
        sys.exit(STRICT_EXIT if verdict is None else EXIT_CODES[verdict.label])
    _report(tally, source, quiet=True)
    if strict and tally.bad:
        sys.exit(STRICT_EXIT)


def _report(tally: Tally, source: Source, quiet: bool) -> None:
    if tally.interpreted_bulk:
        say("numba is not there, so scoring was slow; pip install numba")
    if tally.replaced:
        say(f"{escaped(source.name)}: {tally.replaced:,} comments hold what is not valid UTF-8")
    if not quiet:
        counts = ", ".join(f"{tally.labels[label]:,} {label}" for label in LABELS)
        say(f"{sum(tally.labels.values()):,} comments: {counts}; {tally.bad:,} bad rows")


@click.command()
@click.argument("file")
@click.option("-o", "--output", metavar="OUT", help="The file to write; - for stdout.")
@model_option
@click.option(
    "--format", "format_name", type=click.Choice(list(formats.TABLES)), help="What the input is."
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
    """Label the comments in a CSV, TSV or JSON-lines FILE (- for stdin).

    Every row and column is kept, in order; spamguard_label and spamguard_probability are added.
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
        if output and source.is_file(output):
            raise InputError(
                f"{output}: is the input; an input is never changed, name another file"
            )
        reader = formats.open_table(source, format_name, chosen_columns(options))
        if ids and "id" not in reader.columns and reader.columns:
            raise InputError(f"{source.name}: no column looks like an id; name it with --id-column")
        with _sink(output, source.encoding) as sink, progress(source, "labelling", quiet) as step:
            if output:
                sink(reader.opening())
            complaints = Complaints(source)
            for judged in judge(source, reader, model, tally):
                for record, _ in judged:
                    if record.error is not None:
                        complaints.about(record)
                if output:
                    sink("".join(_kept(reader, judged, only)))
                if ids:
                    write("".join(_ids(source, judged, ids)))
                step()
            complaints.close()
    if dry_run:
        _show_certain(tally)
    _report(tally, source, quiet)
    if strict and tally.bad:
        sys.exit(STRICT_EXIT)


@contextmanager
def _sink(output: str | None, encoding: str) -> Iterator[Callable[[str], None]]:
    """Where labelled text goes: a whole file, gzipped by its name, or stdout."""
    if output is None or output == "-":
        yield write
        return
    with whole_file(output) as file:
        if not output.endswith(".gz"):
            yield lambda text: _send(file, text, encoding)
            return
        import gzip

        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            yield lambda text: _send(packed, text, encoding)


def _send(file: Any, text: str, encoding: str) -> None:
    file.write(text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace"))


def _kept(reader: Annotator, judged: list[Judged], only: str | None) -> Iterator[str]:
    """The annotated records, all of them or those with one verdict."""
    for record, verdict in judged:
        if only is None or (verdict is not None and verdict.label == only):
            yield reader.annotated(record, verdict)


def _ids(source: Source, judged: list[Judged], wanted: str) -> Iterator[str]:
    """The ids of the comments with one verdict, each on its own line and safe for ``xargs``."""
    for record, verdict in judged:
        if verdict is None or verdict.label != wanted or record.comment is None:
            continue
        key = "" if record.comment.id is None else str(record.comment.id)
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


@click.command()
@click.argument("file", default="-")
@model_option
@format_option
@nul_option
@column_options("text", "author", "author_url", "post_title", "id")
@click.option("--top", default=5, show_default=True, help="How many reasons on either side.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON lines, with all reasons.")
def explain(
    file: str,
    model_path: str | None,
    format_name: str | None,
    nul: bool,
    top: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Show what moved the verdict on each comment from FILE or stdin.

    Words of the text, parts of links, and parts of the author's name and address, each with its
    share of the log-odds: above zero it speaks for spam, below zero for ham.
    """
    model = load_model(model_path)
    with Source(file) as source:
        complaints = Complaints(source)
        for batch in _reader(source, format_name, nul, options).batches():
            for record in batch:
                if record.error is not None:
                    complaints.about(record)
                if record.comment is None:
                    continue
                reasons = reasons_of(model, record.comment)
                write(_as_json(record, reasons) if as_json else _as_text(record, reasons, top))
        complaints.close()


def _as_json(record: Record, found: Explanation) -> str:
    line = json.loads(_json_line(record, found.verdict))
    line |= {
        "log_odds": found.log_odds,
        "intercept": found.intercept,
        "rest": found.rest,
        "reasons": [reason._asdict() for reason in found.reasons],
    }
    return json.dumps(line, ensure_ascii=False) + "\n"


def _as_text(record: Record, found: Explanation, top: int) -> str:
    spam, ham = found.towards_spam(top), found.towards_ham(top)
    named = sum(reason.share for reason in spam + ham)
    lines = [_text_line(record, found.verdict), f"  {'towards spam':<38}towards ham\n"]
    for left, right in zip_longest(spam, ham):
        lines.append(f"  {_reason(left):<38}{_reason(right)}".rstrip() + "\n")
    rest = found.log_odds - found.intercept - named
    lines.append(
        f"  shown {named:+.2f}, all others {rest:+.2f}, intercept {found.intercept:+.2f}:"
        f" log-odds {found.log_odds:+.2f}\n"
    )
    return "".join(lines)


def _reason(reason: Reason | None) -> str:
    if reason is None:
        return ""
    where = "" if reason.view == "text" else f"{reason.view}: "
    piece = escaped(where + reason.piece)
    return f"{reason.share:+.2f} {piece if len(piece) <= 30 else piece[:29] + '…'}"
