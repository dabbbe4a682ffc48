"""What more rows in data/ would buy: `python benchmarks/learning_curve.py`.

Needs ../shared/data. Models are trained on some of the rows of data/, drawn at random, and on
nothing else; they judge all of ../shared/data, and the blogs there. Recall is at 1% of ham called
spam; figures are the mean of three draws. The last row adds the spun templates of data/.
"""

import random
from collections.abc import Sequence
from statistics import mean

import numpy as np
from measure import machine, say, table
from unseen_blogs import SHOWN, Row, other_platforms, spam_among, splits, spun

from spamguard import evaluation, training
from spamguard.records import Comment

SIZES = (500, 1000, 2000, 4000, 8000)
SEEDS = 3


def measured(
    rows: Sequence[Row], tests: Sequence[Sequence[Row]], further: dict[str, list[Comment]]
) -> list[float]:
    fitted = training.fit(
        [row.comment for row in rows],
        spam_among(rows, {}),
        training.Options(),
        np.array([row.source for row in rows]),
        further,
    )
    found = []
    for test in tests:
        comments = [row.comment for row in test]
        said = evaluation.predict(fitted.model, comments, spam_among(test, {}))
        figures = evaluation.measure(said)
        found += [figures[name].value or 0.0 for name in SHOWN[:2]]
    return found


def main() -> None:
    *_, data_alone = splits()
    own, blogs = data_alone.train, data_alone.test
    tests = [[*blogs, *other_platforms()], blogs]
    shown = []
    for size in SIZES:
        say(f"  {size} rows")
        draws = [random.Random(seed).sample(own, size) for seed in range(SEEDS)]
        found = [measured(rows, tests, {}) for rows in draws]
        shown.append([f"{size:,}", *map(mean, zip(*found, strict=True))])
    shown.append([f"{len(own):,}", *measured(own, tests, {})])
    shown.append([f"{len(own):,} and templates", *measured(own, tests, spun())])
    measures = [f"{what}: {name}" for what in ("all", "blogs") for name in ("AUC", "recall")]
    cells = [[row[0], *(f"{value:.3f}" for value in row[1:])] for row in shown]
    print(machine(), table(["rows of data/", *measures], cells), sep="\n\n")


if __name__ == "__main__":
    main()
