"""A BookStack: all that the bot's account may view is listed each time, by number, and read page by page.

BookStack tells edits by date, but neither what is gone nor what came back from the recycle bin. So the listing, 500
pages a request, is what a refresh goes by.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from indexer.errors import WikiUnavailable
from indexer.pages import FailureKind, Page, PageFailure, PageId, PageRef, Readers
from indexer.ports import Abilities, Batch, Cursor, ListingPart
from indexer.wikis.html import read_body
from indexer.wikis.http import Answer, Http, reader_of
from indexer.wikis.links import address_at

LISTED_AT_ONCE = 500  # the most that BookStack gives, unless its admin allows fewer
MAX_PARTS = 100_000  # of one listing, however few pages come at once

_GONE = (404, 410)


class _Said(BaseModel):
    """A part of an answer, of which newer BookStacks may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Listed(_Said):
    """A page as it is listed. Older BookStacks leave the count of revisions out."""

    id: int = Field(gt=0)
    draft: bool = False
    template: bool = False
    updated_at: str = Field(min_length=10)
    revision_count: int = 0


class _Part(_Said):
    """Some of the pages asked for, and how many these are in all."""

    data: tuple[_Listed, ...]
    total: int = Field(ge=0)


class _Read(_Listed):
    """A page with its text, as people see it who have the rights of the bot's account."""

    name: str
    html: str


class BookStack:
    """The pages that an account may view, all readable by everyone; a page's id is the wiki's own number.

    Drafts and templates are no pages.
    """

    def __init__(self, name: str, url: str, http: Http, readers: Readers) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._http = http
        self._readers = readers

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""
        return self._name

    @property
    def abilities(self) -> Abilities:
        """Only lists, but exactly: by number, so that nothing that happens meanwhile moves a page out of sight."""
        return Abilities(changes=False, removals=False, exact_listing=True)

    def validate(self) -> None:
        """Check that the account is let in and sees a page."""
        if not self._part(after=0, count=1).data:
            raise WikiUnavailable(f"The wiki {self._name!r} shows no page to the bot's account.")

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Not for BookStack, which does not tell what came back."""
        raise AssertionError(f"{self._name} has no feed of changes to go on from {cursor}")

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page there is; that there is none at all is not believed."""
        after, expected = 0, None
        for _ in range(MAX_PARTS):
            part = self._part(after, LISTED_AT_ONCE)
            expected = part.total if expected is None else expected
            if not part.data and (part.total or not after):
                raise WikiUnavailable(f"The wiki {self._name!r} lists none of its {part.total} pages after {after}.")
            is_last = len(part.data) == part.total
            refs = tuple(
                PageRef(_page_id(page), _stamp(page), self._readers)
                for page in part.data
                if not (page.draft or page.template)
            )
            yield ListingPart(refs, is_complete=is_last, expected=expected)
            if is_last:
                return
            after = part.data[-1].id
        raise WikiUnavailable(f"The wiki {self._name!r} lists its pages without an end.")

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page, or why it could not be read, in the order asked for."""
        for ref in refs:
            found = self._http.get(f"/api/pages/{ref.page_id}", {}, _read_page, also=_GONE) if _is_id(ref) else None
            if found is None or found.draft or found.template:
                why = "The wiki has no such page any more, or does not show it to the bot's account."
                yield PageFailure(ref.page_id, ref.stamp, why, FailureKind.GONE)
            else:
                yield self._page(found, ref)

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the lasting address of a section of a page, which leads to where the page is now."""
        return address_at(f"{self._url}/link/{page_id}", anchor, quote)

    def _part(self, after: int, count: int) -> _Part:
        """Return the first pages with a number above *after*. Raises WikiUnavailable if they are not in order."""
        params = {"sort": "+id", "count": str(count), "filter[id:gt]": str(after)}
        part = self._http.get("/api/pages", params, _read_part)
        numbers = [page.id for page in part.data]
        if numbers != sorted(set(numbers)) or any(number <= after for number in numbers) or part.total < len(numbers):
            raise WikiUnavailable(f"The wiki {self._name!r} does not list its pages in the order asked for.")
        return part

    def _page(self, found: _Read, ref: PageRef) -> Page:
        if str(found.id) != ref.page_id:
            raise WikiUnavailable(f"The wiki {self._name!r} answered with page {found.id} for page {ref.page_id}.")
        reading = read_body(found.html, found.name)
        return Page(
            wiki=self._name,
            page_id=ref.page_id,
            title=reading.title,
            url=self.link(ref.page_id, "", ""),
            revision=str(found.revision_count or found.updated_at),
            stamp=_stamp(found),
            updated_at=reading.reviewed_at or _time(found.updated_at),
            readers=self._readers,
            text=reading.text,
            blocks=reading.blocks,
        )


_read_part = reader_of(_Part)
_read_whole_page = reader_of(_Read)


def _read_page(answer: Answer) -> _Read | None:
    return None if answer.status in _GONE else _read_whole_page(answer)


def _is_id(ref: PageRef) -> bool:
    return ref.page_id.isascii() and ref.page_id.isdigit() and len(ref.page_id) < 20


def _page_id(page: _Listed) -> PageId:
    return PageId(str(page.id))


def _stamp(page: _Listed) -> str:
    """Return a stamp that an edit changes, even a second one within the same second."""
    when = _time(page.updated_at)
    return f"{when.isoformat() if when else page.updated_at} {page.revision_count}"


def _time(said: str) -> datetime | None:
    """Return the time written as `2020-07-04T15:50:58.000000Z`, or in older answers as `2020-07-04 15:50:58`."""
    try:
        when = datetime.fromisoformat(said)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
