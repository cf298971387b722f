"""A Confluence is searched generously, and a page is for those only whom every rule above it lets in."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.comparing import whole
from indexer.errors import CursorExpired, WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.pages import EVERYONE, NOBODY, FailureKind, Page, PageFailure, PageId, PageRef, Readers, may_read
from indexer.ports import Cursor
from indexer.wikis.confluence import Confluence
from indexer.wikis.confluence_api import ConfluenceApi, Edition
from indexer.wikis.http import Http
from indexer.wikis.patience import Patience
from tests.fakes_indexer import as_readers
from tests.indexer.wikis.fake_confluence import BASIC, FakeConfluence
from tests.indexer.wikis.serving import PASSING_FAULTS, Asked, Fault, Loopback, Reply, json_reply, serving, transport_to

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EDITIONS = [Edition.CLOUD, Edition.DATA_CENTER]


class Followed:
    """A fake Confluence, an adapter that follows it, and what a catalogue would know of it."""

    def __init__(
        self, fake: FakeConfluence, url: str = "http://wiki.test", transport: httpx2.BaseTransport | None = None
    ) -> None:
        self.fake = fake
        self._url = url + ("/wiki" if fake.edition is Edition.CLOUD else "")
        self._transport = transport or (None if url != "http://wiki.test" else transport_to(fake.answer))
        self.known: dict[PageId, tuple[str, Readers | None]] = {}
        self.cursor: Cursor | None = None
        self.wiki = self.adapter()

    def adapter(self, *spaces: str, everyone_sees_spaces: bool = False, authorization: str = BASIC) -> Confluence:
        """Return an adapter of its own, as another process would have it."""
        headers = {"Authorization": authorization}
        patience = Patience(lambda _: None, lambda: 0.0)
        http = Http("handbook", self._url, headers, patience=patience, transport=self._transport)
        api = ConfluenceApi("handbook", self.fake.edition, http)
        return Confluence("handbook", self._url, api, spaces or ("OPS",), everyone_sees_spaces=everyone_sees_spaces)

    def poll(self) -> None:
        """Follow what was modified and thrown away."""
        for batch in self.wiki.changes(self.cursor):
            self.known |= {ref.page_id: (ref.stamp, ref.readers) for ref in batch.changed}
            self.known = {page_id: told for page_id, told in self.known.items() if page_id not in batch.removed}
            self.cursor = batch.next

    def listed(self) -> dict[PageId, tuple[str, Readers | None]]:
        """Return what a listing says."""
        return {ref.page_id: (ref.stamp, ref.readers) for ref in whole(self.wiki.listing())}

    def titles(self) -> set[str]:
        """Return the titles of what is known."""
        return {self.fake.pages[page_id].title for page_id in self.known}

    def readers_of(self, title: str) -> Readers | None:
        """Return whom a listing lets read a page, which is what a fetch says too."""
        page_id = PageId(self.fake.named(title).id)
        page = self.read(page_id)
        assert isinstance(page, Page)
        assert page.readers == self.listed()[page_id][1]
        return page.readers

    def read(self, page_id: str) -> Page | PageFailure:
        """Return one page, or why it cannot be read."""
        [fetched] = self.wiki.fetch([PageRef(PageId(page_id), "stamp")])
        return fetched


@pytest.fixture(params=EDITIONS)
def followed(request: pytest.FixtureRequest) -> Followed:
    """Give each edition, with two pages, all told already."""
    made = Followed(FakeConfluence(request.param))
    made.fake.edit("VPN", "<h2>Set up</h2><p>Restart it.</p>")
    made.fake.edit("Lunch", "<p>At noon.</p>")
    made.poll()
    made.fake.now += HOUR
    return made


@pytest.fixture(params=EDITIONS)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Followed, Loopback]]:
    """Give each edition on loopback, a page at a time."""
    fake = FakeConfluence(request.param, at_once=1)
    fake.edit("VPN", "<p>Restart it.</p>")
    fake.edit("Client", "<p>Install it.</p>", parent="VPN")
    with serving(fake.answer) as server:
        yield Followed(fake, server.url), server


def group(followed: Followed, name: str) -> str:
    """Return a group as a principal: by its number in Cloud."""
    return f"handbook:group:{'id-' if followed.fake.edition is Edition.CLOUD else ''}{name}"


def test_page_has_all_that_a_citation_needs(followed: Followed) -> None:
    """Its address is by its number and its anchors are those of its edition."""
    number = followed.fake.named("VPN").id

    page = followed.read(number)

    assert isinstance(page, Page)
    assert (page.title, page.text, page.revision) == ("VPN", "## Set up\n\nRestart it.", "1")
    assert page.url.endswith(f"/pages/viewpage.action?pageId={number}")
    assert page.blocks[-1].anchor == ("Set-up" if followed.fake.edition is Edition.CLOUD else "VPN-Setup")
    assert page.updated_at == datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
    assert page.stamp == followed.listed()[page.page_id][0]


@pytest.mark.parametrize("hours", [-12, -5, 0, 5.75, 14])
def test_edit_is_told_in_every_time_zone(hours: float) -> None:
    """CQL is read in the account's time zone and knows minutes; nothing falls between two polls."""
    followed = Followed(FakeConfluence(offset=timedelta(hours=hours)))
    followed.fake.edit("VPN", "<p>Restart it.</p>")
    followed.poll()
    for _ in range(3):
        followed.fake.now += timedelta(seconds=20)
        followed.fake.edit("VPN", f"<p>{followed.fake.now}</p>")
        followed.poll()

        assert followed.known == followed.listed()


