"""What known readers and campaigns do on blogs that no model saw: `python benchmarks/policy.py`.

Needs ../shared/data. Each blog there is judged by a model that was trained without it and without
one half of the other blogs (`unseen_blogs.py` says how), and once by one trained on data/ alone.
The comments of a blog are one file; in the second table all that a model judged are, so that spam
and readers' comments meet. Known readers are those with so many other published comments.
"""

from collections import defaultdict
from collections.abc import Iterator

from unseen_blogs import Row, Split, fit, other_platforms, splits

from spamguard.formats.record import Record
from spamguard.model import Scorer
from spamguard.policy import Campaigns, KnownReaders, Policy
from spamguard.records import HAM, SPAM, UNSURE, Verdict

Judged = tuple[Row, Verdict]
APPROVED = (1, 2, 3, 5)


def judged(split: Split) -> list[Judged]:
    verdicts = Scorer(fit(split), bulk=True).verdicts([row.comment for row in split.test])
    return list(zip(split.test, verdicts, strict=True))


def campaigns(rows: list[Judged]) -> Iterator[tuple[bool, str]]:
    """Whether it is spam, and its source, for each comment that campaigns call spam."""
    met = Campaigns()
    for row, verdict in rows:
        met.add(row.comment, verdict)
    overrule = Policy(campaigns=met).overrule
    for row, verdict in rows:
        if overrule(row.comment, verdict).label != verdict.label:
            yield row.spam, row.source


def known(rows: list[Judged], fewest: int) -> tuple[int, int]:
    """How many comments called spam are called unsure, since their authors are known: ham, spam."""
    readers = KnownReaders(fewest + 1)  # the comment in question is one of them
    for row, _ in rows:
        readers.add(Record(row.comment, 0, "", label=SPAM if row.spam else HAM))
    overrule = Policy(known=readers).overrule
    saved = [
        row.spam for row, verdict in rows if overrule(row.comment, verdict).label != verdict.label
    ]
    return len(saved) - sum(saved), sum(saved)


def by_source(rows: list[Judged]) -> list[list[Judged]]:
    files = defaultdict(list)
    for row in rows:
        files[row[0].source].append(row)
    return list(files.values())


def count(rows: list[Judged], bad: bool, label: str) -> int:
    return sum(row.spam is bad and verdict.label == label for row, verdict in rows)


def main() -> None:
    # Of these two, each blog with spam left out with another half, each comment is judged once.
    first, _, _, last, data_alone = splits()
    folds = [judged(first), judged(last)]
    unseen = [row for fold in folds for row in fold]
    alone = judged(data_alone._replace(test=[*data_alone.test, *other_platforms()]))
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
