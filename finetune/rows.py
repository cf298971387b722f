"""Rows written by people: a question, its answer, and where in the wiki's files it stands, as offsets.

A row holds no page text. Its quotes are read out of the wiki's files, whose hash must be the one the row was made with.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from finetune.drafts import UNANSWERED_KINDS, Claim, Draft, Quote
from finetune.errors import DatasetWrong

FOLDER = Path(__file__).with_name("rows")


class _Sentence(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(min_length=1)]
    evidence: Annotated[tuple[int, ...], Field(min_length=1)]


class _Evidence(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    page: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    start: Annotated[int, Field(ge=0)]
    end: int


class Row(BaseModel):
    """One row of a file in `finetune/rows/`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    wiki: str
    question: Annotated[str, Field(min_length=2)]
    kind: str
    answer: tuple[_Sentence, ...]
    evidence: tuple[_Evidence, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """The drafts that could be made of rows, and how many rows were left out, by why."""

    drafts: list[Draft]
    left_out: Counter[str]


def read(folder: Path, wikis: Mapping[str, Path]) -> Read:
    """Return the drafts of every row in *folder* about one of *wikis*. Raises DatasetWrong with the line."""
    drafts: list[Draft] = []
    left_out: Counter[str] = Counter()
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            row = _row(path, number, line)
            why = _why_not(row, wikis)
            if why:
                left_out[why] += 1
            else:
                drafts.append(_draft(row, wikis[row.wiki]))
    return Read(drafts, left_out)


def _row(path: Path, number: int, line: str) -> Row:
    try:
        row = Row.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise DatasetWrong(f"{path}, line {number}: {where}: {problem['msg']}.") from error
    if bool(row.answer) == (row.kind in UNANSWERED_KINDS):
        raise DatasetWrong(
            f"{path}, line {number}: a {row.kind} row must {'not ' if row.answer else ''}have an answer."
        )
    if any(place >= len(row.evidence) for sentence in row.answer for place in sentence.evidence):
        raise DatasetWrong(f"{path}, line {number}: the answer names evidence that is not there.")
    return row


def _why_not(row: Row, wikis: Mapping[str, Path]) -> str:
    if row.wiki not in wikis:
        return f"no --wiki {row.wiki}=…"
    if any(_text(wikis[row.wiki] / one.page, one.sha256) is None for one in row.evidence):
        return "page gone or changed since the row was written"
    return ""


def _draft(row: Row, wiki: Path) -> Draft:
    quotes = []
    for one in row.evidence:
        text = _text(wiki / one.page, one.sha256)
        assert text is not None, "looked at by _why_not"
        quotes.append(Quote(one.page, text[one.start : one.end]))
    claims = tuple(Claim(sentence.text, sentence.evidence) for sentence in row.answer)
    return Draft(row.id, row.wiki, row.wiki, row.kind, row.question, claims, tuple(quotes))


@cache
def _text(path: Path, sha256: str) -> str | None:
    """Return the text of a page's file, None if it is not the one that was read when the row was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if not hashlib.sha256(content).hexdigest().startswith(sha256):
        return None
    return content.decode("utf-8", "replace")
