"""What more rows in data/ would buy: `python benchmarks/learning_curve.py`.

Needs ../shared/data. Models are trained on some of the rows of data/, drawn at random, and on
nothing else; they judge all of ../shared/data, and the blogs there. Recall is at 1% of ham called
spam; figures are the mean of three draws. The last row adds the spun templates of data/.
"""

import random
from statistics import mean

import numpy as np
from measure import machine, say, table
from unseen_blogs import ROOT, SHARED, SHOWN, Row, other_platforms, read, spun

from spamguard import evaluation, training
from spamguard.records import Comment

SIZES = (500, 1000, 2000, 4000)
SEEDS = 3


def measured(
    rows: list[Row], tests: list[list[Row]], further: dict[str, list[Comment]]
) -> list[float]:
    comments, spam, sources, _ = zip(*rows, strict=True)
    fitted = training.fit(comments, np.array(spam), training.Options(), np.array(sources), further)
    found = []
    for test in tests:
        judged, labels, _, _ = zip(*test, strict=True)
        figures = evaluation.measure(evaluation.predict(fitted.model, judged, np.array(labels)))
        found += [figures[name].value or 0.0 for name in SHOWN[:2]]
    return found


def main() -> None:
    own = [row for path in sorted((ROOT / "data").glob("*.csv")) for row in read(path)]
    blogs = read(SHARED / "blog_comments.csv")
    tests = [blogs + other_platforms(), blogs]
    shown = []
    for size in SIZES:
        say(f"  {size} rows")
        draws = [random.Random(seed).sample(own, size) for seed in range(SEEDS)]
        found = [measured(rows, tests, {}) for rows in draws]
        shown.append([f"{size:,}", *map(mean, zip(*found, strict=True))])
    shown.append([f"{len(own):,}", *measured(own, tests, {})])
    templates = spun([row.comment for row in own if row.spam])
    shown.append([f"{len(own):,} and templates", *measured(own, tests, templates)])
    measures = [f"{what}: {name}" for what in ("all", "blogs") for name in ("AUC", "recall")]
    cells = [[row[0], *(f"{value:.3f}" for value in row[1:])] for row in shown]
    print(machine(), table(["rows of data/", *measures], cells), sep="\n\n")


if __name__ == "__main__":
    main()
