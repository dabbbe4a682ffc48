"""How good a model is on blogs that it never saw: `python benchmarks/unseen_blogs.py`.

Needs ../shared/data. Two blogs hold nearly all real blog spam there. Each is left out in turn, with
one half of the blogs that hold readers' comments (alternating by size); a model is trained on
everything else, as the default model is. The last one trains on data/ and its templates alone.

Some labels there are wrong. Where judgements.csv holds what two readers say of some of the rows,
every figure is shown after judgement too: a row that both call spam counts as spam, one that both
call ham as ham, and all others keep their label. No model is trained on a judgement.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measure import say, table

from spamguard import evaluation, training
from spamguard.evaluation import Predictions
from spamguard.model import Model
from spamguard.records import SPAM, Comment
from spamguard.spin import expansions

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
JUDGEMENTS = Path(__file__).with_name("judgements.csv")
SPAM_BLOGS = ("jcasabona", "midonet")
SPUN = 150
#: A blog with fewer readers' comments gets no line of its own.
ENOUGH_HAM = 100
SHOWN = (
    "roc_auc",
    "recall_at_1%_fpr",
    "recall_at_0.1%_fpr",
    "ham_called_spam",
    "spam_caught",
    "unsure",
)

#: In tables, all blogs together.
ALL = "all blogs"

#: Whether both readers call a row spam, or both ham, by its source and name.
Judgements = Mapping[tuple[str, str], bool]


class Row(NamedTuple):
    """A labelled comment. ``name`` is the digest of its id and text."""

    comment: Comment
    spam: bool
    source: str
    name: str


class Split(NamedTuple):
    """What one model is trained on and what it is asked; ``without`` and ``half`` describe it."""

    without: str
    half: str
    train: Sequence[Row]
    test: Sequence[Row]


#: A split, and what its model said of the rows to test on.
Asked = tuple[Split, Predictions]


def read(path: Path) -> list[Row]:
    """The rows of a file; a field that is always empty is None."""
    with path.open(encoding="utf-8", newline="") as file:
        cells = [{key.lower(): cell for key, cell in row.items()} for row in csv.DictReader(file)]
    fields = ("content", "author", "author_url")
    known = [any(row.get(field) for row in cells) for field in fields]
    return [
        Row(
            Comment(
                *(row[field] if there else None for field, there in zip(fields, known, strict=True))
            ),
            row.get("label", row.get("class")) in {"1", "spam"},
            row.get("source") or path.name,
            digest(f"{row.get('id', '')}\n{row['content']}"),
        )
        for row in cells
    ]


def digest(text: str) -> str:
    """A name that tells nothing: ids hold the names of people."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def other_platforms() -> list[Row]:
    """Real comments that are not from blogs."""
    videos = sorted((SHARED / "youtube").glob("*.csv"))
    return [row for path in (SHARED / "social_comments_id.csv", *videos) for row in read(path)]


def splits() -> Iterator[Split]:
    """Each blog with spam left out with one half of the ham blogs, then all blogs."""
    own = [row for path in sorted((ROOT / "data").glob("*.csv")) for row in read(path)]
    blogs = read(SHARED / "blog_comments.csv")
    others = other_platforms()
    ham = Counter(row.source for row in blogs if not row.spam)
    by_size = sorted(ham, key=lambda source: (-ham[source], source))
    for blog in SPAM_BLOGS:
        for half in (0, 1):
            hidden = set(by_size[half::2])
            test = [
                row for row in blogs if (blog in row.source if row.spam else row.source in hidden)
            ]
            gone = {row.source for row in test}
            train = own + others + [row for row in blogs if row.source not in gone]
            yield Split(f"spam of {blog}", f"half {half + 1} of the ham blogs", train, test)
    yield Split(ALL, "data/ alone", own, blogs)


def spun() -> dict[str, list[Comment]]:
    return {
        path.name: [
            Comment(text)
            for text in expansions(path.name, path.read_text(encoding="utf-8"), SPUN, 0)
        ]
        for path in sorted((ROOT / "data" / "spin").glob("*.txt"))
    }


