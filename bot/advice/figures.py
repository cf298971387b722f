"""From what the bot counted to a first version of the answers. The asker sees them and may change each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.advice.reader import Understood
from bot.advice.situation import Assumptions, bounds
from bot.advice.wording import plural

DAYS_A_MONTH = 365 / 12
FEWEST_DAYS = 7.0  # fewer days say little about a month
FEWEST_JUDGED = 10

_BY_REFUSAL = {"not_found": "missing_page", "declined": "not_retrieved", "unsupported": "wrong_although_retrieved"}
_BY_COMPLAINT = {
    "missing": "missing_page",
    "outdated": "missing_page",
    "wrong": "wrong_although_retrieved",
    "style": "wrong_format",
}


@dataclass(frozen=True, slots=True)
class Tally:
    """What the bot counted in *days*. Everything is 0 or empty where nothing was.

    *refused* counts by RefusalReason, *complaints* the thumbs down by what people chose as the reason, "" for none;
    *labels* are the right answers that people gave. Tokens are means, speeds tokens a second.
    """

    days: float = 0.0
    questions: int = 0
    answered: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    thumbs_up: int = 0
    complaints: Mapping[str, int] = field(default_factory=dict)
    labels: int = 0
    prompt_tokens: float = 0.0
    output_tokens: float = 0.0
    prefill_speed: float = 0.0
    decode_speed: float = 0.0


def prefill(tally: Tally) -> list[Understood]:
    """Return the answers and assumptions that *tally* gives, with the words that say where each comes from."""
    return [*_volume(tally), *_labels(tally), *_failures(tally), *_measured(tally)]


def _volume(tally: Tally) -> Iterator[Understood]:
    if tally.days >= FEWEST_DAYS and tally.questions:
        monthly = round(tally.questions / tally.days * DAYS_A_MONTH)
        words = f"{plural(tally.questions, 'question')} in {tally.days:.0f} days"
        yield Understood(words, "questions_a_month", str(monthly))


def _labels(tally: Tally) -> Iterator[Understood]:
    if not tally.labels:
        return
    yield Understood("right answers given with feedback", "labels", str(tally.labels))
    if tally.days >= FEWEST_DAYS:
        rate = tally.labels / tally.days * DAYS_A_MONTH
        yield Understood("right answers given with feedback", "labels_a_month", f"{rate:.1f}")


def _failures(tally: Tally) -> Iterator[Understood]:
    """Yield failures as people judged them, or, where few did, as the bot's own checks ended."""
    thumbs = tally.thumbs_up + sum(tally.complaints.values())
    outcomes = tally.answered + sum(tally.refused.get(reason, 0) for reason in _BY_REFUSAL)
    if thumbs >= FEWEST_JUDGED:
        complaints = {why: count for why, count in tally.complaints.items() if why != "not_allowed"}
        yield from _counted("feedback", thumbs, complaints, _BY_COMPLAINT)
    elif outcomes >= FEWEST_JUDGED:
        refused = {reason: count for reason, count in tally.refused.items() if reason in _BY_REFUSAL}
        yield from _counted("the bot's own checks", outcomes, refused, _BY_REFUSAL)


def _counted(source: str, judged: int, counts: Mapping[str, int], names: Mapping[str, str]) -> Iterator[Understood]:
    yield Understood(source, "judged", str(judged))
    for name in dict.fromkeys(names.values()):
        count = sum(n for reason, n in counts.items() if names.get(reason, "wrong_although_retrieved") == name)
        if count:
            yield Understood(source, name, str(count))


def _measured(tally: Tally) -> Iterator[Understood]:
    defaults = Assumptions()
    found = {
        "passage_tokens": tally.prompt_tokens - defaults.question_tokens,
        "output_tokens": tally.output_tokens,
        "prefill_speed": tally.prefill_speed,
        "decode_speed": tally.decode_speed,
    }
    for name, value in found.items():
        least, most = bounds(Assumptions, name)
        if value >= 1:
            yield Understood("measured", name, f"{min(max(value, least), most):.0f}")
