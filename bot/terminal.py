"""What `python -m bot ask` prints: JSON for scripts, and an answer with its sources for people.

The JSON's shape is an outside contract (README, docs/architecture.md): change it only with a changelog line.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from bot.answers import Answer, Citation, Found, Refusal, ShownPassage, Step, Writing
from bot.errors import QuestionUnusable
from indexer.passages import Hit


class GivenPassage(BaseModel):
    """A passage handed over with a question, to be used instead of searching."""

    model_config = ConfigDict(frozen=True)

    title: str = ""
    headings: tuple[str, ...] = ()
    text: Annotated[str, Field(min_length=1)]
    url: str = ""


class AskedLine(BaseModel):
    """One line of `ask --file`. *thread* is taken but not read yet."""

    model_config = ConfigDict(frozen=True)

    id: str | int
    question: str
    thread: tuple[object, ...] = ()
    passages: tuple[GivenPassage, ...] | None = None


def read_questions(path: Path) -> list[AskedLine]:
    """Return the questions of a JSONL file, all checked before the first is asked.

    Raises QuestionUnusable naming the file and the line, OSError where it cannot be read.
    """
    found = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(_lines(file, path), start=1):
            if line.strip():
                found.append(_read_line(line, path, number))
    return found


def _lines(file: Iterator[str], path: Path) -> Iterator[str]:
    try:
        yield from file
    except UnicodeDecodeError as error:
        raise QuestionUnusable(f"{path} is not UTF-8 text; save it as UTF-8.") from error


def _read_line(line: str, path: Path, number: int) -> AskedLine:
    try:
        return AskedLine.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise QuestionUnusable(
            f"{path}, line {number}: {where + ': ' if where else ''}{problem['msg']}; a line is like "
            '{"id": "1", "question": "…"}.'
        ) from error


def as_json(question_id: str | int, question: str, outcome: Answer | Refusal) -> str:
    """Return *outcome* on one line."""
    is_answer = isinstance(outcome, Answer)
    known: dict[str, object] = {
        "id": question_id,
        "question": question,
        "outcome": "answer" if is_answer else "refusal",
        **({} if isinstance(outcome, Answer) else {"reason": outcome.reason.value}),
        "text": outcome.text,
        "sentences": [
            {"text": sentence.text, "citations": list(sentence.citations)}
            for sentence in (outcome.sentences if isinstance(outcome, Answer) else ())
        ],
        "citations": [_citation(citation) for citation in (outcome.citations if isinstance(outcome, Answer) else ())],
        "passages": [_passage(passage) for passage in outcome.passages],
        **({"remark": outcome.remark} if isinstance(outcome, Answer) and outcome.remark else {}),
        "timings": {
            "find_ms": outcome.timings.find_ms,
            "first_token_ms": outcome.timings.first_token_ms,
            "total_ms": outcome.timings.total_ms,
            "prompt_tokens": outcome.timings.prompt_tokens,
            "output_tokens": outcome.timings.output_tokens,
        },
        "model": outcome.model,
        "generation": outcome.generation,
    }
    return json.dumps(known, ensure_ascii=False)


def _citation(citation: Citation) -> dict[str, object]:
    hit = citation.hit
    return {"number": citation.number} | _where(hit) | {"revision": hit.revision, "quote": citation.quote}


def _passage(passage: ShownPassage) -> dict[str, object]:
    hit = passage.hit
    return {"number": passage.number} | _where(hit) | {"text": hit.text, "score": round(hit.score, 4)}


def _where(hit: Hit) -> dict[str, object]:
    return {"passage_id": hit.passage_id, "title": hit.title, "headings": list(hit.headings), "url": hit.url}


class TerminalReply:
    """Shows an answer to a person as it grows. A reply of the `Reply` port's shape, for one question."""

    def __init__(self, console: Console) -> None:
        """Write to *console*."""
        self._console = console

    def show(self, step: Step) -> None:
        """Show *step*: a line while searching and writing, the answer and its sources at the end."""
        if isinstance(step, Found):
            doing = f"reading them, up to {step.up_to_seconds} s" if step.up_to_seconds else "writing"
            self._console.print(f"[dim]Found {len(step.passages)} passages, {doing} …[/dim]")
        elif isinstance(step, Answer):
            self._answer(step)
        elif isinstance(step, Refusal):
            self._refusal(step)
        elif isinstance(step, Writing):
            return

    def _answer(self, answer: Answer) -> None:
        self._console.print()
        self._console.print(Text(answer.text), style="bold")
        if answer.remark:
            self._console.print(Text(answer.remark))
        self._console.print(Rule("Sources", style="dim", align="left"))
        for citation in answer.citations:
            self._console.print(f"[cyan]\\[{citation.number}][/cyan] {_heading(citation.hit)}")
            self._console.print(Padding(Text(f"“{citation.quote}”", style="italic"), (0, 0, 0, 4)))
        seconds = answer.timings.total_ms / 1000
        self._console.print(
            f"[dim]{seconds:.1f} s · {escape(answer.model)} · index generation {answer.generation}[/dim]"
        )

    def _refusal(self, refusal: Refusal) -> None:
        self._console.print()
        self._console.print(Text(refusal.text), style="bold")
        if refusal.passages:
            self._console.print(Rule("The nearest pages", style="dim", align="left"))
        for passage in refusal.passages:
            self._console.print(f" •  {_heading(passage.hit)}")


def _heading(hit: Hit) -> str:
    place = escape(" › ".join((hit.title, *hit.headings)))
    date = f" [dim](as of {hit.updated_at[:10]})[/dim]" if hit.updated_at else ""
    return f"{place}{date}" + (f"\n    [link={hit.url}]{escape(hit.url)}[/link]" if hit.url else "")
