"""Comments one by one over a pipe that stays open: how long ``spamguard score`` takes to answer.

    python benchmarks/live_pipe.py [--lines 2000]

Each line is sent when the line before has been answered. An echo in Python is the floor.
"""

import argparse
import subprocess
import time
from collections.abc import Iterator, Sequence
from statistics import median, quantiles

import comments
import peers
from measure import machine, pinned, say, table, workspace

LINES, SIZE = 2000, 100
ECHO = [peers.PYTHON, "-c", "for line in open(0): print(line, end='', flush=True)"]


def measure(ours: peers.Trained, lines: int) -> str:
    say("live pipe")
    rows = [
        _row(name, _answer_times(command, lines))
        for name, command in (("echo", ECHO), ("spamguard score", ours.one("").command))
    ]
    header = ["", "start to first answer, ms", "median, ms", "99%, ms", "longest, ms"]
    return (
        "### A live pipe: a line to its answer\n"
        f"{lines:,} comments of {SIZE} bytes after the first, each sent when the one before was"
        " answered.\n\n" + table(header, rows)
    )


def _row(name: str, seconds: Sequence[float]) -> list[str]:
    first, *later = (1000 * taken for taken in seconds)
    percentiles = quantiles(later, n=100, method="inclusive")
    values = [f"{median(later):.2f}", f"{percentiles[98]:.2f}", f"{max(later):.2f}"]
    return [name, f"{first:.0f}", *values]


def _answer_times(command: Sequence[str], lines: int) -> list[float]:
    """The seconds from each line to its answer; of the first, from the start of the process."""
    found = []
    sent = time.perf_counter()
    with pinned():
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for line in _lines(1 + lines):
        if found:
            sent = time.perf_counter()
        process.stdin.write(line)
        process.stdin.flush()
        answer = process.stdout.readline()
        found.append(time.perf_counter() - sent)
        if not answer.endswith(b"\n"):
            break
    process.stdin.close()
    if process.wait() or len(found) <= lines:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
    return found


def _lines(count: int) -> Iterator[bytes]:
    """Comments of ``SIZE`` bytes, the end of line not counted."""
    text = b""
    for comment in comments.varied(count * SIZE):
        text += " ".join(comment.text.split()).encode() + b" "
        while len(text) >= SIZE:
            # A character that is cut in two is lost.
            yield text[:SIZE].decode(errors="ignore").encode() + b"\n"
            text = text[SIZE:]
            count -= 1
            if not count:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description="Time answers over a live pipe.")
    parser.add_argument("--lines", type=int, default=LINES)
    options = parser.parse_args()
    with workspace() as work:
        [ours] = peers.trained(work, [peers.OURS])
        print(machine(), measure(ours, options.lines), sep="\n\n")


if __name__ == "__main__":
    main()
