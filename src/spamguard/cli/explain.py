"""The command ``explain``: what moved a verdict."""

from itertools import zip_longest
from typing import Any

import click

from spamguard.cli.answers import (
    format_option,
    invite,
    json_line,
    nul_option,
    open_reader,
    text_line,
)
from spamguard.cli.common import (
    Complaints,
    column_options,
    escaped,
    load_model,
    model_option,
    pingbacks_option,
    report_oddities,
    write,
)
from spamguard.cli.owner import list_options, lists_policy
from spamguard.cli.reasons import told_reason
from spamguard.explain import Explanation
from spamguard.explain import explain as reasons_of
from spamguard.formats.record import Record
from spamguard.formats.source import Source


@click.command()
@click.argument("file", default="-")
@model_option
@format_option
@nul_option
@pingbacks_option
@column_options("text", "author", "author_email", "author_url", "post_title", "id")
@list_options
@click.option(
    "--top",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="How many reasons on either side.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON lines, with all reasons.")
def explain(
    file: str,
    model_path: str | None,
    format_name: str | None,
    nul: bool,
    include_pingbacks: bool,
    allow: tuple[str, ...],
    block: tuple[str, ...],
    top: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Show what moved the verdict on each comment from FILE or stdin.

    Words of the text, parts of links, and parts of the author's name and address, each with its
    share of the log-odds: above zero it speaks for spam, below zero for ham.
    """
    model = load_model(model_path)
    policy = lists_policy(allow, block)
    invite(file)
    with Source(file) as source:
        complaints = Complaints(source)
        reader = open_reader(source, format_name, nul, include_pingbacks, options)
        for batch in reader.batches():
            for record in batch:
                if record.error is not None:
                    complaints.about(record)
                    write(json_line(record, None) if as_json else text_line(record, None))
                if record.comment is None:
                    continue
                found = reasons_of(model, record.comment)
                if policy is not None:
                    verdict = policy.overrule(record.comment, found.verdict)
                    found = found._replace(verdict=verdict)
                write(_as_json(record, found) if as_json else _as_text(record, found, top))
        complaints.close()
    report_oddities(source, reader)


def _as_json(record: Record, found: Explanation) -> str:
    import json

    line = json.loads(json_line(record, found.verdict))
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
    lines = [text_line(record, found.verdict)]
    if found.verdict.reason is not None:
        lines.append(f"  {escaped(found.verdict.reason)}\n")
    lines.append(f"  {'towards spam':<38}towards ham\n")
    for left, right in zip_longest(spam, ham):
        lines.append(f"  {told_reason(left):<38}{told_reason(right)}".rstrip() + "\n")
    rest = found.log_odds - found.intercept - named
    lines.append(
        f"  shown {named:+.2f}, all others {rest:+.2f}, intercept {found.intercept:+.2f}:"
        f" log-odds {found.log_odds:+.2f}\n"
    )
    return "".join(lines)
