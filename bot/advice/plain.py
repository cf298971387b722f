"""A recommendation as plain values for JSON. Numbers that never end are null."""

import math
from collections.abc import Iterable

from bot.advice.costs import OptionCost
from bot.advice.reader import Understood
from bot.advice.recommendation import Recommendation
from bot.advice.report import Report

Plain = dict[str, object]


def as_plain(advice: Recommendation, report: Report, understood: Iterable[Understood], left: str) -> Plain:
    """Return what `python -m bot advise --json` prints; the shape is an outside contract (README)."""
    return {
        "verdict": advice.verdict.value,
        "first": advice.first.value if advice.first else None,
        "in_steps": advice.in_steps,
        "train_later": advice.trains_later,
        "headline": report.headline,
        "second": advice.second.value,
        "margin": round(advice.margin, 2),
        "confidence": advice.confidence.value,
        "strengths": {option.value: round(strength, 2) for option, strength in advice.strengths.items()},
        "reasons": [
            {
                "answers": list(reason.answers),
                "assumed": given.is_assumed,
                "why": reason.sentence,
                "points": {axis.value: round(points, 2) for axis, points in reason.points.items()},
            }
            for reason, given in zip(advice.leanings.reasons, report.answered, strict=True)
        ],
        "gates": [gate.sentence for gate in advice.leanings.gates],
        "options": {option.value: _cost(cost) for option, cost in advice.costs.items()},
        "required_accuracy": round(advice.required_accuracy, 4),
        "accuracy": [round(each, 4) for each in advice.accuracy] if advice.accuracy else None,
        "compute_break_even_questions": _number(advice.compute_break_even),
        "evaluation": {
            "gain": round(advice.evaluation.gain, 4),
            "needs": advice.evaluation.needs,
            "has": advice.evaluation.has,
            "sees": round(advice.evaluation.sees, 4),
        },
        "comparison": [list(row) for row in report.comparison],
        "formulas": list(report.formulas),
        "flips": list(report.flips),
        "next_steps": [{"do": step.text, "command": step.command} for step in report.steps],
        "situation": advice.situation.model_dump(mode="json"),
        "assumptions": advice.assumed.model_dump(mode="json"),
        "understood": [{"words": one.words, "name": one.name, "value": one.value} for one in understood],
        "not_understood": left,
    }


def _cost(cost: OptionCost) -> Plain:
    return {
        "setup_dollars": _number(cost.setup_dollars),
        "month_dollars": _number(cost.month_dollars),
        "question_dollars": cost.question_dollars,
        "question_seconds": _number(cost.question_seconds),
        "gain_points": _number(cost.gain),
        "payback_months": _number(cost.payback_months),
    }


def _number(number: float) -> float | None:
    return round(number, 2) if math.isfinite(number) else None
