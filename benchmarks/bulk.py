"""Many comments, from a CSV to a labelled CSV or the peer's verdicts.

    python benchmarks/bulk.py [--rows 200000 2000000] [--rounds 5]

Everything has one core, but ``spamguard --jobs 2`` two. Start-up is the time of the same command on
10 rows. A column that nobody reads makes that file large enough for spamguard to load its compiled
kernel, as it does for any file over 128 KiB.
"""

import argparse
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import comments
import peers
import psutil
from measure import MIB, ROUNDS, Cost, Task, cores, machine, say, table, take_turns, workspace

ROWS = (200_000, 2_000_000)
STARTUP_ROWS, PADDING = 10, 1 << 15
TWO_JOBS = f"{peers.OURS} --jobs 2"


def startup_table(work: Path) -> Path:
    few = islice(comments.varied(STARTUP_ROWS), STARTUP_ROWS)
    return comments.write(work / "startup.csv", few, pad=PADDING)


def measure(
    work: Path, trained: Sequence[peers.Trained], sizes: Sequence[int], rounds: int
) -> tuple[str, dict[str, float]]:
    """A table for each size, and how many comments a second each command labels of the first."""
    startups = take_turns(_tasks(trained, startup_table(work), work), rounds)
    parts, rates = [], dict[str, float]()
    costs: dict[str, Cost] = {}
    before = sizes[0]
    for rows in sizes:
        say(f"bulk: {rows:,} comments")
        left_out = [
            name for name in costs if _too_large(costs[name], startups[name], rows / before)
        ]
        source = comments.write(work / "many.csv", comments.varied(rows))
        tasks = [task for task in _tasks(trained, source, work) if task.name not in left_out]
        costs, before = take_turns(tasks, rounds), rows
        rates = rates or {name: rows / cost.seconds for name, cost in costs.items()}
        parts.append(
            f"### {rows:,} comments from CSV to verdicts\n"
            f"{source.stat().st_size / rows:.0f} bytes a row, every row different; medians of"
            f" {max(rounds, 1)} rounds. Start-up is the same command on 10 rows.\n\n"
            + _table(rows, costs, startups)
            + "".join(f"\n\nLeft out for want of memory: {name}." for name in left_out)
        )
    return "\n\n".join(parts), rates


def _tasks(trained: Sequence[peers.Trained], source: Path, work: Path) -> list[Task]:
    out = work / "verdicts"
    tasks = [peers.floor(source, out)]
    for one in trained:
        task = one.score(source, out)
        tasks.append(task)
        if one.peer.name == peers.OURS and cores() > 1:
            command = [*task.command, "--jobs", "2"]
            tasks.append(task._replace(name=TWO_JOBS, command=command, cores=2))
    return tasks


def _too_large(cost: Cost, startup: Cost, growth: float) -> bool:
    """Whether so many times the comments may fill most of the memory, as where all are held."""
    expected = startup.memory + growth * (cost.memory - startup.memory)
    return expected * MIB > psutil.virtual_memory().total / 2


def _table(rows: int, costs: Mapping[str, Cost], startups: Mapping[str, Cost]) -> str:
    floor = costs[peers.FLOOR].seconds
    ours = costs.get(peers.OURS, costs[peers.FLOOR]).seconds
    lines = []
    for name, cost in costs.items():
        work_alone = cost.seconds - startups[name].seconds
        lines.append(
            [
                name,
                f"{cost.seconds:.2f}",
                f"{startups[name].seconds:.2f}",
                f"{rows / cost.seconds:,.0f}",
                f"{rows / work_alone:,.0f}" if work_alone > cost.seconds / 10 else "-",
                f"{rows / cost.cpu:,.0f}",
                f"{ours / cost.seconds:.2f}",
                f"{cost.seconds / floor:.1f}",
                cost.peak,
            ]
        )
    header = ["", "s", "start-up s", "comments/s", "without start-up", "a processor second"]
    return table([*header, "speed x spamguard", "time x floor", "peak MiB"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time many comments.")
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="*", default=[], metavar="PEER")
    options = parser.parse_args()
    with workspace() as work:
        trained = peers.trained(work, options.only)
        said, _ = measure(work, trained, options.rows, options.rounds)
        print(machine(), said, sep="\n\n")


if __name__ == "__main__":
    main()
