"""Where the time of a comment goes in ``spamguard label``: microseconds of one core, by stage.

    python benchmarks/stages.py [COMMENTS.csv] [--rows 200000] [--rounds 5]

Each round goes through the whole file with the compiled kernel, in this process, start-up left
out; the figures are medians of the time this process had a core.
"""

import argparse
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

import comments
import peers
from measure import ROUNDS, machine, pinned, say, table, workspace

Found = TypeVar("Found")

ROWS = 200_000
STAGES = {
    "read": "bytes to rows to columns of texts and authors",
    "views": "texts made tidy and without disguise, links and authors taken apart",
    "scoring": "n-grams hashed, weighed and added up",
    "verdicts": "log-odds to probability and verdict",
    "rows": "verdicts put beside the rows, as they will be written",
}


def measure(work: Path, rows: int, rounds: int) -> str:
    """The table, by a process of its own: what is loaded here must not weigh on others."""
    say("stages")
    source = comments.write(work / "stages.csv", comments.varied(rows))
    command = [peers.PYTHON, __file__, str(source), "--rounds", str(max(rounds, 1))]
    with pinned():
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def stages(path: Path, rounds: int) -> str:
    passes = [_pass(path) for _ in range(rounds + 1)][1:]  # the first loads the kernel
    rows = passes[0][0]
    spent = {name: median(seconds[name] / rows * 1e6 for _, seconds in passes) for name in STAGES}
    total = sum(spent.values())
    lines = [
        [f"{name}: {meaning}", f"{spent[name]:.2f}", f"{spent[name] / total:.0%}"]
        for name, meaning in STAGES.items()
    ]
    return (
        "### Where the time of a comment goes\n"
        f"{rows:,} comments, {path.stat().st_size / rows:.0f} bytes a row, one process without its"
        f" start-up; medians of {rounds} rounds.\n\n"
        + table(["stage", "µs a comment", ""], [*lines, ["all", f"{total:.2f}", ""]])
    )


def _pass(path: Path) -> tuple[int, dict[str, float]]:
    """How many comments there are, and the seconds that each stage took for them."""
    from spamguard import formats, text
    from spamguard.cli.common import load_model
    from spamguard.formats.record import PlainRows
    from spamguard.formats.source import Source
    from spamguard.model import Scorer

    spent: defaultdict[str, float] = defaultdict(float)

    def timed(stage: str, call: Callable[[], Found]) -> Found:
        begun = time.process_time()
        found = call()
        spent[stage] += time.process_time() - begun
        return found

    model = load_model(None)
    scorer = Scorer(model, bulk=True)
    rows = 0
    with Source(str(path)) as source:
        batches = iter(formats.open_table(source, None, {}).batches())
        while (batch := timed("read", lambda: next(batches, None))) is not None:
            if not isinstance(batch, PlainRows):
                if batch:
                    raise SystemExit(f"{path}: not a plain CSV, which alone has these stages")
                continue
            rows += len(batch)
            columns = timed("read", lambda batch=batch: batch.columns)
            views = timed("views", lambda columns=columns: text.views(columns, scorer.speed))
            log_odds = timed("scoring", lambda views=views: scorer.log_odds_of(views))
            verdicts = timed(
                "verdicts", lambda log_odds=log_odds: model.verdicts(log_odds, scorer.speed)
            )
            timed("rows", lambda batch=batch, said=verdicts: batch.annotated(said))
    return rows, spent


def main() -> None:
    parser = argparse.ArgumentParser(description="Show where the time of a comment goes.")
    parser.add_argument("path", type=Path, nargs="?", metavar="COMMENTS.csv")
    parser.add_argument("--rows", type=int, default=ROWS, help="where no file is named")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if options.path is not None:
        print(stages(options.path, options.rounds))
        return
    with workspace() as work:
        print(machine(), measure(work, options.rows, options.rounds), sep="\n\n")


if __name__ == "__main__":
    main()
