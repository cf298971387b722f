"""A MediaWiki is followed by its feed, asked again for what the feed names, and never taken for smaller than it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.comparing import whole
from indexer.errors import CursorExpired, WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.pages import EVERYONE_READS, FailureKind, Page, PageFailure, PageId, PageRef
from indexer.ports import Cursor
from indexer.wikis.http import Http
from indexer.wikis.mediawiki import MediaWiki
from indexer.wikis.mediawiki_api import Account, MediaWikiApi
from indexer.wikis.patience import MAX_TRIES, Patience
from tests.indexer.wikis.fake_mediawiki import FakeMediaWiki
from tests.indexer.wikis.serving import PASSING_FAULTS, Asked, Fault, Loopback, Reply, json_reply, serving, transport_to

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


class Followed:
    """A fake wiki on loopback, and an adapter that follows it; what was told is kept as a catalogue would."""

    server: Loopback

    def __init__(self, url: str, fake: FakeMediaWiki, transport: httpx2.BaseTransport | None = None) -> None:
        self._url = url
        self._transport = transport
        self.fake = fake
        self.waits: list[float] = []
        self.known: dict[PageId, str] = {}
        self.cursor: Cursor | None = None
        self.wiki = self.adapter()

    def adapter(self, path: str = "/w/", namespaces: tuple[int, ...] = (), account: Account | None = None) -> MediaWiki:
        """Return an adapter of its own, as another process would have it."""
        api = MediaWikiApi("handbook", self._url + path, account or Account(), self._http)
        return MediaWiki("handbook", api, namespaces, EVERYONE_READS)

    def poll(self) -> tuple[set[str], set[str]]:
        """Follow the feed; return the titles changed and the ids removed."""
        changed: set[str] = set()
        removed: set[str] = set()
        for batch in self.wiki.changes(self.cursor):
            changed |= {self._title(ref.page_id) for ref in batch.changed}
            removed |= set(batch.removed)
            self.known |= {ref.page_id: ref.stamp for ref in batch.changed}
            self.known = {page_id: stamp for page_id, stamp in self.known.items() if page_id not in batch.removed}
            self.cursor = batch.next
        return changed, removed

    def listed(self) -> dict[PageId, str]:
        """Return the stamps of a listing."""
        return {ref.page_id: ref.stamp for ref in whole(self.wiki.listing())}

    def titles(self) -> set[str]:
        """Return the titles that a listing has."""
        return {self._title(page_id) for page_id in self.listed()}

    def read(self, page_id: int | str) -> Page | PageFailure:
        """Return one page, or why it cannot be read."""
        [fetched] = self.wiki.fetch([PageRef(PageId(str(page_id)), "stamp")])
        return fetched

    def _http(self, base_url: str) -> Http:
        return Http(
            "handbook", base_url, {}, patience=Patience(self.waits.append, lambda: 0.0), transport=self._transport
        )

    def _title(self, page_id: PageId) -> str:
        return next(held.title for held in self.fake.pages.values() if str(held.pageid) == page_id)


@contextmanager
def following(fake: FakeMediaWiki | None = None) -> Iterator[Followed]:
    """Serve a wiki for a while."""
    fake = fake or FakeMediaWiki()
    with serving(fake.answer) as server:
        followed = Followed(server.url, fake)
        followed.server = server
        yield followed


@pytest.fixture
def followed() -> Iterator[Followed]:
    """Give a wiki of three pages that are meant to be read, and others, all told already."""
    with following() as made:
        made.fake.edit("VPN", "Restart it.")
        made.fake.edit("Lunch", "At noon.")
        made.fake.edit("Handbook:Leave", "28 days.")
        made.fake.edit("Talk:VPN", "Why?")
        made.fake.edit("Net", "#REDIRECT [[VPN]]")
        made.poll()
        made.fake.now += HOUR
        yield made


def test_pages_are_those_meant_to_be_read(followed: Followed) -> None:
    """By the wiki's own word on its namespaces; a redirect is no page."""
    assert followed.titles() == {"VPN", "Lunch", "Handbook:Leave"}
    assert set(followed.known) == set(followed.listed())


