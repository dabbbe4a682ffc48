"""What the page tells, as plain values: figures, curves, counts, and comments to look at."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn import metrics

from spamguard import evaluation
from spamguard.evaluation import Figure, Predictions, Step
from spamguard.explain import Reason, explain
from spamguard.model import Model
from spamguard.records import HAM, SPAM, UNSURE, Comment

#: How many comments are shown at most: of the most wrong ones a class, and of doubtful labels.
MOST_WRONG = 10
MOST_DOUBTFUL = 30
#: How many reasons a side are shown, and how many characters of a comment and of a name.
MOST_REASONS = 5
TEXT_LENGTH, NAME_LENGTH = 400, 80
#: What adds less than this to the log-odds would be shown as 0.00.
LEAST_SHARE = 0.005
#: Where the ROC curve is read off for the table beside it.
LIMITS = (0.0001, 0.001, 0.005, 0.01, 0.05)
#: Borders of the histogram's bins in log-odds; what lies beyond falls into the outermost bins.
LOG_ODDS = np.linspace(-7, 7, 29)


class Run(NamedTuple):
    """What was measured and how, besides the predictions.

    ``how`` is a sentence. ``unseen`` tells that no comment was judged by a model that had learned
    from it. ``models`` are those that judged, ``judge`` (int array) tells which of them judged
    each comment; without models there are no reasons. ``places`` say where each comment stands.
    """

    how: str
    unseen: bool = True
    files: Sequence[str] = ()
    left_out: Mapping[str, int] = {}
    places: Sequence[str] = ()
    models: Sequence[Model] = ()
    judge: Any = None
    learning: Sequence[Step] = ()


class Fate(NamedTuple):
    """What becomes of the comments of one class."""

    label: str
    rows: int
    called_spam: Figure
    unsure: Figure
    let_through: Figure


class Point(NamedTuple):
    x: float
    y: float


class Bin(NamedTuple):
    """Comments of about one probability: how many, the mean of it, and how many are spam."""

    low: float
    high: float
    rows: int
    said: float
    spam: Figure


class Slice(NamedTuple):
    """A bar of the histograms: between two log-odds, and how many comments of each class."""

    low: float
    high: float
    ham: int
    spam: int


class Group(NamedTuple):
    name: str
    ham: int
    spam: int
    figures: dict[str, Figure]


class Case(NamedTuple):
    """A comment to look at."""

    place: str
    id: str
    label: str
    verdict: str
    probability: float
    author: str
    author_url: str
    text: str
    towards_spam: tuple[Reason, ...] = ()
    towards_ham: tuple[Reason, ...] = ()


class Summary(NamedTuple):
    """All that the page shows. Texts are shortened and without hidden characters.

    ``roc`` holds points (share of ham called spam, share of spam caught), ``precision_recall``
    points (recall, precision); both are empty where a class is missing. ``spam_among_called`` is
    the precision of the verdicts. ``cutoffs`` are the mean ones of the models, ham and spam.
    """

    how: str
    unseen: bool
    files: tuple[str, ...]
    left_out: dict[str, int]
    ham: int
    spam: int
    models: int
    cutoffs: tuple[float, float] | None
    fates: tuple[Fate, ...]
    figures: dict[str, Figure]
    roc: tuple[Point, ...]
    caught_at: tuple[Point, ...]
    precision_recall: tuple[Point, ...]
    spam_among_called: Figure
    bins: tuple[Bin, ...]
    slices: tuple[Slice, ...]
    groups: tuple[Group, ...]
    learning: tuple[Step, ...]
    wrong_ham: tuple[Case, ...]
    wrong_spam: tuple[Case, ...]
    doubtful_rows: int
    doubtful: tuple[Case, ...]


def summarize(
    said: Predictions, comments: Sequence[Comment], run: Run, groups: Any = None
) -> Summary:
    """What there is to tell about predictions of labelled comments, in the same order.

    ``groups`` (str array) names the group of each comment, where there are groups.
    """
    ham = int(np.sum(~said.spam))
    spam = len(said.spam) - ham
    wrong_ham, wrong_spam = most_wrong(said)
    doubted = doubtful_rows(said)
    cases = _Cases(said, comments, run)
    roc = _roc(said) if ham and spam else ()
    return Summary(
        how=shown(run.how, TEXT_LENGTH),
        unseen=run.unseen,
        files=tuple(shown(name, NAME_LENGTH) for name in run.files),
        left_out={why: count for why, count in run.left_out.items() if count},
        ham=ham,
        spam=spam,
        models=len(run.models),
        cutoffs=_mean_cutoffs(run.models),
        fates=(_fate(HAM, said.of(~said.spam)), _fate(SPAM, said.of(said.spam))),
        figures=evaluation.measure(said),
        roc=roc,
        caught_at=_caught_at(roc, ham),
        precision_recall=_precision_recall(said) if ham and spam else (),
        spam_among_called=_spam_among_called(said),
        bins=_bins(said),
        slices=_slices(said),
        groups=() if groups is None else _groups(said, groups),
        learning=tuple(run.learning),
        wrong_ham=cases.explained(wrong_ham),
        wrong_spam=cases.explained(wrong_spam),
        doubtful_rows=len(doubted),
        doubtful=cases.plain(doubted[:MOST_DOUBTFUL]),
    )


def most_wrong(said: Predictions) -> tuple[list[int], list[int]]:
    """The ham that looks most like spam, and the spam that looks most like ham, as row numbers."""
    order = np.argsort(said.probability, kind="stable")
    low = [int(row) for row in order if said.spam[row] and said.probability[row] < 0.5]
    high = [int(row) for row in order[::-1] if not said.spam[row] and said.probability[row] >= 0.5]
    return high[:MOST_WRONG], low[:MOST_WRONG]


def doubtful_rows(said: Predictions) -> list[int]:
    """Rows whose label the predictions contradict, the strongest contradiction first.

    A row counts as doubtful when it is at least as probable for the other class as the rows of
    that class are on average (confident learning: Northcutt, Jiang and Chuang 2021).
    """
    if said.spam.all() or not said.spam.any():
        return []
    contradiction = np.where(said.spam, 1 - said.probability, said.probability)
    usual_spam = said.probability[said.spam].mean()
    usual_ham = (1 - said.probability[~said.spam]).mean()
    needed = np.maximum(np.where(said.spam, usual_ham, usual_spam), 0.5)
    order = np.argsort(-contradiction, kind="stable")
    return [int(row) for row in order if contradiction[row] >= needed[row]]


class _Cases:
    """Comments as the page shows them."""

    def __init__(self, said: Predictions, comments: Sequence[Comment], run: Run) -> None:
        self._said, self._comments, self._run = said, comments, run

    def plain(self, rows: Sequence[int]) -> tuple[Case, ...]:
        return tuple(map(self._case, rows))

    def explained(self, rows: Sequence[int]) -> tuple[Case, ...]:
        if not self._run.models:
            return self.plain(rows)
        return tuple(self._with_reasons(self._case(row), row) for row in rows)

    def _case(self, row: int) -> Case:
        comment = self._comments[row]
        places = self._run.places
        return Case(
            place=shown(places[row], NAME_LENGTH) if places else f"comment {row + 1}",
            id="" if comment.id is None else shown(str(comment.id), NAME_LENGTH),
            label=SPAM if self._said.spam[row] else HAM,
            verdict=str(self._said.verdict[row]),
            probability=float(self._said.probability[row]),
            author=shown(comment.author or "", NAME_LENGTH),
            author_url=shown(comment.author_url or "", NAME_LENGTH),
            text=shown(comment.text, TEXT_LENGTH),
        )

    def _with_reasons(self, case: Case, row: int) -> Case:
        judge = 0 if self._run.judge is None else int(self._run.judge[row])
        found = explain(self._run.models[judge], self._comments[row])
        return case._replace(
            towards_spam=_shown_reasons(found.towards_spam(MOST_REASONS)),
            towards_ham=_shown_reasons(found.towards_ham(MOST_REASONS)),
        )


def _shown_reasons(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple(
        reason._replace(piece=shown(reason.piece, NAME_LENGTH))
        for reason in reasons
        if abs(reason.share) >= LEAST_SHARE
    )


def shown(text: str, most: int) -> str:
    """The text on one line, its middle left out where it is long, hidden characters made visible.

    The end is kept too: what is hidden behind padding stands there.
    """
    text = _BLANKS.sub(" ", text).strip()
    if len(text) > most:
        head = most * 2 // 3
        text = f"{text[:head]} … {text[head - most :]}"
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(character):04X}⟩" if _is_hidden(text, place) else character
        for place, character in enumerate(text)
    )


_BLANKS = re.compile(r"[ \t\r\n]+")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
#: Letters and blanks by their category, yet there is nothing to see.
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_JOINERS = "\u200c\u200d"


def _is_hidden(text: str, place: int) -> bool:
    character = text[place]
    if character in _JOINERS:  # emoji and some scripts are written with them
        around = text[max(place - 1, 0) : place] + text[place + 1 : place + 2]
        return len(around) < 2 or any(each.isascii() for each in around)
    return unicodedata.category(character) in _HIDDEN or character in _FILLERS


def _fate(label: str, said: Predictions) -> Fate:
    rows = len(said.spam)
    shares = [
        evaluation.share(int(np.sum(said.verdict == verdict)), rows, f"no {label}")
        for verdict in (SPAM, UNSURE, HAM)
    ]
    return Fate(label, rows, *shares)


def _mean_cutoffs(models: Sequence[Model]) -> tuple[float, float] | None:
    if not models:
        return None
    both = np.mean([(model.ham_cutoff, model.spam_cutoff) for model in models], axis=0)
    return float(both[0]), float(both[1])


def _points(x: Any, y: Any) -> tuple[Point, ...]:
    return tuple(map(Point, x.tolist(), y.tolist()))


def _roc(said: Predictions) -> tuple[Point, ...]:
    fpr, tpr, _ = metrics.roc_curve(said.spam, said.probability)
    return _points(fpr, tpr)


def _caught_at(roc: Sequence[Point], ham: int) -> tuple[Point, ...]:
    """The most spam caught within each limit that the number of ham can show."""
    return tuple(
        Point(limit, max(point.y for point in roc if point.x <= limit))
        for limit in LIMITS
        if roc and limit * ham >= 1
    )


def _precision_recall(said: Predictions) -> tuple[Point, ...]:
    precision, recall, _ = metrics.precision_recall_curve(
        said.spam, said.probability, drop_intermediate=True
    )
    return _points(recall, precision)


def _spam_among_called(said: Predictions) -> Figure:
    called = said.spam[said.verdict == SPAM]
    return evaluation.share(int(called.sum()), len(called), "nothing is called spam")


def _bins(said: Predictions) -> tuple[Bin, ...]:
    count = evaluation.BINS
    place = np.minimum((said.probability * count).astype(int), count - 1)
    bins = []
    for number in range(count):
        inside = place == number
        rows = int(inside.sum())
        mean = float(said.probability[inside].mean()) if rows else float("nan")
        spam = evaluation.share(int(said.spam[inside].sum()), rows, "no comments")
        bins.append(Bin(number / count, (number + 1) / count, rows, mean, spam))
    return tuple(bins)


def _slices(said: Predictions) -> tuple[Slice, ...]:
    inside = np.clip(said.probability, 1e-12, 1 - 1e-12)
    log_odds = np.clip(np.log(inside / (1 - inside)), LOG_ODDS[0], LOG_ODDS[-1])
    ham, _ = np.histogram(log_odds[~said.spam], LOG_ODDS)
    spam, _ = np.histogram(log_odds[said.spam], LOG_ODDS)
    borders = LOG_ODDS.tolist()
    return tuple(map(Slice, borders, borders[1:], ham.tolist(), spam.tolist()))


def _groups(said: Predictions, groups: Any) -> tuple[Group, ...]:
    """The groups, the largest first."""
    found = []
    for name, part in evaluation.by_group(said, groups):
        spam = int(part.spam.sum())
        figures = evaluation.measure(part)
        found.append(
            Group(shown(name, NAME_LENGTH) or "(empty)", len(part.spam) - spam, spam, figures)
        )
    return tuple(sorted(found, key=lambda group: -(group.ham + group.spam)))
