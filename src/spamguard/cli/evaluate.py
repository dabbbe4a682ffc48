"""The command ``evaluate``: how good a model is."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import PurePath
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from spamguard.cli.common import (
    chosen_columns,
    column_options,
    escaped,
    figure_lines,
    load_model,
    new_file,
    pingbacks_option,
    quiet_option,
    say,
    trash_option,
    write,
)
from spamguard.cli.labelled import (
    Labelled,
    dropped_counts,
    files_argument,
    fpr_option,
    label_options,
    seed_option,
    table_format_option,
)
from spamguard.errors import InputError, TrainingError
from spamguard.model import Model

#: Measures by name, each an ``evaluation.Figure``.
Figures = dict[str, Any]


@click.command()
@files_argument
@click.option(
    "-m", "--model", "model_path", metavar="MODEL", help="Measure this model; trains none."
)
@table_format_option
@column_options()
@label_options
@pingbacks_option
@trash_option
@click.option("--folds", type=click.IntRange(2, 100), help="Cross-validate with so many folds [5].")
@click.option("--group-by", metavar="COLUMN", help="Leave one group out; 'file' for each file.")
@click.option("--time-column", metavar="COLUMN", help="Train on the oldest 70%, test on the rest.")
@fpr_option
@seed_option
@click.option(
    "--report",
    "report_path",
    type=new_file,
    metavar="FILE",
    help="Write a page with charts, the most wrong comments and labels to check (HTML).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@quiet_option
def evaluate(
    files: tuple[str, ...],
    model_path: str | None,
    format_name: str | None,
    spam_values: tuple[str, ...],
    ham_values: tuple[str, ...],
    include_pingbacks: bool,
    trash_is_spam: bool,
    folds: int | None,
    group_by: str | None,
    time_column: str | None,
    max_fpr: float,
    seed: int,
    report_path: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Measure how good a model is on the labelled comments in FILE...

    With --model it is that model; otherwise models are trained on a part of the comments and
    tested on the rest: random folds with near-duplicates together, or --group-by, or --time-column.

    What each figure means is told in docs/report.md.
    """
    if sum(value is not None for value in (folds, time_column, model_path)) > 1 or (
        group_by and (folds or time_column)
    ):
        raise click.UsageError("choose one of --model, --folds, --group-by and --time-column")
    if model_path:
        _refuse_choices_of_training()
    if report_path:
        from spamguard import report

        report.check_extra()
    model = load_model(model_path) if model_path else None
    if model is not None and not quiet:
        _say_what_was_learned_from(model, files)
    labelled = Labelled(
        spam_values, ham_values, include_pingbacks=include_pingbacks, trash_is_spam=trash_is_spam
    )
    also = {}
    if group_by and group_by != "file":
        also["group"] = group_by
    if time_column:
        also["time"] = time_column
    chosen = chosen_columns(options)
    labelled.read_all(files, format_name, chosen, also, quiet, report_path)

    from spamguard import evaluation, training
    from spamguard.formats.output import whole_file

    table, dropped = _cleaned(labelled, time_column)
    if group_by:
        table["group"] = table["file" if group_by == "file" else "group"].fillna("").astype(str)
    # A report that cannot be written fails here, before the long work.
    with whole_file(report_path) if report_path else nullcontext() as page:
        if model is not None:
            found = _by_model(model, str(model_path), table)
        else:
            spam = _spam(table)
            training.check_classes(spam)
            parts, how = _divided(table, spam, group_by, time_column, folds, seed)
            choices = training.Options(max_fpr=max_fpr, seed=seed)
            found = _by_training(table, spam, parts, how, choices, page is not None, quiet)
        said = found.said
        table = table.iloc[found.rows]
        overall = evaluation.measure(said)
        groups = table["group"].to_numpy() if group_by else None
        by_group = {}
        if groups is not None:
            for name, part in evaluation.by_group(said, groups):
                by_group[name] = evaluation.measure(part)
        if page is not None:
            left_out = {**dropped, "bad": labelled.bad}
            page.write(_page(found, table, groups, files, group_by, left_out).encode())
    if not quiet:
        say(
            f"{len(table):,} comments measured: {said.spam.sum():,} spam,"
            f" {(~said.spam).sum():,} ham (dropped: {dropped_counts(dropped, labelled.bad)})"
        )
        if report_path:
            say(escaped(f"{report_path}: written"))
    write((_results_json if as_json else _results_text)(overall, by_group))


def _refuse_choices_of_training() -> None:
    context = click.get_current_context()
    for name in ("max_fpr", "seed"):
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} is for models that are trained; leave --model out")


def _say_what_was_learned_from(model: Model, files: tuple[str, ...]) -> None:
    """A model judges what it has learned better than anything else."""
    learned = model.facts.get("files")
    known = set(learned) if isinstance(learned, list) else set()
    for path in files:
        name = os.path.basename(path)
        if name in known:
            say(
                f"{escaped(path)}: the model has learned from a file called {escaped(name)};"
                " if it is this one, the figures are better than they will ever be on new comments"
                " (leave --model out to measure on comments it has not seen)"
            )


class Measured(NamedTuple):
    """Predictions of some rows of the table, and what a report tells of how they came about."""

    rows: Any
    said: Any
    how: str
    models: list[Model]
    judge: Any
    learning: list[Any]


def _spam(table: Any) -> Any:
    return (table["label"] == "spam").to_numpy()


def _by_model(model: Model, path: str, table: Any) -> Measured:
    import numpy as np

    from spamguard import evaluation

    said = evaluation.predict(model, list(table["comment"]), _spam(table))
    how = f"What the model {os.path.basename(path)} says of these comments."
    rows = np.arange(len(table))
    return Measured(rows, said, how, [model], np.zeros(len(table), int), [])


