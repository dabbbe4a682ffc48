"""The frozen records that flow through the program: a comment in, a verdict out."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, Self

SPAM: Final = "spam"
UNSURE: Final = "unsure"
HAM: Final = "ham"
LABELS: Final = (SPAM, UNSURE, HAM)


class Comment(NamedTuple):
    """One comment as a reader wrote it. ``None`` means that the source has no such field.

    parent: the id of the comment that this one answers. date: as the source has it, in ISO 8601
    where it could be read. status: what the blog made of the comment, in the blog's own word.
    author_email: to know a reader by; no model ever sees it.
    """

    text: str
    author: str | None = None
    author_url: str | None = None
    post_title: str | None = None
    id: object = None
    parent: object = None
    date: str | None = None
    post_link: str | None = None
    post_text: str | None = None
    status: str | None = None
    author_email: str | None = None


class Columns(NamedTuple):
    """What is judged of many comments; ``authors`` and ``addresses`` may be empty for none."""

    texts: Sequence[str]
    authors: Sequence[str | None]
    addresses: Sequence[str | None]

    @classmethod
    def of(cls, comments: Sequence[Comment]) -> Self:
        return cls(
            [comment.text for comment in comments],
            [comment.author for comment in comments],
            [comment.author_url for comment in comments],
        )


class Verdict(NamedTuple):
    """One of ``LABELS``, and the calibrated probability of spam that the model gives.

    ``reason`` is there where not the model decided, and says what did.
    """

    label: str
    probability: float
    reason: str | None = None


class Verdicts(Sequence[Verdict]):
    """Many verdicts of the model as columns, which take less room and time than records.

    labels: the place of each label in ``LABELS``. probabilities: of spam.
    """

    def __init__(self, labels: Sequence[int], probabilities: Sequence[float]) -> None:
        self.labels = labels
        self.probabilities = probabilities

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Self:
        """The same verdicts, without their reasons."""
        return cls(
            [LABELS.index(verdict.label) for verdict in verdicts],
            [verdict.probability for verdict in verdicts],
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: Any) -> Any:
        return Verdict(LABELS[self.labels[place]], float(self.probabilities[place]))

    def __iter__(self) -> Iterator[Verdict]:
        names = map(LABELS.__getitem__, self.labels)
        return map(Verdict, names, map(float, self.probabilities))

    def counts(self) -> dict[str, int]:
        """How often each label was given."""
        places = bytes(self.labels)
        return {label: places.count(place) for place, label in enumerate(LABELS)}
