"""The chart of a recommendation: what each option has brought after so many months. In words and bars too."""

from dataclasses import dataclass

from bot.advice.recommendation import Recommendation
from bot.advice.situation import Option
from bot.advice.wording import OPTION_NAMES, SHORT_NAMES, dollars, months, pays_back, plural

BAR_CHARACTERS = 24


@dataclass(frozen=True, slots=True)
class Line:
    """One straight line, from *start* at the left edge to *end* at the right. *is_strong* for the one advised."""

    name: str
    start: float
    end: float
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over months 0 to *width*; heights are dollars."""

    title: str
    lines: tuple[Line, ...]
    width: int


def chart(advice: Recommendation) -> Chart:
    """Return what each option brings, less what it costs, summed up over the months allowed."""
    horizon = advice.assumed.months
    lines = tuple(
        Line(SHORT_NAMES[option], cost.net_after(0), cost.net_after(horizon), option is advice.verdict)
        for option, cost in advice.costs.items()
        if option is advice.verdict or option is not Option.NEITHER_YET or advice.situation.missing_page
    )
    return Chart(f"Gain less cost, summed up over {plural(horizon, 'month')}", lines, horizon)


def alt_text(advice: Recommendation) -> str:
    """Return the chart in words, for those who do not see it."""
    horizon = advice.assumed.months
    drawn = {line.name for line in chart(advice).lines}
    said = [
        f"{OPTION_NAMES[option]} costs {dollars(cost.setup_dollars)} to set up, {pays_back(cost.payback_months)} "
        f"and stands at {dollars(cost.net_after(horizon))} after {plural(horizon, 'month')}"
        for option, cost in advice.costs.items()
        if SHORT_NAMES[option] in drawn
    ]
    return f"Line chart of gain less cost over {plural(horizon, 'month')}. {'; '.join(said)}."


def bars(advice: Recommendation) -> str:
    """Return the chart as lines of text: a bar for what each option has brought at the end."""
    shown = chart(advice)
    names = max(len(line.name) for line in shown.lines)
    largest = max(*(abs(line.end) for line in shown.lines), 1.0)
    rows = [f"After {months(shown.width)}, gain less cost:"]
    for line in shown.lines:
        bar = ("█" if line.end >= 0 else "░") * round(abs(line.end) / largest * BAR_CHARACTERS)
        mark = " ◄" if line.is_strong else ""
        rows.append(f"{line.name:<{names}}  {bar} {dollars(line.end)}{mark}")
    return "\n".join(rows)
