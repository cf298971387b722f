"""A visit to a wiki: the cursor, removals of every kind, failures, and rights that act at once."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from indexer.pages import FailureKind, Page, PageFailure, PageId, PageRef
from indexer.ports import Abilities, Vectors
from indexer.store.reading import FailureStatus
from tests.fakes_indexer import TELLS_ALL, TELLS_EDITS, FakeEmbedder, FakeWiki
from tests.indexer.conftest import SmallIndex, build_index

A_DAY = timedelta(days=1)


@pytest.fixture
def telling(tmp_path: Path) -> Iterator[SmallIndex]:
    """Give an index of a wiki that tells every change."""
    built = build_index(tmp_path, wiki=FakeWiki(abilities=TELLS_ALL))
    yield built
    built.catalogue.close()


@pytest.fixture
def coarse(tmp_path: Path) -> Iterator[SmallIndex]:
    """Give an index of a wiki that tells edits only, and whose listing is not to be trusted alone."""
    built = build_index(tmp_path, wiki=FakeWiki(abilities=TELLS_EDITS))
    yield built
    built.catalogue.close()


def test_only_what_changed_is_fetched(telling: SmallIndex) -> None:
    """An edit costs one fetch, however many pages there are, and is found in the same refresh."""
    _write_many(telling.wiki, 70)
    first = telling.refresh()
    telling.wiki.fetched.clear()
    telling.wiki.write("page-7", "This page is about zebras.")

    refreshed = telling.refresh()

    assert (first.new, refreshed.changed, refreshed.unchanged) == (70, 1, 69)
    assert telling.wiki.fetched == ["page-7"]
    assert telling.find("zebras")[0].page_id == "page-7"


def test_tombstone_acts_in_the_same_refresh(telling: SmallIndex) -> None:
    """Without a listing, and however many there are: the wiki itself says so."""
    _write_many(telling.wiki, 60)
    telling.refresh()
    telling.wiki.hidden = {PageId("page-59")}  # a listing would miss it

    telling.wiki.delete(*(f"page-{number}" for number in range(40)))
    refreshed = telling.refresh()

    assert (refreshed.removed, refreshed.passages, refreshed.held_back) == (40, 20, ())


def test_page_deleted_and_restored_between_two_polls_stays(telling: SmallIndex) -> None:
    """With its last text."""
    telling.wiki.write("vpn", "Restart the tunnel.")
    telling.refresh()
    telling.wiki.delete("vpn")
    telling.wiki.write("vpn", "Leave the tunnel.")

    telling.refresh()

    assert [hit.text for hit in telling.find("tunnel")] == ["Leave the tunnel."]


def test_missing_page_that_the_wiki_says_is_gone_goes_at_the_listing(coarse: SmallIndex) -> None:
    """A fetch confirms what the listing left out; until the day's listing nobody can know."""
    _write_many(coarse.wiki, 3)
    coarse.refresh()
    coarse.wiki.delete("page-1")

    early = coarse.refresh()
    coarse.clock.forward(A_DAY)
    late = coarse.refresh()

    assert (early.removed, late.removed, late.passages) == (0, 1, 2)


def test_page_that_a_listing_forgot_stays(coarse: SmallIndex) -> None:
    """A fetch finds it, so it is no deletion, however often the listing leaves it out."""
    _write_many(coarse.wiki, 3)
    coarse.refresh()
    coarse.wiki.hidden = {PageId("page-1")}

    removed = [coarse.refresh(listing=True).removed for _ in range(3)]

    assert removed == [0, 0, 0]
    assert "page-1" in coarse.found_pages("page")


def test_page_missing_twice_goes_without_a_confirmation(coarse: SmallIndex) -> None:
    """One that can be neither listed nor fetched is given the benefit of the doubt once; coming back forgives."""
    _write_many(coarse.wiki, 3)
    coarse.refresh()
    coarse.wiki.unreadable = {PageId("page-1"): "broken", PageId("page-2"): "broken"}
    coarse.wiki.hidden = {PageId("page-1"), PageId("page-2")}
    first = coarse.refresh(listing=True)
    coarse.wiki.hidden = {PageId("page-1")}
    second = coarse.refresh(listing=True)
    coarse.wiki.hidden = {PageId("page-2")}

    third = coarse.refresh(listing=True)

    assert (first.removed, second.removed, third.removed) == (0, 1, 0)


