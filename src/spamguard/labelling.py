"""The one loop: records in, verdicts beside them out, and a count of what happened."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spamguard.formats.record import PlainRows, Reader, Record
from spamguard.formats.source import Source
from spamguard.model import Model, Scorer
from spamguard.records import HAM, SPAM, Verdict

Pair = tuple[Record, Verdict | None]


class Judged(NamedTuple):
    """A batch of records with their verdicts; None for a record that holds no comment."""

    records: Sequence[Record]
    verdicts: Sequence[Verdict | None]

    def pairs(self) -> Iterator[Pair]:
        return zip(self.records, self.verdicts, strict=True)

    def answerable(self) -> list[Pair]:
        """The comments, and what should have been some."""
        return [pair for pair in self.pairs() if pair[1] is not None or pair[0].error is not None]

    def bad(self) -> list[Record]:
        """The records that should have been comments."""
        if None not in self.verdicts:
            return []
        return [record for record in self.records if record.error is not None]


class Tally:
    """What a run met: comments by verdict, bad records, and the most certain comments."""

    def __init__(self, certain: int = 0) -> None:
        self.labels: Counter[str] = Counter()
        self.bad = 0
        self.interpreted_bulk = False
        self._certain = certain
        self._most: dict[str, list[tuple[float, int, str]]] = {SPAM: [], HAM: []}

    def add(self, judged: Judged) -> None:
        self.labels.update(verdict.label for verdict in judged.verdicts if verdict is not None)
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


def judge(source: Source, reader: Reader, model: Model, tally: Tally) -> Iterator[Judged]:
    """The records of ``reader`` with their verdicts, a batch at a time as the input gives them.

    A small or a live input is scored by the interpreted kernel, whose first answer comes at once;
    a large file, or a pipe that is found full, by the compiled one. Both give equal bits.
    """
    scorer = Scorer(model)
    bulk = False
    for records in reader.batches():
        if source.heavy and not bulk:
            bulk = True
            scorer = Scorer(model, bulk=True)
            tally.interpreted_bulk = not scorer.speed.is_compiled
        judged = Judged(records, _verdicts(scorer, records))
        tally.add(judged)
        yield judged


def _verdicts(scorer: Scorer, records: Sequence[Record]) -> Sequence[Verdict | None]:
    if isinstance(records, PlainRows):
        return scorer.verdicts_of(records.columns)
    verdicts = iter(scorer.verdicts([item.comment for item in records if item.comment is not None]))
    return [None if record.comment is None else next(verdicts) for record in records]
