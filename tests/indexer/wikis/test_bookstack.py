"""A BookStack is what the bot's account may view, listed whole each time or not at all."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.comparing import whole
from indexer.errors import WikiRefused, WikiUnavailable
from indexer.pages import EVERYONE_READS, FailureKind, Page, PageFailure, PageId, PageRef
from indexer.wikis.bookstack import BookStack
from indexer.wikis.http import Http
from indexer.wikis.patience import Patience
from tests.indexer.wikis.fake_bookstack import TOKEN, FakeBookStack
from tests.indexer.wikis.serving import PASSING_FAULTS, Asked, Fault, Loopback, json_reply, serving, transport_to


@pytest.fixture
def fake() -> FakeBookStack:
    """Give a wiki of two pages."""
    made = FakeBookStack()
    made.edit("VPN", "Intro.\n\n## Set up\n\nRestart <it>.")
    made.edit("Lunch", "At noon.")
    return made


@pytest.fixture
def server(fake: FakeBookStack) -> Iterator[Loopback]:
    """Serve it."""
    with serving(fake.answer) as loopback:
        yield loopback


def wiki_at(server: Loopback, token: str = TOKEN) -> BookStack:
    """Return the adapter."""
    http = Http("handbook", server.url, {"Authorization": token}, patience=Patience(lambda _: None))
    return BookStack("handbook", "https://wiki.test/", http, EVERYONE_READS)


def ids(wiki: BookStack) -> list[str]:
    """Return the ids of all pages there are."""
    return [ref.page_id for ref in whole(wiki.listing())]


def read(wiki: BookStack, page_id: str) -> Page | PageFailure:
    """Return one page, or why it cannot be read."""
    [fetched] = wiki.fetch([PageRef(PageId(page_id), "stamp")])
    return fetched


def test_page_has_all_that_a_citation_needs(server: Loopback) -> None:
    """Its anchors are BookStack's own, its address lasts when it is moved or renamed."""
    wiki = wiki_at(server)

    page = read(wiki, "1")

    assert isinstance(page, Page)
    assert (page.title, page.text) == ("VPN", "Intro.\n\n## Set up\n\nRestart <it>.")
    assert (page.url, page.revision) == ("https://wiki.test/link/1", "1")
    assert page.blocks[-1].anchor == "bkmrk-set-up"
    assert page.updated_at == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert page.readers == EVERYONE_READS
    assert {ref.page_id: ref.stamp for ref in whole(wiki.listing())}[page.page_id] == page.stamp
    assert wiki.link(page.page_id, "bkmrk-set-up", "Restart it").endswith("/link/1#bkmrk-set-up:~:text=Restart%20it")


def test_drafts_and_templates_are_no_pages(fake: FakeBookStack, server: Loopback) -> None:
    """The one is not said yet, the other says nothing."""
    fake.edit("Unfinished", "…", draft=True)
    fake.edit("Form", "…", template=True)
    wiki = wiki_at(server)

    assert ids(wiki) == ["1", "2"]
    for page_id in ("3", "4"):
        failure = read(wiki, page_id)
        assert isinstance(failure, PageFailure)
        assert failure.kind is FailureKind.GONE


@pytest.mark.parametrize("at_once", [1, 2, 3, 500])
def test_listing_is_whole_however_few_pages_come_at_once(fake: FakeBookStack, server: Loopback, at_once: int) -> None:
    """An admin may allow fewer than we ask for."""
    for number in range(5):
        fake.edit(f"Page {number}", "text")
    fake.at_once = at_once

    parts = list(wiki_at(server).listing())

    assert len(whole(parts)) == 7
    assert {part.expected for part in parts} == {7}


def test_page_deleted_while_we_list_hides_no_other(fake: FakeBookStack, server: Loopback) -> None:
    """Going by number and not by place, the rest does not move up past us."""
    for number in range(4):
        fake.edit(f"Page {number}", "text")
    fake.at_once = 2
    parts = wiki_at(server).listing()
    first = next(parts)
    fake.delete("VPN")

    listed = [ref.page_id for part in (first, *parts) for ref in part.pages]

    assert listed == ["1", "2", "3", "4", "5", "6"]


def test_edits_within_a_second_differ(fake: FakeBookStack, server: Loopback) -> None:
    """By the count of revisions; older BookStacks have the second only."""
    before = whole(wiki_at(server).listing())

    fake.edit("Lunch", "At one.")

    assert whole(wiki_at(server).listing())[1] != before[1]
    fake.tells_revisions = False
    fake.now += timedelta(seconds=1)
    before = whole(wiki_at(server).listing())
    fake.edit("Lunch", "At two.")
    assert whole(wiki_at(server).listing())[1] != before[1]


def test_what_the_account_may_not_view_is_not_there(fake: FakeBookStack, server: Loopback) -> None:
    """A right taken away acts at the next listing, and on a fetch at once."""
    fake.hidden.add(1)
    wiki = wiki_at(server)

    failure = read(wiki, "1")

    assert ids(wiki) == ["2"]
    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.GONE


