"""The charts of the page: small SVG drawings that take their colours from the page's style."""

import io
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, PercentFormatter

from spamguard.evaluation import Figure as Measure
from spamguard.report.summary import Point, Summary

#: Colours that stand for what the page's style calls them.
INK, MUTED, GRID, HAM_COLOUR, SPAM_COLOUR, CURVE, PAPER = (
    f"#00000{digit}" for digit in range(1, 8)
)
_NAMES = ("ink", "muted", "grid", "ham", "spam", "curve", "paper")

WIDTH = 5.0  # inches of 72 units; the page scales the drawing to the room it has
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "spamguard",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.size": 12,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.8,
    "errorbar.capsize": 3,
    "legend.frameon": False,
}


class Chart(NamedTuple):
    """A drawing, or the reason why there is none."""

    svg: str
    why_not: str = ""


def draw(summary: Summary) -> dict[str, Chart]:
    """All charts by name."""
    one_class = "no ham" if not summary.ham else "no spam" if not summary.spam else ""
    return {
        "roc": _chart(_draw_roc, summary, "Spam caught against readers lost", one_class),
        "det": _chart(_draw_det, summary, "Spam missed against readers lost", one_class),
        "precision": _chart(_draw_precision, summary, "Precision against recall", one_class),
        "reliability": _chart(
            _draw_reliability, summary, "Probability said against share that is spam"
        ),
        "scores": _chart(_draw_scores, summary, "How many comments got which probability"),
        "learning": _chart(
            _draw_learning,
            summary,
            "What more labelled comments bring",
            _why_no_learning(summary),
        ),
    }


def _why_no_learning(summary: Summary) -> str:
    if not summary.learning:
        return "no models were trained"
    figures = [figure for step in summary.learning for figure in (step.recall, step.roc_auc)]
    if any(figure.value is not None for figure in figures):
        return ""
    return figures[-1].why_not


def _chart(
    drawing: Callable[[Figure, Summary], None], summary: Summary, title: str, why_not: str = ""
) -> Chart:
    if why_not:
        return Chart("", why_not)
    with style.context(["default", _STYLE]):
        figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
        drawing(figure, summary)
        file = io.BytesIO()
        figure.savefig(
            file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
        )
    return Chart(
        _inline(
            file.getvalue(), drawing.__name__.replace("_draw", "chart").replace("_", "-"), title
        )
    )


# What stands in a page


def _inline(svg: bytes, name: str, title: str) -> str:
    """The drawing as a part of a page: named for those who cannot see it, with nothing global."""
    root = ET.fromstring(svg)  # noqa: S314 - what was drawn here
    parents = {child: parent for parent in root.iter() for child in parent}
    for element, parent in parents.items():
        if element.tag.endswith("}style"):
            parent.remove(element)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.text, element.tail = _bare(element.text), _bare(element.tail)
        for key in list(element.attrib):
            element.set(key.rpartition("}")[2], element.attrib.pop(key))
    used = set(re.findall(r"#(\w+)", " ".join(_references(root))))
    for element in root.iter():
        _rename(element, used, name)
    root.attrib = {
        "viewBox": root.get("viewBox", ""),
        "role": "img",
        "aria-labelledby": f"{name}-title",
    }
    label = ET.Element("title", {"id": f"{name}-title"})
    label.text = title
    root.insert(0, label)
    return _themed(ET.tostring(root, encoding="unicode"))


def _bare(text: str | None) -> str | None:
    return text if text and text.strip() else None


def _references(root: Any) -> list[str]:
    return [
        value
        for element in root.iter()
        for key, value in element.attrib.items()
        if key in ("href", "clip-path")
    ]


def _rename(element: Any, used: set[str], name: str) -> None:
    """Ids that nothing points to are dropped, the others made the drawing's own."""
    for key, value in list(element.attrib.items()):
        if key == "id":
            if value in used:
                element.set(key, f"{name}-{value}")
            else:
                del element.attrib[key]
        elif key in ("href", "clip-path"):
            element.set(key, value.replace("#", f"#{name}-"))
        elif key == "d":
            element.set(key, " ".join(re.sub(r"\d+\.\d+", _rounded, value).split()))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}"