@pytest.mark.parametrize("skew", [-2 * HOUR, 2 * HOUR, -4000 * DAY])
def test_wikis_clock_is_the_only_one(skew: timedelta) -> None:
    """Ours may be two hours or eleven years off: it is never asked."""
    followed = Followed(FakeConfluence(now=datetime.now(UTC).replace(microsecond=0) + skew))
    followed.fake.edit("VPN", "<p>Restart it.</p>")
    followed.poll()
    followed.fake.now += timedelta(seconds=1)
    followed.fake.edit("VPN", "<p>Leave it.</p>")

    followed.poll()

    assert followed.known == followed.listed()


def test_clock_that_goes_back_two_hours_hides_no_edit(followed: Followed) -> None:
    """The overlap is wider."""
    followed.fake.edit("Lunch", "<p>At one.</p>")
    followed.poll()
    followed.fake.now -= 2 * HOUR
    followed.fake.edit("VPN", "<p>Leave it.</p>")

    followed.poll()

    assert followed.known == followed.listed()


def test_page_that_the_search_finds_late_is_told(followed: Followed) -> None:
    """The index lags; another page was told meanwhile."""
    late = followed.fake.edit("Late", "<p>Here.</p>")
    followed.fake.unindexed.add(late)
    followed.fake.now += HOUR
    followed.fake.edit("Lunch", "<p>At one.</p>")
    followed.poll()
    followed.fake.unindexed.clear()

    followed.poll()

    assert "Late" in followed.titles()


def test_page_that_the_search_does_not_find_is_not_gone(followed: Followed) -> None:
    """It is asked for itself, and tried again."""
    number = followed.fake.named("VPN").id
    followed.fake.unindexed.add(number)

    failure = followed.read(number)

    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.UNREADABLE


def test_page_in_the_trash_is_told_as_gone_and_restored_it_is_listed(followed: Followed) -> None:
    """Neither has a new date; a fetch says the same."""
    number = PageId(followed.fake.named("VPN").id)
    followed.fake.set_status("VPN", "trashed")
    followed.poll()
    failure = followed.read(number)
    known = followed.titles()
    followed.fake.set_status("VPN", "current")

    listed = followed.listed()

    assert known == {"Lunch"}
    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.GONE
    assert number in listed


def test_archived_page_is_not_answered_from(followed: Followed) -> None:
    """The listing leaves it out and a fetch says that it is gone; Cloud tells it with the trash."""
    number = PageId(followed.fake.named("VPN").id)
    followed.fake.set_status("VPN", "archived")

    followed.poll()

    failure = followed.read(number)
    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.GONE
    assert number not in followed.listed()
    assert (number in followed.known) is (followed.fake.edition is Edition.DATA_CENTER)


@pytest.mark.parametrize("page_id", ["99", "x", "", "1) or (type = page", "9" * 30])
def test_page_that_is_not_there_is_gone(followed: Followed, page_id: str) -> None:
    """Whatever id somebody managed to store, nothing else is searched for."""
    failure = followed.read(page_id)

    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.GONE


def test_page_moved_to_a_space_that_is_not_read_is_not_told(followed: Followed) -> None:
    """The listing leaves it out, and a fetch does not read it."""
    number = followed.fake.named("VPN").id
    followed.fake.move("VPN", space="OTHER")

    assert PageId(number) not in followed.listed()
    assert isinstance(followed.read(number), PageFailure)