@pytest.mark.parametrize("page_id", ["99", "x", "", "../users", "9" * 30])
def test_page_that_is_not_there_is_gone(server: Loopback, page_id: str) -> None:
    """Whatever id somebody managed to store, nothing else is asked for."""
    failure = read(wiki_at(server), page_id)

    assert isinstance(failure, PageFailure)
    assert failure.kind is FailureKind.GONE
    assert all(asked.path.startswith("/api/pages/9") for asked in server.asked)


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_what_passes_changes_nothing(fake: FakeBookStack, server: Loopback, fault: Fault) -> None:
    """Each request fails once."""
    fake.at_once = 1
    calls: list[Asked] = []

    def every_other(asked: Asked) -> Fault | None:
        calls.append(asked)
        return fault if len(calls) % 2 else None

    server.fault_for = every_other
    wiki = wiki_at(server)

    assert ids(wiki) == ["1", "2"]
    assert all(isinstance(page, Page) for page in wiki.fetch(whole(wiki.listing())))


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
@pytest.mark.parametrize("good", [0, 1])
def test_outage_at_any_moment_is_an_error(fake: FakeBookStack, server: Loopback, fault: Fault, good: int) -> None:
    """However many pages came before, no listing is complete."""
    fake.at_once = 1
    server.fault_for = lambda _: fault if len(server.asked) > good else None

    with pytest.raises(WikiUnavailable):
        ids(wiki_at(server))


PAGE = {"id": 1, "updated_at": "2026-03-01T12:00:00.000000Z"}
ODD_ANSWERS: dict[str, object] = {
    "nothing": {},
    "a list": [],
    "no total": {"data": [PAGE]},
    "nothing of many": {"data": [], "total": 7},
    "no page at all": {"data": [], "total": 0},
    "fewer in all than here": {"data": [PAGE], "total": 0},
    "the same again and again": {"data": [PAGE], "total": 2},
    "twice the same": {"data": [PAGE, PAGE], "total": 2},
    "a page without a date": {"data": [{"id": 1}], "total": 1},
    "a page without a number": {"data": [{"id": 0, "updated_at": "2026-03-01"}], "total": 1},
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS.keys())
def test_odd_answer_is_never_a_short_listing(server: Loopback, odd: object) -> None:
    """What does not add up is an error."""
    server.answer = lambda _: json_reply(odd)

    with pytest.raises(WikiUnavailable):
        ids(wiki_at(server))


def test_answer_about_another_page_is_not_taken(fake: FakeBookStack, server: Loopback) -> None:
    """A cache in between that mixes addresses up does not mix up pages."""
    good = fake.answer
    server.answer = lambda asked: good(Asked(asked.method, "/api/pages/2", asked.params, asked.headers))

    with pytest.raises(WikiUnavailable, match="page 2 for page 1"):
        read(wiki_at(server), "1")


def test_wrong_token_is_told_and_not_shown(server: Loopback) -> None:
    """The operator reads which setting to change."""
    with pytest.raises(WikiRefused, match="FOOTNOTE_WIKIS") as raised:
        wiki_at(server, "Token id:wrong-one").validate()

    assert "wrong-one" not in str(raised.value)


def test_account_that_sees_nothing_is_told(fake: FakeBookStack, server: Loopback) -> None:
    """A wiki that shows no page is not an empty wiki."""
    fake.hidden |= {1, 2}

    with pytest.raises(WikiUnavailable, match="no page"):
        wiki_at(server).validate()


DEEDS = st.lists(
    st.tuples(st.sampled_from(["edit", "delete", "restore", "hide", "show"]), st.sampled_from("ABC")), max_size=20
)


@settings(max_examples=40, deadline=None)
@given(deeds=DEEDS, at_once=st.integers(1, 3))
def test_listing_is_always_what_the_account_may_view(deeds: list[tuple[str, str]], at_once: int) -> None:
    """Whatever people do, and restored pages with their old dates too."""
    fake = FakeBookStack(at_once=at_once)
    fake.edit("Always there", "text")
    numbers: dict[str, int] = {}
    for deed, name in deeds:
        fake.now += timedelta(minutes=1)
        names = {page["name"] for page in fake.pages.values()}
        binned = {page["name"] for page in fake.bin.values()}
        if deed == "edit" and name not in binned:
            numbers[name] = fake.edit(name, f"text {fake.now}")
        elif deed == "delete" and name in names:
            fake.delete(name)
        elif deed == "restore" and name in binned:
            fake.restore(name)
        elif deed in {"hide", "show"} and name in numbers:
            fake.hidden ^= {numbers[name]}
    http = Http(
        "w", "http://w.test", {"Authorization": TOKEN}, patience=Patience(), transport=transport_to(fake.answer)
    )

    listed = ids(BookStack("w", "http://w.test", http, EVERYONE_READS))

    assert listed == [str(number) for number in sorted(fake.pages) if number not in fake.hidden]
