"""Reasons as people read them."""

from spamguard.cli.common import escaped
from spamguard.explain import Reason, explain
from spamguard.model import Model
from spamguard.records import Comment, Verdict

#: So many stand in a column of a table.
MOST = 3


def told_reason(reason: Reason | None) -> str:
    """A share of the log-odds and the piece that it is of: ``+1.56 visit``."""
    if reason is None:
        return ""
    where = "" if reason.view == "text" else f"{reason.view}: "
    piece = escaped(where + reason.piece)
    return f"{reason.share:+.2f} {piece if len(piece) <= 30 else piece[:29] + '…'}"


def told_reasons(model: Model, comment: Comment, verdict: Verdict) -> str:
    """The strongest reasons for and against spam: ``+2.01 post,; +1.56 visit; -0.94 http``.

    What decided instead of the model stands before them.
    """
    reasons = sorted(explain(model, comment).reasons, key=lambda reason: -abs(reason.share))
    decided = [] if verdict.reason is None else [escaped(verdict.reason)]
    return "; ".join([*decided, *map(told_reason, reasons[:MOST])])
