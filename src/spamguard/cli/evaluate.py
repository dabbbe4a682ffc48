"""The command ``evaluate``: how good a model is."""

import json
from typing import Any

import click

from spamguard.cli.common import (
    chosen_columns,
    column_options,
    escaped,
    figure_lines,
    load_model,
    quiet_option,
    say,
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
@click.option("--folds", type=click.IntRange(2, 100), help="Cross-validate with so many folds [5].")
@click.option("--group-by", metavar="COLUMN", help="Leave one group out; 'file' for each file.")
@click.option("--time-column", metavar="COLUMN", help="Train on the oldest 70%, test on the rest.")
@fpr_option
@seed_option
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@quiet_option
def evaluate(
    files: tuple[str, ...],
    model_path: str | None,
    format_name: str | None,
    spam_values: tuple[str, ...],
    ham_values: tuple[str, ...],
    folds: int | None,
    group_by: str | None,
    time_column: str | None,
    max_fpr: float,
    seed: int,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Measure how good a model is on the labelled comments in FILE...

    With --model it is that model; otherwise models are trained on a part of the comments and
    tested on the rest: random folds with near-duplicates together, or --group-by, or --time-column.
    """
    if sum(value is not None for value in (folds, time_column, model_path)) > 1 or (
        group_by and (folds or time_column)
    ):
        raise click.UsageError("choose one of --model, --folds, --group-by and --time-column")
    model = load_model(model_path) if model_path else None
    labelled = Labelled(spam_values, ham_values)
    also = {}
    if group_by and group_by != "file":
        also["group"] = group_by
    if time_column:
        also["time"] = time_column
    chosen = chosen_columns(options)
    for path in files:
        labelled.read(path, format_name, chosen, also, quiet)

    import numpy as np
    import pandas as pd

    from spamguard import duplicates, evaluation, training

    table, dropped = training.clean_table(
        pd.DataFrame(labelled.rows, columns=["comment", "label", "file", "source", *also])
    )
    if time_column:
        table, dropped["undated"] = _dated(table)
        if table.empty and dropped["undated"]:
            raise InputError(f"no date in column {time_column!r} can be read")
    spam = (table["label"] == "spam").to_numpy()
    comments = list(table["comment"])
    if not comments:
        raise TrainingError("no labelled comments are left to measure on")
    groups = None
    if group_by:
        column = "file" if group_by == "file" else "group"
        groups = table[column].fillna("").astype(str).to_numpy()
    if model is not None:
        rows = np.arange(len(spam))
        said = evaluation.predict(model, comments, spam)
    else:
        training.check_classes(spam)
        alike = duplicates.near_duplicate_groups([comment.text for comment in comments])
        if groups is not None:
            parts = evaluation.group_folds(groups, alike)
        elif time_column:
            parts = evaluation.time_fold(table["time"].to_numpy())
        else:
            parts = evaluation.random_folds(spam, alike, folds or 5, seed)
        rows = np.concatenate([test for _, test in parts])
        said = evaluation.cross_predict(
            comments,
            spam,
            parts,
            training.Options(max_fpr=max_fpr, seed=seed),
            table["source"].to_numpy(),
            None if quiet else lambda fold: say(f"fold {fold} of {len(parts)} is through"),
        )
    overall = evaluation.measure(said)
    by_group = {}
    if groups is not None:
        for name, part in evaluation.by_group(said, groups[rows]):
            by_group[name] = evaluation.measure(part)
    if not quiet:
        say(
            f"{len(rows):,} comments measured: {said.spam.sum():,} spam, {(~said.spam).sum():,} ham"
            f" (dropped: {dropped_counts(dropped, labelled.bad)})"
        )
    write((_results_json if as_json else _results_text)(overall, by_group))


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
