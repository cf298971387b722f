"""A DokuWiki: all that the bot's account may read is listed each time, and what guests may read is for everyone.

Its feed of changes tells edits, but not that a right was taken away. The listing tells both, with the hash of each
page, in one request; what guests are shown, in another. A page's id is its name, `namespace:page`: one that is renamed
is another page.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote as percent_encoded

from indexer.errors import WikiMisconfigured, WikiUnavailable
from indexer.pages import EVERYONE_READS, NOBODY, FailureKind, Page, PageFailure, PageId, PageRef, Readers
from indexer.ports import Abilities, Batch, Cursor, ListingPart
from indexer.wikis.dokuwiki_api import Closed, DokuWikiApi, Listed, PageInfo
from indexer.wikis.html import read_body
from indexer.wikis.links import address_at

MAX_PAGE_CHARACTERS = 5_000_000  # of rendered HTML

AROUND_THE_TEXT = tuple(".fn_top .fn_bot #dw__toc .secedit .editbutton_section".split())
"""CSS selectors of what DokuWiki adds around the text."""

log = logging.getLogger(__name__)


class DokuWiki:
    """The pages of a DokuWiki's *namespaces* and below (none: of all); those closed to guests are for *readers*."""

    def __init__(self, name: str, api: DokuWikiApi, namespaces: Sequence[str], readers: Readers) -> None:
        self._name = name
        self._api = api
        self._namespaces = tuple(namespaces) or ("",)
        self._readers = readers

    @property
    def name(self) -> str:
        """The name from the settings, unique among the wikis."""
        return self._name

    @property
    def abilities(self) -> Abilities:
        """Only lists. A folder that its server cannot read is left out without a word, so a fetch must confirm it."""
        return Abilities(changes=False, removals=False, exact_listing=False)

    def validate(self) -> None:
        """Check that the account is let in and may use the API."""
        self._api.check()

    def changes(self, cursor: Cursor | None) -> Iterator[Batch]:
        """Not for DokuWiki, whose feed does not tell who may read."""
        raise AssertionError(f"{self._name} has no feed of changes to go on from {cursor}")

    def listing(self) -> Iterator[ListingPart]:
        """Yield every page there is at once; where that is none, whoever compares asks for those that were there."""
        pages = {page.id: page for namespace in self._namespaces for page in self._listed(namespace)}
        public = frozenset[str]().union(*map(self._api.names_for_guests, self._namespaces))
        if not pages:
            log.warning("the wiki lists no page that the bot's account may read", extra={"wiki": self._name})
        elif _is_nobody(self._readers) and public.isdisjoint(pages):
            log.warning("guests may read no page and no readers are named: all are closed", extra={"wiki": self._name})
        refs = tuple(
            PageRef(PageId(name), f"{page.rev} {page.hash}", EVERYONE_READS if name in public else self._readers)
            for name, page in sorted(pages.items())
        )
        yield ListingPart(refs, is_complete=True, expected=len(refs))

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Yield each page as the wiki renders it, or why it could not be read, in the order asked for."""
        for ref in refs:
            try:
                yield self._page_or_failure(ref)
            except Closed:
                self._api.check()  # it may be the account that is refused, not the page
                why = "The wiki does not let the bot's account read it."
                yield PageFailure(ref.page_id, ref.stamp, why, FailureKind.CLOSED)
            except WikiUnavailable as error:
                self._api.check()  # it may be the wiki that is away; a page that breaks it stops no other
                yield PageFailure(ref.page_id, ref.stamp, str(error))

    def link(self, page_id: PageId, anchor: str, quote: str) -> str:
        """Return the address of a section of a page, which works whatever addresses the wiki shows."""
        return address_at(f"{self._api.url}/doku.php?id={percent_encoded(page_id, safe=':')}", anchor, quote)

    def _listed(self, namespace: str) -> list[Listed]:
        """Return the pages of *namespace*. Raises WikiMisconfigured where the wiki takes it for another one."""
        pages = self._api.pages(namespace)
        if namespace and not all(page.id.startswith(f"{namespace}:") for page in pages):
            raise WikiMisconfigured(
                f"The DokuWiki {self._name!r} has no namespace {namespace!r} by just this name. Correct its "
                '"namespaces" in FOOTNOTE_WIKIS: they are small letters, as in the addresses of its pages.'
            )
        return pages

    def _page_or_failure(self, ref: PageRef) -> Page | PageFailure:
        info = self._api.info(ref.page_id)
        source = self._api.html(ref.page_id) if info is not None and info.name == ref.page_id else None
        if info is None or source is None:
            return PageFailure(ref.page_id, ref.stamp, "The wiki has no such page any more.", FailureKind.GONE)
        if len(source) > MAX_PAGE_CHARACTERS:
            why = f"The page has {len(source)} characters, more than {MAX_PAGE_CHARACTERS}."
            return PageFailure(ref.page_id, ref.stamp, why)
        return self._page(ref, info, source)

    def _page(self, ref: PageRef, info: PageInfo, source: str) -> Page:
        reading = read_body(source, "", AROUND_THE_TEXT)
        return Page(
            wiki=self._name,
            page_id=ref.page_id,
            title=reading.title or ref.page_id.rpartition(":")[2].replace("_", " "),
            url=self.link(ref.page_id, "", ""),
            revision=str(info.version),
            stamp=ref.stamp,
            updated_at=reading.reviewed_at or datetime.fromtimestamp(info.version, UTC),
            readers=ref.readers if ref.readers is not None else NOBODY,
            text=reading.text,
            blocks=reading.blocks,
        )


def _is_nobody(readers: Readers) -> bool:
    return not all(readers) or readers == NOBODY