def test_listing_cut_short_removes_nothing(coarse: SmallIndex) -> None:
    """It is an outage with a sentence, and what it did list is taken in."""
    _write_many(coarse.wiki, 60)
    coarse.refresh()
    coarse.wiki.write("new", "This page is new.")
    coarse.wiki.lists_at_most = 5

    refreshed = coarse.refresh(listing=True)

    assert (refreshed.removed, refreshed.new, len(coarse.found_pages("page"))) == (0, 1, 61)
    assert "before it was complete" in refreshed.unavailable[0]


def test_wiki_that_lists_nothing_is_an_error_again_and_again(coarse: SmallIndex) -> None:
    """No number of empty listings makes the pages go."""
    _write_many(coarse.wiki, 3)
    coarse.refresh()
    coarse.wiki.hidden = {PageId(f"page-{number}") for number in range(3)}

    outcomes = [coarse.refresh(listing=True) for _ in range(3)]

    assert [(one.removed, len(one.unavailable)) for one in outcomes] == [(0, 1)] * 3
    assert len(coarse.found_pages("page")) == 3


def test_large_loss_waits_for_an_admin(coarse: SmallIndex) -> None:
    """The status says how many pages wait; the listing is looked at again each time until it is whole or accepted."""
    _write_many(coarse.wiki, 60)
    coarse.refresh()
    coarse.wiki.delete(*(f"page-{number}" for number in range(30)))

    held = coarse.refresh(listing=True)
    status = _status(coarse)
    again = coarse.refresh()
    accepted = coarse.refresh(accept_removals=True)

    assert (held.removed, again.removed, accepted.removed) == (0, 0, 30)
    assert (status, _status(coarse)) == (30, 0)
    assert "--accept-removals" in again.held_back[0]


def test_large_loss_is_not_asked_about_page_by_page(coarse: SmallIndex) -> None:
    """Once more are said to be gone than would be believed, the rest is not asked for."""
    _write_many(coarse.wiki, 60)
    coarse.refresh()
    coarse.wiki.delete(*(f"page-{number}" for number in range(50)))
    coarse.wiki.fetched.clear()

    coarse.refresh(listing=True)

    assert len(coarse.wiki.fetched) == 21


@pytest.mark.parametrize("count", [1, 30, 60])
def test_page_that_is_hidden_and_lets_us_in_no_more_is_closed_at_once(coarse: SmallIndex, count: int) -> None:
    """However many: a part of the wiki, or all of it, made private is no outage; the pages are kept, for nobody."""
    _write_many(coarse.wiki, 60)
    coarse.refresh()
    private = _Private(coarse.wiki, {PageId(f"page-{number}") for number in range(count)})
    through = build_index(coarse.catalogue.path.parent, wiki=private)

    refreshed = through.refresh(listing=True)
    closed = through.found_pages("page")
    private.hidden = set()
    through.clock.forward(A_DAY)
    through.refresh()

    assert refreshed.removed == 0
    assert len(closed) == 60 - count
    assert len(through.found_pages("page")) == 60
    through.catalogue.close()


def test_fetch_that_finds_everything_gone_is_not_believed(telling: SmallIndex) -> None:
    """A proxy that answers 404 for every page looks like a deletion of all of them."""
    _write_many(telling.wiki, 60)
    telling.refresh()
    for number in range(60):
        telling.wiki.touch(f"page-{number}")
    proxy = _Proxy(telling.wiki)
    through = build_index(telling.catalogue.path.parent, wiki=proxy)

    refreshed = through.refresh()

    assert refreshed.removed <= 20
    assert len(through.found_pages("page")) >= 40
    assert "answers for" in refreshed.held_back[0]
    through.catalogue.close()


class _Proxy(FakeWiki):
    """A wiki behind a proxy that finds no page any more."""

    def __init__(self, wiki: FakeWiki) -> None:
        super().__init__(abilities=wiki.abilities)
        self.__dict__.update(vars(wiki))

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Find nothing."""
        for ref in refs:
            yield PageFailure(ref.page_id, ref.stamp, "404", FailureKind.GONE)


def test_forgotten_cursor_leads_to_a_comparison_of_everything(telling: SmallIndex) -> None:
    """Edits and deletions from before the wiki's memory are found all the same, and only edits are fetched."""
    _write_many(telling.wiki, 5)
    telling.refresh()
    telling.wiki.write("page-1", "This page is about zebras.")
    telling.wiki.delete("page-2")
    telling.wiki.forgets_before = 100
    telling.wiki.fetched.clear()

    refreshed = telling.refresh()

    assert (refreshed.changed, refreshed.removed) == (1, 1)
    assert telling.wiki.fetched == ["page-1"]


