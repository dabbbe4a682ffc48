"""The command ``info``: what a model is."""

import json
import os
from typing import Any

import click

from spamguard import kernel
from spamguard.cli.common import (
    cutoff_lines,
    default_model_path,
    escaped,
    figure_lines,
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
    facts = model.facts
    about = {
        "model": path,
        "size": os.path.getsize(path),
        "digest": storage.digest(path),
        "blocks": [_block(part.block) for part in model.parts],
        "calibration": {"slope": model.slope, "offset": model.offset},
        **facts,
    }
    if as_json:
        write(json.dumps(about, ensure_ascii=False, indent=2) + "\n")
        return
    write(
        f"{escaped(path)}: {about['size']:,} bytes, SHA-256 {about['digest'][:16]}\n"
        f"trained {facts.get('trained')} on {facts.get('spam', 0):,} spam"
        f" and {facts.get('ham', 0):,} ham from {escaped(', '.join(facts.get('files', [])))}\n"
    )
    for block in about["blocks"]:
        write(
            f"  {block['name']:<12} {block['columns']:,} columns,"
            f" {block['low']} to {block['high']} {block['unit']} of the {block['view']}\n"
        )
    write(cutoff_lines(facts) + "\n" + "out of fold:\n" + figure_lines(facts["figures"]) + "\n")


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