def _themed(svg: str) -> str:
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    return re.sub(r"#00000([1-7])", lambda found: f"var(--{_NAMES[int(found[1]) - 1]})", svg)


# The drawings


def _percent(value: float, _place: object = None) -> str:
    return f"{value * 100:.6g}%"


def _low_fpr_axis(axes: Any, ham: int) -> float:
    """A logarithmic axis of the ham called spam; returns where it begins, which stands for 0."""
    ticks = [limit for limit in (0.0001, 0.001, 0.01, 0.1, 1.0) if limit * ham >= 0.5] or [1.0]
    begin = min(0.5 / ham, 0.5)
    axes.set_xscale("log")
    axes.set_xlim(begin * 0.85, 1)
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(_percent))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("readers' comments called spam (log scale)")
    return begin


def _draw_roc(figure: Figure, summary: Summary) -> None:
    axes = figure.subplots()
    begin = _low_fpr_axis(axes, summary.ham)
    fpr = [max(point.x, begin) for point in summary.roc]
    axes.plot(fpr, [point.y for point in summary.roc], color=CURVE, drawstyle="steps-post")
    chance = [begin * (1 / begin) ** (step / 60) for step in range(61)]
    axes.plot(chance, chance, color=MUTED, linestyle=":", linewidth=1.2)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("spam caught")
    ham, spam = summary.fates
    _mark_cutoff(axes, begin, ham.called_spam, spam.called_spam)


def _draw_det(figure: Figure, summary: Summary) -> None:
    axes = figure.subplots()
    begin = _low_fpr_axis(axes, summary.ham)
    floor = min(0.5 / summary.spam, 0.5)
    fpr = [max(point.x, begin) for point in summary.roc]
    missed = [max(1 - point.y, floor) for point in summary.roc]
    axes.plot(fpr, missed, color=CURVE, drawstyle="steps-post")
    axes.set_yscale("log")
    axes.set_ylim(floor * 0.8, 1.1)
    axes.yaxis.set_major_locator(
        FixedLocator([tick for tick in (0.0001, 0.001, 0.01, 0.1, 1.0) if tick >= floor])
    )
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("spam missed (log scale)")
    ham, spam = summary.fates
    caught = spam.called_spam
    _mark_cutoff(axes, begin, ham.called_spam, _rest(caught), floor)


def _rest(share: Measure) -> Measure:
    value, low, high, why_not = share
    if value is None or low is None or high is None:
        return share
    return Measure(1 - value, 1 - high, 1 - low, why_not)


def _mark_cutoff(axes: Any, begin: float, x: Measure, y: Measure, floor: float = 0.0) -> None:
    """The point at which the model works, with the intervals of both shares."""
    if x.value is None or y.value is None:
        return
    place = max(x.value, begin), max(y.value, floor)
    spans = []
    for at, measure, least in zip(place, (x, y), (begin, floor), strict=True):
        low, high = max(measure.low or 0.0, least), measure.high or 0.0
        spans.append([[max(at - low, 0.0)], [max(high - at, 0.0)]])
    axes.errorbar(
        *([each] for each in place),
        xerr=spans[0],
        yerr=spans[1],
        fmt="o",
        color=INK,
        markersize=6,
        linewidth=1.2,
        label="the spam cut-off",
        zorder=3,
    )
    axes.legend(loc="best", handlelength=1.2)


def _draw_precision(figure: Figure, summary: Summary) -> None:
    axes = figure.subplots()
    points: Sequence[Point] = summary.precision_recall
    recall, precision = [point.x for point in points], [point.y for point in points]
    axes.plot(recall, precision, color=CURVE, drawstyle="steps-pre")
    share = summary.spam / (summary.spam + summary.ham)
    axes.axhline(share, color=MUTED, linestyle=":", linewidth=1.2)
    axes.text(0.02, share, "all called spam", color=MUTED, va="bottom")
    _mark_cutoff(axes, 0.0, summary.fates[1].called_spam, summary.spam_among_called)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    for axis in axes.xaxis, axes.yaxis:
        axis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("recall: share of all spam that is found")
    axes.set_ylabel("precision: share that is spam")


