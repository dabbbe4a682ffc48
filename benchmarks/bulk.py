"""Many comments, from a CSV to a labelled CSV or the peer's verdicts, on one core.

    python benchmarks/bulk.py [--rows 200000] [--rounds 5]

Start-up is the time of the same command on 10 rows. A column that nobody reads makes that file
large enough for spamguard to load its compiled kernel, as it does for any file over 128 KiB.
"""

import argparse
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import comments
import peers
from measure import ROUNDS, Cost, Task, machine, say, table, take_turns, workspace

STARTUP_ROWS, PADDING = 10, 1 << 15


def startup_table(work: Path) -> Path:
    few = islice(comments.varied(STARTUP_ROWS), STARTUP_ROWS)
    return comments.write(work / "startup.csv", few, pad=PADDING)


def measure(work: Path, trained: Sequence[peers.Trained], rows: int, rounds: int) -> str:
    say(f"bulk: {rows:,} comments")
    many = comments.write(work / "many.csv", comments.varied(rows))
    out = work / "verdicts"

    def tasks(source: Path) -> list[Task]:
        return [peers.floor(source, out), *(one.score(source, out) for one in trained)]

    startups = take_turns(tasks(startup_table(work)), rounds)
    costs = take_turns(tasks(many), rounds)
    size = many.stat().st_size / rows
    return (
        f"### {rows:,} comments from CSV to verdicts, one core\n"
        f"{size:.0f} bytes a row, every row different; medians of {max(rounds, 1)} rounds."
        " Start-up is the same command on 10 rows.\n\n" + _table(rows, costs, startups)
    )


def _table(rows: int, costs: dict[str, Cost], startups: dict[str, Cost]) -> str:
    def rate(name: str) -> float:
        return rows / costs[name].seconds

    ours = rate("spamguard") if "spamguard" in costs else rate(peers.FLOOR)
    lines = []
    for name, cost in costs.items():
        work_alone = cost.seconds - startups[name].seconds
        lines.append(
            [
                name,
                f"{cost.seconds:.2f}",
                f"{startups[name].seconds:.2f}",
                f"{rate(name):,.0f}",
                f"{rows / work_alone:,.0f}" if work_alone > cost.seconds / 10 else "-",
                f"{rows / cost.cpu:,.0f}",
                f"{rate(name) / ours:.2f}",
                cost.peak,
            ]
        )
    header = ["", "s", "start-up s", "comments/s", "without start-up", "a processor second"]
    return table([*header, "x spamguard", "peak MiB"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time many comments.")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="*", default=[], metavar="PEER")
    options = parser.parse_args()
    with workspace() as work:
        trained = peers.trained(work, options.only)
        print(machine(), measure(work, trained, options.rows, options.rounds), sep="\n\n")


if __name__ == "__main__":
    main()
