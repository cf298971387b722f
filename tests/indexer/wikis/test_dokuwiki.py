"""A DokuWiki is listed as far as the account may read, and only what guests read is for everyone."""

from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.comparing import whole
from indexer.errors import WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.pages import (
    EVERYONE,
    EVERYONE_READS,
    NOBODY,
    FailureKind,
    Page,
    PageFailure,
    PageId,
    PageRef,
    Principal,
    Readers,
    may_read,
    readers,
)
from indexer.wikis import dokuwiki
from indexer.wikis.dokuwiki import DokuWiki
from indexer.wikis.dokuwiki_api import DokuWikiApi
from indexer.wikis.http import Http
from indexer.wikis.patience import Patience
from tests.indexer.wikis.fake_dokuwiki import BOT, FakeDokuWiki, _reply
from tests.indexer.wikis.serving import (
    PASSING_FAULTS,
    Asked,
    Fault,
    Loopback,
    Reply,
    busy,
    serving,
    transport_to,
)

STAFF = readers([Principal("staff")])


@pytest.fixture(params=[False, True], ids=["2022-07-31", "newer"])
def fake(request: pytest.FixtureRequest) -> FakeDokuWiki:
    """Give a wiki of three pages, one of them closed to guests."""
    made = FakeDokuWiki(is_modern=request.param, private={"hr"})
    made.edit("start", "====== Welcome ======\n\nIntro.\n\n===== Set up & co =====\n\nRestart <it>.")
    made.edit("lunch_menu", "At noon.")
    made.edit("hr:salaries", "Confidential.")
    return made


@pytest.fixture
def server(fake: FakeDokuWiki) -> Iterator[Loopback]:
    """Serve it."""
    with serving(fake.answer) as loopback:
        yield loopback


def wiki_at(
    server: Loopback,
    account: tuple[str, str] = BOT,
    namespaces: tuple[str, ...] = (),
    closed_for: Readers = STAFF,
    path: str = "/doku.php?id=start",
) -> DokuWiki:
    """Return the adapter."""
    http = partial(Http, "handbook", headers={}, patience=Patience(lambda _: None))
    api = DokuWikiApi("handbook", server.url + path, *account, lambda base_url: http(base_url=base_url))
    return DokuWiki("handbook", api, namespaces, closed_for)


def rights(wiki: DokuWiki) -> dict[str, Readers | None]:
    """Return who may read each page there is."""
    return {str(ref.page_id): ref.readers for ref in whole(wiki.listing())}


def read(wiki: DokuWiki, page_id: str, known_readers: Readers | None = None) -> Page | PageFailure:
    """Return one page, or why it cannot be read."""
    [fetched] = wiki.fetch([PageRef(PageId(page_id), "stamp", known_readers)])
    return fetched


def test_page_has_all_that_a_citation_needs(server: Loopback) -> None:
    """Its title is its first heading, its anchors are DokuWiki's own, its address works whatever the wiki shows."""
    wiki = wiki_at(server)

    page = read(wiki, "start", EVERYONE_READS)

    assert isinstance(page, Page)
    assert (page.title, page.text) == ("Welcome", "# Welcome\n\nIntro.\n\n## Set up & co\n\nRestart <it>.")
    assert (page.url, page.revision) == (f"{server.url}/doku.php?id=start", "1772366400")
    assert (page.blocks[-1].headings, page.blocks[-1].anchor) == (("Set up & co",), "set_up_co")
    assert page.updated_at is not None
    assert page.updated_at.isoformat() == "2026-03-01T12:00:00+00:00"
    assert page.readers == EVERYONE_READS
    link = wiki.link(PageId("hr:büro"), "set_up_co", "Restart it")
    assert link == f"{server.url}/doku.php?id=hr:b%C3%BCro#set_up_co:~:text=Restart%20it"


def test_page_without_a_heading_is_called_by_its_name(server: Loopback) -> None:
    """The last part of it, as people say it."""
    page = read(wiki_at(server), "lunch_menu")

    assert isinstance(page, Page)
    assert page.title == "lunch menu"


def test_what_guests_may_read_is_for_everyone_and_the_rest_for_whom_the_operator_says(server: Loopback) -> None:
    """A page whose readers were not told with it is for nobody."""
    wiki = wiki_at(server)

    assert rights(wiki) == {"hr:salaries": STAFF, "lunch_menu": EVERYONE_READS, "start": EVERYONE_READS}
    page = read(wiki, "start")
    assert isinstance(page, Page)
    assert page.readers == NOBODY


