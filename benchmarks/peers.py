"""spamguard and the peers, each as the commands that a user would run."""

import csv
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import comments
from measure import Task, run, say

PYTHON = sys.executable
ADAPTERS = str(Path(__file__).with_name("adapters.py"))
SPAMGUARD = shutil.which("spamguard", path=str(Path(PYTHON).parent)) or "spamguard"

Command = list[str]

OURS = "spamguard"
FLOOR = "read and write, no scoring"


class Peer(NamedTuple):
    """One filter: how it trains, scores a file, and scores one comment on stdin.

    Models and verdicts are paths. ``read`` gives the probability of spam of each row of a file of
    verdicts; ``border`` is where spam begins. ``missing`` says how to get what is not there.
    """

    name: str
    missing: str
    version: Callable[[], str]
    train: Callable[[str, str], Command]
    score: Callable[[str, str, str], Command]
    one: Callable[[str], Command]
    read: Callable[[Path], list[float]]
    border: float = 0.5
    #: bogofilter's exit code is its verdict.
    exits: tuple[int, ...] = (0,)


def _adapter(*arguments: str) -> Command:
    return [PYTHON, ADAPTERS, *arguments]


def _numbers(verdicts: Path) -> list[float]:
    """The last word of each line; both classes of fastText's winner give the other's."""
    found = []
    for line in verdicts.read_text().splitlines():
        label, _, number = line.rpartition(" ")
        found.append(1 - float(number) if label == "__label__ham" else float(number))
    return found


def _labelled(verdicts: Path) -> list[float]:
    with verdicts.open(encoding="utf-8", newline="") as file:
        return [float(row["spamguard_probability"]) for row in csv.DictReader(file)]


def _program(name: str, how: str) -> str:
    return "" if shutil.which(name) else how


def _debian(package: str) -> str:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout or "unknown version"


def _scikit_learn(name: str, which: str) -> Peer:
    return Peer(
        name,
        "",
        lambda: version("scikit-learn"),
        lambda table, model: _adapter(which, "train", table, model),
        lambda table, model, verdicts: _adapter("sklearn", "score", table, model, verdicts),
        lambda model: _adapter("sklearn", "one", model),
        _numbers,
    )


PEERS = (
    Peer(
        OURS,
        _program(SPAMGUARD, "pip install spamguard"),
        lambda: version("spamguard"),
        lambda table, model: [SPAMGUARD, "train", "--quiet", table, "--output", model],
        lambda table, model, verdicts: [
            *[SPAMGUARD, "label", "--quiet", table, "--model", model, "--output", verdicts]
        ],
        lambda model: [SPAMGUARD, "score", "--model", model],
        _labelled,
    ),
    _scikit_learn("scikit-learn, words", "sklearn_words"),
    _scikit_learn("scikit-learn, words + characters", "sklearn_characters"),
    Peer(
        "fastText",
        _program("fasttext", "apt-get install fasttext"),
        lambda: _debian("fasttext"),
        lambda table, model: _adapter("fasttext", "train", table, model),
        lambda table, model, verdicts: _adapter("fasttext", "score", table, model, verdicts),
        # By itself it takes words as they stand between blanks, so this is its time, not its best.
        lambda model: ["fasttext", "predict-prob", model + ".bin", "-"],
        _numbers,
    ),
    Peer(
        "bogofilter",
        _program("bogofilter", "apt-get install bogofilter"),
        lambda: _debian("bogofilter"),
        lambda table, model: _adapter("bogofilter", "train", table, model),
        lambda table, model, verdicts: _adapter("bogofilter", "score", table, model, verdicts),
        lambda model: ["bogofilter", "-C", "-d", model, "-T"],
        _numbers,
        border=0.5201,  # it gives 0.52 to a text of which it knows no word
        exits=(0, 1, 2),
    ),
    Peer(
        "Vowpal Wabbit",
        "" if importlib.util.find_spec("pylibvw") else "pip install vowpalwabbit",
        lambda: version("vowpalwabbit"),
        lambda table, model: _adapter("vw", "train", table, model),
        lambda table, model, verdicts: _adapter("vw", "score", table, model, verdicts),
        lambda model: _adapter("vw", "one", model),
        _numbers,
    ),
)


def installed(only: Iterable[str] = ()) -> list[Peer]:
    """The peers that can run here (of ``only``, where it names some); says which are missing."""
    chosen = [peer for peer in PEERS if not only or peer.name in only]
    for peer in chosen:
        if peer.missing:
            say(f"{peer.name} is not installed, so it is left out ({peer.missing})")
    return [peer for peer in chosen if not peer.missing]


class Trained(NamedTuple):
    """A peer with a model of its own."""

    peer: Peer
    model: str

    def score(self, table: Path, verdicts: Path) -> Task:
        return Task(self.peer.name, self.peer.score(str(table), self.model, str(verdicts)))

    def one(self, comment: str) -> Task:
        return Task(
            self.peer.name, self.peer.one(self.model), f"{comment}\n".encode(), self.peer.exits
        )


def train(peer: Peer, table: Path, model: Path) -> Trained:
    run(Task(peer.name, peer.train(str(table), str(model))))
    return Trained(peer, str(model))


def trained(work: Path, only: Iterable[str] = (), few: int | None = None) -> list[Trained]:
    """The peers that can run here, trained on the real comments (``few`` of them)."""
    labelled = comments.shuffled(comments.real())[:few]
    table = comments.write(work / "real.csv", labelled, label=True)
    found = []
    for number, peer in enumerate(installed(only)):
        say(f"training {peer.name}")
        found.append(train(peer, table, work / f"model-{number}"))
    return found


def floor(table: Path, copy: Path) -> Task:
    """Read and write a table as Python's csv module does, and nothing else."""
    return Task(FLOOR, _adapter("floor", "score", str(table), "", str(copy)))


def versions() -> str:
    """The peers and their versions, as a line of a Markdown list."""
    said = (f"{peer.name} {peer.version()}" for peer in PEERS if not peer.missing)
    return "- " + "; ".join(dict.fromkeys(said))
