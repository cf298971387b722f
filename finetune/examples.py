"""Examples to train on, in the chat-messages form that other trainers read too, one JSON object a line."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from finetune.errors import DatasetWrong
from finetune.sentences import has_form


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(min_length=1)]


class Example(BaseModel):
    """A prompt and the answer to learn. *group* is the page or article by which train and dev are parted.

    *gold* are the numbers of the passages that hold the answer, empty where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1)]
    source: str
    group: str
    kind: str
    messages: tuple[Message, Message, Message]
    gold: tuple[int, ...]
    answerable: bool

    @property
    def system(self) -> str:
        """The rules."""
        return self.messages[0].content

    @property
    def user(self) -> str:
        """The passages and the question."""
        return self.messages[1].content

    @property
    def answer(self) -> str:
        """What the model shall write."""
        return self.messages[2].content


@dataclass(frozen=True, slots=True)
class Rules:
    """What every example of a dataset shares: the system message and the refusal."""

    system: str
    refusal: str


def flaw_of(example: Example, rules: Rules) -> str:
    """Return what is wrong with *example* in a few words, empty if nothing is."""
    roles = tuple(message.role for message in example.messages)
    if roles != ("system", "user", "assistant"):
        return f"messages must be system, user, assistant, not {', '.join(roles)}"
    if example.system != rules.system:
        return "the system message is not the bot's own; make the dataset again"
    if example.answerable != bool(example.gold):
        return "gold must name passages exactly where the question is answerable"
    if not example.answerable:
        return "" if example.answer == rules.refusal else "an unanswerable question must be answered by the refusal"
    if not has_form(example.answer):
        return "the answer must be sentences that each end in a mark and a marker, like `Ask Maya. [1]`"
    return ""


def read(path: Path, rules: Rules) -> Iterator[Example]:
    """Yield the examples of *path*. Raises DatasetWrong with the line of the first that is wrong."""
    seen: set[str] = set()
    for number, line in _lines(path):
        try:
            example = Example.model_validate_json(line)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise DatasetWrong(f"{path}, line {number}: {where + ': ' if where else ''}{problem['msg']}") from error
        flaw = flaw_of(example, rules) or (f"the id {example.id} is there twice" if example.id in seen else "")
        if flaw:
            raise DatasetWrong(f"{path}, line {number}: {flaw}.")
        seen.add(example.id)
        yield example


def write(path: Path, examples: Iterable[Example]) -> None:
    """Write *examples* to *path*, by rename."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps(example.model_dump(), ensure_ascii=False) + "\n")
    part.replace(path)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except FileNotFoundError as error:
        raise DatasetWrong(f"There is no {path}; `python -m finetune dataset` makes it.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetWrong(f"{path} cannot be read: {error}.") from error
