"""How the time and memory of ``spamguard label`` grow with the number of comments.

    python benchmarks/growth.py [--largest 7]

The exponent is the slope on logarithmic axes: 1 is proportional, 0 flat. It is fitted from 10^4
comments on, where the compiled kernel works; time is taken without start-up (see bulk.py).
"""

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from statistics import linear_regression

import comments
import peers
from bulk import startup_table
from measure import machine, say, table, take_turns, workspace

SMALLEST, COMPILED_FROM, LARGEST = 3, 4, 7


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
    startup = costs["start-up"]
    rows = [["start-up", f"{startup.seconds:.2f}", "", "", startup.peak]]
    times, memories = {}, {}
    for power in powers:
        cost = costs[f"10^{power}"]
        net = cost.seconds - startup.seconds
        shown = ["-", "-"]
        if net > cost.seconds / 10:  # what is less drowns in the noise of starting up
            shown = [f"{net:.2f}", f"{10**power / net:,.0f}"]
            times[power] = net
        memories[power] = cost.memory
        rows.append([f"{10**power:,}", f"{cost.seconds:.2f}", *shown, cost.peak])
    header = ["comments", "s", "without start-up", "comments/s of it", "peak MiB"]
    return (
        "### Growth of `spamguard label`\n"
        f"Time without start-up grows as n^{_exponent(times)},"
        f" memory as n^{_exponent(memories)}.\n\n" + table(header, rows)
    )


def _exponent(values: Mapping[int, float]) -> str:
    """The fitted slope over the powers of ten from ``COMPILED_FROM`` on."""
    points = [
        (power, math.log10(value)) for power, value in values.items() if power >= COMPILED_FROM
    ]
    if len(points) < 2:
        return "? (too few sizes)"
    return f"{linear_regression(*zip(*points, strict=True)).slope:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure growth.")
    parser.add_argument("--largest", type=int, default=LARGEST, help="the last power of ten")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with workspace() as work:
        [spamguard] = peers.trained(work, ["spamguard"])
        print(machine(), measure(work, spamguard, options.largest, options.rounds), sep="\n\n")


if __name__ == "__main__":
    main()
