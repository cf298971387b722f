"""A wiki is asked politely, again where that helps, and never half believed."""

import inspect
from collections.abc import Iterator

import httpx2
import pytest

from indexer.errors import WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.wikis import http
from indexer.wikis.http import Answer, Http, reader_of, retry_after
from indexer.wikis.patience import MAX_TRIES, MAX_WAIT_SECONDS, Patience, TryAgain
from tests.indexer.wikis.serving import PASSING_FAULTS, Fault, Loopback, Reply, busy, json_reply, serving

PAGES = {"pages": [f"Page {number}" for number in range(100)]}
read_pages = reader_of(dict[str, list[str]])


@pytest.fixture
def wiki() -> Iterator[Loopback]:
    """Give a server that lists a hundred pages."""
    with serving(lambda _: json_reply(PAGES)) as loopback:
        yield loopback


def patient(url: str, waits: list[float] | None = None, transport: httpx2.BaseTransport | None = None) -> Http:
    """Return a client that notes how long it would have waited, with the least of jitter."""
    return Http(
        "handbook",
        url,
        {},
        patience=Patience((waits if waits is not None else []).append, lambda: 0.0),
        transport=transport,
    )


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_what_passes_is_waited_out(wiki: Loopback, fault: Fault) -> None:
    """Whatever happened on the way, the whole answer comes in the end."""
    wiki.faults.extend([fault, fault])
    waits: list[float] = []

    found = patient(wiki.url, waits).get("/list", {"limit": "100"}, read_pages)

    assert found == PAGES
    assert len(waits) == 2
    assert [asked.params for asked in wiki.asked] == [{"limit": "100"}] * 3


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
def test_what_does_not_pass_is_an_error_and_never_a_short_list(wiki: Loopback, fault: Fault) -> None:
    """After the last try nothing is concluded."""
    wiki.fault_for = lambda _: fault

    with pytest.raises(WikiUnavailable, match=f"handbook.*{MAX_TRIES} tries"):
        patient(wiki.url).get("/list", {}, read_pages)

    assert len(wiki.asked) == MAX_TRIES


def test_waits_grow_unless_the_wiki_says_how_long(wiki: Loopback) -> None:
    """Twice as long each time, and as long as it asks, with something on top that differs between indexers."""
    wiki.faults.extend([busy(503), busy(503), busy(429, 7)])
    waits: list[float] = []

    patient(wiki.url, waits).get("/list", {}, read_pages)

    assert waits == [1.0, 2.0, 7.0]


def test_jitter_never_asks_before_its_time(wiki: Loopback) -> None:
    """A thousand indexers do not come back in the same instant, and none too early."""
    wiki.faults.append(busy(429, 7))
    waits: list[float] = []
    client = Http("handbook", wiki.url, {}, patience=Patience(waits.append, lambda: 0.5))

    client.get("/list", {}, read_pages)

    assert waits == [7.5]


def test_wiki_that_wants_to_be_left_alone_for_long_is(wiki: Loopback) -> None:
    """The refresh ends; the next one asks again."""
    wiki.faults.append(busy(429, int(MAX_WAIT_SECONDS) + 1))

    with pytest.raises(WikiUnavailable, match="left alone for 121 seconds"):
        patient(wiki.url).get("/list", {}, read_pages)

    assert len(wiki.asked) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "Mon, 23 Nov 2026 05:00:30 GMT", "date": "Mon, 23 Nov 2026 05:00:00 GMT"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 05:00:00 GMT", "date": "Mon, 23 Nov 2026 05:00:30 GMT"}, 0.0),
    ],
)
def test_retry_after_is_read_by_the_wikis_clock(headers: dict[str, str], seconds: float | None) -> None:
    """Ours may be hours off."""
    assert retry_after(headers) == seconds


def test_answer_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wiki cannot take the indexer's memory, compressed or not."""
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1000)
    with serving(lambda _: Reply(b"[" + b" " * 2000 + b"]")) as big:
        client = patient(big.url)

        with pytest.raises(WikiUnavailable, match="more than 1000 bytes"):
            client.get("/", {}, reader_of(list[str]))


def test_redirect_is_told_and_not_followed() -> None:
    """An account never goes to another host, nor a login page into the index."""
    with serving(lambda _: Reply(b"", 302, {"Location": "https://login.example/"})) as moved:
        client = patient(moved.url)

        with pytest.raises(WikiMisconfigured, match=r"https://login.example/.*FOOTNOTE_WIKIS"):
            client.get("/", {}, read_pages)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_account_is_told_with_its_cure(wiki: Loopback, status: int) -> None:
    """Asking again would not help."""
    wiki.faults.append(busy(status))

    with pytest.raises(WikiRefused, match="FOOTNOTE_WIKIS"):
        patient(wiki.url).get("/list", {}, read_pages)

    assert len(wiki.asked) == 1


def test_status_that_a_caller_knows_is_an_answer(wiki: Loopback) -> None:
    """A page that is gone is no outage; a list that is gone is."""
    wiki.fault_for = lambda _: busy(404)
    client = patient(wiki.url)

    assert client.get("/page/7", {}, lambda answer: answer.status, also=(404,)) == 404
    with pytest.raises(WikiUnavailable, match="status 404"):
        client.get("/list", {}, read_pages)


@pytest.mark.parametrize("url", ["ftp://wiki.example", "http://", "http://[::"])
def test_address_that_is_none_is_told_with_its_cure(url: str) -> None:
    """The operator reads which setting to change."""
    with pytest.raises(WikiMisconfigured, match="FOOTNOTE_WIKIS"):
        patient(url).get("/", {}, read_pages)


def errors_of_the_library() -> list[type[httpx2.RequestError]]:
    """Return every error that a request may raise."""
    found = [kind for _, kind in inspect.getmembers(httpx2, inspect.isclass) if issubclass(kind, httpx2.RequestError)]
    assert len(found) > 15
    return found


@pytest.mark.parametrize("kind", errors_of_the_library())
def test_every_error_of_the_library_becomes_ours(kind: type[httpx2.RequestError]) -> None:
    """Nobody above has to know which library asks."""

    def fail(request: httpx2.Request) -> httpx2.Response:
        raise kind("broken", request=request)

    with pytest.raises((WikiUnavailable, WikiMisconfigured)):
        patient("http://127.0.0.1:1", transport=httpx2.MockTransport(fail)).get("/", {}, read_pages)


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b'{"pages": [', b'{"pages": [1]}', b"\xff", b"[" * 100_000, b"<html>"]
)
def test_answer_of_another_form_is_not_trusted(content: bytes) -> None:
    """Neither cut JSON nor JSON of something else is read as a list."""
    with pytest.raises(TryAgain, match="bytes of"):
        read_pages(Answer(200, {}, content))


def test_asking_says_who_asks(wiki: Loopback) -> None:
    """The wiki's admins can see who reads so much."""
    patient(wiki.url).get("/list", {}, read_pages)

    assert wiki.asked[0].headers["user-agent"].startswith("Footnote/")


def test_reader_may_ask_again(wiki: Loopback) -> None:
    """Some wikis say that they are busy in an answer that looks well."""
    busy_once: list[float | None] = [4.0]
    waits: list[float] = []

    def read(answer: Answer) -> dict[str, list[str]]:
        if busy_once:
            raise TryAgain("busy", busy_once.pop())
        return read_pages(answer)

    assert patient(wiki.url, waits).get("/list", {}, read) == PAGES
    assert waits == [4.0]
