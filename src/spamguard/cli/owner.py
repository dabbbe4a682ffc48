"""What the commands share of what the owner knows: lists, known readers, campaigns."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from spamguard.cli.common import escaped, progress, say
from spamguard.formats.record import Reader
from spamguard.formats.source import Source
from spamguard.labelling import Pair, Tally, judge
from spamguard.model import Model
from spamguard.records import HAM, SPAM

if TYPE_CHECKING:  # loaded only where one of the options is given
    from spamguard.policy import Policy

Function = TypeVar("Function", bound=Callable[..., Any])


def list_options(function: Function) -> Function:
    """The options ``--allow`` and ``--block``."""
    for name, other in (("block", "ham"), ("allow", "spam")):
        function = click.option(
            f"--{name}",
            multiple=True,
            metavar="FILE",
            help=f"A list of authors, e-mails, hosts and phrases: what matches is never {other}.",
        )(function)
    return function


def evidence_options(function: Function) -> Function:
    """The options that need a first look through the whole file."""
    function = click.option(
        "--campaigns",
        is_flag=True,
        help="What is unsure is spam if 3 authors were called spam with links to the same host.",
    )(function)
    return click.option(
        "--trust-approved",
        type=click.IntRange(1),
        metavar="N",
        help="Whoever has N approved comments in FILE is never spam, only unsure.",
    )(function)


def lists_policy(allow: Sequence[str], block: Sequence[str]) -> "Policy | None":
    """What the lists of the owner decide, None where there are none."""
    if not (allow or block):
        return None
    from spamguard.lists import OwnersList
    from spamguard.policy import Policy

    paths = [(HAM, path) for path in allow] + [(SPAM, path) for path in block]
    return Policy([(label, OwnersList(path)) for label, path in paths])


def file_policy(
    lists: "Policy | None",
    trust_approved: int | None,
    campaigns: bool,
    source: Source,
    reader: Reader,
    model: Model,
    jobs: int,
    quiet: bool,
) -> "Policy":
    """The policy that goes by what the comments of a file say of each other as well."""
    from dataclasses import replace

    from spamguard.policy import Campaigns, KnownReaders, Policy

    policy = lists or Policy()
    known = None if trust_approved is None else KnownReaders(trust_approved)
    met = Campaigns() if campaigns else None
    batches: Iterable[Iterable[Pair]] = (
        (judged.pairs() for judged in judge(source, reader, model, Tally(), policy.overrule, jobs))
        if campaigns
        else ([(record, None) for record in records] for records in reader.batches())
    )
    with progress(source, "looking through", quiet) as step:
        for batch in batches:
            for record, verdict in batch:
                if known is not None:
                    known.add(record)
                if met is not None and verdict is not None and record.comment is not None:
                    met.add(record.comment, verdict)
            step()
    if known is not None and not known.met_any:
        say(f"{escaped(source.name)}: says of no comment that it was approved: nobody is known")
    return replace(policy, known=known, campaigns=met)
