"""A MediaWiki: what the feed of recent changes names is asked for again by its id, which survives a move.

feed since the cursor, less an overlap ─► rows not seen yet ─► their pages, by id and by title ─► changed | removed
no cursor ─► every page by namespace, then the feed from when that began
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.errors import CursorExpired, WikiMisconfigured, WikiUnavailable
from indexer.pages import FailureKind, Page, PageFailure, PageId, PageRef, Readers
from indexer.ports import Abilities, Batch, Cursor, ListingPart
from indexer.wikis.html import read_body
from indexer.wikis.links import address_at
from indexer.wikis.mediawiki_api import MediaWikiApi, NoSuchPage
from indexer.wikis.mediawiki_said import PageSaid, ParseAnswer, Piece, Row, Site

ASKED_AT_ONCE = 50  # titles or ids, which every account may ask for
OVERLAP = timedelta(minutes=10)  # rows may appear so late: several servers' clocks, replication, long transactions
FEED_IS_SURE = timedelta(days=1)  # no wiki forgets changes as young as this
MAX_PAGE_CHARACTERS = 5_000_000  # of rendered HTML

AROUND_THE_TEXT = tuple(
    ".mw-cite-backlink sup.reference .navbox .noprint .mw-jump-link .mw-empty-elt .mw-editsection #toc .toc"
    " .catlinks .printfooter .mw-indicators .sistersitebox .portalbox".split()
)
"""CSS selectors of what MediaWiki and its usual templates add around the text."""

_OLD_ANCHOR = re.compile(r'<span id="[^"<>]*"></span>(?=<span class="mw-headline")')  # before MediaWiki 1.30


class _Crawl(BaseModel):
    """How far a crawl of everything is: namespaces still to come, and what to send back for the first of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespaces: tuple[int, ...]
    proceed: dict[str, str] = Field(default_factory=dict)


