"""Small honest stand-ins for what the indexer needs from the world."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from indexer.errors import WikiUnavailable
from indexer.pages import EVERYONE, Block, BlockKind, Page, PageFailure, PageId, PageRef, Principal
from indexer.ports import Embedding, Vector, Vectors

DIMENSIONS = 64


@dataclass(frozen=True, slots=True)
class Draft:
    """A page as a test writes it. Its text is paragraphs, with an empty line between."""

    title: str
    text: str
    version: int
    readers: frozenset[Principal]


class FakeWiki:
    """A wiki in memory that can be edited, and that can fail as wikis do."""

    def __init__(self, name: str = "handbook", url: str = "https://wiki.test/") -> None:
        self._name = name
        self._url = url
        self._drafts: dict[PageId, Draft] = {}
        self.unreadable: dict[PageId, str] = {}
        """Why pages cannot be read."""
        self.is_away = False
        """No answer to anything."""
        self.fails_after: int | None = None
        """How many pages of one `fetch` come before the wiki is away."""
        self.fetched: list[PageId] = []
        """Every page that was fetched, in order."""

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""
        return self._name

    def write(self, page_id: str, text: str, title: str = "", readers: Iterable[str] = (EVERYONE,)) -> None:
        """Create or edit a page."""
        known = self._drafts.get(PageId(page_id))
        version = known.version + 1 if known else 1
        allowed = frozenset(Principal(reader) for reader in readers)
        self._drafts[PageId(page_id)] = Draft(title or page_id.title(), text, version, allowed)

    def touch(self, page_id: str) -> None:
        """Give a page another stamp and leave it as it is."""
        draft = self._drafts[PageId(page_id)]
        self._drafts[PageId(page_id)] = replace(draft, version=draft.version + 1)

    def delete(self, *page_ids: str) -> None:
        """Delete pages."""
        for page_id in page_ids:
            del self._drafts[PageId(page_id)]

    def validate(self) -> None:
        """Check that the wiki can be read at all."""
        if self.is_away:
            raise WikiUnavailable(f"{self._name} does not answer")

    def listing(self) -> list[PageRef]:
        """Return every page there is."""
        self.validate()
        return [PageRef(page_id, f"v{draft.version}") for page_id, draft in self._drafts.items()]

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page, or why it could not be read, in the order asked for."""
        for place, ref in enumerate(refs):
            if place == self.fails_after:
                raise WikiUnavailable(f"{self._name} went away")
            self.fetched.append(ref.page_id)
            if ref.page_id in self.unreadable:
                yield PageFailure(ref.page_id, ref.stamp, self.unreadable[ref.page_id])
            else:
                yield self._page(ref)

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the address of a section of a page."""
        fragment = f"#{anchor}" if anchor else ""
        return f"{self._url}{page_id}{fragment}{quote}"

    def _page(self, ref: PageRef) -> Page:
        draft = self._drafts[ref.page_id]
        return Page(
            wiki=self._name,
            page_id=ref.page_id,
            title=draft.title,
            url=self.link(ref.page_id, "", ""),
            revision=hashlib.sha256(draft.text.encode()).hexdigest()[:8],
            stamp=ref.stamp,
            updated_at=datetime(2026, 1, 1, tzinfo=UTC),
            readers=draft.readers,
            text=draft.text,
            blocks=tuple(_paragraphs(draft.text)),
        )


class FakeEmbedder:
    """Vectors that say which words a text has: texts with common words are near each other, always the same."""

    def __init__(self, name: str = "bag-of-words", max_tokens: int = 60) -> None:
        self._name = name
        self._max_tokens = max_tokens
        self.embedded: list[str] = []
        """Every passage text that was embedded, in order."""

    @property
    def name(self) -> str:
        """What the vectors are made with."""
        return self._name

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return DIMENSIONS

    @property
    def max_tokens(self) -> int:
        """The most tokens of one text that are embedded."""
        return self._max_tokens

    def count_tokens(self, text: str) -> int:
        """Return how many of `max_tokens` *text* takes: a token is a word."""
        return len(text.split())

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return float32 of shape (len(texts), DIMENSIONS), each row of length 1."""
        self.embedded.extend(texts)
        return np.array([self.embed_question(text) for text in texts], np.float32).reshape(len(texts), DIMENSIONS)

    def embed_question(self, text: str) -> Vector:
        """Return float32 of shape (DIMENSIONS,), of length 1."""
        vector = np.full(DIMENSIONS, 0.01, np.float32)
        for word in text.lower().split()[: self._max_tokens]:
            digest = hashlib.sha256(word.strip(".,:?!").encode(errors="replace")).digest()
            vector[digest[0] % DIMENSIONS] += 1.0 if digest[1] % 2 else -1.0
        unit: Vector = vector / np.float32(np.linalg.norm(vector))
        return unit

    def embed_passages_by_token(self, texts: Sequence[str]) -> list[Embedding]:
        """Return an embedding for each text, in order; a word's vector does not depend on the words around it."""
        vectors = self.embed_passages(texts)
        return [Embedding(vector, self._words(text)) for vector, text in zip(vectors, texts, strict=True)]

    def embed_question_by_token(self, text: str) -> Embedding:
        """Return the embedding of *text*."""
        return Embedding(self.embed_question(text), self._words(text))

    def _words(self, text: str) -> Vectors:
        """Return a row for each word, one for no words."""
        words = text.split()[: self._max_tokens] or [""]
        return np.array([self.embed_question(word) for word in words], np.float32)


class SilentProgress:
    """Progress that is only counted."""

    def __init__(self) -> None:
        self.expected = 0
        self.done = 0

    def expect(self, pages: int) -> None:
        """Say how many pages this refresh will look at in all."""
        self.expected = pages

    def advance(self, pages: int = 1) -> None:
        """Say that so many more pages are done."""
        self.done += pages


class SteadyClock:
    """A clock that stands until it is set forward."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self._now

    def forward(self, duration: timedelta) -> None:
        """Set the clock forward."""
        self._now += duration


def _paragraphs(text: str) -> Iterator[Block]:
    """Yield a block for each paragraph of *text*; `# …` is a heading of the second level."""
    start, anchor = 0, ""
    headings: tuple[str, ...] = ()
    for paragraph in text.split("\n\n"):
        end = start + len(paragraph)
        is_heading = paragraph.startswith("# ")
        if is_heading:
            headings, anchor = (paragraph[2:],), paragraph[2:].lower().replace(" ", "-")
        kind = BlockKind.HEADING if is_heading else BlockKind.PARAGRAPH
        if paragraph:
            yield Block(kind, start, end, headings, anchor, level=2 if is_heading else 0)
        start = end + 2
