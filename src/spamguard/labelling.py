"""The one loop: records in, verdicts beside them out, and a count of what happened."""

from collections import Counter
from collections.abc import Callable, Iterator

from spamguard.formats.record import Reader, Record
from spamguard.formats.source import Source
from spamguard.model import Model, Scorer
from spamguard.records import HAM, SPAM, Comment, Verdict

Judged = tuple[Record, Verdict | None]
Overrule = Callable[[Comment, Verdict], Verdict]


class Tally:
    """What a run met: comments by verdict, bad records, and the most certain comments."""

    def __init__(self, certain: int = 0) -> None:
        self.labels: Counter[str] = Counter()
        self.bad = 0
        self.interpreted_bulk = False
        self._certain = certain
        self._most: dict[str, list[tuple[float, int, str]]] = {SPAM: [], HAM: []}

    def add(self, record: Record, verdict: Verdict | None) -> None:
        if verdict is None or record.comment is None:
            if record.error is not None:
                self.bad += 1
            return
        self.labels[verdict.label] += 1
        if self._certain and verdict.label in self._most:
            import heapq

            sign = 1 if verdict.label == SPAM else -1
            entry = (sign * verdict.probability, -record.line, record.comment.text[:200])
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
    source: Source, reader: Reader, model: Model, tally: Tally, overrule: Overrule | None = None
) -> Iterator[list[Judged]]:
    """The records of ``reader`` with their verdicts, a batch at a time as the input gives them.

    A small or a live input is scored by the interpreted kernel, whose first answer comes at once;
    a large file, or a pipe that is found full, by the compiled one. Both give equal bits.
    ``overrule`` has the last word on each verdict.
    """
    scorer = Scorer(model)
    bulk = False
    for batch in reader.batches():
        if source.heavy and not bulk:
            bulk = True
            scorer = Scorer(model, bulk=True)
            tally.interpreted_bulk = not scorer.compiled
        comments = [record.comment for record in batch if record.comment is not None]
        verdicts: Iterator[Verdict] = iter(scorer.verdicts(comments))
        if overrule is not None:
            verdicts = map(overrule, comments, verdicts)
        judged: list[Judged] = [
            (record, None if record.comment is None else next(verdicts)) for record in batch
        ]
        for record, verdict in judged:
            tally.add(record, verdict)
        yield judged
