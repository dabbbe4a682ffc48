"""A summary as one HTML page that needs nothing besides itself."""

from typing import TYPE_CHECKING, NamedTuple

import spamguard
from spamguard.errors import InputError
from spamguard.evaluation import Figure
from spamguard.records import HAM
from spamguard.report.summary import Case, Summary

if TYPE_CHECKING:
    from jinja2 import Environment


class Meaning(NamedTuple):
    """A figure in words: what it is called, what it tells, and whether it is a share."""

    name: str
    tells: str
    is_share: bool = True


MEANINGS = {
    "accuracy": Meaning("Accuracy", "comments on the right side of 50%"),
    "precision": Meaning("Precision", "of what lies above 50%, the share that is spam"),
    "recall": Meaning("Recall", "of all spam, the share above 50%"),
    "f1": Meaning("F1", "precision and recall in one figure", is_share=False),
    "mcc": Meaning("MCC", "verdicts against labels: 0 is guessing, 1 perfect", is_share=False),
    "roc_auc": Meaning(
        "ROC AUC", "how often spam scores above a reader's comment: 0.5 is guessing", is_share=False
    ),
    "recall_at_1%_fpr": Meaning("Recall at 1%", "spam caught if 1% of readers may be lost"),
    "recall_at_0.1%_fpr": Meaning("Recall at 0.1%", "spam caught if 0.1% of readers may be lost"),
    "ham_called_spam": Meaning("Readers lost", "readers' comments called spam by the cut-off"),
    "spam_caught": Meaning("Spam caught", "spam called spam by the cut-off"),
    "spam_passed": Meaning("Spam let through", "spam called ham by the cut-off"),
    "unsure": Meaning("Unsure", "comments of both classes that are left to you"),
    "brier": Meaning(
        "Brier score", "squared error of the probability: 0 is perfect", is_share=False
    ),
    "calibration_error": Meaning(
        "Calibration error",
        "how far probabilities lie from what is spam: 0 is perfect",
        is_share=False,
    ),
}


def check_extra() -> None:
    """Raise InputError when what draws the page is not installed."""
    try:
        import jinja2
        import matplotlib as mpl
    except ImportError:
        raise InputError(
            "a report needs jinja2 and matplotlib: pip install 'spamguard[report]'"
        ) from None
    del jinja2, mpl


def render(summary: Summary) -> str:
    """The page, complete. Raises InputError when what draws it is not installed."""
    check_extra()
    from markupsafe import Markup

    from spamguard.report import charts

    drawn = {
        name: chart._replace(svg=Markup(chart.svg))  # noqa: S704 - drawn here, from numbers
        for name, chart in charts.draw(summary).items()
    }
    return (
        environment()
        .get_template("page.html")
        .render(
            summary=summary,
            charts=drawn,
            meanings=MEANINGS,
            headline=headline(summary),
            version=spamguard.__version__,
        )
    )


def environment() -> "Environment":
    """Where the page's template is found and filled, with everything escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("spamguard.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "percent": percent,
        "value_of": value_of,
        "in_thousand": in_thousand,
        "in_thousand_interval": in_thousand_interval,
        "number": "{:,}".format,
        "share": signed,
        "sure": sure,
    }
    return found


def headline(summary: Summary) -> list[str]:
    """The verdicts in words, a sentence for each class that there is."""
    sentences = []
    for fate in summary.fates:
        if not fate.rows:
            continue
        whose = "readers' comments" if fate.label == HAM else "spam comments"
        sentences.append(
            f"Of 1,000 {whose} {in_thousand(fate.called_spam)} would be called spam,"
            f" {in_thousand(fate.unsure)} would be held as unsure and"
            f" {in_thousand(fate.let_through)} would be let through."
        )
    return sentences


def in_thousand(figure: Figure) -> str:
    if figure.value is None:
        return figure.why_not
    return _thousandths(figure.value)


def in_thousand_interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{_thousandths(figure.low)} to {_thousandths(figure.high)}"


def _thousandths(share: float) -> str:
    """Whole ones, but for what would look like none or like all."""
    count = share * 1000
    if 0 < count < 0.95 or 999.05 < count < 1000:
        return f"{count:.1f}"
    return f"{count:,.0f}"


def percent(value: float) -> str:
    """A share in percent, with decimals where they tell something."""
    shown = value * 100
    if 0 < shown < 0.1 or 99.9 < shown < 100:
        return f"{shown:.2f}%"
    return f"{shown:.1f}%"


def value_of(value: float, name: str) -> str:
    """The value of the figure called ``name``."""
    if MEANINGS[name].is_share:
        return percent(value)
    shown = f"{value:.3f}"
    return f"{value:.4f}" if value not in (0, 1) and shown in ("0.000", "1.000") else shown


def signed(share: float) -> str:
    return f"{share:+.2f}".replace("-", "\N{MINUS SIGN}")


def sure(case: Case) -> str:
    """The probability of a case as people read it: never a rounded 0% or 100%."""
    shown = case.probability * 100
    if shown < 0.01:
        return "under 0.01%"
    if shown > 99.99:
        return "over 99.99%"
    return f"{shown:.1f}%" if 1 <= shown <= 99 else f"{shown:.2f}%"