class _Place(BaseModel):
    """A cursor: the feed is told up to *at*, by the wiki's clock; of the last minutes before, the rows *seen*.

    With *crawl*, everything is being told, and the feed comes after it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    namespaces: tuple[int, ...]
    seen: tuple[int, ...] = ()
    crawl: _Crawl | None = None


class MediaWiki:
    """The pages of a MediaWiki's *namespaces* (empty: those meant to be read); a page's id is the wiki's own number.

    Redirects are no pages. The stamp tells an edit, and when something that the page shows was edited.
    """

    def __init__(self, name: str, api: MediaWikiApi, namespaces: Sequence[int], readers: Readers) -> None:
        self._name = name
        self._api = api
        self._wanted = tuple(namespaces)
        self._readers = readers
        self._known_site: Site | None = None

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""
        return self._name

    @property
    def abilities(self) -> Abilities:
        """The feed tells edits and removals. A page that is moved while all are listed, by title, may be left out."""
        return Abilities(changes=True, removals=True, exact_listing=False)

    def validate(self) -> None:
        """Check that the API answers, lets us read, and has the namespaces asked for."""
        self._known_site = None
        known = {namespace.id for namespace in self._site().namespaces.values()}
        unknown = [number for number in self._namespaces() if number not in known]
        if unknown or not self._namespaces():
            raise WikiMisconfigured(
                f"The wiki {self._name!r} has no namespace {unknown[0] if unknown else 'to read'}; it has "
                f'{", ".join(map(str, sorted(known)))}. Correct its "namespaces" in FOOTNOTE_WIKIS.'
            )

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Yield what the feed has since *cursor*, a few minutes of it again; at first, everything."""
        now = self._now()
        if cursor is None:
            crawl = _Crawl(namespaces=self._namespaces())
            place = _Place(at=now, namespaces=self._namespaces(), crawl=crawl)
        else:
            place = self._place(cursor, now)
        if place.crawl is None:
            yield from self._feed(place, now)
            return
        for batch, after in self._crawled(place.crawl):
            place = place.model_copy(update={"crawl": after})
            yield Batch(batch, (), _cursor(place))
        yield from self._feed(place, now)

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page, namespace by namespace; that there is none at all is not believed."""
        is_empty = True
        for batch, _ in self._crawled(_Crawl(namespaces=self._namespaces())):
            is_empty = is_empty and not batch
            yield ListingPart(batch, is_complete=False)
        if is_empty:
            raise WikiUnavailable(f"The wiki {self._name!r} lists no page in any of {self._namespaces()}.")
        yield ListingPart((), is_complete=True)

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page as the wiki renders it, or why it could not be read."""
        rest = iter(refs)
        while some := list(islice(rest, ASKED_AT_ONCE)):
            ids = sorted({ref.page_id for ref in some if _is_number(ref.page_id)})
            said = {str(page.pageid): page for page in self._said("pageids", ids, "info|revisions")}
            for ref in some:
                yield self._page_or_failure(ref, said.get(ref.page_id, PageSaid(missing=True)))

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the address of a section of a page by the page's number, which leads there whatever it is called."""
        general = self._site().general
        return address_at(f"{self._api.address(general.server + general.script)}?curid={page_id}", anchor, quote)

    def _site(self) -> Site:
        if self._known_site is None:
            self._known_site = self._api.site()
        return self._known_site

    def _namespaces(self) -> tuple[int, ...]:
        found = sorted(one.id for one in self._site().namespaces.values() if one.content)
        return self._wanted or tuple(found)

    def _now(self) -> datetime:
        return _time(self._api.now(), self._name)

    def _place(self, cursor: Cursor, now: datetime) -> _Place:
        """Return the place that *cursor* names. Raises CursorExpired where the feed cannot be trusted since then."""
        try:
            place = _Place.model_validate_json(cursor)
        except ValidationError as error:
            raise CursorExpired(f"The cursor {cursor[:200]!r} of the wiki {self._name!r} is none of its.") from error
        if place.at.tzinfo is None or place.namespaces != self._namespaces():
            raise CursorExpired(f"The wiki {self._name!r} is read in other namespaces now.")
        if place.at > now:
            raise CursorExpired(f"The clock of the wiki {self._name!r} went back, from {place.at} to {now}.")
        if now - place.at > FEED_IS_SURE and not self._feed_reaches(place.at):
            raise CursorExpired(f"The wiki {self._name!r} forgot what was changed at {place.at}.")
        return place

    def _feed_reaches(self, at: datetime) -> bool:
        """Say whether the oldest row of the feed is from before *at*, so that none after it was forgotten."""
        piece = self._api.ask(Piece, **_FEED, rclimit="1")
        oldest = [_time(row.timestamp, self._name) for row in piece.query.recentchanges]
        return bool(oldest) and oldest[0] <= at

    def _feed(self, place: _Place, now: datetime) -> Iterator[Batch]:
        """Yield the rows of the feed that are not told yet, piece by piece, and at last an advanced cursor."""
        recent: dict[int, datetime] = {}
        start = _as_said(place.at - OVERLAP)
        has_news = False
        for piece in self._api.pieces(**_FEED, rclimit="max", rcstart=start):
            rows = [row for row in piece.query.recentchanges if row.rcid not in recent]
            recent |= {row.rcid: _time(row.timestamp, self._name) for row in rows}
            unseen = [row for row in rows if row.rcid not in place.seen]
            if unseen:
                has_news = True
                yield self._told(unseen, self._after(place, recent, min(max(recent.values()), now)))
        if has_news or now - place.at > FEED_IS_SURE / 2:
            yield Batch((), (), self._after(place.model_copy(update={"seen": ()}), recent, now))

    def _after(self, place: _Place, recent: dict[int, datetime], at: datetime) -> Cursor:
        """Return the cursor after the rows *recent*; what the overlap will show again is remembered.

        The rows seen before stay remembered as long as the feed has not come to them again.
        """
        at = max(at, place.at)
        told_again = {rcid for rcid, when in recent.items() if when >= at - OVERLAP}
        seen = told_again | (set(place.seen) - recent.keys())
        return _cursor(_Place(at=at, namespaces=place.namespaces, seen=tuple(sorted(seen))))

    def _told(self, rows: Sequence[Row], after: Cursor) -> Batch:
        """Return what became of the pages that *rows* name: each is asked for again, by id and by both its titles."""
        ids = {str(row.pageid) for row in rows if row.pageid}
        titles = {title for row in rows for title in (row.title, row.logparams.target_title) if title}
        by_id = self._said("pageids", sorted(ids))
        by_title = [page for page in self._said("titles", sorted(titles)) if not page.missing]
        pages = {page.pageid: page for page in (*by_title, *by_id) if page.pageid}
        changed = tuple(self._ref(page) for page in pages.values() if self._is_ours(page))
        removed = tuple(PageId(str(page.pageid)) for page in pages.values() if not self._is_ours(page))
        return Batch(changed, removed, after)

    def _said(self, by: str, values: Sequence[str], prop: str = "info") -> list[PageSaid]:
        """Return what the API says of pages, by `pageids`, of which each is answered for, or by `titles`."""
        found: list[PageSaid] = []
        for start in range(0, len(values), ASKED_AT_ONCE):
            some = values[start : start + ASKED_AT_ONCE]
            pieces = self._api.pages(action="query", prop=prop, rvprop="timestamp", **{by: "|".join(some)})
            pages = [page for batch, _ in pieces for page in batch]
            if by == "pageids" and not set(some) <= {str(page.pageid) for page in pages}:
                raise WikiUnavailable(f"The wiki {self._name!r} does not answer for every page it was asked about.")
            found.extend(pages)
        return found

    def _crawled(self, crawl: _Crawl) -> Iterator[tuple[tuple[PageRef, ...], _Crawl | None]]:
        """Yield every page that is still to come, with how far the crawl is after them: None at the end."""
        proceed = crawl.proceed
        for place, namespace in enumerate(crawl.namespaces):
            rest = crawl.namespaces[place + 1 :]
            params = _EVERY_PAGE | {"gapnamespace": str(namespace)} | proceed
            for pages, following in self._api.pages(**params):
                refs = tuple(self._ref(page) for page in pages if not page.redirect)
                after = _Crawl(namespaces=(namespace, *rest), proceed=following) if following else None
                yield refs, after or (_Crawl(namespaces=rest) if rest else None)
            proceed = {}

    def _is_ours(self, page: PageSaid) -> bool:
        return not (page.missing or page.redirect) and page.ns in self._namespaces()

    def _ref(self, page: PageSaid) -> PageRef:
        if not (page.pageid > 0 and page.lastrevid > 0 and page.touched):
            raise WikiUnavailable(f"The wiki {self._name!r} lists a page without its number or its revision.")
        return PageRef(PageId(str(page.pageid)), f"{page.lastrevid} {page.touched}", self._readers)

    def _page_or_failure(self, ref: PageRef, said: PageSaid) -> Page | PageFailure:
        if not self._is_ours(said):
            why = "The wiki has no such page any more, or made it a redirect."
            return PageFailure(ref.page_id, ref.stamp, why, FailureKind.GONE)
        try:
            return self._page(said)
        except NoSuchPage as reason:
            return PageFailure(ref.page_id, ref.stamp, f"The wiki says {reason}.", FailureKind.GONE)
        except _TooLong as reason:
            return PageFailure(ref.page_id, ref.stamp, str(reason))

    def _page(self, said: PageSaid) -> Page:
        parsed = self._api.ask(ParseAnswer, **_RENDERED, pageid=str(said.pageid)).parse
        if len(parsed.text) > MAX_PAGE_CHARACTERS:
            raise _TooLong(f"The page has {len(parsed.text)} characters, more than {MAX_PAGE_CHARACTERS}.")
        reading = read_body(_OLD_ANCHOR.sub("", parsed.text), parsed.title, AROUND_THE_TEXT)
        ref = self._ref(said)
        return Page(
            wiki=self._name,
            page_id=ref.page_id,
            title=reading.title,
            url=self.link(ref.page_id, "", ""),
            revision=str(parsed.revid),
            stamp=ref.stamp,
            updated_at=reading.reviewed_at or next((_time(one.timestamp, self._name) for one in said.revisions), None),
            readers=self._readers,
            text=reading.text,
            blocks=reading.blocks,
        )


_FEED = {
    "action": "query",
    "list": "recentchanges",
    "rcdir": "newer",
    "rctype": "edit|new|log",
    "rcprop": "ids|title|timestamp|loginfo",
}
_EVERY_PAGE = {
    "action": "query",
    "generator": "allpages",
    "gaplimit": "max",
    "gapfilterredir": "nonredirects",
    "prop": "info",
}
_RENDERED = {
    "action": "parse",
    "prop": "text|revid",
    "disablelimitreport": "1",
    "disableeditsection": "1",
    "disabletoc": "1",
}


class _TooLong(Exception):
    """A page is too long to be read."""


def _cursor(place: _Place) -> Cursor:
    return Cursor(place.model_dump_json(exclude_defaults=True))


def _is_number(page_id: PageId) -> bool:
    return page_id.isascii() and page_id.isdigit() and len(page_id) < 20


def _time(said: str, wiki: str) -> datetime:
    """Return the time that a wiki wrote as `2026-11-23T05:08:32Z`."""
    try:
        return datetime.strptime(said, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise WikiUnavailable(f"The wiki {wiki!r} writes a time as {said[:40]!r}.") from error


def _as_said(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