def fit(split: Split) -> Model:
    """The model of a split; it learns from no text that it will be asked."""
    say(f"  without {split.without}, {split.half}")
    texts = {row.comment.text.strip() for row in split.test}
    train = [row for row in split.train if row.comment.text.strip() not in texts]
    fitted = training.fit(
        [row.comment for row in train],
        np.array([row.spam for row in train]),
        training.Options(leave_sources_out=True),
        np.array([row.source for row in train]),
        spun(),
    )
    return fitted.model


def ask(split: Split) -> Predictions:
    """What the model of a split says of the rows that it never saw."""
    comments = [row.comment for row in split.test]
    return evaluation.predict(fit(split), comments, spam_among(split.test, {}))


def judgements() -> Judgements:
    """What two readers agree on; nothing where nobody has read."""
    if not JUDGEMENTS.exists():
        return {}
    with JUDGEMENTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["source"], row["row"]): row["reader1"] == SPAM
        for row in rows
        if row["reader1"] == row["reader2"] != "unclear"
    }


def spam_among(rows: Sequence[Row], judged: Judgements) -> np.ndarray:
    """Which rows are spam, as judged or else as labelled; shape (n_rows,)."""
    return np.array([judged.get((row.source, row.name), row.spam) for row in rows])


def figures(said: Predictions) -> list[str]:
    found = evaluation.measure(said)
    return ["-" if found[name].value is None else f"{found[name].value:.3f}" for name in SHOWN]


def false_alarms(asked: Sequence[Asked], judged: Judgements) -> dict[str, tuple[int, int]]:
    """How many comments of each blog that nobody names spam are called spam, and of how many."""
    ham: Counter[str] = Counter()
    called_spam: Counter[str] = Counter()
    for split, said in asked:
        spam = spam_among(split.test, {}) | spam_among(split.test, judged)
        for row, verdict in zip(compress(split.test, ~spam), said.verdict[~spam], strict=True):
            ham.update((row.source, ALL))
            called_spam.update((row.source, ALL) if verdict == SPAM else ())
    return {source: (called_spam[source], count) for source, count in ham.most_common()}


def overall(asked: Sequence[Asked], views: Mapping[str, Judgements]) -> str:
    """A table of all measures, split by split."""
    return table(
        ["left out", "comments", *(name.replace("_", " ") for name in SHOWN)],
        [
            [
                f"{split.without}, {split.half}{view}",
                f"{len(split.test):,}",
                *figures(said._replace(spam=spam_among(split.test, judged))),
            ]
            for split, said in asked
            for view, judged in views.items()
        ],
    )


def by_blog(asked: Sequence[Asked], views: Mapping[str, Judgements]) -> str:
    """A table of the readers' comments that are called spam, blog by blog."""
    columns = {
        f"{without} left out{view}": false_alarms(
            [(split, said) for split, said in asked if split.without == without], judged
        )
        for without in dict.fromkeys(split.without for split, _ in asked)
        for view, judged in views.items()
    }
    labelled = false_alarms(asked[-1:], {})
    return table(
        ["readers' comments called spam", "comments", *columns],
        [
            [
                source,
                f"{count:,}",
                *(share(*column[source]) for column in columns.values()),
            ]
            for source, (_, count) in labelled.items()
            if count >= ENOUGH_HAM
        ],
    )


def share(hits: int, rows: int) -> str:
    return f"{hits} ({hits / rows:.2%})"


def main() -> None:
    all_splits = list(splits())
    judged = judgements()
    unknown = judged.keys() - {(row.source, row.name) for split in all_splits for row in split.test}
    if unknown:
        raise SystemExit(f"{JUDGEMENTS}: no such comment in {SHARED}: {' '.join(min(unknown))}")
    asked = [(split, ask(split)) for split in all_splits]
    views: dict[str, Judgements] = {"": {}} | ({", after judgement": judged} if judged else {})
    print(overall(asked, views), by_blog(asked, views), sep="\n\n")


if __name__ == "__main__":
    main()
