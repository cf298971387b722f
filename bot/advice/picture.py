"""Draws a recommendation's chart as a PNG: what each option has brought after so many months.

Each line has a colour that colour-blind people can tell, a dash of its own and its name at its end.
"""

import io

from bot.advice.chart import Chart, Line
from bot.advice.wording import short_dollars

WIDTH, HEIGHT = 960, 520  # pixels
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#884499", "#5a5a5a")  # after Okabe and Ito, 2008
DASHES = ((0, (6, 3)), (0, (1, 2)), (0, (9, 2)), (0, (3, 3)), (0, (1, 4)))  # the advised one is whole
NAME_GAP = 0.055  # of the height, between two names at the right


def png(chart: Chart) -> bytes:
    """Return *chart* as a PNG file of 960 × 520 pixels."""
    from matplotlib.figure import Figure  # 0.3 s and 30 MB, for those who ask for advice

    figure = Figure((WIDTH / 100, HEIGHT / 100), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for place, line in enumerate(chart.lines):
        axes.plot(
            (0, chart.width),
            (line.start, line.end),
            color=COLOURS[place % len(COLOURS)],
            linewidth=3.5 if line.is_strong else 1.6,
            linestyle="-" if line.is_strong else DASHES[place % len(DASHES)],
        )
    low, high = axes.get_ylim()
    for (place, line), height in zip(enumerate(chart.lines), _heights(chart.lines, low, high), strict=True):
        axes.annotate(
            f"{line.name}: {short_dollars(line.end)}",
            (1.01, (height - low) / (high - low)),
            xycoords="axes fraction",
            va="center",
            annotation_clip=False,
            color=COLOURS[place % len(COLOURS)],
            weight="bold" if line.is_strong else "normal",
        )
    axes.axhline(0, color="#787878", linewidth=0.8)
    axes.set_title(chart.title, loc="left")
    axes.set_xlabel("months")
    axes.set_xlim(0, chart.width)
    axes.yaxis.set_major_formatter(lambda amount, _place: short_dollars(amount))
    axes.grid(visible=True, axis="y", color="#e2e2e2")
    axes.spines[["top", "right"]].set_visible(False)
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def _heights(lines: tuple[Line, ...], low: float, high: float) -> list[float]:
    """Return where each line's name stands: at its end, but below the name above it."""
    heights = [line.end for line in lines]
    least = (high - low) * NAME_GAP
    above = high + least
    for place in sorted(range(len(lines)), key=lambda place: -lines[place].end):
        above = heights[place] = min(heights[place], above - least)
    return heights
