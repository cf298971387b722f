"""Draws what a run and a comparison came to, as PNG pictures."""

import io
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

COLOURS = ("#9db4d0", "#c0392b", "#2e7d32", "#884499", "#d55e00", "#5a5a5a")

Points = Sequence[tuple[float, float]]


def lines(title: str, x_label: str, curves: Mapping[str, Points]) -> bytes:
    """Return *curves*, by their names, as a PNG; empty ones are left out."""
    figure = Figure((7.6, 4.2), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for colour, (name, points) in zip(COLOURS, curves.items(), strict=False):
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, label=name)
    axes.set_title(title, loc="left")
    axes.set_xlabel(x_label)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, axis="y", color="#e5e5e5")
    if axes.lines:
        axes.legend(frameon=False)
    return _png(figure)


def bars(title: str, groups: Sequence[str], systems: Mapping[str, Sequence[float]]) -> bytes:
    """Return a PNG in which each of *systems* has a bar in each of *groups*; NaN for none."""
    figure = Figure((max(7.6, 1.5 * len(groups)), 4.6), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    width = 0.8 / max(1, len(systems))
    for place, (colour, (name, heights)) in enumerate(zip(COLOURS, systems.items(), strict=False)):
        lefts = [group - 0.4 + (place + 0.5) * width for group in range(len(groups))]
        drawn = axes.bar(lefts, heights, width * 0.92, color=colour, label=name)
        axes.bar_label(drawn, fmt="%.2f", fontsize=7, padding=1)
    axes.set_xticks(range(len(groups)), [group.replace(" ", "\n", 1) for group in groups])
    axes.axhline(0, color="#787878", linewidth=0.8)
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=3, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14))
    return _png(figure)


def _png(figure: Figure) -> bytes:
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()
