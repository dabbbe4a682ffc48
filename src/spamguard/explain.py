"""The words, links and author parts that moved a verdict."""

import math
from collections import defaultdict
from typing import NamedTuple

from spamguard import features, kernel, text
from spamguard.model import Model, Part, Scorer
from spamguard.records import Columns, Comment, Verdict


class Reason(NamedTuple):
    """A piece of the comment and its share of the calibrated log-odds; above 0 speaks for spam."""

    view: str
    piece: str
    share: float


class Explanation(NamedTuple):
    """Why a comment got its verdict: ``rest + intercept + sum of all shares == log_odds``.

    ``reasons`` are sorted by falling share; ``rest`` is what lies in no piece: blanks,
    and what is taken off for the number of windows.
    """

    verdict: Verdict
    log_odds: float
    intercept: float
    reasons: list[Reason]
    rest: float

    def towards_spam(self, most: int) -> list[Reason]:
        return [reason for reason in self.reasons if reason.share > 0][:most]

    def towards_ham(self, most: int) -> list[Reason]:
        return [reason for reason in self.reasons[::-1] if reason.share < 0][:most]


def explain(model: Model, comment: Comment) -> Explanation:
    """Share out the calibrated log-odds of one comment, or of that window of it which decides.

    A column's share is split equally over its occurrences, and that of an n-gram over its
    characters, so that each ends in the pieces (what stands between blanks) that it lies in.
    """
    scorer = Scorer(model)
    views = text.views(Columns.of([comment]), scorer.speed)
    (log_odds,) = scorer.log_odds_of(views)
    windows = _windows(views.text[0], scorer.speed)
    toll = kernel.TOLLS[min(len(windows), kernel.MOST)]
    rest = 0.0
    for window in windows:  # the one that decided, if one did
        alone = views._replace(text=[window])
        if math.isclose(scorer.log_odds_of(alone)[0] - toll, log_odds, abs_tol=1e-9):
            views, rest = alone, -model.slope * toll
            break
    (name_only,) = views.name_only()
    shares: defaultdict[tuple[str, str], float] = defaultdict(float)
    for view, name in enumerate(features.VIEWS):
        (string,) = views[view]
        by_character = [0.0] * len(string)
        for part in model.parts:
            if part.block.view == view:
                weight = (name_only and part.name_only_weight) or part.weight
                rest += _share_out(part, weight, string, model.slope, by_character)
        begin = 0
        for piece in string.split(" "):
            end = begin + len(piece)
            if piece:
                shares[name, piece] += sum(by_character[begin:end])
            begin = end + 1
    reasons = [Reason(view, piece, share) for (view, piece), share in shares.items()]
    reasons.sort(key=lambda reason: -reason.share)
    return Explanation(
        verdict=model.verdict(log_odds),
        log_odds=model.slope * log_odds + model.offset,
        intercept=model.slope * model.intercept + model.offset,
        reasons=reasons,
        rest=rest,
    )


def _windows(string: str, speed: kernel.Interpreted) -> list[str]:
    _, begins, ends = text.windows(*speed.codes([string]), speed)
    return [string[begin:end] for begin, end in zip(begins, ends, strict=True)]


def _share_out(
    part: Part, weights: bytes, string: str, slope: float, by_character: list[float]
) -> float:
    """Add a block's share of the log-odds to the characters; return what only blanks hold."""
    block = part.block
    room = block.high * len(string)
    speed = kernel.Interpreted()
    columns, places = speed.numbers(room), speed.numbers(2 * room)
    codes, _, _ = speed.codes([string])
    count = kernel.hash_ngrams(
        codes, 0, len(codes), block.unit, block.low, block.high, block.bits, columns, places
    )
    idf, weight = speed.floats(part.idf), speed.floats(weights)
    times: defaultdict[int, int] = defaultdict(int)
    for column in columns[:count]:
        times[column] += 1
    value = {
        column: kernel.TERM_FREQUENCY[min(often, kernel.MOST)] * idf[column]
        for column, often in times.items()
    }
    norm = sum(each * each for each in value.values()) ** 0.5
    blank = 0.0
    if norm == 0.0:
        return blank
    for place in range(count):
        column = columns[place]
        share = slope * value[column] * weight[column] / norm / times[column]
        inside = [at for at in range(places[2 * place], places[2 * place + 1]) if codes[at] != 32]
        for at in inside:
            by_character[at] += share / len(inside)
        if not inside:
            blank += share
    return blank