def test_outage_midway_loses_and_repeats_nothing(telling: SmallIndex) -> None:
    """What was stored stays, the cursor stays behind what was not, and the next refresh fetches only the rest."""
    _write_many(telling.wiki, 80)
    telling.wiki.fails_after = 70
    broken = telling.refresh()
    telling.wiki.fails_after = None
    telling.wiki.fetched.clear()

    whole = telling.refresh()

    assert (broken.new, whole.new, len(telling.wiki.fetched)) == (64, 16, 16)
    assert len(telling.found_pages("page")) == 80


def test_failed_page_is_tried_again_though_the_cursor_passed_it(telling: SmallIndex) -> None:
    """By its own schedule; the others were not held up."""
    _write_many(telling.wiki, 3)
    telling.wiki.unreadable = {PageId("page-1"): "500"}
    first = telling.refresh()
    telling.wiki.unreadable = {}

    soon = telling.refresh()
    telling.clock.forward(timedelta(minutes=16))
    later = telling.refresh()

    assert [(one.new, one.failed) for one in (first, soon, later)] == [(2, 1), (0, 1), (1, 0)]


def test_page_that_the_wiki_did_not_answer_for_is_not_lost(telling: SmallIndex) -> None:
    """The cursor moves on, so what was asked for and not answered becomes a failure with a next try."""
    telling.wiki.write("vpn", "Restart the tunnel.")
    silent = build_index(telling.catalogue.path.parent, wiki=_Silent(telling.wiki))

    refreshed = silent.refresh()

    assert (refreshed.new, refreshed.failed) == (0, 1)
    assert "did not answer" in _failures(silent)[0].why
    silent.catalogue.close()


class _Silent(_Proxy):
    """A wiki that leaves pages out of its answer."""

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Answer nothing."""
        list(refs)
        yield from ()


def test_revoked_right_acts_before_anything_is_embedded(tmp_path: Path) -> None:
    """Rights that a change tells are written first: even when embedding the other pages fails, they hold."""
    index = build_index(tmp_path, _BrokenAfter(1), FakeWiki(abilities=TELLS_ALL))
    index.wiki.write("pay", "Salaries are secret.")
    index.refresh()
    index.wiki.write("lunch", "Lunch is at noon.")
    index.wiki.restrict("pay", ["hr"])
    index.wiki.fetched.clear()

    with pytest.raises(ZeroDivisionError):
        index.refresh()

    assert index.found_pages("salaries") == set()
    assert index.found_pages("salaries", ["hr"]) == {"pay"}
    assert index.wiki.fetched == ["lunch"]
    index.catalogue.close()


class _BrokenAfter(FakeEmbedder):
    """An embedder that breaks after some texts."""

    def __init__(self, texts: int) -> None:
        super().__init__()
        self._texts = texts

    def embed_passages(self, texts: Iterable[str]) -> Vectors:
        """Return vectors, or break."""
        if len(self.embedded) >= self._texts:
            raise ZeroDivisionError
        return super().embed_passages(list(texts))


@pytest.mark.parametrize("abilities", [TELLS_ALL, TELLS_EDITS])
def test_rights_known_only_by_a_fetch_act_in_the_same_refresh(tmp_path: Path, abilities: Abilities) -> None:
    """A wiki whose references do not say who may read costs a fetch, and no embedding."""
    index = build_index(tmp_path, wiki=FakeWiki(abilities=abilities))
    index.wiki.tells_readers = False
    index.wiki.write("pay", "Salaries are secret.")
    index.refresh()
    index.embedder.embedded.clear()
    index.wiki.restrict("pay", ["hr"])

    refreshed = index.refresh()

    assert (refreshed.changed, index.embedder.embedded) == (1, [])
    assert index.found_pages("salaries") == set()
    index.catalogue.close()


def test_page_whose_rights_may_have_changed_is_closed_until_it_can_be_read(telling: SmallIndex) -> None:
    """Where only a fetch tells who may read and it fails, nobody may; once it can be read, its readers may again."""
    telling.wiki.tells_readers = False
    telling.wiki.write("pay", "Salaries are secret.")
    telling.refresh()
    telling.wiki.restrict("pay", ["hr"])
    telling.wiki.unreadable = {PageId("pay"): "503"}

    telling.refresh()
    while_unreadable = telling.found_pages("salaries", ["hr", "everyone"])
    telling.wiki.unreadable = {}
    telling.clock.forward(timedelta(minutes=16))
    telling.refresh()

    assert while_unreadable == set()
    assert telling.found_pages("salaries", ["hr"]) == {"pay"}
    assert telling.found_pages("salaries") == set()


def test_page_that_lets_us_in_no_more_is_closed(telling: SmallIndex) -> None:
    """A 403 means that rights were taken away, whatever references say: nobody is answered from what we have."""
    telling.wiki.write("pay", "Salaries are secret.")
    telling.refresh()
    closed = build_index(telling.catalogue.path.parent, wiki=_Closed(telling.wiki))
    closed.wiki.write("pay", "Salaries are more secret.")

    closed.refresh()
    closed.refresh(listing=True)

    assert closed.found_pages("salaries", ["hr", "everyone"]) == set()
    assert closed.embedder.embedded == []
    closed.catalogue.close()


class _Closed(_Proxy):
    """A wiki that lists pages which it does not let us read."""

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Refuse."""
        for ref in refs:
            yield PageFailure(ref.page_id, ref.stamp, "403", FailureKind.CLOSED)


