"""Runs every benchmark, prints its table as Markdown, and draws docs/throughput.svg.

    python benchmarks/run.py [--quick] > results.md

``--quick`` is a smoke run on tiny sizes, under a minute: its figures mean nothing, and what it
draws is thrown away.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import bulk
import comments
import figure
import growth
import live_pipe
import one_comment
import peers
import stages
import train
import youtube
from measure import ROUNDS, machine, say, workspace

FIGURE = comments.ROOT / "docs" / "throughput.svg"


class Plan(NamedTuple):
    """How much is measured, and of whom; ``only`` for what takes long, ``trained`` for the rest."""

    rows: Sequence[int]
    rounds: int
    largest: int
    lines: int = live_pipe.LINES
    stage_rows: int = stages.ROWS
    few: int | None = None
    trained: Sequence[str] = ()
    only: Sequence[str] = ()
    with_real: bool = True
    videos: int | None = None
    views: Sequence[str] = tuple(youtube.VIEWS)


#: Enough to see that the scripts run; scikit-learn takes long to start.
LIGHT = (peers.OURS, "fastText", "bogofilter", "Vowpal Wabbit")
QUICK = Plan(
    rows=(400, 2000),
    rounds=0,
    largest=4,
    lines=20,
    stage_rows=2000,
    few=300,
    trained=(*LIGHT, "scikit-learn, words"),
    only=LIGHT,
    with_real=False,
    videos=2,
    views=["text"],
)


def run_all(plan: Plan, drawn: Path) -> None:
    """Print one table after another, and draw the figure."""

    def show(table: str) -> None:
        print(f"\n{table}", flush=True)

    with workspace() as work:
        trained = peers.trained(work, plan.trained, plan.few)
        [ours] = [one for one in trained if one.peer.name == peers.OURS]
        show(one_comment.measure(trained, 4 * plan.rounds + 1 if plan.rounds else 0))
        show(live_pipe.measure(ours, plan.lines))
        bulk_table, rates = bulk.measure(work, trained, plan.rows, plan.rounds)
        show(bulk_table)
        show(stages.measure(work, plan.stage_rows, plan.rounds))
        show(
            train.measure(work, plan.rows[0], plan.rounds, with_real=plan.with_real, only=plan.only)
        )
        show(growth.measure(work, ours, plan.largest, min(plan.rounds, 3)))
        table, accuracy = youtube.measure(
            work, videos=plan.videos, only=plan.only, views=plan.views
        )
        show(table)
    if accuracy:
        figure.draw(drawn, rates, accuracy, peers.OURS)
        say(f"drawn: {drawn}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Run all benchmarks.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that all runs")
    parser.add_argument(
        "--rows", type=int, nargs="+", default=bulk.ROWS, help="comments in the big files"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--largest", type=int, default=growth.LARGEST, help="growth up to this power of ten"
    )
    options = parser.parse_args()
    begun = time.perf_counter()
    print("## spamguard beside its peers\n")
    print(machine(), peers.versions(), sep="\n", flush=True)
    if options.quick:
        with workspace() as work:
            run_all(QUICK, work / FIGURE.name)
    else:
        run_all(Plan(options.rows, options.rounds, options.largest), FIGURE)
    say(f"done in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
