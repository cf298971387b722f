"""A question with its answer and where that stands, before passages are chosen to be shown with it."""

from dataclasses import dataclass

UNANSWERED_KINDS = frozenset({"near-miss", "off-topic", "adversarial"})


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of a page's text, as it stands in its file."""

    page_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer and the places of the quotes that it rests on."""

    text: str
    quotes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """One question about one corpus. *answer* is empty where the corpus does not answer.

    Then *quotes* are the nearest texts, which a search would find and which do not answer.
    """

    id: str
    source: str
    corpus: str
    kind: str
    question: str
    answer: tuple[Claim, ...]
    quotes: tuple[Quote, ...]

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return bool(self.answer)

    @property
    def pages(self) -> frozenset[str]:
        """The pages it is about."""
        return frozenset(quote.page_id for quote in self.quotes)