def test_namespaces_may_be_named(followed: Followed) -> None:
    """The operator knows better."""
    followed.wiki = followed.adapter(namespaces=(1,))

    assert followed.titles() == {"Talk:VPN"}


@pytest.mark.parametrize("splits", [False, True])
def test_long_listing_comes_in_pieces(followed: Followed, *, splits: bool) -> None:
    """Pages whose properties come only with the next piece are told once, with their revision."""
    for number in range(7):
        followed.fake.edit(f"Page {number}", "text")
    whole_listing = followed.listed()
    followed.fake.piece, followed.fake.splits_batches = 2, splits

    assert followed.listed() == whole_listing
    assert len(whole_listing) == 10


def test_page_has_all_that_a_citation_needs(followed: Followed) -> None:
    """Its address is by its number, its anchors are the wiki's own, its date is that of its last revision."""
    number = followed.fake.edit("VPN", "Intro.\n\n== Linux & co ==\n\nRestart <it>.")

    page = followed.read(number)

    assert isinstance(page, Page)
    assert (page.wiki, page.title, page.revision) == ("handbook", "VPN", "6")
    assert page.text == "Intro.\n\n## Linux & co\n\nRestart <it>."
    assert page.blocks[-1].anchor == "Linux_&_co"
    assert page.url == f"https://wiki.test/w/index.php?curid={number}"
    assert page.updated_at == datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
    assert page.readers == EVERYONE_READS
    assert followed.listed()[page.page_id] == page.stamp
    assert followed.wiki.link(page.page_id, "Linux_&_co", "Restart it").endswith(
        f"?curid={number}#Linux_%26_co:~:text=Restart%20it"
    )


def test_nothing_is_told_twice(followed: Followed) -> None:
    """The overlap brings the same rows again; they are known by their numbers."""
    followed.fake.edit("VPN", "Leave it.")

    assert followed.poll() == ({"VPN"}, set())
    assert followed.poll() == (set(), set())
    assert not list(followed.wiki.changes(followed.cursor))


def test_row_that_appears_late_is_told(followed: Followed) -> None:
    """A long transaction, or a server whose clock is behind, writes a row before one that was seen already."""
    followed.fake.edit("VPN", "Leave it.")
    followed.poll()
    followed.fake.now -= 5 * MINUTE

    followed.fake.edit("Lunch", "At one.")

    followed.fake.now += 6 * MINUTE
    assert followed.poll() == ({"Lunch"}, set())


def test_move_keeps_the_page(followed: Followed) -> None:
    """The feed names the old title and the redirect's number, so both titles are asked for."""
    before = dict(followed.known)
    followed.fake.move("VPN", "Remote access")

    changed, _ = followed.poll()

    assert changed == {"Remote access"}
    assert followed.known.keys() == before.keys()
    assert followed.known == followed.listed()


@pytest.mark.parametrize("leaves_redirect", [True, False])
def test_move_across_namespaces_comes_and_goes(followed: Followed, *, leaves_redirect: bool) -> None:
    """Into what is read, from what is not, and back; the feed's own filter would miss it."""
    followed.fake.move("VPN", "User:Ada/VPN", leaves_redirect=leaves_redirect)
    followed.fake.edit("User:Ada/Tea", "At four.")
    _, removed = followed.poll()
    gone = len(removed & set(followed.listed())) == 0 and len(followed.known) == 2
    followed.fake.now += HOUR
    followed.fake.move("User:Ada/Tea", "Handbook:Tea", leaves_redirect=leaves_redirect)

    changed, _ = followed.poll()

    assert gone
    assert changed == {"Handbook:Tea"}
    assert followed.known == followed.listed()


