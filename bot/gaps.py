"""What the wiki does not answer: unanswered questions that ask for the same, put together for the pages' owners."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot import wording

MIN_SHARED = 0.5  # of the content words of the shorter question


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions about one thing, the latest first, and how often it was asked."""

    questions: tuple[str, ...]

    @property
    def count(self) -> int:
        """How often it was asked."""
        return len(self.questions)


def gaps(questions: Iterable[str]) -> list[Gap]:
    """Return *questions*, latest first, put together by what they ask for; what was asked most often is first.

    >>> [gap.count for gap in gaps(["how to claim a taxi?", "wifi password?", "can I claim a taxi ride?"])]
    [2, 1]
    """
    groups: list[tuple[frozenset[str], list[str]]] = []
    for question in questions:
        asked = frozenset(wording.content_stems(question)) | wording.names(question)
        group = next((questions for stems, questions in groups if _is_alike(asked, stems)), None)
        if group is None:
            groups.append((asked, [question]))
        else:
            group.append(question)
    found = [Gap(tuple(questions)) for _, questions in groups]
    return sorted(found, key=lambda gap: -gap.count)


def _is_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) / shorter > MIN_SHARED
