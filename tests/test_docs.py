"""The pages in docs: the commands run as they stand there, and what is printed is explained."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import numpy as np

from cli_support import invoke, run
from readers_support import EXPORTS
from spamguard.evaluation import Predictions, measure

DOCS = Path(__file__).parents[1] / "docs"


def test_the_commands_of_the_page_on_blogs_run(tmp_path):
    commands = re.findall(
        r"(?m)^\$ spamguard (.*)$", (DOCS / "blog.md").read_text(encoding="utf-8")
    )
    assert len(commands) >= 6
    export = tmp_path / "export.xml"
    export.write_bytes((EXPORTS / "wordpress.xml").read_bytes())
    for command in commands:
        words = shlex.split(command)
        result = run(*words, cwd=tmp_path)
        assert result.code == 0, (command, result)
        for option, name in pairwise(words):
            if option in ("-o", "--log", "--wp-cli"):
                assert (tmp_path / name).exists(), command
    assert (tmp_path / "restored.xml").read_bytes() == export.read_bytes()
    assert (tmp_path / "mark.undo.sh").exists()


def test_every_figure_is_explained():
    text = (DOCS / "report.md").read_text(encoding="utf-8").partition("## The figures")[2]
    said = Predictions(np.array([True, False]), np.array([0.9, 0.1]), np.array(["spam", "ham"]))
    names = [name.replace("_", " ") for name in measure(said)]
    assert re.findall(r"(?m)^\| (.+?) \| .* \| [01] \|$", text) == names
    assert "docs/report.md" in invoke("evaluate", "--help").out.decode()