def test_broken_page_is_a_failure_and_the_next_is_read(followed: Followed) -> None:
    """One bad page does not stop the others."""
    followed.fake.edit("Broken", "<p>open")
    refs = whole(followed.wiki.listing())

    kinds = sorted(type(one).__name__ for one in followed.wiki.fetch(refs))

    assert kinds == ["Page", "Page", "PageFailure"]


def test_first_crawl_begins_again_where_it_was_cut(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a batch that was kept everything is told again; what is known costs nothing."""
    monkeypatch.setattr("indexer.wikis.confluence.BATCH", 1)
    followed.wiki = followed.adapter()
    first, *_ = followed.wiki.changes(None)
    followed.known, followed.cursor = {}, first.next

    followed.poll()

    assert followed.known == followed.listed()


@pytest.mark.parametrize("cursor", ["", "17", "{}", '{"at":"2026-03-01T12:00:00","spaces":["OPS"]}'])
def test_cursor_that_is_not_ours_has_expired(followed: Followed, cursor: str) -> None:
    """One of another kind of wiki, or without a time zone."""
    with pytest.raises(CursorExpired):
        list(followed.wiki.changes(Cursor(cursor)))


def test_cursor_of_other_spaces_has_expired(followed: Followed) -> None:
    """Pages of the new ones were never told."""
    followed.wiki = followed.adapter("OPS", "HR")

    with pytest.raises(CursorExpired, match="spaces"):
        followed.poll()


# Rights


def test_page_is_for_those_who_see_its_space(followed: Followed) -> None:
    """Groups and people that may view, not those that may write."""
    followed.fake.readers["OPS"] = {"group": ["staff"], "user": ["bob"]}

    bob = "handbook:user:bob" if followed.fake.edition is Edition.CLOUD else "handbook:user:key-bob"
    assert followed.readers_of("VPN") == as_readers([group(followed, "staff"), bob])


def test_restriction_and_those_above_all_count(followed: Followed) -> None:
    """A page opened wider than the page above it is for those only whom both let in."""
    followed.fake.edit("Salaries", "<p>a</p>", parent="VPN")
    followed.fake.edit("Bonus", "<p>b</p>", parent="Salaries")
    followed.fake.restrict("Salaries", groups={"hr"})
    followed.fake.restrict("Bonus", groups={"staff"}, users={"bob"})

    allowed = followed.readers_of("Bonus")

    assert allowed is not None
    staff, hr = group(followed, "staff"), group(followed, "hr")
    assert len(allowed) == 3
    for audience, may in (((staff,), False), ((hr,), False), ((staff, hr), True), ((EVERYONE,), False)):
        [counts_as] = as_readers(audience)
        assert may_read(counts_as, allowed) is may


def test_empty_restriction_inherits(followed: Followed) -> None:
    """It lets in whoever may read what is above, and not nobody."""
    followed.fake.restrict("VPN")

    assert followed.readers_of("VPN") == as_readers([group(followed, "staff")])


def test_ancestor_that_cannot_be_read_lets_nobody_in(followed: Followed) -> None:
    """Be it hidden, gone, or no page at all."""
    folder = followed.fake.edit("Folder", "<p>f</p>")
    followed.fake.edit("Inside", "<p>a</p>", parent="Folder")
    del followed.fake.pages[folder]

    allowed = followed.readers_of("Inside")

    assert allowed is not None
    assert frozenset() in allowed


def test_restriction_that_is_not_told_by_the_search_is_asked_for(followed: Followed) -> None:
    """Old Data Centers leave it out; where it may not be read, nobody may read the page."""
    followed.fake.tells_restrictions = False
    followed.fake.restrict("VPN", groups={"hr"})

    open_to_hr = followed.readers_of("VPN")
    followed.fake.closed.add(followed.fake.named("Lunch").id)
    closed = followed.readers_of("Lunch")

    assert open_to_hr == as_readers([group(followed, "staff")], [group(followed, "hr")])
    assert closed is not None
    assert frozenset() in closed


def test_restriction_told_in_part_lets_in_those_who_are_told(followed: Followed) -> None:
    """And never counts as one that names nobody."""
    followed.fake.restrict("VPN", groups={"a", "b", "c"})
    followed.fake.most_told = 2
    some = followed.readers_of("VPN")
    followed.fake.most_told = 0

    assert some == as_readers([group(followed, "staff")], [group(followed, "a"), group(followed, "b")])
    none = followed.readers_of("VPN")
    assert none is not None
    assert frozenset() in none


def test_rights_of_a_space_come_from_wherever_data_center_tells_them() -> None:
    """Its newer REST resource, the older call where that fails, and nobody where both are silent."""
    followed = Followed(FakeConfluence(Edition.DATA_CENTER))
    followed.fake.edit("VPN", "<p>a</p>")
    followed.fake.readers["OPS"] = {"group": ["staff"], "user": ["bob"], "anonymous": ["yes"]}
    told = [followed.readers_of("VPN")]
    for followed.fake.rest_rights in (403, 404, 500):
        told.append(followed.readers_of("VPN"))
    followed.fake.has_rpc = False
    told.append(followed.readers_of("VPN"))

    by_rpc = as_readers([EVERYONE, "handbook:group:staff", "handbook:user:bob"])
    assert told == [as_readers([EVERYONE, "handbook:group:staff", "handbook:user:key-bob"]), *[by_rpc] * 3, NOBODY]


def test_role_alone_lets_nobody_in() -> None:
    """Cloud's roles name nobody."""
    followed = Followed(FakeConfluence(Edition.CLOUD, readers={"OPS": {"role": ["everybody"]}}))
    followed.fake.edit("VPN", "<p>a</p>")

    assert followed.readers_of("VPN") == as_readers([])


def test_everyone_may_see_spaces_where_the_operator_says_so(followed: Followed) -> None:
    """Pages that are restricted stay restricted."""
    followed.wiki = followed.adapter(everyone_sees_spaces=True)
    followed.fake.restrict("VPN", groups={"hr"})

    assert followed.readers_of("Lunch") == as_readers([EVERYONE])
    assert followed.readers_of("VPN") == as_readers([EVERYONE], [group(followed, "hr")])


def test_changed_rights_show_in_the_listing_without_an_edit(followed: Followed) -> None:
    """The stamp stays, so nothing is fetched for it."""
    number = PageId(followed.fake.named("VPN").id)
    before = followed.listed()[number]

    followed.fake.restrict("VPN", groups={"hr"})

    after = followed.listed()[number]
    assert after[0] == before[0]
    assert after[1] != before[1]


# Faults


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_what_passes_changes_nothing(served: tuple[Followed, Loopback], fault: Fault) -> None:
    """Every other request fails, on every way there is; a space's 500 alone has a meaning of its own."""
    followed, server = served
    calls: list[Asked] = []

    def every_other(asked: Asked) -> Fault | None:
        calls.append(asked)
        has_meaning = asked.path.endswith(("/permissions", "/confluenceservice-v2"))
        return fault if len(calls) % 2 and not has_meaning else None

    server.fault_for = every_other
    followed.poll()
    listed = followed.listed()
    pages = list(followed.wiki.fetch(PageRef(page_id, "s") for page_id in listed))

    assert followed.known == listed
    assert len(listed) == 2
    assert all(isinstance(page, Page) and page.readers for page in pages)


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
@pytest.mark.parametrize("good", range(3))
def test_outage_at_any_moment_is_an_error(served: tuple[Followed, Loopback], fault: Fault, good: int) -> None:
    """However much came before, no listing is complete, and nothing is told as changed or gone."""
    followed, server = served
    followed.wiki.validate()
    followed.poll()
    asks: list[Callable[[], object]] = [followed.listed, lambda: list(followed.wiki.changes(followed.cursor))]
    for ask in asks:
        server.asked.clear()
        server.fault_for = lambda asked: (
            fault if len(server.asked) > good and not asked.path.endswith("confluenceservice-v2") else None
        )
        try:
            ask()
        except WikiUnavailable:
            continue
        assert all("/permissions" in asked.path or "/rpc/" in asked.path for asked in server.asked[good:])


ODD_ANSWERS: dict[str, object] = {
    "nothing": {},
    "a list": [],
    "no results": {"_links": {}},
    "a page without a version": {"results": [{"id": "1", "type": "page", "status": "current", "title": "x"}]},
    "the same again and again": {"results": [], "_links": {"next": "/rest/api/content/search?cursor=x"}},
    "an error with status 200": {"statusCode": 500, "message": "no"},
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS.keys())
def test_odd_answer_is_never_a_short_listing(followed: Followed, odd: object) -> None:
    """What is not of the form we know, or has no end, is an error."""
    good = followed.fake.answer
    answers = transport_to(lambda asked: json_reply(odd) if asked.path.endswith("/search") else good(asked))
    followed = Followed(followed.fake, transport=answers)

    with pytest.raises(WikiUnavailable):
        followed.listed()


def test_page_without_ancestors_told_is_not_open(followed: Followed) -> None:
    """Where Confluence leaves out what is above a page, its readers are not known, and nothing is concluded."""
    good = followed.fake.answer

    def without_ancestors(asked: Asked) -> Reply:
        reply = good(asked)
        return Reply(reply.body.replace(b'"ancestors"', b'"elders"'), reply.status, reply.headers)

    followed = Followed(followed.fake, transport=transport_to(without_ancestors))

    with pytest.raises(WikiUnavailable, match="ancestors"):
        followed.listed()


def test_empty_part_with_more_to_come_is_no_end(followed: Followed) -> None:
    """Confluence filters by rights after it has cut."""
    good = followed.fake.answer
    name = "cursor=at-" if followed.fake.edition is Edition.CLOUD else "start="
    empty = json_reply({"results": [], "_links": {"next": f"/rest/api/content/search?{name}0"}})

    def empty_first(asked: Asked) -> Reply:
        is_first = asked.path.endswith("/search") and not {"cursor", "start"} & asked.params.keys()
        return empty if is_first else good(asked)

    followed = Followed(followed.fake, transport=transport_to(empty_first))

    assert len(followed.listed()) == 2


@pytest.mark.parametrize("space", ["NOPE", "OLD"])
def test_wrong_space_is_told_and_never_an_empty_wiki(followed: Followed, space: str) -> None:
    """Unknown, hidden or archived: the operator reads which."""
    for ask in (followed.adapter("OPS", space).validate, lambda: whole(followed.adapter("OPS", space).listing())):
        with pytest.raises(WikiMisconfigured, match=f"space {space} .*FOOTNOTE_WIKIS"):
            ask()


def test_wrong_token_is_told_and_not_shown(followed: Followed) -> None:
    """The operator reads which setting to change."""
    with pytest.raises(WikiRefused, match="FOOTNOTE_WIKIS") as raised:
        followed.adapter(authorization="Bearer wrong-one").validate()

    assert "wrong-one" not in str(raised.value)


TITLES = ["A", "B", "C"]
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["edit", "trash", "restore", "restrict", "open", "move", "poll", "wait"]),
        st.sampled_from(TITLES),
        st.sampled_from(TITLES),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(deeds=DEEDS, edition=st.sampled_from(EDITIONS), at_once=st.integers(1, 4))
