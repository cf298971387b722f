"""Draws a run's losses as an SVG picture, without a drawing library."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, MARGIN = 760, 420, 56
FONT = 'font-family="sans-serif" font-size="12"'

Points = Sequence[tuple[float, float]]


def lines(title: str, x_label: str, curves: Mapping[str, Points]) -> str:
    """Return an SVG of *curves*, by their names; empty ones are left out."""
    shown = {name: points for name, points in curves.items() if points}
    xs = [x for points in shown.values() for x, _ in points] or [0.0, 1.0]
    ys = [y for points in shown.values() for _, y in points] or [0.0, 1.0]
    left, right = min(xs), max(*xs, min(xs) + 1e-9)
    low, high = 0.0, max(*ys, 1e-9) * 1.05

    def at(x: float, y: float) -> str:
        across = MARGIN + (x - left) / (right - left) * (WIDTH - 2 * MARGIN)
        down = HEIGHT - MARGIN - (y - low) / (high - low) * (HEIGHT - 2 * MARGIN)
        return f"{across:.1f},{down:.1f}"

    colours = ("#9db4d0", "#c0392b", "#2e7d32", "#8e44ad")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{MARGIN}" y="28" font-size="15">{escape(title)}</text>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 14}" text-anchor="middle">{escape(x_label)}</text>',
    ]
    for tick in range(6):
        y, x = low + (high - low) * tick / 5, left + (right - left) * tick / 5
        across, down = at(x, y).split(",")
        parts += [
            f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{down}" y2="{down}" stroke="#e5e5e5"/>',
            f'<text x="{MARGIN - 8}" y="{down}" text-anchor="end" dominant-baseline="middle">{y:.2f}</text>',
            f'<text x="{across}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{x:.4g}</text>',
        ]
    for number, (name, points) in enumerate(shown.items()):
        colour = colours[number % len(colours)]
        path = " ".join(at(x, y) for x, y in points)
        parts += [
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>',
            f'<text x="{WIDTH - 90}" y="{44 + 16 * number}" fill="{colour}">{escape(name)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
