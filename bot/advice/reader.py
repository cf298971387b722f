"""What people write after /advise, read by rules: numbers with their units, and words. It says what it understood.

    "3,000 questions a month, wiki edited daily, must cite, 50 labelled examples, a wrong answer costs $6"

Each rule that fits takes its words out of the text, so that no word is read twice; what is left was not understood.
"""

import re
from dataclasses import dataclass

from bot.advice.phrases import PHRASES
from bot.advice.situation import Assumptions, Kind, Situation, problems, with_answers, written

MAX_CHARACTERS = 2000
_FILLERS = set("a an and about are at by for from have in is it of on or our per so that the to was we with".split())


@dataclass(frozen=True, slots=True)
class Understood:
    """The *words* of the text that gave the answer or assumption *name* its *value*."""

    words: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says; *left* is what no rule read."""

    understood: tuple[Understood, ...]
    left: str

    @property
    def values(self) -> dict[str, str]:
        """Return the values by name; of two for one name, the first."""
        return {each.name: each.value for each in reversed(self.understood)}


def read(text: str) -> Reading:
    """Return what *text* says; of a longer one, what its first MAX_CHARACTERS say. Any text can be read."""
    left = " ".join(text[:MAX_CHARACTERS].split())
    understood: list[Understood] = []
    for pattern, rule in PHRASES:
        for match in list(pattern.finditer(left)):
            found = [
                Understood(match[0].strip(" ,;."), name, usual)
                for name, value in rule(match).items()
                if (usual := _usual(name, value)) is not None
            ]
            if found:
                understood += found
                left = left[: match.start()] + "\0" * len(match[0]) + left[match.end() :]
    in_order = [*Situation.model_fields, *Assumptions.model_fields]
    return Reading(tuple(sorted(_needs(understood), key=lambda each: in_order.index(each.name))), _tidy(left))


def _usual(name: str, value: str) -> str | None:
    """Return *value* as it is usually written, or None where it may not be."""
    if name in Assumptions.model_fields:
        return _usual_among(Assumptions(), name, value)
    return _usual_among(Situation(judged=1_000_000), name, value)


def _usual_among(values: Kind, name: str, value: str) -> str | None:
    given = {name: value}
    return None if problems(values, given) else written(getattr(with_answers(values, given), name))


def _needs(understood: list[Understood]) -> list[Understood]:
    """Return *understood* with knowledge and behaviour, where both are said, made one answer."""
    said = {each.value for each in understood if each.name == "need"}
    if said != {"knowledge", "behaviour"}:
        return understood
    words = ", ".join(dict.fromkeys(each.words for each in understood if each.name == "need"))
    return [each for each in understood if each.name != "need"] + [Understood(words, "need", "both")]


def _tidy(left: str) -> str:
    pieces = (piece.strip(" ,;.:-") for piece in re.split("\0+", left))
    return " … ".join(piece for piece in pieces if set(re.findall(r"\w+", piece.lower())) - _FILLERS)
