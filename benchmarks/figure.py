"""The figure of throughput against accuracy, as an SVG that can be read on light and on dark."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Point = tuple[float, float]
#: Where a name may stand beside its point, the best first: offsets, and how it is aligned to them.
SIDES = (
    (0, 8, "center", "bottom"),
    (0, -8, "center", "top"),
    (9, 0, "left", "center"),
    (-9, 0, "right", "center"),
    (-6, 6, "right", "bottom"),
    (6, 6, "left", "bottom"),
    (-6, -6, "right", "top"),
    (6, -6, "left", "top"),
)

#: A name that stood well may stand in the way of a later one, so all are placed so often.
ROUNDS = 4

#: As far from white as from the near-black of dark pages.
INK = "#7b7b7b"
OURS, OTHERS = "#e8590c", "#3b8fd4"


def draw(path: Path, rates: Mapping[str, float], accuracy: Mapping[str, float], ours: str) -> None:
    """Draw each filter that has both figures; ``ours`` is what the names of spamguard begin with.

    ``rates`` are comments a second, ``accuracy`` MCC; a rate "name --option" goes by the accuracy
    of "name".
    """
    # Here, because the process that measures others must not share its pages with them.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    points = {
        name: (rate, accuracy[name.partition(" --")[0]])
        for name, rate in rates.items()
        if name.partition(" --")[0] in accuracy
    }
    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": "throughput",
        "font.family": "sans-serif",
        "font.size": 11,
        **dict.fromkeys(
            ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
        ),
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.add_subplot(xscale="log")
        axes.margins(0.3, 0.15)
        for name, point in points.items():
            axes.scatter(*point, s=60, color=OURS if name.startswith(ours) else OTHERS)
        axes.set_xlabel("comments a second, CSV to verdicts (log scale)")
        axes.set_ylabel("MCC on videos that were left out")
        axes.grid(which="major", color=INK, alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.xaxis.set_minor_formatter("")
        figure.draw_without_rendering()  # where all stands is settled
        around = [_around(axes.transData.transform(point)) for point in points.values()]
        named: dict[str, Any] = {}
        for _ in range(ROUNDS):
            for name, point in points.items():
                if name in named:
                    named.pop(name).remove()
                is_ours = name.startswith(ours)
                weight, color = ("bold", OURS) if is_ours else ("normal", INK)
                taken = [*around, *map(_room, named.values())]
                named[name] = _name(axes, name, point, taken, weight=weight, color=color)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})


def _around(place: Any) -> Any:
    """The box of a point."""
    from matplotlib.transforms import Bbox

    return Bbox([place - 5, place + 5])


def _room(text: Any) -> Any:
    """The box of a name, and some room around it: a browser's font may be wider."""
    return text.get_window_extent().expanded(1.2, 1.1)


def _name(axes: Any, name: str, point: Point, taken: Sequence[Any], **style: str) -> Any:
    """Write the name beside its point, where least else stands."""

    def written(x: int, y: int, ha: str, va: str) -> Any:
        text = axes.annotate(name, point, (x, y), textcoords="offset points", ha=ha, va=va, **style)
        text.set_in_layout(False)
        return text

    def crowd(text: Any) -> tuple[bool, int]:
        box = _room(text)
        is_outside = box.x0 < axes.bbox.x0 or box.x1 > axes.figure.bbox.x1
        return is_outside, box.count_overlaps(taken)

    texts = [written(*side) for side in SIDES]
    best = min(texts, key=crowd)
    for text in texts:
        if text is not best:
            text.remove()
    return best
