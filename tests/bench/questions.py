"""The golden questions, and which hits answer them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from indexer.passages import Hit

FILE = Path(__file__).parents[1] / "golden" / "questions.jsonl"
UNANSWERED = ("near-miss", "off-topic")


@dataclass(frozen=True, slots=True)
class Golden:
    """A question whose answer is known.

    *pages* and *quotes* belong together pairwise; both are empty where the wiki does not answer. An answer must hold
    one string of every group in *must_contain*.
    """

    id: str
    question: str
    kind: str
    pages: tuple[str, ...]
    quotes: tuple[str, ...]
    must_contain: tuple[tuple[str, ...], ...]

    @property
    def is_answered(self) -> bool:
        """Whether the wiki holds the answer."""
        return self.kind not in UNANSWERED

    def golds_in(self, hit: Hit) -> set[int]:
        """Return which of the gold quotes *hit* holds, by their place."""
        text = _plain(hit.text)
        pairs = enumerate(zip(self.pages, self.quotes, strict=True))
        return {place for place, (page, quote) in pairs if hit.page_id == page and _plain(quote) in text}

    def is_right(self, answer: str) -> bool:
        """Return whether *answer* holds one string of every group, as whole words."""
        return all(any(_holds(answer, one) for one in group) for group in self.must_contain)


def read(path: Path = FILE) -> list[Golden]:
    """Return the questions of *path*."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_golden(json.loads(line)) for line in lines if line.strip()]


def _golden(raw: dict[str, object]) -> Golden:
    def strings(value: object) -> tuple[str, ...]:
        assert isinstance(value, list), "a list in questions.jsonl"
        return tuple(str(one) for one in value)

    groups = raw["must_contain"]
    assert isinstance(groups, list), "must_contain is a list of groups"
    return Golden(
        id=str(raw["id"]),
        question=str(raw["question"]),
        kind=str(raw["kind"]),
        pages=strings(raw["pages"]),
        quotes=strings(raw["quotes"]),
        must_contain=tuple(strings(group) for group in groups),
    )


def _plain(text: str) -> str:
    """Return *text* without what differs between a page's file and its normal form: spaces and soft line breaks."""
    return re.sub(r"\s+", " ", text).strip().casefold()


def _holds(answer: str, wanted: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(wanted.casefold())}(?!\w)", answer.casefold()) is not None