def test_deleted_page_is_removed_and_restored_page_comes_back(followed: Followed) -> None:
    """Its earlier rows vanish from the feed, and the deletion alone tells."""
    followed.fake.edit("VPN", "Leave it.")
    followed.fake.delete("VPN")
    _, removed = followed.poll()
    followed.fake.now += HOUR
    followed.fake.restore("VPN")

    changed, _ = followed.poll()

    assert removed >= {"1"}
    assert changed == {"VPN"}
    assert followed.known == followed.listed()


def test_page_that_becomes_a_redirect_is_gone(followed: Followed) -> None:
    """Merged into another page, it says nothing itself any more."""
    followed.fake.edit("Lunch", "#REDIRECT [[VPN]]")

    assert followed.poll() == (set(), {"2"})
    failure = followed.read(2)
    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.GONE


@pytest.mark.parametrize("page_id", ["99", "x", "", "1|2", "9" * 30])
def test_page_that_is_not_there_is_gone(followed: Followed, page_id: str) -> None:
    """Whatever id somebody managed to store, nothing else is asked for."""
    failure = followed.read(page_id)

    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.GONE


def test_crawl_goes_on_after_the_batch_that_was_kept(followed: Followed) -> None:
    """A kill costs one batch; what was edited or deleted meanwhile is told after it."""
    for number in range(6):
        followed.fake.edit(f"Page {number}", "text")
    followed.fake.piece = 2
    first, second, *_ = followed.wiki.changes(None)
    followed.known = {ref.page_id: ref.stamp for batch in (first, second) for ref in batch.changed}
    followed.cursor = second.next
    followed.fake.now += HOUR
    followed.fake.edit("Lunch", "At one.")
    followed.fake.delete("Page 0")
    followed.wiki = followed.adapter()

    followed.poll()

    assert followed.known == followed.listed()


def test_edit_during_a_crawl_is_told_after_it(followed: Followed) -> None:
    """The feed is read from when the crawl began, by the wiki's clock."""
    batches = followed.wiki.changes(None)
    first = next(batches)
    followed.fake.now += MINUTE
    followed.fake.edit("VPN", "Leave it.")

    rest = list(batches)

    stamps = {ref.page_id: ref.stamp for batch in (first, *rest) for ref in batch.changed}
    assert stamps == followed.listed()


@pytest.mark.parametrize("skew", [-2 * HOUR, 2 * HOUR, timedelta(days=-4000)])
def test_wikis_clock_is_the_only_one(skew: timedelta) -> None:
    """Ours may be two hours or eleven years off: it is never asked."""
    with following(FakeMediaWiki(now=datetime.now(UTC).replace(microsecond=0) + skew)) as followed:
        followed.fake.edit("VPN", "Restart it.")
        followed.poll()
        followed.fake.now += MINUTE
        followed.fake.edit("VPN", "Leave it.")

        assert followed.poll() == ({"VPN"}, set())


def test_clock_that_goes_back_makes_everything_be_compared(followed: Followed) -> None:
    """Two hours of edits would have times before the cursor's; and what has a time to come is not told for ever."""
    followed.fake.edit("Lunch", "At one.")
    followed.poll()
    followed.fake.now -= 2 * HOUR
    followed.fake.edit("VPN", "Leave it.")

    with pytest.raises(CursorExpired, match="went back"):
        followed.poll()

    followed.cursor = None
    followed.poll()
    followed.poll()
    assert followed.known == followed.listed()
    assert followed.poll() == (set(), set())
    followed.fake.now += MINUTE
    followed.fake.edit("VPN", "Restart it.")
    assert followed.poll() == ({"VPN"}, set())


def test_cursor_older_than_the_feed_has_expired(followed: Followed) -> None:
    """What was changed meanwhile may have been forgotten: everything is compared."""
    followed.fake.now += 40 * DAY
    followed.fake.edit("VPN", "Leave it.")
    followed.fake.now += 40 * DAY
    followed.fake.edit("Lunch", "At one.")
    followed.fake.forget(older_than=30 * DAY)

    with pytest.raises(CursorExpired, match="forgot"):
        followed.poll()