def _divided(
    table: Any,
    spam: Any,
    group_by: str | None,
    time_column: str | None,
    folds: int | None,
    seed: int,
) -> tuple[list[tuple[Any, Any]], str]:
    """The rows to train on and to test on, again and again, and a sentence that says so."""
    from spamguard import duplicates, evaluation

    if time_column:
        how = "The newest 30% were judged by a model that learned from the others."
        return evaluation.time_fold(table["time"].to_numpy()), how
    alike = duplicates.near_duplicate_groups([comment.text for comment in table["comment"]])
    if group_by:
        how = f"Each {group_by} was judged by a model that learned from the others alone."
        return evaluation.group_folds(table["group"].to_numpy(), alike), how
    parts = evaluation.random_folds(spam, alike, folds or 5, seed)
    how = (
        f"Each of {len(parts)} parts was judged by a model that learned from the others;"
        " near-duplicates were kept together."
    )
    return parts, how


def _by_training(
    table: Any,
    spam: Any,
    parts: list[tuple[Any, Any]],
    how: str,
    options: Any,
    report: bool,
    quiet: bool,
) -> Measured:
    """By models that are trained here; with a learning curve for a report."""
    import numpy as np

    from spamguard import evaluation, training

    comments, sources = list(table["comment"]), table["source"].to_numpy()
    prepared = training.prepare(comments)
    models: list[Model] = []
    learning = []
    said = evaluation.cross_predict(
        comments,
        spam,
        parts,
        options,
        sources,
        None if quiet else lambda fold: say(f"fold {fold} of {len(parts)} is through"),
        models if report else None,
        prepared,
    )
    if report:
        learning = evaluation.learning_curve(
            comments,
            spam,
            parts,
            options,
            sources,
            None if quiet else lambda share: say(f"learning from {share:.1%} is through"),
            prepared,
        )
        whole = round(float(np.mean([len(train) for train, _ in parts])))
        learning.append(evaluation.measured_step(1.0, whole, said))
    rows = np.concatenate([test for _, test in parts])
    judge = np.repeat(np.arange(len(parts)), [len(test) for _, test in parts])
    return Measured(rows, said, how, models, judge, learning)


def _page(
    found: Measured,
    table: Any,
    groups: Any,
    files: Sequence[str],
    group_by: str | None,
    left_out: Mapping[str, int],
) -> str:
    """The report on predictions of the comments in the table."""
    from spamguard import report

    names = _short_names(files)
    if group_by == "file":
        groups = table["group"].map(names).to_numpy()
    run = report.Run(
        how=found.how,
        unseen=bool(found.learning),  # which only models trained here have
        files=list(names.values()),
        left_out=left_out,
        places=_places(table, names),
        models=found.models,
        judge=found.judge,
        learning=found.learning,
    )
    return report.render(report.summarize(found.said, list(table["comment"]), run, groups))


def _short_names(files: Sequence[str]) -> dict[str, str]:
    """Each file by its name, and by the directories above where the names do not tell them apart:
    whoever reads a report need not know the whole path."""
    known = ["stdin" if path == "-" else path for path in files]
    parts = {path: PurePath(path).parts for path in known}
    longest = max(map(len, parts.values()))
    for length in range(1, longest):
        names = {path: "/".join(found[-length:]) for path, found in parts.items()}
        if len(set(names.values())) == len(names):
            return names
    return {path: path for path in known}


def _places(table: Any, names: Mapping[str, str]) -> list[str]:
    """Where each comment stands, for people to find it."""
    lines = [f"line {line:,}" for line in table["line"]]
    if len(names) == 1:
        return lines
    return [f"{names[file]}, {line}" for file, line in zip(table["file"], lines, strict=True)]


def _cleaned(labelled: Labelled, time_column: str | None) -> tuple[Any, dict[str, int]]:
    """The rows that can be measured on, and how many others there were for which reason."""
    import pandas as pd

    from spamguard import training

    comments = list(labelled.comments())
    keep, dropped = training.usable(labelled.keys, labelled.columns["label"])
    table = pd.DataFrame({"comment": comments, **labelled.columns})[keep].reset_index(drop=True)
    if time_column:
        table, dropped["undated"] = _dated(table)
        if table.empty and dropped["undated"]:
            raise InputError(f"no date in column {time_column!r} can be read")
    if table.empty:
        raise TrainingError("no labelled comments are left to measure on")
    return table, dropped


def _dated(table: Any) -> tuple[Any, int]:
    """The rows whose time can be read, and how many others there were."""
    import pandas as pd

    times = pd.to_datetime(table["time"], errors="coerce", utc=True, format="mixed")
    table = table.assign(time=times)
    bad = times.isna()
    return table[~bad].reset_index(drop=True), int(bad.sum())


def _results_json(overall: Figures, by_group: dict[str, Figures]) -> str:
    plain: dict[str, Any] = {"overall": _plain(overall)}
    if by_group:
        plain["groups"] = {name: _plain(figures) for name, figures in by_group.items()}
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def _plain(figures: Figures) -> dict[str, dict[str, Any]]:
    return {
        name: {"value": figure.value, "low": figure.low, "high": figure.high}
        | ({"why_not": figure.why_not} if figure.why_not else {})
        for name, figure in figures.items()
    }


def _results_text(overall: Figures, by_group: dict[str, Figures]) -> str:
    parts = [("overall", overall), *by_group.items()]
    return "\n".join(f"{escaped(name)}\n{figure_lines(figures)}\n" for name, figures in parts)
