"""Who may import whom, and what the quick commands must not import at all."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import spamguard

PACKAGE = Path(spamguard.__file__).parent

#: The rooms of the design with their ranks; imports never point upwards.
RANKS = {
    "errors": 0,
    "records": 0,
    "compiling": 0,
    "confusables": 1,
    "disguise": 1,
    "letters": 1,
    "spelling": 1,
    "spin": 1,
    "cells": 1,
    "expressions": 0,
    "text": 1,
    "tidying": 1,
    "kernel": 1,
    "formats": 1,
    "features": 2,
    "duplicates": 2,
    "folds": 2,
    "traits": 2,
    "counts": 3,
    "lists": 3,
    "model": 3,
    "storage": 4,
    "explain": 4,
    "fitting": 4,
    "training": 4,
    "evaluation": 4,
    "workers": 4,
    "policy": 4,
    "labelling": 5,
    "report": 5,
    "server": 6,
    "cluster": 6,
    "cli": 7,
}
#: What the formats may know besides themselves.
FORMATS_MAY_IMPORT = {"cells", "errors", "kernel", "records", "text"}
#: What costs too much to load before one comment is answered.
HEAVY = {"numpy", "scipy", "pandas", "sklearn", "joblib", "numba", "matplotlib", "pyarrow"}

FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path):
    """The full names of the modules that a file imports, wherever in it that stands."""
    own = [PACKAGE.name, *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = own[: len(own) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for name in node.names:
                inside = PACKAGE.joinpath(*f"{base}.{name.name}".split(".")[1:])
                is_module = inside.is_dir() or inside.with_suffix(".py").is_file()
                yield f"{base}.{name.name}" if is_module and base.startswith("spamguard") else base


def room_of(path):
    """The room a file belongs to; none for the package's own two files."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return None if first in ("__init__", "__main__") else first


def rooms_imported():
    """(file, its room, the room it imports) for every import between two rooms."""
    for path in FILES:
        for name in imported(path):
            package, _, rest = name.partition(".")
            if package == PACKAGE.name and rest and room_of(path) != rest.split(".")[0]:
                yield path.relative_to(PACKAGE).as_posix(), room_of(path), rest.split(".")[0]


def test_every_room_has_a_rank():
    rooms = {room_of(path) for path in FILES} - {None}
    assert rooms <= RANKS.keys()
    assert {"cli", "formats", "kernel", "model"} <= rooms


def test_imports_never_point_upwards():
    edges = [edge for edge in rooms_imported() if edge[1] is not None]
    assert len(edges) > 20
    assert [edge for edge in edges if RANKS[edge[2]] > RANKS[edge[1]]] == []


def test_the_package_itself_imports_the_command_line_only_to_run_it():
    edges = [edge for edge in rooms_imported() if edge[1] is None]
    assert [(path, room) for path, _, room in edges] == [("__main__.py", "cli")]


def test_rooms_import_each_other_in_no_circle():
    below = {}
    for _, room, other in rooms_imported():
        below.setdefault(room, set()).add(other)
    while below:
        free = {room for room in below if not below[room] & below.keys()}
        assert free, f"these import each other: {sorted(map(str, below))}"
        below = {room: below[room] for room in below.keys() - free}


def test_formats_know_only_records_errors_and_text():
    known = {other for _, room, other in rooms_imported() if room == "formats"}
    assert known <= FORMATS_MAY_IMPORT


def test_only_the_command_line_imports_click():
    importers = {
        room_of(path)
        for path in FILES
        if "click" in {name.partition(".")[0] for name in imported(path)}
    }
    assert importers == {"cli"}


def test_nothing_below_the_command_line_prints_exits_or_reads_the_environment():
    wrong = []
    for path in FILES:
        if room_of(path) in ("cli", None):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
            if name in ("print", "exit", "quit", "sys.exit", "os._exit", "os.environ", "os.getenv"):
                wrong.append(f"{path.name}:{node.lineno}: {name}")
    assert wrong == []


def run(arguments, text=""):
    """What a command prints, and the names of all modules it loads."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "spamguard", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SPAMGUARD_MODEL": ""},
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    loaded = {line.rpartition("|")[2].strip() for line in lines}
    assert {"click", "spamguard.cli"} <= loaded
    return done.stdout, loaded


def heavy(loaded):
    return {name for name in loaded if name.partition(".")[0] in HEAVY}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["score", "--help"]])
def test_help_and_version_load_nothing_heavy(arguments):
    out, loaded = run(arguments)
    assert "spamguard" in out
    assert heavy(loaded) == set()


@pytest.mark.parametrize("command", ["score", "explain"])
@pytest.mark.parametrize(
    "text", ["buy cheap viagra now\n", "na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve <b>\N{PILL}</b> http://x.ru\n"]
)  # fmt: skip
def test_one_comment_loads_nothing_heavy(command, text, model_file):
    out, loaded = run([command, "-m", str(model_file)], text)
    assert out.split("\t")[0] in ("ham", "unsure", "spam")
    assert "spamguard.model" in loaded
    assert heavy(loaded) == set()