def test_nobody_may_read_more_than_the_wiki_lets_them(
    deeds: list[tuple[str, str, str]], edition: Edition, at_once: int
) -> None:
    """Whatever people do: a listing has the pages that are current, each for those whom the whole path lets in."""
    followed = Followed(FakeConfluence(edition, at_once=at_once))
    for deed, title, other in deeds:
        _do(followed, deed, title, other)
    followed.poll()

    listed = followed.listed()

    fake = followed.fake
    assert set(listed) == {page.id for page in fake.pages.values() if page.status == "current"}
    assert set(followed.known) >= {page.id for page in fake.pages.values() if page.status == "current"} - restored(
        deeds, fake
    )
    for page_id, (_, allowed) in listed.items():
        path = [fake.pages[page_id], *(fake.pages[above] for above in fake._above(fake.pages[page_id]))]
        restrictions = {frozenset({group(followed, one) for one in page.groups}) for page in path if page.groups}
        assert allowed == as_readers([group(followed, "staff")], *restrictions)


def restored(deeds: list[tuple[str, str, str]], fake: FakeConfluence) -> set[str]:
    """Return pages that came out of the trash: their date is old, so a listing finds them."""
    titles = {title for deed, title, _ in deeds if deed == "restore"}
    return {page.id for page in fake.pages.values() if page.title in titles}


def _do(followed: Followed, deed: str, title: str, other: str) -> None:
    """Do it, if it can be done as the wiki is."""
    fake = followed.fake
    fake.now += timedelta(minutes=7)
    page = next((page for page in fake.pages.values() if page.title == title), None)
    above = next((page for page in fake.pages.values() if page.title == other), None)
    if deed == "edit" and (page is None or page.status == "current"):
        fake.edit(title, f"<p>{fake.now}</p>")
    elif deed == "poll":
        followed.poll()
    elif page is not None and deed in {"trash", "restore"}:
        fake.set_status(title, "trashed" if deed == "trash" else "current")
    elif page is not None and deed in {"restrict", "open"}:
        fake.restrict(title, groups={f"g-{other}"} if deed == "restrict" else None)
    elif page and above and deed == "move" and page.id not in {above.id, *fake._above(above)}:
        fake.move(title, parent=other)
    else:
        fake.now += 40 * HOUR
