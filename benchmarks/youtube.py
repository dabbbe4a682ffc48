"""Accuracy on the YouTube Spam Collection, by three protocols.

    python benchmarks/youtube.py [DIRECTORY]

First, with spamguard's peers: trained on four videos, tested on the fifth, in turn. All filters
are given the same rows, text alone; U+FEFF, which tells the label, is stripped. Two more rows show
spamguard with the authors' names too, and as ``spamguard evaluate`` measures it: duplicates left
out, and from training also all near-duplicates of what is tested.

Then spamguard alone: taught by the other four videos and by the files of ``data/`` that hold
comments under videos and posts, text alone; and within the videos: on the split of the TubeSpam
paper (Alberto, Lochter, Almeida 2015), where the first 70% of each class of each video, in file
order, are trained on; and in true time order, on the oldest 70% of each video. Settings are the
defaults, chosen elsewhere.
"""

import argparse
import csv
import json
import subprocess
from collections.abc import Collection, Sequence
from operator import itemgetter
from pathlib import Path

import comments
import peers
from measure import machine, run, say, table, workspace

from spamguard.records import Comment

EVALUATED = ("accuracy", "mcc", "roc_auc", "recall_at_1%_fpr")
FIGURE = "{:.3f}"
#: What ``spamguard evaluate`` is shown: the columns of these names, or all.
VIEWS: dict[str, Collection[str]] = {"text": ("content", "class"), "text and author": ()}
#: So much of a video is trained on; files that begin with the newest comment.
FIRST = 0.7
#: The files of ``data/`` with comments under videos and posts.
VIDEO_FILES = ("clips", "music", "posts_id", "videos", "videos_id")
NEWEST_FIRST = ("LMFAO", "Eminem", "Shakira")

#: A comment and whether it is spam; those of a video, oldest first or in file order.
Row = tuple[Comment, bool]
Video = list[Row]


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


def within(directory: Path = comments.YOUTUBE) -> str:
    """The two protocols that train and test on the same videos."""
    rows = []
    for name, split, by_time in (
        ("TubeSpam's split", _by_class, False),
        ("true time order", _by_time, True),
    ):
        for what, named in (("text", False), ("text and author", True)):
            say(f"  {name}, {what}")
            files = sorted(directory.glob("*.csv"))
            halves = [split(_video(file, named=named, by_time=by_time)) for file in files]
            rows.append([f"{name}, a model of all videos, {what}", *_judged([halves])])
            rows.append([f"{name}, a model a video, {what}", *_judged([[half] for half in halves])])
    header = ["", "comments", "accuracy", "MCC", "AUC", "recall at 1% FPR"]
    return "### YouTube, within the videos\n\n" + table(header, rows)


def beside_the_corpus(directory: Path = comments.YOUTUBE) -> str:
    """Each video by a model of the four others and of what ``data/`` has of that kind."""
    say("  leave one video out, with files of data/")
    files = sorted(directory.glob("*.csv"))
    videos = {file.name: _video(file, named=False, by_time=False) for file in files}
    corpus = {
        f"{name}.csv": [
            (Comment(row.text), row.spam)
            for row in comments.read(comments.ROOT / "data" / f"{name}.csv")
        ]
        for name in VIDEO_FILES
    }
    models = []
    for file in files:
        others = [video for name, video in (videos | corpus).items() if name != file.name]
        models.append([*((video, []) for video in others), ([], videos[file.name])])
    header = ["", "comments", "accuracy", "MCC", "AUC", "recall at 1% FPR"]
    row = ["four videos and data/, text", *_judged(models)]
    return "### YouTube, leave one video out, with data/\n\n" + table(header, [row])


def _video(file: Path, *, named: bool, by_time: bool) -> Video:
    with file.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    if by_time and file.stem.endswith(NEWEST_FIRST):
        rows.reverse()
    return [
        (
            Comment(row["CONTENT"].replace("\ufeff", ""), row["AUTHOR"] if named else None),
            row["CLASS"] == "1",
        )
        for row in rows
    ]


def _by_time(video: Video) -> tuple[Video, Video]:
    cut = round(FIRST * len(video))
    return video[:cut], video[cut:]


def _by_class(video: Video) -> tuple[Video, Video]:
    parts = [_by_time([row for row in video if row[1] is kind]) for kind in (True, False)]
    return parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]


def _judged(models: Sequence[Sequence[tuple[Video, Video]]]) -> list[str]:
    """Figures over what all models say; each is made of the first parts of some videos."""
    import numpy as np

    from spamguard import evaluation, training

    found = []
    for parts in models:
        train = [row for first, _ in parts for row in first]
        sources = np.repeat(range(len(parts)), [len(first) for first, _ in parts]).astype(str)
        spam = np.array([bad for _, bad in train])
        texts = [comment for comment, _ in train]
        fitted = training.fit(texts, spam, training.Options(), sources)
        for _, last in filter(itemgetter(1), parts):
            judged, labels = zip(*last, strict=True)
            found.append(evaluation.predict(fitted.model, judged, np.array(labels)))
    said = evaluation.Predictions(*map(np.concatenate, zip(*found, strict=True)))
    figures = evaluation.measure(said)
    values = [figures[name].value for name in EVALUATED]
    return [
        f"{len(said.spam):,}",
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
    print("", beside_the_corpus(options.directory), sep="\n", flush=True)
    print("", within(options.directory), sep="\n", flush=True)


if __name__ == "__main__":
    main()
