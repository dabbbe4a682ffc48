"""How good a model is on blogs that it never saw: `python benchmarks/unseen_blogs.py`.

Needs ../shared/data. Two blogs hold nearly all real blog spam there. Each is left out in turn, with
one half of the blogs that hold readers' comments (alternating by size); a model is trained on
everything else, as the default model is. The last row trains on data/ and its templates alone.
"""

import csv
import random
from pathlib import Path

import numpy as np

from spamguard import evaluation, training
from spamguard.records import Comment
from spamguard.spin import expansions

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
SPAM_BLOGS = ("jcasabona", "midonet")
SPUN = 150
SHOWN = (
    "roc_auc",
    "recall_at_1%_fpr",
    "recall_at_0.1%_fpr",
    "ham_called_spam",
    "spam_caught",
    "unsure",
)


def table(path: Path, own: str = "") -> list[tuple[Comment, bool, str]]:
    """Comments, whether they are spam, and their source; a field that is always empty is None."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    upper = "CONTENT" in rows[0]
    fields = ("CONTENT", "AUTHOR", "AUTHOR_URL") if upper else ("content", "author", "author_url")
    known = [any(row.get(field) for row in rows) for field in fields]
    return [
        (
            Comment(
                *(row[field] if there else None for field, there in zip(fields, known, strict=True))
            ),
            row["CLASS" if upper else "label"] in ("1", "spam"),
            row.get("source") or own or path.name,
        )
        for row in rows
    ]


def spun(senders: list[Comment]) -> dict[str, list[Comment]]:
    choose = random.Random(0)
    return {
        path.name: [
            choose.choice(senders)._replace(text=text)
            for text in expansions(path.name, path.read_text(encoding="utf-8"), SPUN, 0)
        ]
        for path in sorted((ROOT / "data" / "spin").glob("*.txt"))
    }


def measured(train: list[tuple[Comment, bool, str]], test: list[tuple[Comment, bool, str]]) -> str:
    texts = {comment.text.strip() for comment, _, _ in test}
    train = [row for row in train if row[0].text.strip() not in texts]
    comments, spam, sources = zip(*train, strict=True)
    senders = [comment for comment, bad in zip(comments, spam, strict=True) if bad]
    options = training.Options(leave_sources_out=True)
    fitted = training.fit(comments, np.array(spam), options, np.array(sources), spun(senders))
    said = evaluation.predict(
        fitted.model, [comment for comment, _, _ in test], np.array([bad for _, bad, _ in test])
    )
    figures = evaluation.measure(said)
    return " | ".join(
        "-" if figures[name].value is None else f"{figures[name].value:.3f}" for name in SHOWN
    )


def main() -> None:
    own = [row for path in sorted((ROOT / "data").glob("*.csv")) for row in table(path)]
    blogs = table(SHARED / "blog_comments.csv")
    others = table(SHARED / "social_comments_id.csv")
    for path in sorted((SHARED / "youtube").glob("*.csv")):
        others += table(path)
    ham = [source for _, bad, source in blogs if not bad]
    by_size = sorted(set(ham), key=lambda source: (-ham.count(source), source))
    print(f"| left out | comments | {' | '.join(name.replace('_', ' ') for name in SHOWN)} |")
    print("|---|--:|" + "--:|" * len(SHOWN))
    for blog in SPAM_BLOGS:
        for half in (0, 1):
            hidden = set(by_size[half::2])
            test = [row for row in blogs if (blog in row[2] if row[1] else row[2] in hidden)]
            gone = {row[2] for row in test}
            train = own + others + [row for row in blogs if row[2] not in gone]
            name = f"spam of {blog}, half {half + 1} of the ham blogs"
            print(f"| {name} | {len(test):,} | {measured(train, test)} |", flush=True)
    print(f"| all blogs (data/ alone) | {len(blogs):,} | {measured(own, blogs)} |")


if __name__ == "__main__":
    main()