def _draw_reliability(figure: Figure, summary: Summary) -> None:
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[5, 2])
    top.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1.2)
    filled = [each for each in summary.bins if each.rows]
    values = [each.spam.value or 0.0 for each in filled]
    low = [value - (each.spam.low or 0.0) for value, each in zip(values, filled, strict=True)]
    high = [(each.spam.high or 0.0) - value for value, each in zip(values, filled, strict=True)]
    spans = [[max(span, 0.0) for span in side] for side in (low, high)]
    said = [each.said for each in filled]
    top.errorbar(said, values, yerr=spans, fmt="o", color=CURVE, markersize=5, linewidth=1.4)
    top.set_ylim(-0.03, 1.03)
    top.yaxis.set_major_formatter(PercentFormatter(1))
    top.set_ylabel("are spam")
    middles = [(each.low + each.high) / 2 for each in summary.bins]
    rows = [each.rows for each in summary.bins]
    bars = bottom.bar(middles, rows, width=0.09, color=MUTED)
    bottom.bar_label(bars, [f"{count:,}" for count in rows], color=INK, fontsize=10, padding=1)
    bottom.set_ylim(0, max(rows, default=1) * 1.35 or 1)
    bottom.set_yticks([])
    bottom.grid(visible=False)
    bottom.set_title("comments")
    bottom.set_xlim(0, 1)
    bottom.xaxis.set_major_formatter(PercentFormatter(1))
    bottom.set_xlabel("probability of spam that was said")


def _draw_scores(figure: Figure, summary: Summary) -> None:
    parts = figure.subplots(2, 1, sharex=True)
    left = [each.low for each in summary.slices]
    width = summary.slices[0].high - summary.slices[0].low
    ticks = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
    counts = (
        ("readers' comments", HAM_COLOUR, [each.ham for each in summary.slices]),
        ("spam", SPAM_COLOUR, [each.spam for each in summary.slices]),
    )
    for axes, (name, colour, rows) in zip(parts, counts, strict=True):
        axes.bar(left, rows, width=width, align="edge", color=colour, edgecolor=PAPER)
        axes.set_title(name, color=colour)
        axes.set_yscale("symlog", linthresh=1)
        top = max(*rows, 1) * 2
        axes.set_ylim(0, top)
        axes.yaxis.set_major_locator(
            FixedLocator([tick for tick in (0, 1, 10, 100, 1000, 10**4, 10**5) if tick <= top])
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))
        axes.set_ylabel("comments")
        for cutoff in summary.cutoffs or ():
            axes.axvline(_log_odds(cutoff), color=INK, linestyle="--", linewidth=1.2)
    last = parts[-1]
    last.set_xlim(summary.slices[0].low, summary.slices[-1].high)
    last.xaxis.set_major_locator(FixedLocator(list(map(_log_odds, ticks))))
    last.xaxis.set_major_formatter(FuncFormatter(lambda _, place: f"{ticks[place or 0] * 100:g}%"))
    last.set_xlabel("probability of spam that was said")


def _log_odds(probability: float) -> float:
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(inside / (1 - inside))


def _draw_learning(figure: Figure, summary: Summary) -> None:
    parts = figure.subplots(2, 1, sharex=True)
    rows = [step.rows for step in summary.learning]
    curves = (
        ("spam caught at 1% of readers lost", [step.recall for step in summary.learning]),
        ("AUC", [step.roc_auc for step in summary.learning]),
    )
    for axes, (name, figures) in zip(parts, curves, strict=True):
        axes.set_title(name)
        known = [
            (count, value, value - (low or 0.0), (high or 0.0) - value)
            for count, (value, low, high, _) in zip(rows, figures, strict=True)
            if value is not None
        ]
        if not known:
            axes.text(
                0.5,
                0.5,
                figures[-1].why_not,
                transform=axes.transAxes,
                ha="center",
                parse_math=False,
            )
            axes.set_yticks([])
            continue
        if axes is parts[0]:
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        count, value, down, up = zip(*known, strict=True)
        spans = [[max(span, 0.0) for span in side] for side in (down, up)]
        axes.errorbar(count, value, yerr=spans, fmt="o-", color=CURVE, markersize=5)
    last = parts[-1]
    last.set_xscale("log", base=2)
    last.xaxis.set_major_locator(FixedLocator(rows))
    last.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))
    last.xaxis.set_minor_formatter(NullFormatter())
    last.set_xlabel("comments learned from (log scale)")
