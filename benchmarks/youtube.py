"""Accuracy on the YouTube Spam Collection: trained on four videos, tested on the fifth, in turn.

    python benchmarks/youtube.py [DIRECTORY]

All filters are given the same rows, text alone; U+FEFF, which tells the label, is stripped. Two
more rows show spamguard with the authors' names too, and as ``spamguard evaluate`` measures it:
duplicates left out, and from training also all near-duplicates of what is tested.
"""

import argparse
import csv
import json
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

import comments
import peers
from measure import machine, run, say, table, workspace

EVALUATED = ("accuracy", "mcc", "roc_auc", "recall_at_1%_fpr")
FIGURE = "{:.3f}"
#: What ``spamguard evaluate`` is shown: the columns of these names, or all.
VIEWS: dict[str, Collection[str]] = {"text": ("content", "class"), "text and author": ()}


def measure(
    work: Path,
    directory: Path = comments.YOUTUBE,
    videos: int | None = None,
    only: Collection[str] = (),
    views: Collection[str] = tuple(VIEWS),
) -> tuple[str, dict[str, float]]:
    """The table, and the MCC of each peer by itself."""
    title = "### YouTube, leave one video out\n"
    files = sorted(directory.glob("*.csv"))[:videos]
    if len(files) < 2:
        return title + f"Left out: the YouTube Spam Collection is not in {directory}.", {}
    say("YouTube")
    folds = [comments.read(file) for file in files]
    figures = {
        peer.name: _figures(folds, _held_out(peer, folds, work), peer.border)
        for peer in peers.installed(only)
    }
    count = f"{sum(map(len, folds)):,}"
    rows = [[name, count, *map(FIGURE.format, found)] for name, found in figures.items()]
    if not only or "spamguard" in only:
        for view in views:
            say(f"  spamguard evaluate, {view}")
            rows.append([f"spamguard evaluate, {view}", *_evaluated(files, work, VIEWS[view])])
    header = ["", "comments", "accuracy", "MCC", "AUC", "recall at 1% FPR"]
    return title + "\n" + table(header, rows), {name: mcc for name, (_, mcc, *_) in figures.items()}


def _held_out(peer: peers.Peer, folds: list[list[comments.Labelled]], work: Path) -> list[float]:
    """The probability of spam of each comment, by a model that was not shown its video."""
    found = []
    for number, fold in enumerate(folds):
        say(f"  {peer.name}: video {number + 1} of {len(folds)}")
        others = [comment for other in folds if other is not fold for comment in other]
        seen = comments.write(work / "seen.csv", comments.shuffled(others), label=True)
        unseen = comments.write(work / "unseen.csv", fold)
        verdicts = work / "unseen-verdicts"
        run(peers.train(peer, seen, work / f"{peer.name}-{number}").score(unseen, verdicts))
        said = peer.read(verdicts)
        if len(said) != len(fold):
            raise SystemExit(f"{peer.name}: {len(said)} answers to {len(fold)} comments")
        found += said
    return found


def _figures(
    folds: list[list[comments.Labelled]], found: Sequence[float], border: float
) -> list[float]:
    """Accuracy, MCC, AUC, and recall at 1% false positives."""
    # Here, because this process must not share their pages with the ones it measures.
    import numpy as np
    from sklearn.metrics import matthews_corrcoef, roc_auc_score, roc_curve

    spam = np.array([comment.spam for fold in folds for comment in fold])
    said = np.array(found)
    fpr, tpr, _ = roc_curve(spam, said, drop_intermediate=False)
    return [
        float(np.mean((said >= border) == spam)),
        float(matthews_corrcoef(spam, said >= border)),
        float(roc_auc_score(spam, said)),
        float(tpr[fpr <= 0.01][-1]),
    ]


def _evaluated(files: list[Path], work: Path, columns: Collection[str]) -> list[str]:
    """What ``spamguard evaluate`` says of the files, or of some columns of them."""
    stripped = []
    for file in files:
        with file.open(encoding="utf-8", newline="") as source:
            rows = list(csv.reader(source))
        kept = [
            place for place, name in enumerate(rows[0]) if not columns or name.lower() in columns
        ]
        stripped.append(work / file.name)
        with stripped[-1].open("w", encoding="utf-8", newline="") as target:
            csv.writer(target).writerows(
                [row[place].replace("\ufeff", "") for place in kept] for row in rows
            )
    command = [peers.SPAMGUARD, "evaluate", "--group-by", "file", "--json", *map(str, stripped)]
    asked = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(asked.stdout)["overall"]
    said = next(line for line in asked.stderr.splitlines() if "comments measured" in line)
    values = [figures[name]["value"] for name in EVALUATED]
    return [
        said.split(" ")[0],
        *("-" if value is None else FIGURE.format(value) for value in values),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure accuracy on the YouTube collection.")
    parser.add_argument("directory", type=Path, nargs="?", default=comments.YOUTUBE)
    parser.add_argument("--only", nargs="*", default=[], metavar="PEER")
    options = parser.parse_args()
    with workspace() as work:
        said, _ = measure(work, options.directory, only=options.only)
        print(machine(), said, sep="\n\n")


if __name__ == "__main__":
    main()
