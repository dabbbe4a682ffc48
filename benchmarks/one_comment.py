"""One comment, from the start of the process to its verdict.

python benchmarks/one_comment.py [--rounds 21]
"""

import argparse
from collections.abc import Sequence

import peers
from measure import Task, machine, say, table, take_turns, workspace

COMMENT = (
    "Great post, I really enjoyed reading it. Check out my channel for cheap watches and free"
    " followers, you will not regret it!"
)
YARDSTICK = 'python -c "import click"'


def measure(trained: Sequence[peers.Trained], rounds: int) -> str:
    say("one comment")
    tasks = [
        Task("python -c pass", [peers.PYTHON, "-c", "pass"]),
        Task(YARDSTICK, [peers.PYTHON, "-c", "import click"]),
        Task("spamguard --help", [peers.SPAMGUARD, "--help"]),
    ]
    costs = take_turns([*tasks, *(one.one(COMMENT) for one in trained)], rounds)
    yardstick = costs[YARDSTICK]
    rows = [
        [
            name,
            f"{cost.seconds * 1000:.1f}",
            f"{cost.seconds / yardstick.seconds:.2f}",
            f"{cost.cpu * 1000:.1f}",
        ]
        for name, cost in costs.items()
    ]
    header = ["one comment", "ms", "x import click", "processor ms"]
    return (
        "### One comment: process start to verdict\n"
        f"{len(COMMENT)} characters on stdin, medians of {max(rounds, 1)} rounds.\n\n"
        + table(header, rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Time one comment.")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--only", nargs="*", default=[], metavar="PEER")
    options = parser.parse_args()
    with workspace() as work:
        print(machine(), measure(peers.trained(work, options.only), options.rounds), sep="\n\n")


if __name__ == "__main__":
    main()
