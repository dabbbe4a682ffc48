"""The model: weights, calibration and cut-offs; comments in, verdicts out."""

import math
import sys
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from spamguard import features, kernel
from spamguard.records import HAM, SPAM, UNSURE, Comment, Verdict


class Part(NamedTuple):
    """One block with what was learned for it: little-endian float32, one for each column."""

    block: features.Block
    idf: bytes
    weight: bytes


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
        return sigmoid(self.slope * log_odds + self.offset)

    def verdict(self, log_odds: float) -> Verdict:
        probability = sigmoid(self.slope * log_odds + self.offset)
        if probability >= self.spam_cutoff:
            return Verdict(SPAM, probability)
        return Verdict(HAM if probability < self.ham_cutoff else UNSURE, probability)


def sigmoid(value: float) -> float:
    if value >= 0:
        return 1.0 / (1.0 + math.exp(-value))
    grown = math.exp(max(value, -700.0))
    return grown / (1.0 + grown)


def floats(raw: bytes) -> Any:
    """Little-endian float32 bytes as a sequence of float, without numpy."""
    if sys.byteorder == "little":
        return memoryview(raw).cast("f")
    swapped = array("f", raw)
    swapped.byteswap()
    return swapped


class Scorer:
    """A model at work: interpreted for a few comments, or compiled, in ``bulk``, for many.

    Both give equal bits. Where numba cannot be had, bulk work is interpreted too and
    ``compiled`` is False.
    """

    def __init__(self, model: Model, *, bulk: bool = False) -> None:
        self.model = model
        self.compiled = False
        self._score_texts: Any = kernel.score_texts
        if bulk:
            try:
                self._score_texts = kernel.compiled().score_texts
                self.compiled = True
            except ImportError:
                pass
        self._parts = [(part.block, *self._learned(part)) for part in model.parts]
        self._room = 0
        self._grow(1024)

    def _learned(self, part: Part) -> tuple[Any, Any, Any]:
        """idf, weight and zeroed tallies of a part, as the kernel at hand takes them."""
        if self.compiled:
            import numpy as np

            idf = np.frombuffer(part.idf, "<f4").astype(np.float32)
            weight = np.frombuffer(part.weight, "<f4").astype(np.float32)
            return idf, weight, np.zeros(part.block.size, np.uint8)
        return floats(part.idf), floats(part.weight), bytearray(part.block.size)

    def _grow(self, room: int) -> None:
        if room <= self._room:
            return
        self._room = room
        if self.compiled:
            import numpy as np

            self._scratch: Any = tuple(np.empty(room, np.int32) for _ in range(3))
            self._frequency: Any = np.array(kernel.TERM_FREQUENCY)
        else:
            self._scratch = tuple([0] * room for _ in range(3))
            self._frequency = kernel.TERM_FREQUENCY

    def log_odds(self, comments: Sequence[Comment]) -> list[float]:
        """The uncalibrated log-odds of spam, one for each comment."""
        scores: Any = array("d", [self.model.intercept]) * len(comments)
        columns = features.view_columns(comments)
        for view, strings in enumerate(columns):
            parts = [part for part in self._parts if part[0].view == view]
            if not parts or not any(strings):
                continue
            codes, offsets = self._codes(strings)
            longest = max(map(len, strings))
            for block, idf, weight, tallies in parts:
                self._grow(block.high * longest)
                self._score_texts(
                    codes, offsets, block.unit, block.low, block.high, block.bits,
                    idf, weight, self._frequency, tallies, *self._scratch, scores,
                )  # fmt: skip
        return list(scores)

    def _codes(self, strings: Sequence[str]) -> tuple[Any, Any]:
        raw, offsets = features.encode(strings)
        if self.compiled:
            import numpy as np

            return np.frombuffer(raw, np.uint32), np.array(offsets)
        return memoryview(raw).cast("I"), offsets

    def verdicts(self, comments: Sequence[Comment]) -> list[Verdict]:
        """One verdict for each comment, in order."""
        verdict = self.model.verdict
        return [verdict(log_odds) for log_odds in self.log_odds(comments)]
