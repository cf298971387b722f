"""Numbers as people read them, and the names of options and answers."""

import math

from bot.advice.situation import Assumptions, Change, Maintainer, Material, Need, Option, Privacy, Situation

OPTION_NAMES = {
    Option.RETRIEVAL: "Retrieval (RAG)",
    Option.MULTI_STEP: "Retrieval in several steps",
    Option.NEITHER_YET: "Neither yet",
    Option.BOTH: "Retrieval and fine-tuning",
    Option.FINE_TUNE: "Fine-tuning",
}
SHORT_NAMES = {
    Option.RETRIEVAL: "RAG",
    Option.MULTI_STEP: "Several steps",
    Option.NEITHER_YET: "Neither yet",
    Option.BOTH: "Both",
    Option.FINE_TUNE: "Fine-tuning",
}
CHOICE_NAMES: dict[str, dict[str, str]] = {
    "change": {
        Change.NEVER: "Never, or hardly ever",
        Change.YEARLY: "About once a year",
        Change.MONTHLY: "Every month",
        Change.WEEKLY: "Every week",
        Change.DAILY: "Every day",
    },
    "need": {
        Need.KNOWLEDGE: "Knowledge: it does not know our facts",
        Need.BEHAVIOUR: "Behaviour: format, tone, or a task of its own",
        Need.BOTH: "Both",
    },
    "must_cite": {"yes": "Yes", "no": "No"},
    "material": {
        Material.ALL_FITS: "All the facts together",
        Material.ANSWER_FITS: "What one answer needs, not all the facts",
        Material.TOO_LARGE: "Not even what one answer needs",
    },
    "prompted": {"yes": "Yes, and it was not enough", "no": "Not yet"},
    "privacy": {
        Privacy.OPEN: "To a hosted model too",
        Privacy.INSIDE: "Nowhere outside our machines",
        Privacy.PER_PERSON: "Only to those who may read the page",
    },
    "maintainer": {
        Maintainer.NOBODY: "Nobody has time",
        Maintainer.TEAM: "Somebody on the team, an hour or so a month",
        Maintainer.ENGINEER: "Somebody who has trained models before",
    },
}
"""What each choice is called, by question."""


def described(name: str) -> str:
    """Return the question of an answer, or what an assumption is.

    >>> described("change"), described("wage")
    ('How often do the facts change?', 'Dollars an hour of work costs:')
    """
    words = (Situation if name in Situation.model_fields else Assumptions).model_fields[name].description or name
    return words if words.endswith("?") else f"{words}:"


def dollars(amount: float) -> str:
    """Return *amount* with as many digits as matter.

    >>> dollars(266.67), dollars(0.0000566), dollars(3.5), dollars(-12000), dollars(0), dollars(math.inf)
    ('$267', '$0.000057', '$3.50', '-$12,000', '$0', 'never ends')
    """
    if math.isinf(amount):
        return "never ends"
    sign, size = "-" if amount < 0 else "", abs(amount)
    if size >= 10:
        return f"{sign}${size:,.0f}"
    if size >= 0.01:
        return f"{sign}${size:.2f}"
    digits = f"{size:.12f}" if size == 0 else f"{size:.{1 - math.floor(math.log10(size))}f}"
    return f"{sign}${digits}" if size else "$0"


def short_dollars(amount: float) -> str:
    """Return *amount* in a few characters.

    >>> short_dollars(30277), short_dollars(-500), short_dollars(2_500_000), short_dollars(0)
    ('$30k', '-$500', '$2.5M', '$0')
    """
    sign, size = "-" if amount < 0 else "", abs(amount)
    for name, unit in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if size >= unit:
            text = f"{size / unit:.1f}" if size < 9.95 * unit else f"{size / unit:.0f}"
            return f"{sign}${text.removesuffix('.0')}{name}"
    return f"{sign}${size:.2f}" if 0.01 <= size < 10 else f"{sign}${size:.0f}"


def count(number: float) -> str:
    """Return a large number in words of two digits.

    >>> count(15_700_000), count(3000), count(math.inf), count(2.4e9), count(0.4)
    ('16 million', '3,000', 'no number of', '2.4 billion', 'less than 1')
    """
    if math.isinf(number):
        return "no number of"
    if number < 1:
        return "less than 1"
    for name, unit in (("billion", 1e9), ("million", 1e6)):
        if number >= unit:
            in_units = number / unit
            return f"{in_units:,.0f} {name}" if in_units >= 10 else f"{in_units:.1f} {name}"
    return f"{number:,.0f}"


def seconds(amount: float) -> str:
    """Return a duration.

    >>> seconds(2.5456), seconds(0.7643), seconds(10), seconds(340), seconds(7200)
    ('2.5 s', '0.76 s', '10 s', '5.7 min', '2.0 h')
    """
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if amount >= size:
            return f"{amount / size:.1f} {unit}"
    if amount >= 10:
        return f"{amount:.0f} s"
    return f"{amount:.1f} s" if amount >= 1 else f"{amount:.2f} s"


def months(amount: float) -> str:
    """Return a number of months.

    >>> months(1.11), months(0.02), months(math.inf), months(14), months(1), months(0)
    ('1.1 months', 'less than a month', 'never', '14 months', '1 month', 'at once')
    """
    if math.isinf(amount):
        return "never"
    if amount < 1:
        return "less than a month" if amount > 0 else "at once"
    text = f"{amount:.1f}".removesuffix(".0") if amount < 10 else f"{amount:,.0f}"
    return f"{text} month{'' if text == '1' else 's'}"


def pays_back(amount: float) -> str:
    """Return when something has paid for itself, as the end of a sentence.

    >>> pays_back(1.11), pays_back(math.inf), pays_back(0)
    ('pays for itself in 1.1 months', 'never pays for itself', 'pays for itself at once')
    """
    if math.isinf(amount):
        return "never pays for itself"
    return f"pays for itself {'in ' if amount else ''}{months(amount)}"


def points(amount: float) -> str:
    """Return points of a hundred.

    >>> points(5.0), points(1), points(2.345)
    ('5 points', '1 point', '2.3 points')
    """
    text = f"{amount:.1f}".removesuffix(".0")
    return f"{text} point{'' if text == '1' else 's'}"


def share(part: float) -> str:
    """Return a share of one in hundredths.

    >>> share(0.75), share(0.857)
    ('75 %', '85.7 %')
    """
    return f"{part * 100:.1f}".removesuffix(".0") + " %"


def plural(number: int, noun: str) -> str:
    """Return *number* and *noun*.

    >>> plural(1, "example"), plural(2000, "example")
    ('1 example', '2,000 examples')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
