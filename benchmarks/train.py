"""Training, from a labelled CSV to a model file, on one core.

    python benchmarks/train.py [--rows 200000] [--rounds 3]

spamguard's time includes its out-of-fold calibration and cut-offs, which no peer has.
"""

import argparse
from collections.abc import Collection
from pathlib import Path

import comments
import peers
from measure import Task, machine, say, table, take_turns, workspace


def measure(
    work: Path, rows: int, rounds: int, *, with_real: bool = True, only: Collection[str] = ()
) -> str:
    """The real comments are trained on in ``rounds`` rounds; the ``rows`` made ones take long,
    so only once."""
    say("training")
    made = _part(work, list(comments.varied(rows)), 0, only)
    real = _part(work, comments.shuffled(comments.real()), rounds, only) if with_real else ""
    title = "### Training\nOne core; spamguard calibrates and chooses its cut-offs too."
    return "\n\n".join(filter(None, [title, real, made]))


def _part(work: Path, labelled: list[comments.Labelled], rounds: int, only: Collection[str]) -> str:
    source = comments.write(work / "labelled.csv", labelled, label=True)
    tasks = []
    for number, peer in enumerate(peers.installed(only)):
        model = str(work / f"trained-{len(labelled)}-{number}")
        tasks.append(Task(peer.name, peer.train(str(source), model)))
    costs = take_turns(tasks, rounds)
    first = next(iter(costs.values()))
    rows = [
        [name, f"{cost.seconds:.2f}", f"{cost.seconds / first.seconds:.2f}", cost.peak]
        for name, cost in costs.items()
    ]
    return table([f"{len(labelled):,} comments", "s", f"x {tasks[0].name}", "peak MiB"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time training.")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], metavar="PEER")
    options = parser.parse_args()
    with workspace() as work:
        said = measure(work, options.rows, options.rounds, only=options.only)
        print(machine(), said, sep="\n\n")


if __name__ == "__main__":
    main()
