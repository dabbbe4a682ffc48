"""The one loop: records in, verdicts beside them out, and a count of what happened."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from spamguard.formats.record import PlainRows, Reader, Record
from spamguard.formats.source import Source
from spamguard.model import Model, Scorer
from spamguard.records import HAM, SPAM, Columns, Comment, Verdict, Verdicts

Pair = tuple[Record, Verdict | None]
Overrule = Callable[[Comment, Verdict], Verdict]


class Judged(NamedTuple):
    """A batch of records with their verdicts; None for a record that holds no comment."""

    records: Sequence[Record]
    verdicts: Sequence[Verdict | None]

    def pairs(self) -> Iterator[Pair]:
        return zip(self.records, self.verdicts, strict=True)

    def counts(self) -> dict[str, int]:
        """How many comments were called what."""
        if isinstance(self.verdicts, Verdicts):
            return self.verdicts.counts()
        return Counter(verdict.label for verdict in self.verdicts if verdict is not None)

    def answerable(self) -> list[Pair]:
        """The comments, and what should have been some."""
        return [pair for pair in self.pairs() if pair[1] is not None or pair[0].error is not None]

    def bad(self) -> list[Record]:
        """The records that should have been comments."""
        if isinstance(self.records, PlainRows):
            return []
        return [record for record in self.records if record.error is not None]

    def overruled(self, overrule: Overrule) -> "Judged":
        """The batch with the verdicts that stand."""
        return self._replace(
            verdicts=[
                overrule(record.comment, verdict) if record.comment and verdict else None
                for record, verdict in self.pairs()
            ]
        )


class Tally:
    """What a run met: comments by verdict, bad records, and the most certain comments."""

    def __init__(self, certain: int = 0) -> None:
        self.labels: Counter[str] = Counter()
        self.bad = 0
        self.interpreted_bulk = False
        self._certain = certain
        self._most: dict[str, list[tuple[float, int, str]]] = {SPAM: [], HAM: []}

    def add(self, judged: Judged) -> None:
        self.labels.update(judged.counts())
        self.bad += len(judged.bad())
        if self._certain:
            for record, verdict in judged.pairs():
                if record.comment is not None and verdict is not None:
                    self._weigh(record.line, record.comment.text, verdict)

    def _weigh(self, line: int, text: str, verdict: Verdict) -> None:
        """Keep a comment if it is among the most certain ones."""
        if verdict.label not in self._most:
            return
        import heapq

        sign = 1 if verdict.label == SPAM else -1
        entry = (sign * verdict.probability, -line, text[:200])
        kept = self._most[verdict.label]
        if len(kept) < self._certain:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)

    def most_certain(self, label: str) -> list[tuple[float, int, str]]:
        """(probability, line, text) of the surest comments with that label, the surest first."""
        return [
            (abs(signed), -line, text) for signed, line, text in sorted(self._most[label])[::-1]
        ]


def judge(
    source: Source,
    reader: Reader,
    model: Model,
    tally: Tally,
    overrule: Overrule | None = None,
    jobs: int = 1,
) -> Iterator[Judged]:
    """The records of ``reader`` with their verdicts, a batch at a time as the input gives them.

    A small or a live input is scored by the interpreted kernel, whose first answer comes at once;
    a large file, or a pipe that is found full, by the compiled one, in ``jobs`` processes. All give
    equal bits. ``overrule`` has the last word on each verdict.
    """
    for records, verdicts in _scored(source, reader, model, tally, jobs):
        judged = Judged(records, verdicts)
        if len(verdicts) < len(records):
            found = iter(verdicts)
            judged = Judged(
                records, [None if record.comment is None else next(found) for record in records]
            )
        if overrule is not None:
            judged = judged.overruled(overrule)
        tally.add(judged)
        yield judged


def _scored(
    source: Source, reader: Reader, model: Model, tally: Tally, jobs: int
) -> Iterator[tuple[Sequence[Record], Verdicts]]:
    """Batches of records with the verdicts of the comments among them."""
    batches = iter(reader.batches())
    scorer = Scorer(model)
    for records in batches:
        if source.heavy:
            batches = chain([records], batches)
            break
        yield records, model.verdicts(scorer.log_odds_in(_columns(records)), scorer.speed)
    else:
        return
    scorer = Scorer(model, bulk=True)
    tally.interpreted_bulk = not scorer.speed.is_compiled
    if jobs > 1:
        from spamguard import workers

        scored = workers.log_odds(model, jobs, batches, _columns)
    else:
        scored = ((records, scorer.log_odds_in(_columns(records))) for records in batches)
    for records, log_odds in scored:
        yield records, model.verdicts(log_odds, scorer.speed)


def _columns(records: Sequence[Record]) -> Columns:
    if isinstance(records, PlainRows):
        return records.columns
    return Columns.of([record.comment for record in records if record.comment is not None])
