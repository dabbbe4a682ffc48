"""What one's own readers teach: `python benchmarks/own_blog.py`.

Needs ../shared/data. Each blog there with enough readers' comments is a user who has an export: the
older half of the comments trains together with the corpus that comes with spamguard (`train
--with-builtin-spam`); the newer half, and all real spam of other blogs, tests. Beside it the model
of that corpus alone, which saw neither. Nothing of the real spam is ever trained on.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from measure import machine, say, table, workspace
from unseen_blogs import ROOT, SHARED

FEWEST = 200
SHOWN = ("roc_auc", "recall_at_1%_fpr", "ham_called_spam", "spam_caught", "unsure")


def spamguard(*words: str | Path) -> str:
    command = [sys.executable, "-m", "spamguard", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def measured(model: Path, test: Path) -> list[float]:
    figures = json.loads(spamguard("evaluate", test, "--model", model, "--json"))["overall"]
    return [float(figures[name]["value"]) for name in SHOWN]


def main() -> None:
    with (SHARED / "blog_comments.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    spam = [row for row in rows if row["label"] == "spam"]
    blogs: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        if row["label"] == "ham":
            blogs.setdefault(row["source"], []).append(row)
    found: dict[str, list[list[float]]] = {"built in": [], "with own readers": []}
    lines = []
    with workspace() as work:
        general, own = work / "general.joblib", work / "own.joblib"
        tables = sorted((ROOT / "data").glob("*.csv"))
        spun = [w for path in sorted((ROOT / "data/spin").glob("*")) for w in ("--spin", 150, path)]
        spamguard("train", *tables, *spun, "--leave-sources-out", "-q", "-o", general)
        for blog, ham in sorted(blogs.items(), key=lambda item: -len(item[1])):
            if len(ham) < FEWEST:
                continue
            say(f"{blog}: {len(ham):,} comments")
            ham.sort(key=lambda row: row["date"])
            half = len(ham) // 2
            others = [row for row in spam if row["source"] != blog]
            test = write(work / "test.csv", [*ham[half:], *others])
            readers = write(work / "readers.csv", ham[:half])
            spamguard("train", readers, "--with-builtin-spam", "-q", "-o", own)
            pair = [measured(general, test), measured(own, test)]
            for figures, (_, kept) in zip(pair, found.items(), strict=True):
                kept.append(figures)
            shown = [f"{a:.3f} / {b:.3f}" for a, b in zip(*pair, strict=True)]
            lines.append([blog, f"{half:,}", *shown])
    means = [[np.median(column) for column in zip(*kept, strict=True)] for kept in found.values()]
    shown = [f"{a:.3f} / {b:.3f}" for a, b in zip(*means, strict=True)]
    lines.append(["median", "", *shown])
    print(machine())
    print("\nEach figure: the built-in corpus alone / with the blog's own readers.\n")
    print(table(["blog", "readers", *(name.replace("_", " ") for name in SHOWN)], lines))


if __name__ == "__main__":
    main()
