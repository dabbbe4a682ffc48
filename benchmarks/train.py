"""Training, from a labelled CSV to a model file, on one core.

    python benchmarks/train.py [--rows 200000] [--large 2000000] [--rounds 3]

spamguard's time includes its out-of-fold calibration and cut-offs, which no peer has. Of
``--large`` comments, which are left out by default, it also trains within little memory.
"""

import argparse
from collections.abc import Collection
from pathlib import Path

import comments
import peers
from measure import Task, machine, say, table, take_turns, workspace

#: What scikit-learn would need 20 GB for.
TOO_LARGE_FOR = "scikit-learn, words + characters"
LITTLE_MEMORY = "1G"


def measure(
    work: Path,
    rows: int,
    rounds: int,
    *,
    large: int = 0,
    with_real: bool = True,
    only: Collection[str] = (),
) -> str:
    """All are trained on in ``rounds`` rounds but the ``large`` number of comments, once."""
    say("training")
    found = peers.installed(only)
    parts = ["### Training\nOne core; spamguard calibrates and chooses its cut-offs too."]
    if with_real:
        parts.append(_part(work, comments.shuffled(comments.real()), rounds, found))
    parts.append(_part(work, list(comments.varied(rows)), rounds, found))
    if large:
        able = [peer for peer in found if peer.name != TOO_LARGE_FOR]
        parts.append(_part(work, list(comments.varied(large)), 0, able, bounded=True))
    return "\n\n".join(parts)


def _part(
    work: Path,
    labelled: list[comments.Labelled],
    rounds: int,
    found: list[peers.Peer],
    *,
    bounded: bool = False,
) -> str:
    source = str(comments.write(work / "labelled.csv", labelled, label=True))
    tasks = []
    for number, peer in enumerate(found):
        command = peer.train(source, str(work / f"trained-{len(labelled)}-{number}"))
        tasks.append(Task(peer.name, command))
        if bounded and peer.name == "spamguard":
            within = f"--max-memory={LITTLE_MEMORY}"
            tasks.append(Task(f"{peer.name} {within}", [*command, within]))
    costs = take_turns(tasks, rounds)
    first = next(iter(costs.values()))
    rows = [
        [
            name,
            f"{cost.seconds:.1f}",
            f"{cost.seconds / first.seconds:.2f}",
            f"{cost.cpu:.1f}",
            cost.peak,
        ]
        for name, cost in costs.items()
    ]
    header = [f"{len(labelled):,} comments", "s", f"x {tasks[0].name}", "processor s", "peak MiB"]
    return table(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time training.")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--large", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], metavar="PEER")
    options = parser.parse_args()
    with workspace() as work:
        said = measure(work, options.rows, options.rounds, large=options.large, only=options.only)
        print(machine(), said, sep="\n\n")


if __name__ == "__main__":
    main()
