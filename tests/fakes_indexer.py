"""Small honest stand-ins for what the indexer needs from the world."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from indexer.errors import CursorExpired, WikiUnavailable
from indexer.pages import (
    EVERYONE,
    Block,
    BlockKind,
    FailureKind,
    Page,
    PageFailure,
    PageId,
    PageRef,
    Principal,
    Readers,
    readers,
)
from indexer.ports import Abilities, Batch, Cursor, Embedding, ListingPart, Vector, Vectors

DIMENSIONS = 64


ONLY_LISTS = Abilities(changes=False, removals=False, exact_listing=True)
TELLS_ALL = Abilities(changes=True, removals=True, exact_listing=True)
TELLS_EDITS = Abilities(changes=True, removals=False, exact_listing=False)

LISTED_AT_ONCE = 50
CHANGES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """A page as a test writes it. Its text is paragraphs, with an empty line between."""

    title: str
    text: str
    version: int
    readers: Readers


class FakeWiki:
    """A wiki in memory that can be edited, and that can fail as wikis do."""

    def __init__(
        self, name: str = "handbook", url: str = "https://wiki.test/", abilities: Abilities = ONLY_LISTS
    ) -> None:
        self._name = name
        self._url = url
        self._abilities = abilities
        self._drafts: dict[PageId, Draft] = {}
        self._versions: Counter[PageId] = Counter()
        self._feed: list[PageId] = []
        self.unreadable: dict[PageId, str] = {}
        """Why pages cannot be read."""
        self.is_away = False
        """No answer to anything."""
        self.fails_after: int | None = None
        """How many pages of one `fetch` come before the wiki is away."""
        self.lists_at_most: int | None = None
        """How many pages a listing has before it ends, as if it were capped."""
        self.hidden: set[PageId] = set()
        """Pages that are there and that a listing leaves out all the same."""
        self.forgets_before = 0
        """The first place in the feed that is still known."""
        self.tells_readers = True
        """Whether references say who may read their pages."""
        self.during_fetch: Callable[[int], object] = lambda _: None
        """Called with the place of each page before it is fetched."""
        self.fetched: list[PageId] = []
        """Every page that was fetched, in order."""

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""
        return self._name

    @property
    def abilities(self) -> Abilities:
        """What it was made to tell."""
        return self._abilities

    def page_ids(self) -> set[str]:
        """Return the ids of all pages there are."""
        return set(self._drafts)

    def write(self, page_id: str, text: str, title: str = "", readers: Iterable[str] = (EVERYONE,)) -> None:
        """Create or edit a page, open to *readers*."""
        self._put(PageId(page_id), Draft(title or page_id.title(), text, 0, as_readers(readers)))

    def restrict(self, page_id: str, *layers: Iterable[str]) -> None:
        """Have *layers* decide who may read a page; its text, and where references tell readers its stamp, stay."""
        draft = self._drafts[PageId(page_id)]
        changed = replace(draft, readers=as_readers(*layers))
        if self.tells_readers:
            self._drafts[PageId(page_id)] = changed
            self._feed.append(PageId(page_id))
        else:
            self._put(PageId(page_id), changed)

    def changes_told(self) -> int:
        """Return how many changes there were so far."""
        return len(self._feed)

    def touch(self, page_id: str) -> None:
        """Give a page another stamp and leave it as it is."""
        self._put(PageId(page_id), self._drafts[PageId(page_id)])

    def delete(self, *page_ids: str) -> None:
        """Delete pages."""
        for page_id in page_ids:
            del self._drafts[PageId(page_id)]
            self._feed.append(PageId(page_id))

    def validate(self) -> None:
        """Check that the wiki can be read at all."""
        if self.is_away:
            raise WikiUnavailable(f"{self._name} does not answer")

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Yield what was changed since *cursor*, which is a place in the feed; at first every page there is."""
        self.validate()
        if cursor is None:
            yield from self._everything()
            return
        place = int(cursor)
        if place < self.forgets_before:
            raise CursorExpired(f"{self._name} knows changes from {self.forgets_before} on, not from {place}")
        while place < len(self._feed):
            some = list(dict.fromkeys(self._feed[place : place + CHANGES_AT_ONCE]))
            place = min(place + CHANGES_AT_ONCE, len(self._feed))
            removed = [page_id for page_id in some if page_id not in self._drafts]
            yield Batch(
                changed=tuple(self._ref(page_id) for page_id in some if page_id in self._drafts),
                removed=tuple(removed) if self._abilities.removals else (),
                next=Cursor(str(place)),
            )

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page there is, without what is hidden, in parts."""
        self.validate()
        refs = [self._ref(page_id) for page_id in self._drafts if page_id not in self.hidden]
        listed = refs[: self.lists_at_most]
        for start in range(0, len(listed), LISTED_AT_ONCE):
            yield ListingPart(tuple(listed[start : start + LISTED_AT_ONCE]), is_complete=False, expected=len(refs))
        yield ListingPart((), is_complete=len(listed) == len(refs), expected=len(refs))

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page, or why it could not be read, in the order asked for."""
        self.validate()
        for place, ref in enumerate(refs):
            if place == self.fails_after:
                raise WikiUnavailable(f"{self._name} went away")
            self.during_fetch(place)
            self.fetched.append(ref.page_id)
            if ref.page_id in self.unreadable:
                yield PageFailure(ref.page_id, ref.stamp, self.unreadable[ref.page_id])
            elif ref.page_id not in self._drafts:
                yield PageFailure(ref.page_id, ref.stamp, "There is no such page.", FailureKind.GONE)
            else:
                yield self._page(ref)

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the address of a section of a page."""
        fragment = f"#{anchor}" if anchor else ""
        return f"{self._url}{page_id}{fragment}{quote}"

    def _put(self, page_id: PageId, draft: Draft) -> None:
        """Keep the next version of a page; the versions of one that was deleted count on."""
        self._versions[page_id] += 1
        self._drafts[page_id] = replace(draft, version=self._versions[page_id])
        self._feed.append(page_id)

    def _everything(self) -> Iterator[Batch]:
        """Yield every page, to go on from where the feed is now."""
        end = Cursor(str(len(self._feed)))
        yield Batch(tuple(self._ref(page_id) for page_id in self._drafts), (), end, expected=len(self._drafts))

    def _ref(self, page_id: PageId) -> PageRef:
        draft = self._drafts[page_id]
        return PageRef(page_id, f"v{draft.version}", draft.readers if self.tells_readers else None)

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


def as_readers(*layers: Iterable[str]) -> Readers:
    """Return readers from plain words."""
    return readers(*([Principal(name) for name in layer] for layer in layers))


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
