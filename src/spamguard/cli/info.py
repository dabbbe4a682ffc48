"""The command ``info``: what a model is."""

import json
import os
from collections.abc import Iterator
from typing import Any

import click

from spamguard import kernel
from spamguard.cli.common import (
    default_model_path,
    escaped,
    write,
)
from spamguard.features import VIEWS, Block


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
    write(f"{escaped(path)}: {about['size']:,} bytes, SHA-256 {about['digest']}\n")
    for block in about["blocks"]:
        write(
            f"  {block['name']:<12} {block['columns']:,} columns,"
            f" {block['low']} to {block['high']} {block['unit']} of the {block['view']}\n"
        )
    write(f"ham below {model.ham_cutoff:.4f}, spam from {model.spam_cutoff:.4f} on\n")
    write("".join(_tree(model.facts)))


def _tree(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    """What a model file says of itself, a value a line, whatever it is."""
    for key, value in facts.items():
        name = indent + escaped(key.replace("_", " "))
        if isinstance(value, dict):
            yield f"{name}\n"
            yield from _tree(value, indent + "  ")
        else:
            values = value if isinstance(value, list) else [value]
            yield f"{name:<24} {', '.join(map(_shown, values))}\n"


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else escaped(str(value))


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