def test_nobody_reads_what_guests_may_not_unless_it_is_said_who(
    fake: FakeDokuWiki, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor anything, where guests may not ask; that is logged, for the operator would wonder."""
    wiki = wiki_at(server, closed_for=readers([]))

    assert not may_read(frozenset({EVERYONE}), rights(wiki)["hr:salaries"] or NOBODY)
    assert not caplog.records
    fake.guests_may_ask = False
    assert not any(may_read(frozenset({EVERYONE}), told or NOBODY) for told in rights(wiki).values())
    assert "no readers are named" in caplog.text


def test_namespace_made_private_is_closed_in_the_same_listing(fake: FakeDokuWiki, server: Loopback) -> None:
    """However many pages it has: they are listed as before, for others."""
    for number in range(50):
        fake.edit(f"it:page_{number}", "text")
    wiki = wiki_at(server)
    before = rights(wiki)
    fake.private.add("it")

    after = rights(wiki)

    assert before["it:page_7"] == EVERYONE_READS
    assert {after[f"it:page_{number}"] for number in range(50)} == {STAFF}


def test_listing_of_nothing_is_whole_and_said_out_loud(
    fake: FakeDokuWiki, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """A wiki made private as a whole looks like that; the pages that were there say that they are closed."""
    fake.pages = {"hr:salaries": fake.pages["hr:salaries"]}
    wiki = wiki_at(server, ("", ""))

    assert rights(wiki) == {}
    failure = read(wiki, "hr:salaries")
    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.CLOSED
    assert "no page" in caplog.text


def test_guest_reads_what_guests_may(fake: FakeDokuWiki, server: Loopback) -> None:
    """Without an account; what is closed later is gone from the listing, and a fetch says that it is closed."""
    wiki = wiki_at(server, ("", ""))
    wiki.validate()
    before = rights(wiki)
    fake.private.add("start")
    fake.edit("start:it", "text")
    closed = read(wiki, "hr:salaries")

    assert before == {"lunch_menu": EVERYONE_READS, "start": EVERYONE_READS}
    assert "start:it" not in rights(wiki)
    assert isinstance(closed, PageFailure)
    assert closed.kind is FailureKind.CLOSED
    assert "dokuwiki.login" not in fake.asked


def test_page_that_the_account_loses_is_closed_on_a_fetch(fake: FakeDokuWiki, server: Loopback) -> None:
    """And the page after it is fetched all the same."""
    wiki = wiki_at(server)
    fake.denied.add("start")

    closed, other = wiki.fetch([PageRef(PageId("start"), ""), PageRef(PageId("lunch_menu"), "")])

    assert isinstance(closed, PageFailure)
    assert closed.kind is FailureKind.CLOSED
    assert isinstance(other, Page)
    assert "start" not in rights(wiki)


def test_account_that_is_refused_midway_closes_no_page(server: Loopback) -> None:
    """An admin took the API away from everybody: nothing is concluded from it."""
    wiki = wiki_at(server)
    wiki.validate()
    server.fault_for = lambda asked: busy(403) if b"login" not in asked.body else None

    with pytest.raises(WikiRefused, match="remoteuser"):
        read(wiki, "start")


def test_session_that_ended_is_begun_again(fake: FakeDokuWiki, server: Loopback) -> None:
    """Who is taken for a guest is shown less, and not told: it is noticed, and no page is missing."""
    wiki = wiki_at(server)
    before = rights(wiki)
    fake.sessions.clear()
    listed = rights(wiki)
    fake.sessions.clear()
    page = read(wiki, "hr:salaries")

    assert listed == before
    assert isinstance(page, Page)
    assert fake.asked.count("dokuwiki.login") == 3


def test_account_that_no_login_keeps_is_an_error_and_no_short_listing(fake: FakeDokuWiki, server: Loopback) -> None:
    """As where a proxy drops the cookies."""
    server.answer = lambda asked: fake.answer(Asked(asked.method, asked.path, {}, _without_cookies(asked), asked.body))

    with pytest.raises(WikiUnavailable, match="for a guest right after the login"):
        rights(wiki_at(server))


def _without_cookies(asked: Asked) -> dict[str, str]:
    return {name: value for name, value in asked.headers.items() if name != "cookie"}


@pytest.mark.parametrize("page_id", ["nope", "", "Start", "../conf/users", "a\x00b"])
def test_page_that_is_not_there_is_gone(server: Loopback, page_id: str) -> None:
    """Whatever name somebody managed to store: the wiki takes some for another page, whose text is not taken."""
    failure = read(wiki_at(server), page_id)

    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.GONE


def test_page_deleted_between_two_questions_is_gone(fake: FakeDokuWiki, server: Loopback) -> None:
    """Newer DokuWikis say so; older ones render it as nothing, and the next listing knows."""
    good = fake.answer

    def deleting(asked: Asked) -> Reply:
        if b"getPageHTML" in asked.body:
            fake.delete("start")
        return good(asked)

    server.answer = deleting

    fetched = read(wiki_at(server), "start")

    assert isinstance(fetched, PageFailure) if fake.is_modern else isinstance(fetched, Page) and not fetched.text
    assert "start" not in rights(wiki_at(server))


def test_edits_within_a_second_differ(fake: FakeDokuWiki, server: Loopback) -> None:
    """By the hash of the source."""
    before = {ref.page_id: ref for ref in whole(wiki_at(server).listing())}
    fake.edit("lunch_menu", "At one.")

    after = whole(wiki_at(server).listing())

    assert [ref.page_id for ref in after if ref != before[ref.page_id]] == ["lunch_menu"]


def test_namespaces_are_read_with_what_is_below_them(fake: FakeDokuWiki, server: Loopback) -> None:
    """Each page once, however they overlap."""
    fake.edit("hr:leave:uk", "25 days.")
    fake.edit("hrx:other", "Another.")

    assert set(rights(wiki_at(server, namespaces=("hr",)))) == {"hr:leave:uk", "hr:salaries"}
    assert set(rights(wiki_at(server, namespaces=("hr", "hr:leave")))) == {"hr:leave:uk", "hr:salaries"}


def test_namespace_that_the_wiki_reads_as_another_is_told(server: Loopback) -> None:
    """DokuWiki takes `HR` for `hr`, and a name with no letter for the whole wiki: neither is what was meant."""
    with pytest.raises(WikiMisconfigured, match="small letters"):
        rights(wiki_at(server, namespaces=("HR",)))


def test_page_that_breaks_the_wiki_stops_no_other(server: Loopback) -> None:
    """A plugin that fails on one page is told; the refresh goes on."""
    server.fault_for = lambda asked: busy(500) if b"HTML" in asked.body and b"start" in asked.body else None

    broken, other = wiki_at(server).fetch([PageRef(PageId("start"), ""), PageRef(PageId("lunch_menu"), "")])

    assert isinstance(broken, PageFailure)
    assert broken.kind is FailureKind.UNREADABLE
    assert "status 500" in broken.why
    assert isinstance(other, Page)


def test_page_too_long_is_told(monkeypatch: pytest.MonkeyPatch, server: Loopback) -> None:
    """One page cannot take all the memory."""
    monkeypatch.setattr(dokuwiki, "MAX_PAGE_CHARACTERS", 10)

    failure = read(wiki_at(server), "lunch_menu")

    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.UNREADABLE
    assert "more than 10" in failure.why


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_what_passes_changes_nothing(server: Loopback, fault: Fault) -> None:
    """Each request fails once."""
    expected = rights(wiki_at(server))
    calls: list[Asked] = []

    def every_other(asked: Asked) -> Fault | None:
        calls.append(asked)
        return fault if len(calls) % 2 else None

    server.fault_for = every_other
    wiki = wiki_at(server)

    assert rights(wiki) == expected
    assert all(isinstance(page, Page) for page in wiki.fetch(whole(wiki.listing())))


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
@pytest.mark.parametrize("good", [0, 1, 2, 3, 4])
def test_outage_at_any_moment_is_an_error(server: Loopback, fault: Fault, good: int) -> None:
    """Login, listing, the guests' listing, a page: however much came before, nothing is listed short or gone."""
    server.fault_for = lambda _: fault if len(server.asked) > good else None
    wiki = wiki_at(server)

    with pytest.raises(WikiUnavailable):
        list(wiki.fetch(whole(wiki.listing())))


LISTED = {"id": "start", "rev": 1, "hash": "0" * 32}
ODD_ANSWERS: dict[str, object] = {
    "nothing": {},
    "a truth": True,
    "a struct": {"0": LISTED},
    "a page without a name": [LISTED | {"id": ""}],
    "a page without a date": [{"id": "start", "hash": "0" * 32}],
    "a date of before the wiki": [LISTED | {"rev": 0}],
    "a page without a hash": [LISTED | {"hash": ""}],
    "a name that is a number": [LISTED | {"id": 7}],
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS.keys())
def test_odd_answer_is_never_a_short_listing(server: Loopback, odd: object) -> None:
    """What is not as it should be is an error."""
    server.answer = lambda _: _reply(odd)

    with pytest.raises((WikiRefused, WikiUnavailable)):
        rights(wiki_at(server, ("", "")))


def test_login_that_is_answered_oddly_is_none(fake: FakeDokuWiki, server: Loopback) -> None:
    """Only the truth counts as one."""
    server.answer = lambda asked: _reply("yes") if b"dokuwiki.login" in asked.body else fake.answer(asked)

    with pytest.raises(WikiUnavailable, match="as no DokuWiki does"):
        wiki_at(server).validate()


def test_wrong_password_is_told_and_not_shown(server: Loopback) -> None:
    """The operator reads which setting to change."""
    with pytest.raises(WikiRefused, match="FOOTNOTE_WIKIS") as raised:
        wiki_at(server, ("footnote", "wrong-one")).validate()

    assert "wrong-one" not in str(raised.value)


def test_api_that_is_closed_or_switched_off_is_told_with_its_cure(fake: FakeDokuWiki, server: Loopback) -> None:
    """The operator reads what to ask the wiki's admin for."""
    fake.guests_may_ask = False
    with pytest.raises(WikiRefused, match=r"guests use its API.*remoteuser"):
        wiki_at(server, ("", "")).validate()
    with pytest.raises(WikiRefused, match=r"guests use its API.*remoteuser"):
        rights(wiki_at(server, ("", "")))
    fake.is_on = False
    with pytest.raises(WikiMisconfigured, match="switched off"):
        wiki_at(server).validate()


@pytest.mark.parametrize(
    "path", ["", "/", "/doku.php", "/doku.php?id=hr:leave&do=edit", "/?id=x", "/lib/exe/xmlrpc.php"]
)
def test_any_address_of_the_wiki_will_do(server: Loopback, path: str) -> None:
    """What is pasted from the browser."""
    wiki = wiki_at(server, path=path)

    wiki.validate()

    assert wiki.link(PageId("start"), "", "") == f"{server.url}/doku.php?id=start"


def test_address_of_no_dokuwiki_is_told(server: Loopback) -> None:
    """With the setting to correct."""
    with pytest.raises(WikiMisconfigured, match=r"no DokuWiki at .*FOOTNOTE_WIKIS"):
        wiki_at(server, path="/elsewhere/").validate()


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["edit", "delete", "close", "open", "deny", "allow", "end session"]), st.sampled_from("abc")
    ),
    max_size=20,
)