def test_wiki_without_edits_does_not_lose_its_cursor(followed: Followed) -> None:
    """For a quiet year the cursor moves on with the clock."""
    for _ in range(400):
        followed.fake.now += DAY - MINUTE
        followed.fake.forget(older_than=90 * DAY)
        assert followed.poll() == (set(), set())

    followed.fake.edit("VPN", "Leave it.")
    assert followed.poll() == ({"VPN"}, set())


@pytest.mark.parametrize("cursor", ["", "17", "{}", '{"at":"2026-03-01T12:00:00","namespaces":[0,3000]}'])
def test_cursor_that_is_not_ours_has_expired(followed: Followed, cursor: str) -> None:
    """One of another kind of wiki, or without a time zone."""
    with pytest.raises(CursorExpired):
        list(followed.wiki.changes(Cursor(cursor)))


def test_cursor_of_other_namespaces_has_expired(followed: Followed) -> None:
    """Pages of the new ones were never told."""
    followed.wiki = followed.adapter(namespaces=(0, 1))

    with pytest.raises(CursorExpired, match="namespaces"):
        followed.poll()


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_what_passes_at_any_moment_changes_nothing(fault: Fault) -> None:
    """Each request fails once, on every way there is: nothing is lost, nothing is removed."""
    with following(FakeMediaWiki(piece=2)) as followed:
        for number in range(5):
            followed.fake.edit(f"Page {number}", "text")
        followed.wiki.validate()
        seen: set[str] = set()

        def first_time(asked: Asked) -> Fault | None:
            key = f"{asked.path}{sorted(asked.params.items())}{len(followed.known)}"
            is_new = key not in seen
            seen.add(key)
            return fault if is_new else None

        followed.server.fault_for = first_time

        followed.poll()
        listed = followed.listed()
        pages = list(followed.wiki.fetch(PageRef(page_id, "s") for page_id in listed))

        assert len(listed) == 5
        assert followed.known == listed
        assert all(isinstance(page, Page) for page in pages)


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_outage_at_any_moment_is_an_error(fault: Fault) -> None:
    """Whichever request stays without a good answer, no listing is complete and no change is made up."""
    with following(FakeMediaWiki(piece=2)) as followed:
        for number in range(5):
            followed.fake.edit(f"Page {number}", "text")
        followed.poll()
        followed.fake.edit("Page 0", "more")
        followed.server.asked.clear()
        complete = followed.listed()
        requests = len(followed.server.asked)

        for good in range(requests):
            followed.server.asked.clear()
            followed.server.fault_for = lambda _, good=good: fault if len(followed.server.asked) > good else None  # type: ignore[misc]  # a default that binds
            with pytest.raises(WikiUnavailable):
                whole(followed.wiki.listing())
            followed.server.asked.clear()
            with pytest.raises(WikiUnavailable):
                list(followed.wiki.fetch([PageRef(page_id, "s") for page_id in complete]))


LATE_PAGE = {"pageid": 9, "ns": 3000, "title": "Handbook:Z", "lastrevid": 9, "touched": "2026-03-01T12:00:00Z"}
ODD_ANSWERS: dict[str, object] = {
    "nothing": {},
    "a list": [],
    "no more pages and no end": {"query": {"pages": []}},
    "a page and no end": {"query": {"pages": [LATE_PAGE]}},
    "the same again and again": {"continue": {"gapcontinue": "A", "continue": "||"}},
    "pages of the old format": {"batchcomplete": True, "query": {"pages": {"1": {"pageid": 1}}}},
    "pages without revision": {"batchcomplete": True, "query": {"pages": [{"pageid": 1, "ns": 0, "title": "VPN"}]}},
    "an unknown error": {"error": {"code": "unknown_thing", "info": "what?"}},
    "an error inside": {"error": {"code": "internal_api_error_DBQueryError", "info": "no"}},
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS.keys())
def test_odd_answer_is_never_a_short_listing(followed: Followed, odd: object) -> None:
    """What does not say that it is whole, or is not of the form we know, is an error."""
    good = followed.fake.answer
    is_last = {"gapnamespace": "3000"}.items()
    followed.server.answer = lambda asked: json_reply(odd) if is_last <= asked.params.items() else good(asked)

    with pytest.raises(WikiUnavailable):
        followed.listed()