class _Private(_Proxy):
    """A wiki that neither lists some pages nor lets us read them."""

    def __init__(self, wiki: FakeWiki, hidden: set[PageId]) -> None:
        super().__init__(wiki)
        self.hidden = hidden

    def fetch(self, refs: Iterable[PageRef]) -> Iterator[Page | PageFailure]:
        """Refuse those, and no others."""
        for ref in refs:
            if ref.page_id in self.hidden:
                yield PageFailure(ref.page_id, ref.stamp, "403", FailureKind.CLOSED)
            else:
                yield from FakeWiki.fetch(self, [ref])


def test_every_layer_must_let_the_asker_in(telling: SmallIndex) -> None:
    """A child is never wider than its parent; an unknown layer lets nobody in; no empty layer is a layer."""
    telling.wiki.write("open", "Pages about zebras.")
    telling.wiki.write("narrow", "Pages about zebras.", readers=["staff"])
    telling.wiki.restrict("narrow", ["staff", "ann"], ["hr", "ann"])
    telling.wiki.write("unknown", "Pages about zebras.")
    telling.wiki.restrict("unknown")
    telling.wiki.write("shut", "Pages about zebras.")
    telling.wiki.restrict("shut", ["everyone"], [])
    telling.refresh()

    assert telling.found_pages("zebras") == {"open"}
    assert telling.found_pages("zebras", ["everyone", "staff"]) == {"open"}
    assert telling.found_pages("zebras", ["everyone", "hr"]) == {"open"}
    assert telling.found_pages("zebras", ["everyone", "staff", "hr"]) == {"open", "narrow"}
    assert telling.found_pages("zebras", ["ann"]) == {"narrow"}
    assert telling.found_pages("zebras", []) == set()


def test_filter_by_rights_never_yields_fewer_than_there_are(telling: SmallIndex) -> None:
    """Many nearer pages that are closed do not use up the places of the open ones."""
    for number in range(300):
        telling.wiki.write(f"closed-{number}", "zebra zebra zebra", readers=["hr"])
    for number in range(12):
        telling.wiki.write(f"open-{number}", f"zebra stripes and much else {number}")
    telling.refresh()

    hits = telling.find("zebra", 10)

    assert len(hits) == 10
    assert all(hit.page_id.startswith("open-") for hit in hits)


def _write_many(wiki: FakeWiki, count: int) -> None:
    """Write pages of one passage each."""
    for number in range(count):
        wiki.write(f"page-{number}", f"This page is number {number}.")


def _status(index: SmallIndex) -> int:
    """Return how many pages wait for an admin."""
    with index.catalogue.reading() as reading:
        return reading.wikis()[0].pending


def _failures(index: SmallIndex) -> list[FailureStatus]:
    with index.catalogue.reading() as reading:
        return reading.failures()
