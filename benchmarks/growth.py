"""How the time and memory of ``spamguard label`` grow with the number of comments.

    python benchmarks/growth.py [--largest 7]

The exponent is the slope on logarithmic axes: 1 is proportional, 0 flat. It is fitted from 10^4
comments on, where the compiled kernel works; time is taken without start-up (see bulk.py).
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression

import comments
import peers
from bulk import startup_table
from measure import machine, say, table, take_turns, workspace

SMALLEST, COMPILED_FROM = 3, 4


def measure(work: Path, spamguard: peers.Trained, largest: int, rounds: int) -> str:
    """``largest`` is the power of ten to end with."""
    say("growth")
    powers = range(SMALLEST, largest + 1)
    files = {"start-up": startup_table(work)}
    for power in powers:
        path = work / f"growth-{power}.csv"
        files[f"10^{power}"] = comments.write(path, comments.varied(10**power))
    out = work / "verdicts"
    tasks = [spamguard.score(path, out)._replace(name=name) for name, path in files.items()]
    costs = take_turns(tasks, rounds)
    startup = costs["start-up"].seconds
    net = [max(costs[f"10^{power}"].seconds - startup, 1e-3) for power in powers]
    memory = [costs[f"10^{power}"].memory for power in powers]
    rows = [["start-up", f"{startup:.2f}", "", "", f"{costs['start-up'].memory:.0f}"]]
    for power, seconds, mebibytes in zip(powers, net, memory, strict=True):
        whole = costs[f"10^{power}"].seconds
        rate = 10**power / seconds
        rows.append(
            [f"{10**power:,}", f"{whole:.2f}", f"{seconds:.2f}", f"{rate:,.0f}", f"{mebibytes:.0f}"]
        )
    header = ["comments", "s", "without start-up", "comments/s of it", "peak MiB"]
    return (
        "### Growth of `spamguard label`\n"
        f"Time grows as n^{_exponent(powers, net):.2f},"
        f" memory as n^{_exponent(powers, memory):.2f}.\n\n" + table(header, rows)
    )


def _exponent(powers: Sequence[int], values: Sequence[float]) -> float:
    """The fitted slope from ``COMPILED_FROM`` on, or over all where there is but one such."""
    points = [
        (power, math.log10(value))
        for power, value in zip(powers, values, strict=True)
        if power >= COMPILED_FROM or powers[-1] <= COMPILED_FROM
    ]
    return linear_regression(*zip(*points, strict=True)).slope


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure growth.")
    parser.add_argument("--largest", type=int, default=6, help="the last power of ten")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with workspace() as work:
        [spamguard] = peers.trained(work, ["spamguard"])
        print(machine(), measure(work, spamguard, options.largest, options.rounds), sep="\n\n")


if __name__ == "__main__":
    main()
