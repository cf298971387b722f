"""Answers and refusals as the records keep them."""

import json
from dataclasses import asdict

from pydantic import TypeAdapter, ValidationError

from bot.answers import Answer, Citation, Refusal, RefusalReason, Sentence, ShownPassage, Timings

_OUTCOME: TypeAdapter[Answer | Refusal] = TypeAdapter(Answer | Refusal)
_SENTENCES: TypeAdapter[tuple[Sentence, ...]] = TypeAdapter(tuple[Sentence, ...])
_CITATIONS: TypeAdapter[tuple[Citation, ...]] = TypeAdapter(tuple[Citation, ...])
_PASSAGES: TypeAdapter[tuple[ShownPassage, ...]] = TypeAdapter(tuple[ShownPassage, ...])
_TIMINGS: TypeAdapter[Timings] = TypeAdapter(Timings)

COLUMNS = "outcome, reason, text, sentences, citations, passages, prompt, model, generation, timings, signals, remark"

Row = tuple[str, str, str, str, str, str, str, str, int, str, str, str]


def to_row(outcome: Answer | Refusal) -> Row:
    """Return *outcome* as the values of COLUMNS."""
    return (
        "answer" if isinstance(outcome, Answer) else "refusal",
        "" if isinstance(outcome, Answer) else outcome.reason.value,
        outcome.text,
        _json([asdict(s) for s in outcome.sentences] if isinstance(outcome, Answer) else []),
        _json([asdict(c) for c in outcome.citations] if isinstance(outcome, Answer) else []),
        _json([asdict(p) for p in outcome.passages]),
        outcome.prompt,
        outcome.model,
        outcome.generation,
        _json(asdict(outcome.timings)),
        _json(dict(outcome.signals)),
        outcome.remark if isinstance(outcome, Answer) else "",
    )


def from_row(row: Row) -> Answer | Refusal:
    """Return the outcome that to_row() made *row* of."""
    kind, reason, text, sentences, citations, passages, prompt, model, generation, timings, kept, remark = row
    signals: dict[str, float] = json.loads(kept)
    shown, took = _PASSAGES.validate_json(passages), _TIMINGS.validate_json(timings)
    if kind == "refusal":
        return Refusal(RefusalReason(reason), text, shown, took, model, generation, prompt, signals)
    return Answer(
        text=text,
        sentences=_SENTENCES.validate_json(sentences),
        citations=_CITATIONS.validate_json(citations),
        passages=shown,
        timings=took,
        model=model,
        generation=generation,
        prompt=prompt,
        signals=signals,
        remark=remark,
    )


def to_json(outcome: Answer | Refusal) -> str:
    """Return *outcome* as one JSON object."""
    return _OUTCOME.dump_json(outcome).decode()


def from_json(text: str) -> Answer | Refusal | None:
    """Return the outcome that to_json() wrote, None where another version of Footnote wrote it differently."""
    try:
        return _OUTCOME.validate_json(text)
    except ValidationError:
        return None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
