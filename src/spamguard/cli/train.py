"""The command ``train``: a model from labelled comments."""

import glob
import os
import time
from collections import Counter
from itertools import compress
from typing import Any

import click

from spamguard.cli.common import (
    chosen_columns,
    column_options,
    comments_of,
    cutoff_lines,
    figure_lines,
    new_file,
    pingbacks_option,
    quiet_option,
    say,
    shipped,
    trash_option,
)
from spamguard.cli.labelled import (
    Labelled,
    Memory,
    dropped_counts,
    files_argument,
    fpr_option,
    half_of_memory,
    label_options,
    moment,
    seed_option,
    table_format_option,
)
from spamguard.formats.source import Source
from spamguard.records import HAM, SPAM, Comment

#: What training takes besides the counts: in all, and for each comment.
FIXED_MEMORY, MEMORY_A_COMMENT = 256 << 20, 450
#: So many texts of each spun template come with spamguard's own spam.
SPUN = 150


@click.command()
@files_argument
@click.option(
    "-o",
    "--output",
    required=True,
    type=new_file,
    metavar="MODEL",
    help="The model file to write.",
)
@table_format_option
@column_options()
@label_options
@pingbacks_option
@trash_option
@fpr_option
@seed_option
@click.option(
    "--leave-sources-out",
    is_flag=True,
    help="Choose the cut-offs by comments of sources (blogs, files) that were left out.",
)
@click.option(
    "--spin",
    "spun",
    type=(click.IntRange(1), str),
    multiple=True,
    metavar="N FILE",
    help="Add N texts that the spam templates in FILE ({a|b} picks one) stand for.",
)
@click.option(
    "--with-builtin-spam",
    is_flag=True,
    help="Add spamguard's own corpus, where FILE... hold little or no spam.",
)
@click.option(
    "--max-memory",
    type=Memory(),
    default=half_of_memory,
    metavar="SIZE",
    help="Keep within this much memory, such as 2G, by use of the disk [half of the machine's].",
)
@quiet_option
def train(
    files: tuple[str, ...],
    output: str,
    format_name: str | None,
    spam_values: tuple[str, ...],
    ham_values: tuple[str, ...],
    include_pingbacks: bool,
    trash_is_spam: bool,
    max_fpr: float,
    seed: int,
    leave_sources_out: bool,
    spun: tuple[tuple[int, str], ...],
    with_builtin_spam: bool,
    max_memory: int,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a model on the labelled comments in FILE...: tables, exports of blogs; - for stdin."""
    begun = time.perf_counter()
    labelled = Labelled(
        spam_values, ham_values, include_pingbacks=include_pingbacks, trash_is_spam=trash_is_spam
    )
    chosen = chosen_columns(options)
    labelled.read_all(files, format_name, chosen, {}, quiet, output)
    own_rows = len(labelled.columns["label"])
    if with_builtin_spam:
        spun += _builtin_spam(labelled, quiet)

    import numpy as np

    from spamguard import evaluation, storage, training
    from spamguard.formats.output import whole_file

    labels = labelled.columns["label"]
    keep, dropped = training.usable(labelled.keys, labels)
    spam = np.fromiter((label == SPAM for label in compress(labels, keep)), bool)
    sources = list(compress(labelled.columns["source"], keep))
    rank = {name: number for number, name in enumerate(sorted(set(sources)))}
    room = max_memory - FIXED_MEMORY - MEMORY_A_COMMENT * len(spam)
    choices = training.Options(max_fpr, seed, leave_sources_out, moment(), max(room, 0))
    if not quiet and labels:
        say(
            f"{comments_of(len(spam))}: {spam.sum():,} spam, {(~spam).sum():,} ham"
            f" (dropped: {dropped_counts(dropped, labelled.bad)})"
        )
    with whole_file(output) as file:  # fails here, before the long work, if it cannot be written
        fitted = training.fit(
            compress(labelled.comments(), keep),
            spam,
            choices,
            np.array([rank[name] for name in sources], int),
            {path: _spun(path, count, seed) for count, path in spun},
            own=(np.arange(len(keep)) < own_rows)[keep] if with_builtin_spam else False,
        )
        figures = evaluation.measure(evaluation.judged(fitted.model, fitted.probability, spam))
        model = fitted.model._replace(
            facts={
                **fitted.model.facts,
                "files": [os.path.basename(path)[:80] for path in files[:20]],
                "dropped": {**dropped, "bad": labelled.bad},
                "figures": {
                    name: list(figure[:3])
                    for name, figure in figures.items()
                    if figure.value is not None
                },
            }
        )
        file.write(storage.dump(model))
    if not quiet:
        kept = "sources" if leave_sources_out else "near-duplicates"
        say(f"out of fold, {kept} kept together:")
        say(figure_lines(figures))
        say(cutoff_lines(model.facts))
        say(f"{output}: written in {time.perf_counter() - begun:.1f} s")


def _builtin_spam(labelled: Labelled, quiet: bool) -> tuple[tuple[int, str], ...]:
    """Add the corpus that comes with spamguard; return how much to spin of which templates.

    Its readers' comments go with its spam. Beside spam alone a blog's own readers would differ in
    too much else, and whoever gives an address would be called spam (benchmarks/own_blog.py).
    """
    folder = shipped("data")
    own = len(labelled.columns["label"])
    for path in sorted(glob.glob(os.path.join(folder, "*.csv"))):
        labelled.read(path, "csv", {}, {}, quiet=True)
    templates = sorted(glob.glob(os.path.join(folder, "spin", "*.txt")))
    if not quiet:
        added = Counter(labelled.columns["label"][own:])
        say(
            f"built in: {added[SPAM]:,} spam, {SPUN * len(templates):,} texts of spun templates,"
            f" and {added[HAM]:,} comments of other readers"
        )
    return tuple((SPUN, path) for path in templates)


def _spun(path: str, count: int, seed: int) -> list[Comment]:
    """Spam from the templates in a file: texts alone, since nothing is known of who sent them."""
    from spamguard.spin import expansions

    with Source(path) as source:
        content = "".join(source.text_chunks())
    return [Comment(text) for text in expansions(path, content, count, seed)]