@settings(max_examples=40, deadline=None)
@given(deeds=DEEDS, is_modern=st.booleans())
def test_listing_is_always_what_may_be_read_and_by_whom(deeds: list[tuple[str, str]], is_modern: bool) -> None:  # noqa: FBT001  # hypothesis hands it over
    """Whatever people do: no page that guests may not read is for everyone."""
    fake = FakeDokuWiki(is_modern=is_modern)
    fake.edit("always", "text")
    http = partial(Http, "w", headers={}, patience=Patience(lambda _: None), transport=transport_to(fake.answer))
    api = DokuWikiApi("w", "http://w.test", *BOT, lambda base_url: http(base_url=base_url))
    wiki = DokuWiki("w", api, (), STAFF)
    for deed, name in deeds:
        fake.now += 60
        page = f"{name}:page"
        match deed:
            case "edit":
                fake.edit(page, f"text {fake.now}")
            case "delete":
                fake.delete(page)
            case "close":
                fake.private.add(name)
            case "open":
                fake.private.discard(name)
            case "deny":
                fake.denied.add(page)
            case "allow":
                fake.denied.discard(page)
            case "end session":
                fake.sessions.clear()

        listed = rights(wiki)

        shown = {one for one in fake.pages if fake.is_shown(one, to_bot=True)}
        assert listed == {one: EVERYONE_READS if fake.is_shown(one, to_bot=False) else STAFF for one in shown}
