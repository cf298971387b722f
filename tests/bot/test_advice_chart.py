"""The chart: a PNG that any reader opens, with every line and label in it, and in words."""

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from numpy.typing import NDArray

from bot.advice import picture
from bot.advice.asking import advise
from bot.advice.chart import Chart, Line, alt_text, bars, chart
from bot.advice.recommendation import Recommendation
from bot.advice.wording import SHORT_NAMES


def recommendation() -> Recommendation:
    """Return one with all its options worth drawing."""
    return advise(
        {"need": "both", "labels": "300", "prompted": "yes", "judged": "99", "missing_page": "9"}
    ).recommendation


def decoded(png: bytes) -> NDArray[np.float32]:
    """Return the pixels of a PNG, of shape (down, across, 4), from 0 to 1."""
    return np.asarray(imread(io.BytesIO(png)), dtype=np.float32)


def drawn_in(pixels: NDArray[np.float32], colour: str) -> NDArray[np.bool_]:
    """Return where *pixels* are of *colour*."""
    found: NDArray[np.bool_] = (np.abs(pixels[:, :, :3] - np.array(to_rgb(colour))) < 0.1).all(axis=2)
    return found


def test_every_line_is_drawn_in_its_colour() -> None:
    """The advised one is the thickest."""
    drawn = chart(recommendation())

    pixels = decoded(picture.png(drawn))
    counts = [drawn_in(pixels, colour).sum() for colour in picture.COLOURS[: len(drawn.lines)]]

    assert len(drawn.lines) == 5
    assert all(count > 40 for count in counts)
    assert [line.is_strong for line in drawn.lines].index(True) == counts.index(max(counts))


def test_a_line_rises_from_left_to_right() -> None:
    """From the bottom left of the area to its top right."""
    rising = Chart("up", (Line("a", 0.0, 100.0, is_strong=True),), 12)

    down, across = np.nonzero(drawn_in(decoded(picture.png(rising)), picture.COLOURS[0]))

    assert down[across == across.min()].mean() > down.min() + 300


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.floats(-1e13, 1e13), st.floats(-1e13, 1e13)), min_size=1, max_size=5), st.integers(1, 60))
def test_any_amounts_can_be_drawn(ends: list[tuple[float, float]], months: int) -> None:
    """Nothing, fractions of a cent and fortunes all fit, above and below zero."""
    lines = tuple(Line(f"line {n}", start, end) for n, (start, end) in enumerate(ends))

    assert decoded(picture.png(Chart("any", lines, months))).shape == (picture.HEIGHT, picture.WIDTH, 4)


def test_names_and_amounts_fit_into_the_picture() -> None:
    """The longest, and five that end at the same height, leave the border white."""
    name = max(SHORT_NAMES.values(), key=len)
    pixels = decoded(picture.png(Chart("any", tuple(Line(name, 0.0, -123_456_789.0) for _ in range(5)), 36)))

    border = np.concatenate([pixels[:4].reshape(-1, 4), pixels[-4:].reshape(-1, 4), pixels[:, -4:].reshape(-1, 4)])
    assert (border == 1).all()


def test_alt_text_says_what_the_chart_shows() -> None:
    """Set-up, pay-back and end of each option that is drawn."""
    words = alt_text(recommendation())

    assert "Retrieval and fine-tuning costs $240 to set up, pays for itself in less than a month" in words
    assert words.count("to set up") == 5


def test_bars_are_longest_for_the_best() -> None:
    """The chart in words, for where no picture can be shown."""
    _, *rows = bars(recommendation()).splitlines()
    best = max(rows, key=lambda row: row.count("█"))

    assert len(rows) == 5
    assert best.startswith("Both")
    assert best.endswith("◄")
