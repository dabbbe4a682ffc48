"""The command ``label``: comments with verdicts beside them, or as their statuses."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, cast

import click

from spamguard import formats
from spamguard.cli.common import (
    STRICT_EXIT,
    Complaints,
    chosen_columns,
    column_options,
    escaped,
    is_terminal,
    load_model,
    model_option,
    new_file,
    pingbacks_option,
    progress,
    quiet_option,
    refuse_idle_columns,
    refuse_input_as_output,
    report,
    report_oddities,
    strict_option,
    write,
)
from spamguard.cli.outputs import Take, Wishes, output_to, scripts_at
from spamguard.cli.owner import evidence_options, file_policy, list_options, lists_policy
from spamguard.cli.statuses import StatusTable, has_status
from spamguard.errors import InputError
from spamguard.formats.forms import IN_PLACE, form_of
from spamguard.formats.inplace import seekable
from spamguard.formats.record import Reader, shown
from spamguard.formats.source import Source
from spamguard.labelling import Judged, Tally, judge
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
@column_options("text", "author", "author_email", "author_url", "post_title", "id")
@pingbacks_option
@list_options
@evidence_options
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
@click.option(
    "--log", type=new_file, metavar="FILE", help="Write the changed statuses down, for undo."
)
@click.option(
    "--ids", type=click.Choice(LABELS), help="Print the ids with this verdict, one a line."
)
@click.option(
    "--wp-cli",
    "script",
    type=new_file,
    metavar="SCRIPT",
    help="Write a script that marks the spam on a live WordPress, and one that undoes it.",
)
@click.option(
    "--resume", is_flag=True, help="Go on with a run that was stopped, where it was stopped."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many processes score; the output is the same for any number.",
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
    resume: bool,
    jobs: int,
    dry_run: bool,
    allow: tuple[str, ...],
    block: tuple[str, ...],
    trust_approved: int | None,
    campaigns: bool,
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
    wishes = Wishes(
        output=output,
        model_path=model_path,
        only=only,
        explain=explain,
        overruled=bool(allow or block or trust_approved or campaigns),
        excel_safe=excel_safe,
        hold=unsure == "hold",
        log=log,
        ids=ids,
        script=script,
        resume=resume,
        dry_run=dry_run,
    )
    wishes.check()
    model = load_model(model_path)
    tally = Tally(certain=SHOWN_CERTAIN if dry_run else 0)
    statuses = StatusTable()
    done: Counter[str] = Counter()
    policy = lists_policy(allow, block)
    twice = trust_approved is not None or campaigns
    with ExitStack() as stack:
        given = stack.enter_context(Source(file))
        for written in wishes.files():
            refuse_input_as_output(given, written)
        name = None if given.is_zip else format_name or formats.format_of(given)
        form = form_of(output, name) if output else None
        wishes.check_form(form, name)
        read_as = _how_to_read(given, format_name or name, options)
        if twice:
            with given.reopened() as first:
                looked = formats.open_reader(first, *read_as, include_pingbacks=include_pingbacks)
                policy = file_policy(
                    policy, trust_approved, campaigns, first, looked, model, jobs, quiet
                )
        source = stack.enter_context(_to_judge(given, form, twice=twice))
        reader = formats.open_table(
            source, *read_as, form=form, include_pingbacks=include_pingbacks
        )
        complaints = Complaints(source)
        takers: list[Take] = [complaints.take]
        rest, resumes = cast("Reader", reader), False
        if form is not None:
            decided = policy.counts if policy else {}
            into = output_to(
                wishes, source, reader, name, form, model, tally, decided, done, complaints
            )
            take, rest, resumes = stack.enter_context(into)
            takers.append(take)
        if ids:
            takers.append(_ids_to_stdout(source, reader, ids))
        if script:
            takers.append(stack.enter_context(scripts_at(script, done, complaints, wishes.hold)))
        if (dry_run or (is_terminal(sys.stderr) and not quiet)) and has_status(reader.columns):
            takers.append(statuses.add)
        to_stdout = output == "-" or ids is not None
        step = stack.enter_context(progress(source, "labelling", quiet, to_stdout=to_stdout))
        overrule = policy.overrule if policy else None
        for judged in judge(source, rest, model, tally, overrule, jobs):
            for take in takers:
                take(judged)
            step()
        complaints.close()
    report_oddities(source, reader)
    if dry_run:
        _show(statuses, tally)
    elif not resumes:  # what the earlier run met is not in it
        statuses.say()
    report(tally, quiet, {**(policy.counts if policy else {}), **done})
    if strict and tally.bad:
        sys.exit(STRICT_EXIT)


def _how_to_read(
    given: Source, name: str | None, options: dict[str, Any]
) -> tuple[str | None, dict[str, str]]:
    """The format of the source, and the columns that were named for it."""
    chosen = chosen_columns(options)
    refuse_idle_columns(given, name, chosen)
    return name, chosen


def _to_judge(given: Source, form: str | None, *, twice: bool) -> AbstractContextManager[Source]:
    """The source to judge: once more from its beginning, or so that it can be read once more."""
    if form == IN_PLACE:
        return seekable(given)
    return given.reopened() if twice else nullcontext(given)


def _ids_to_stdout(source: Source, reader: Reader, wanted: str) -> Take:
    if reader.columns and "id" not in reader.columns:
        raise InputError(f"{source.name}: no column looks like an id; name it with --id-column")
    return lambda judged: write("".join(_ids(source, judged, wanted)))


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
