"""What known readers and campaigns do on blogs that no model saw: `python benchmarks/policy.py`.

Needs ../shared/data. Each blog there is judged by a model that was trained without it and without
one half of the other blogs (`unseen_blogs.py` says how), and once by one trained on data/ alone.
The comments of a blog are one file; in the second table all that a model judged are, so that spam
and readers' comments meet. Known readers are those with so many other published comments.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from unseen_blogs import ROOT, SHARED, spun, table

from spamguard import training
from spamguard.formats.record import Record
from spamguard.model import Scorer
from spamguard.policy import Campaigns, KnownReaders, Policy
from spamguard.records import HAM, SPAM, UNSURE, Comment, Verdict

Row = tuple[Comment, bool, str]
Judged = tuple[Row, Verdict]
#: Each blog with spam is left out with one half of the others, so that each is judged once.
FOLDS = (("jcasabona", 0), ("midonet", 1))
APPROVED = (1, 2, 3, 5)


def judged(train: list[Row], test: list[Row]) -> list[Judged]:
    texts = {comment.text.strip() for comment, _, _ in test}
    train = [row for row in train if row[0].text.strip() not in texts]
    comments, spam, sources = zip(*train, strict=True)
    senders = [comment for comment, bad in zip(comments, spam, strict=True) if bad]
    options = training.Options(leave_sources_out=True)
    fitted = training.fit(comments, np.array(spam), options, np.array(sources), spun(senders))
    verdicts = Scorer(fitted.model, bulk=True).verdicts([comment for comment, _, _ in test])
    return list(zip(test, verdicts, strict=True))


def campaigns(rows: list[Judged]) -> Iterator[tuple[bool, str]]:
    """Whether it is spam, and its source, for each comment that campaigns call spam."""
    met = Campaigns()
    for (comment, _, _), verdict in rows:
        met.add(comment, verdict)
    overrule = Policy(campaigns=met).overrule
    for (comment, bad, source), verdict in rows:
        if overrule(comment, verdict).label != verdict.label:
            yield bad, source


def known(rows: list[Judged], fewest: int) -> tuple[int, int]:
    """How many comments called spam are called unsure, since their authors are known: ham, spam."""
    readers = KnownReaders(fewest + 1)  # the comment in question is one of them
    for (comment, bad, _), _ in rows:
        readers.add(Record(comment, 0, "", label=SPAM if bad else HAM))
    overrule = Policy(known=readers).overrule
    saved = [
        bad
        for (comment, bad, _), verdict in rows
        if overrule(comment, verdict).label != verdict.label
    ]
    return len(saved) - sum(saved), sum(saved)


def by_source(rows: list[Judged]) -> list[list[Judged]]:
    files = defaultdict(list)
    for row in rows:
        files[row[0][2]].append(row)
    return list(files.values())


def count(rows: list[Judged], bad: bool, label: str) -> int:
    return sum(row[1] is bad and verdict.label == label for row, verdict in rows)


def main() -> None:
    own = [row for path in sorted((ROOT / "data").glob("*.csv")) for row in table(path)]
    blogs = table(SHARED / "blog_comments.csv")
    others = table(SHARED / "social_comments_id.csv")
    for path in sorted((SHARED / "youtube").glob("*.csv")):
        others += table(path)
    ham = [source for _, bad, source in blogs if not bad]
    by_size = sorted(set(ham), key=lambda source: (-ham.count(source), source))
    folds = []
    for blog, half in FOLDS:
        hidden = set(by_size[half::2])
        test = [row for row in blogs if (blog in row[2] if row[1] else row[2] in hidden)]
        gone = {row[2] for row in test}
        folds.append(judged(own + others + [row for row in blogs if row[2] not in gone], test))
    unseen = [row for fold in folds for row in fold]
    alone = judged(own, blogs + others)
    print("| | files | spam unsure | of it called spam | ham unsure | of it called spam |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, files in (
        ("each blog a file, by a model without it", by_source(unseen)),
        ("all blogs that one model judged a file", folds),
        ("each source a file, by a model of data/ alone", by_source(alone)),
    ):
        rows = [row for file in files for row in file]
        found = [hit for file in files for hit in campaigns(file)]
        right = sum(bad for bad, _ in found)
        print(
            f"| {name} | {len(files)} | {count(rows, True, UNSURE):,} | {right:,}"
            f" | {count(rows, False, UNSURE):,} | {len(found) - right:,} |"
        )
        for source in sorted({source for _, source in found}):
            hits = [bad for bad, where in found if where == source]
            print(f"  {source}: {sum(hits)} spam, {len(hits) - sum(hits)} ham")
    print("\n| approved comments | ham called spam | now unsure | spam called spam | now unsure |")
    print("|--:|--:|--:|--:|--:|")
    for fewest in APPROVED:
        saved = [known(file, fewest) for file in by_source(unseen)]
        ham_saved, spam_saved = (sum(side) for side in zip(*saved, strict=True))
        print(
            f"| {fewest} | {count(unseen, False, SPAM):,} | {ham_saved:,}"
            f" | {count(unseen, True, SPAM):,} | {spam_saved:,} |"
        )


if __name__ == "__main__":
    main()
