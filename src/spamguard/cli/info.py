"""The command ``info``: what a model is."""

import json
import os
from collections.abc import Iterator
from typing import Any

import click

from spamguard import kernel
from spamguard.cli.common import (
    cutoff_lines,
    default_model_path,
    escaped,
    write,
)
from spamguard.features import VIEWS, Block
from spamguard.model import Model


@click.command()
@click.argument("model_path", metavar="[MODEL]", required=False, envvar="SPAMGUARD_MODEL")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def info(model_path: str | None, as_json: bool) -> None:
    """Show what is in MODEL, or in the model that comes with spamguard."""
    from spamguard import storage

    path = model_path or default_model_path()
    model = storage.load(path)
    about: dict[str, Any] = {
        **model.facts,
        "model": path,
        "size": os.path.getsize(path),
        "digest": storage.digest(path),
        "blocks": [_block(part.block) for part in model.parts],
        "calibration": {"slope": model.slope, "offset": model.offset},
    }
    if as_json:
        write(json.dumps(about, ensure_ascii=False, indent=2) + "\n")
        return
    lines = [f"{escaped(path)}: {about['size']:,} bytes, SHA-256 {about['digest']}\n"]
    for block in about["blocks"]:
        low, high = block["low"], block["high"]
        length = "" if low == high == 1 else f"{low} to {high} "
        lines.append(
            f"  {block['name']:<12} {block['columns']:,} columns,"
            f" {length}{block['unit']} of the {block['view']}\n"
        )
    facts = dict(model.facts)
    lines.append(_cutoffs(model, facts.pop("cutoffs", None)) + "\n")
    figures = facts.pop("figures", None)
    lines += _tree(facts)
    if figures is not None:
        lines.append("measured on comments that were left out, with 95% intervals\n")
        lines += _tree(figures if isinstance(figures, dict) else {"figures": figures}, "  ")
    write("".join(lines))


def _cutoffs(model: Model, facts: Any) -> str:
    """Where the verdicts change, and what that rests on if the file says it."""
    own = {"ham": model.ham_cutoff, "spam": model.spam_cutoff}
    try:
        return cutoff_lines({"cutoffs": {**facts, **own}})
    except (KeyError, TypeError, ValueError):
        return f"ham below {model.ham_cutoff:.4f}, spam from {model.spam_cutoff:.4f} on"


def _tree(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    """What a model file says of itself, a value a line, whatever it is."""
    for key, value in facts.items():
        name = indent + escaped(key.replace("_", " "))
        if isinstance(value, dict):
            yield f"{name}\n"
            yield from _tree(value, indent + "  ")
        else:
            yield f"{name:<24} {_list(value) if isinstance(value, list) else _shown(value)}\n"


def _list(values: list[Any]) -> str:
    told = [_shown(value) for value in values]
    if len(told) == 3 and all(isinstance(value, float) for value in values):
        return f"{told[0]} ({told[1]} to {told[2]})"
    return ", ".join(told)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if type(value) is int else escaped(str(value))


def _block(block: Block) -> dict[str, Any]:
    unit = {kernel.CHARS: "characters", kernel.WORDS: "words", kernel.TOKENS: "tokens"}[block.unit]
    return {
        "name": block.name,
        "view": VIEWS[block.view],
        "columns": block.size,
        "low": block.low,
        "high": block.high,
        "unit": unit,
    }
