"""The commands that learn and measure: train and evaluate."""

import json
import os
import time
from typing import Any

import click

from spamguard import formats
from spamguard.cli.common import (
    Complaints,
    chosen_columns,
    column_options,
    cutoff_lines,
    escaped,
    figure_lines,
    load_model,
    progress,
    quiet_option,
    say,
    write,
)
from spamguard.errors import InputError, TrainingError
from spamguard.formats.columns import Labels
from spamguard.formats.source import Source


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
    """Labelled comments from files, as the table that training cleans, and how they were read."""

    def __init__(self, spam_values: tuple[str, ...], ham_values: tuple[str, ...]) -> None:
        self.rows: list[dict[str, Any]] = []
        self.bad = 0
        self._meanings = (spam_values, ham_values)

    def read(
        self,
        path: str,
        format_name: str | None,
        chosen: dict[str, str],
        also: dict[str, str],
        quiet: bool,
    ) -> None:
        """Add the comments of a file. ``also``: further columns to keep, by what to call them."""
        with Source(path) as source, progress(source, f"reading {source.name}", quiet) as step:
            reader = formats.open_table(source, format_name, chosen)
            complaints = Complaints(source)
            labels: Labels | None = None
            for batch in reader.batches():
                for record in batch:
                    if record.error is not None:
                        self.bad += 1
                        complaints.about(record)
                    if record.comment is None:
                        continue
                    if labels is None:
                        labels = self._labels(source, reader.columns)
                    row = {
                        "comment": record.comment,
                        "label": labels.read(reader.cell(record, labels.column)),
                        "file": source.name,
                    }
                    for name, column in also.items():
                        row[name] = reader.cell(record, reader.columns.get(column, column))
                    self.rows.append(row)
                step()
            complaints.close()
            if labels is not None and not quiet:
                took = ", ".join(f"{field} = {name}" for field, name in reader.columns.items())
                say(escaped(f"{source.name}: columns: {took}"))
                say(escaped(f"{source.name}: labels: {labels.described()}"))

    def _labels(self, source: Source, columns: Any) -> Labels:
        if "label" not in columns:
            raise InputError(
                f"{source.name}: no column looks like a label (spam or ham);"
                " name it with --label-column"
            )
        return Labels(columns["label"], *self._meanings)


def _moment() -> str:
    """Now in UTC, or the moment that SOURCE_DATE_EPOCH names."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch) if epoch.isdigit() else None))


def _dropped(counts: dict[str, int], bad: int) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in {**counts, "bad": bad}.items())


files_argument = click.argument("files", nargs=-1, required=True, metavar="FILE...")
table_format_option = click.option(
    "--format", "format_name", type=click.Choice(list(formats.TABLES)), help="What the input is."
)
fpr_option = click.option(
    "--max-fpr",
    type=click.FloatRange(0, 0.5),
    default=0.005,
    show_default=True,
    help="The largest share of ham that may be called spam.",
)
seed_option = click.option(
    "--seed", default=0, show_default=True, help="Of the division into folds."
)


@click.command()
@files_argument
@click.option("-o", "--output", required=True, metavar="MODEL", help="The model file to write.")
@table_format_option
@column_options()
@label_options
@fpr_option
@seed_option
@quiet_option
def train(
    files: tuple[str, ...],
    output: str,
    format_name: str | None,
    spam_values: tuple[str, ...],
    ham_values: tuple[str, ...],
    max_fpr: float,
    seed: int,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a model on the labelled comments in FILE... (CSV, TSV, JSON lines; - for stdin)."""
    begun = time.perf_counter()
    labelled = Labelled(spam_values, ham_values)
    chosen = chosen_columns(options)
    for path in files:
        labelled.read(path, format_name, chosen, {}, quiet)

    import pandas as pd

    from spamguard import evaluation, storage, training
    from spamguard.formats.output import whole_file

    table, dropped = training.clean_table(
        pd.DataFrame(labelled.rows, columns=["comment", "label", "file"])
    )
    spam = (table["label"] == "spam").to_numpy()
    choices = training.Options(max_fpr=max_fpr, seed=seed, moment=_moment())
    fitted = training.fit(list(table["comment"]), spam, choices)
    figures = evaluation.measure(evaluation.judged(fitted.model, fitted.probability, spam))
    model = fitted.model._replace(
        facts={
            **fitted.model.facts,
            "files": [os.path.basename(path)[:80] for path in files[:20]],
            "dropped": {**dropped, "bad": labelled.bad},
            "figures": {name: list(figure) for name, figure in figures.items()},
        }
    )
    with whole_file(output) as file:
        file.write(storage.dump(model))
    if not quiet:
        say(
            f"{len(spam):,} comments: {spam.sum():,} spam, {(~spam).sum():,} ham"
            f" (dropped: {_dropped(dropped, labelled.bad)})"
        )
        say("out of fold, near-duplicates kept together:")
        say(figure_lines(figures))
        say(cutoff_lines(model.facts))
        say(f"{output}: written in {time.perf_counter() - begun:.1f} s")


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
        pd.DataFrame(labelled.rows, columns=["comment", "label", "file", *also])
    )
    if time_column:
        table, dropped["undated"] = _dated(table)
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
            None if quiet else lambda fold: say(f"fold {fold} of {len(parts)} is through"),
        )
    results = {"overall": evaluation.measure(said)}
    if groups is not None:
        for name, part in evaluation.by_group(said, groups[rows]):
            results[name] = evaluation.measure(part)
    if not quiet:
        say(
            f"{len(rows):,} comments measured: {said.spam.sum():,} spam, {(~said.spam).sum():,} ham"
            f" (dropped: {_dropped(dropped, labelled.bad)})"
        )
    write(_results_json(results) if as_json else _results_text(results))


def _dated(table: Any) -> tuple[Any, int]:
    """The rows whose time can be read, and how many others there were."""
    import pandas as pd

    times = pd.to_datetime(table["time"], errors="coerce", utc=True, format="mixed")
    table = table.assign(time=times)
    bad = times.isna()
    return table[~bad].reset_index(drop=True), int(bad.sum())


def _results_json(results: dict[str, dict[str, Any]]) -> str:
    plain = {
        group: {
            name: {"value": figure.value, "low": figure.low, "high": figure.high}
            | ({"why_not": figure.why_not} if figure.why_not else {})
            for name, figure in figures.items()
        }
        for group, figures in results.items()
    }
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def _results_text(results: dict[str, dict[str, Any]]) -> str:
    return "\n".join(
        f"{escaped(group)}\n{figure_lines(figures)}\n" for group, figures in results.items()
    )
