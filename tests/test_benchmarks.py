"""The benchmarks run, whatever their figures."""

import re
import subprocess
import sys

import pytest

#: Two dozen processes, some of which load scikit-learn.
HANGS = 300
PEERS = ("spamguard", "scikit-learn, words", "fastText", "bogofilter", "Vowpal Wabbit")
TABLES = (
    "One comment: process start to verdict",
    "A live pipe: a line to its answer",
    "400 comments from CSV to verdicts",
    "2,000 comments from CSV to verdicts",
    "Where the time of a comment goes",
    "Training",
    "Growth of `spamguard label`",
    "YouTube, leave one video out",
)


def test_every_benchmark_runs_and_names_the_peers_that_are_not_there(project):
    done = subprocess.run(
        [sys.executable, project / "benchmarks" / "run.py", "--quick"],
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tables = dict(re.findall(r"^### (.*?)\n(.*?)(?=^#|\Z)", done.stdout, re.MULTILINE | re.DOTALL))
    assert tuple(tables) == TABLES
    bulk = tables["2,000 comments from CSV to verdicts"]
    for peer in PEERS:
        assert (f"| {peer} " in bulk) != (f"{peer} is not installed" in done.stderr), peer


@pytest.fixture
def figure(project, monkeypatch):
    monkeypatch.syspath_prepend(str(project / "benchmarks"))
    import figure

    return figure


def test_the_figure_shows_each_filter_of_which_both_figures_are_known(figure, tmp_path):
    rates = {"ours": 40_000.0, "ours --jobs 2": 75_000.0, "fast": 50_000.0, "floor": 300_000.0}
    accuracy = {"ours": 0.9, "fast": 0.8, "slow": 0.95}
    path = tmp_path / "figure.svg"
    figure.draw(path, rates, accuracy, "ours")
    drawn = path.read_text(encoding="utf-8")
    names = re.findall(r"<text[^>]*>([a-z][^<]*)</text>", drawn)
    assert {"ours", "ours --jobs 2", "fast"} <= set(names)
    assert not {"floor", "slow"} & set(names)
    assert len(drawn) < 1 << 15
    figure.draw(tmp_path / "again.svg", rates, accuracy, "ours")
    assert (tmp_path / "again.svg").read_text(encoding="utf-8") == drawn