def test_wiki_without_any_page_is_not_believed(followed: Followed) -> None:
    """Each namespace by itself may be empty."""
    followed.fake.pages.clear()

    with pytest.raises(WikiUnavailable, match="lists no page"):
        followed.listed()


def test_empty_piece_with_more_to_come_is_no_end(followed: Followed) -> None:
    """MediaWiki filters after it has cut: a piece may have nothing to show."""
    good = followed.fake.answer
    empty = json_reply({"batchcomplete": True, "continue": {"gapcontinue": "A", "continue": "gapcontinue||"}})

    def empty_first(asked: Asked) -> Reply:
        is_first = asked.params.get("generator") == "allpages" and "gapcontinue" not in asked.params
        return empty if is_first else good(asked)

    followed.server.answer = empty_first

    assert followed.titles() == {"VPN", "Lunch", "Handbook:Leave"}


def test_page_that_the_wiki_is_silent_about_is_not_gone(followed: Followed) -> None:
    """It was asked about and not answered for: that says nothing."""
    good = followed.fake.answer
    silent = json_reply({"batchcomplete": True, "query": {"pages": []}})
    followed.server.answer = lambda asked: silent if "pageids" in asked.params else good(asked)

    with pytest.raises(WikiUnavailable, match="answer for every page"):
        followed.read(1)
    followed.fake.edit("VPN", "Leave it.")
    with pytest.raises(WikiUnavailable, match="answer for every page"):
        followed.poll()


@pytest.mark.parametrize("code", ["maxlag", "ratelimited", "readonly"])
def test_busy_wiki_says_so_with_status_200_and_is_waited_for(followed: Followed, code: str) -> None:
    """As long as it asks."""
    body = {"error": {"code": code, "info": "Waiting for a database server: 7 seconds lagged."}}
    followed.server.faults.append(lambda _: json_reply(body, Retry_After="7"))

    assert len(followed.listed()) == 3
    assert followed.waits == [7.0]


def test_wiki_is_asked_not_to_answer_while_it_lags(followed: Followed) -> None:
    """So that a lagging copy does not tell that pages are missing."""
    followed.server.asked.clear()

    followed.listed()

    assert {asked.params["maxlag"] for asked in followed.server.asked} == {"5"}


@pytest.mark.parametrize("path", ["", "/", "/w", "/w/api.php", "/wiki/Main_Page", "/w/index.php"])
def test_any_address_of_the_wiki_will_do(followed: Followed, path: str) -> None:
    """Where people read it, or where its API is."""
    followed.wiki = followed.adapter(path)

    followed.wiki.validate()

    assert len(followed.listed()) == 3


def test_address_without_a_wiki_is_told_with_its_cure(followed: Followed) -> None:
    """The operator reads where we looked."""
    good = followed.fake.answer
    followed.server.answer = lambda asked: Reply(b"", 404) if asked.path == "/w/api.php" else good(asked)

    with pytest.raises(WikiMisconfigured, match=r"/wiki/api\.php.*FOOTNOTE_WIKIS"):
        followed.adapter("/wiki/Main_Page").validate()


def test_unknown_namespace_is_told_with_its_cure(followed: Followed) -> None:
    """With those there are."""
    with pytest.raises(WikiMisconfigured, match=r"no namespace 7; it has 0, 1, 2, 10, 3000.*FOOTNOTE_WIKIS"):
        followed.adapter(namespaces=(0, 7)).validate()


