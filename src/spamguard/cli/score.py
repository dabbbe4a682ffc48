"""The command ``score``: a verdict for each comment of a stream."""

import sys
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
    STRICT_EXIT,
    Complaints,
    column_options,
    load_model,
    model_option,
    pingbacks_option,
    report,
    report_oddities,
    strict_option,
    write,
)
from spamguard.cli.owner import list_options, lists_policy
from spamguard.formats.source import Source
from spamguard.labelling import Pair, Tally, judge
from spamguard.records import HAM, SPAM, UNSURE

EXIT_CODES = {HAM: 0, SPAM: 10, UNSURE: 11}


@click.command()
@click.argument("file", default="-")
@model_option
@format_option
@nul_option
@pingbacks_option
@column_options("text", "author", "author_email", "author_url", "post_title", "id")
@list_options
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
    include_pingbacks: bool,
    allow: tuple[str, ...],
    block: tuple[str, ...],
    as_json: bool,
    exit_code: bool,
    strict: bool,
    **options: Any,
) -> None:
    """Score comments from FILE or stdin, one a line. Exports of blogs are found by their content.

    Answers each with its verdict (ham, unsure, spam), the probability of spam, and the comment.
    On a live pipe each answer comes before the next line is read.
    """
    model = load_model(model_path)
    policy = lists_policy(allow, block)
    overrule = policy.overrule if policy else None
    answer = json_line if as_json else text_line
    tally = Tally()
    invite(file)
    with Source(file) as source:
        reader = open_reader(source, format_name, nul, include_pingbacks, options)
        complaints = Complaints(source)
        held: list[Pair] = []  # --exit-code answers only when it knows that there is one
        for judged in judge(source, reader, model, tally, overrule):
            for record in judged.bad():
                complaints.about(record)
            if exit_code:
                held += judged.answerable()
                if len(held) > 1:
                    break
            else:
                write("".join(answer(record, verdict) for record, verdict in judged.answerable()))
        complaints.close()
    report_oddities(source, reader)
    if exit_code:
        if len(held) != 1:
            found = "more than one" if held else "none"
            raise click.UsageError(f"--exit-code is for exactly one comment; there is {found}")
        write(answer(*held[0]))
        verdict = held[0][1]
        sys.exit(STRICT_EXIT if verdict is None else EXIT_CODES[verdict.label])
    report(tally, quiet=True)
    if strict and tally.bad:
        sys.exit(STRICT_EXIT)
