"""Runs every benchmark and prints its table as Markdown.

    python benchmarks/run.py [--quick] > results.md

``--quick`` is a smoke run on tiny sizes, under a minute: its figures mean nothing.
"""

import argparse
import time

import bulk
import growth
import one_comment
import peers
import train
import youtube
from measure import ROUNDS, machine, say, workspace

#: Enough to see that the scripts run; scikit-learn takes long to start.
LIGHT = ("spamguard", "fastText", "bogofilter", "Vowpal Wabbit")


def main() -> None:
    parser = argparse.ArgumentParser(description="Run all benchmarks.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that all runs")
    parser.add_argument("--rows", type=int, default=200_000, help="comments in the big files")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--largest", type=int, default=6, help="growth up to this power of ten")
    options = parser.parse_args()
    begun = time.perf_counter()
    print("## spamguard beside its peers\n")
    print(machine(), peers.versions(), sep="\n", flush=True)
    with workspace() as work:

        def show(table: str) -> None:
            print(f"\n{table}", flush=True)

        if options.quick:
            trained = peers.trained(work, (*LIGHT, "scikit-learn, words"), few=300)
            show(one_comment.measure(trained, rounds=0))
            show(bulk.measure(work, trained, rows=2000, rounds=0))
            show(train.measure(work, rows=400, rounds=0, with_real=False, only=LIGHT))
            show(growth.measure(work, trained[0], largest=4, rounds=0))
            show(youtube.measure(work, videos=2, only=LIGHT, views=["text"]))
        else:
            trained = peers.trained(work)
            show(one_comment.measure(trained, rounds=4 * options.rounds + 1))
            show(bulk.measure(work, trained, options.rows, options.rounds))
            show(train.measure(work, options.rows, rounds=options.rounds))
            show(growth.measure(work, trained[0], options.largest, rounds=3))
            show(youtube.measure(work))
    say(f"done in {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