def test_private_wiki_is_read_with_a_bot_password(followed: Followed) -> None:
    """And asked to answer only while we are logged in."""
    followed.fake.is_private = True
    followed.wiki = followed.adapter(account=Account("Admin@idx", "secret"))

    assert len(followed.listed()) == 3
    assert {asked.params.get("assert") for asked in followed.server.asked[-2:]} == {"user"}


def test_lost_session_is_an_error_that_cures_itself(followed: Followed) -> None:
    """Logged out in the middle, the wiki would show less: it refuses, and we log in again."""
    followed.fake.is_private = True
    followed.wiki = followed.adapter(account=Account("Admin@idx", "secret"))
    followed.listed()
    followed.fake.sessions.clear()

    assert len(followed.listed()) == 3
    assert sum(asked.params.get("action") == "login" for asked in followed.server.asked) == 2


@pytest.mark.parametrize("account", [Account(), Account("Admin@idx", "wrong-one")])
def test_refused_account_is_told_and_not_shown(followed: Followed, account: Account) -> None:
    """The operator reads which setting to change."""
    followed.fake.is_private = True

    with pytest.raises(WikiRefused, match=r"bot password.*FOOTNOTE_WIKIS") as raised:
        followed.adapter(account=account).validate()

    assert "wrong-one" not in str(raised.value)


def test_wiki_that_logs_us_out_always_is_refused(followed: Followed) -> None:
    """Cookies that do not come through end in a sentence, not in a loop."""
    followed.fake.is_private = True
    good = followed.fake.answer

    def without_cookies(asked: Asked) -> Reply:
        reply = good(asked)
        return Reply(reply.body, reply.status, {"Content-Type": reply.headers["Content-Type"]})

    followed.server.answer = without_cookies

    with pytest.raises(WikiRefused, match="again and again"):
        followed.adapter(account=Account("Admin@idx", "secret")).validate()


TITLES = ["A", "B", "Handbook:C", "User:D"]
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["edit", "delete", "restore", "move", "move without redirect", "redirect", "poll", "wait"]),
        st.sampled_from(TITLES),
        st.sampled_from(TITLES),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(deeds=DEEDS, piece=st.integers(1, 5))
def test_told_changes_add_up_to_the_wiki(deeds: list[tuple[str, str, str]], piece: int) -> None:
    """Whatever people do, polled at whatever moment: the last poll knows just what a listing has."""
    fake = FakeMediaWiki(piece=piece)
    followed = Followed("http://wiki.test", fake, transport_to(fake.answer))
    fake.edit("Main Page", "always there")
    for deed in deeds:
        _do(followed, *deed)

    followed.poll()

    assert followed.known == followed.listed()
    assert not followed.waits


def _do(followed: Followed, deed: str, title: str, other: str) -> None:
    """Do it, if it can be done as the wiki is."""
    fake = followed.fake
    is_there = title in fake.pages
    match deed:
        case "edit":
            fake.edit(title, f"text {fake.now}")
        case "redirect":
            fake.edit(title, f"#REDIRECT [[{other}]]")
        case "delete" if is_there:
            fake.delete(title)
        case "restore" if title in fake.deleted and not is_there:
            fake.restore(title)
        case "move" | "move without redirect" if is_there and other not in fake.pages:
            fake.move(title, other, leaves_redirect=deed == "move")
        case "poll":
            followed.poll()
        case _:
            fake.now += MINUTE


def test_too_many_tries_are_not_made(followed: Followed) -> None:
    """An outage ends the refresh after half a minute of waiting."""
    followed.server.fault_for = lambda _: PASSING_FAULTS["503"]

    with pytest.raises(WikiUnavailable):
        followed.listed()

    assert len(followed.waits) == MAX_TRIES - 1
