"""The model: weights, calibration and cut-offs; comments in, verdicts out."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from spamguard import features, kernel, text
from spamguard.records import Columns, Comment, Verdict, Verdicts

#: The first view, so that what it adds to the scores can be compared.
_TEXT = features.VIEWS.index("text")


class Part(NamedTuple):
    """One block with what was learned for it: little-endian float32, one for each column.

    ``name_only_weight`` are the weights in comments that are signed by a name only; empty where
    they are the same.
    """

    block: features.Block
    idf: bytes
    weight: bytes
    name_only_weight: bytes = b""


class Model(NamedTuple):
    """A trained model. ``facts`` says in plain values how it came about, for people to read."""

    parts: tuple[Part, ...]
    intercept: float
    slope: float
    offset: float
    ham_cutoff: float
    spam_cutoff: float
    facts: dict[str, Any]

    def probability(self, log_odds: float) -> float:
        """The calibrated probability of spam for uncalibrated log-odds."""
        return kernel.sigmoid(self.slope * log_odds + self.offset)

    def verdict(self, log_odds: float) -> Verdict:
        """What uncalibrated log-odds mean."""
        (verdict,) = self.verdicts([log_odds], kernel.Interpreted())
        return verdict

    def verdicts(self, log_odds: Sequence[float], speed: kernel.Interpreted) -> Verdicts:
        """What each of these uncalibrated log-odds means."""
        labels, probabilities = speed.tallies(len(log_odds)), speed.filled(len(log_odds), 0.0)
        speed.decide(
            log_odds, self.slope, self.offset, self.ham_cutoff, self.spam_cutoff,
            labels, probabilities,
        )  # fmt: skip
        return Verdicts(labels, probabilities)


class Scorer:
    """A model at work: interpreted for a few comments, or compiled, in ``bulk``, for many.

    Both give equal bits. Where numba cannot be had, bulk work is interpreted too and
    ``speed.is_compiled`` is False.
    """

    def __init__(self, model: Model, *, bulk: bool = False) -> None:
        self.model = model
        self.speed = kernel.fastest() if bulk else kernel.Interpreted()
        self._parts = [
            (
                part.block,
                self.speed.tallies(part.block.size),
                self.speed.floats(part.idf),
                self.speed.floats(part.weight),
                self.speed.floats(part.name_only_weight or part.weight),
            )
            for part in model.parts
        ]
        self._room = 0

    def log_odds(self, comments: Sequence[Comment]) -> list[float]:
        """The uncalibrated log-odds of spam, one for each comment."""
        return list(map(float, self.log_odds_in(Columns.of(comments))))

    def log_odds_in(self, comments: Columns) -> Sequence[float]:
        """The same of comments that lie in columns."""
        return self.log_odds_of(text.views(comments, self.speed))

    def log_odds_of(self, views: text.Views) -> Sequence[float]:
        """The same of comments whose views are known.

        A long text counts as much as that window of it which looks most like spam, less a toll
        for the number of its windows, if that is more than the whole does.
        """
        speed = self.speed
        scores: Sequence[float] = speed.filled(len(views.text), self.model.intercept)
        name_only = speed.flags(views.name_only())
        for view, strings in enumerate(views):
            parts = [part for part in self._parts if part[0].view == view]
            longest = text.longest(strings)
            if not parts or not longest:
                continue
            codes, begins, ends = text.runs(strings, speed)
            self._add(parts, longest, (codes, begins, ends), name_only, scores)
            if longest > text.LONG and view == _TEXT:
                places, *within = text.windows(codes, begins, ends, speed)
                raised = speed.filled(len(places), self.model.intercept)
                of_windows = speed.flags(name_only[place] for place in places)
                self._add(parts, text.LONG, (codes, *within), of_windows, raised)
                speed.keep_highest(scores, places, raised, speed.tolls)
        return scores

    def _add(self, parts: Any, longest: int, runs: Any, name_only: Any, scores: Any) -> None:
        """Add what these parts say of runs of code points, none longer than ``longest``."""
        columns = self._columns(longest * max(part[0].high for part in parts))
        for block, *learned in parts:
            self.speed.score_texts(
                *runs, block.unit, block.low, block.high, block.bits,
                self.speed.rises, *learned, name_only, columns, scores,
            )  # fmt: skip

    def _columns(self, room: int) -> Any:
        """Scratch for so many columns at least."""
        if room > self._room:
            self._room = room
            self._scratch = self.speed.numbers(room)
        return self._scratch

    def verdicts(self, comments: Sequence[Comment]) -> list[Verdict]:
        """One verdict for each comment, in order."""
        return list(self.model.verdicts(self.log_odds(comments), self.speed))
