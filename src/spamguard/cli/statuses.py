"""What would change: how many comments of which status got which verdict."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping

from spamguard.cli.common import escaped, say
from spamguard.formats.columns import is_approved, with_status
from spamguard.formats.record import shown
from spamguard.labelling import Judged
from spamguard.records import LABELS, SPAM

#: So many statuses are told of one by one, and so many approved comments.
MOST_STATUSES = 12
MOST_SHOWN = 10
#: What WordPress means by its numbers.
_MEANING = {"1": "1 (approved)", "0": "0 (held)"}


def has_status(columns: Mapping[str, str]) -> bool:
    """Whether comments in such columns have a status. Of JSON nothing is known beforehand."""
    return not columns or "status" in with_status(columns)


class StatusTable:
    """Counts verdicts by the status that the blog had given.

    Of the approved comments that are called spam it keeps those that it is least certain of.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._doubtful: list[tuple[float, int, str]] = []

    def add(self, judged: Judged) -> None:
        for record, verdict in judged.pairs():
            if verdict is None or record.comment is None or record.comment.status is None:
                continue
            status = str(record.comment.status)[:40]
            self.counts[status, verdict.label] += 1
            if verdict.label == SPAM and is_approved(status):
                entry = (-verdict.probability, -record.line, record.comment.text[:200])
                if len(self._doubtful) < MOST_SHOWN:
                    heapq.heappush(self._doubtful, entry)
                else:
                    heapq.heappushpop(self._doubtful, entry)

    def table(self) -> list[str]:
        """The counts as lines, approved comments first; none where no status is known."""
        totals: Counter[str] = Counter()
        for (status, _), count in self.counts.items():
            totals[status] += count
        if not totals:
            return []
        order = sorted(totals, key=lambda name: (not is_approved(name), -totals[name], name))
        kept, others = order[:MOST_STATUSES], order[MOST_STATUSES:]
        rows = [(_MEANING.get(name, name) or "(none)", [name]) for name in kept]
        rows += [(f"{len(others):,} others", others)] if others else []
        lines = [_line("status", LABELS)]
        for name, statuses in rows:
            sums = (sum(self.counts[status, label] for status in statuses) for label in LABELS)
            lines.append(_line(escaped(name), [f"{count:,}" for count in sums]))
        return lines

    def say(self) -> None:
        """Show the table on stderr."""
        for line in self.table():
            say(line)

    def doubtful(self) -> list[str]:
        """The approved comments that are called spam, as lines, the least certain first."""
        return [
            f"{shown(-negative)}\tline {-line}\t{escaped(text)}"
            for negative, line, text in sorted(self._doubtful, reverse=True)
        ]

    def approved_spam(self) -> int:
        return sum(
            count
            for (status, label), count in self.counts.items()
            if label == SPAM and is_approved(status)
        )


def _line(name: str, cells: Iterable[str]) -> str:
    return f"{name:<24}" + "".join(f"{cell:>12}" for cell in cells)
