"""Signed HTTP: what is not Slack's, or comes twice, does nothing."""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest
from slack_bolt import Ack, App

from bot.errors import SlackRefused, SlackUnavailable
from bot.slack.app import client_for
from bot.slack.web import MAX_BODY_BYTES, PATH, SECONDS_REMEMBERED, SeenSignatures, SlackWeb
from bot.workspace import Workspace
from bot.workspace.posting import sign
from tests.bot.slack.running import SIGNING_SECRET


class Counting:
    """A feature that counts what it is given."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def register(self, app: App) -> None:
        """Take `/count`."""
        app.command("/count")(self._count)

    def _count(self, ack: Ack, body: dict[str, str]) -> None:
        self.commands.append(body["text"])
        ack(f"number {len(self.commands)}")


@pytest.fixture
def feature() -> Counting:
    """Return a feature that has seen nothing."""
    return Counting()


@pytest.fixture
def web(workspace: Workspace, feature: Counting) -> Iterator[SlackWeb]:
    """Return a started web app."""
    web = SlackWeb(client_for(workspace.bot_token, workspace.api_url), SIGNING_SECRET, [feature], port=0)
    web.start()
    yield web
    web.close()


def post(web: SlackWeb, body: str, headers: dict[str, str], path: str = PATH) -> tuple[int, str]:
    """Post *body* and return status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(web.url).port, timeout=10)
    try:
        connection.request("POST", path, body.encode(), headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def form(text: str = "one") -> str:
    """Return a command's body."""
    return urlencode({"command": "/count", "text": text, "team_id": "T1", "user_id": "U1", "channel_id": "C1"})


def signed(body: str, secret: str = SIGNING_SECRET, at: float | None = None) -> dict[str, str]:
    """Return the headers of a form."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return kind | sign(secret, body, int(time.time() if at is None else at))


def test_signed_request_is_taken(web: SlackWeb, feature: Counting) -> None:
    """Its answer is in the response."""
    assert post(web, form(), signed(form())) == (200, "number 1")
    assert feature.commands == ["one"]


@pytest.mark.parametrize("how", ["wrong secret", "old", "from the future", "another body", "none"])
def test_forged_request_is_refused(web: SlackWeb, feature: Counting, how: str) -> None:
    """Nothing is done for who does not know the secret, or has kept an old request."""
    headers = {
        "wrong secret": signed(form(), "0" * 32),
        "old": signed(form(), at=time.time() - 301),
        "from the future": signed(form(), at=time.time() + 600),
        "another body": signed(form("two")),
        "none": {"Content-Type": "application/x-www-form-urlencoded"},
    }[how]

    assert post(web, form(), headers)[0] == 401
    assert feature.commands == []


def test_replayed_request_does_nothing(web: SlackWeb, feature: Counting) -> None:
    """Whoever has overheard one cannot have it done again."""
    headers = signed(form())
    post(web, form(), headers)

    assert post(web, form(), headers) == (200, "")
    assert feature.commands == ["one"]


def test_refused_request_may_come_again_signed(web: SlackWeb, feature: Counting) -> None:
    """A forger cannot use up a signature that Slack will send."""
    headers = signed(form())
    post(web, form("two"), headers)

    assert post(web, form(), headers)[0] == 200
    assert feature.commands == ["one"]


def test_oversized_request_is_refused_unread(web: SlackWeb) -> None:
    """No request can fill the memory."""
    body = "x" * (MAX_BODY_BYTES + 1)

    assert post(web, body, signed(body))[0] == 413


@pytest.mark.parametrize("path", ["/", "/slack/install", "/slack/events/", "/../etc/passwd"])
def test_there_is_one_address(web: SlackWeb, path: str) -> None:
    """Everything else is not found."""
    assert post(web, form(), signed(form()), path)[0] == 404


def test_address_is_confirmed_to_slack(web: SlackWeb) -> None:
    """Slack asks once, when the app is made."""
    body = json.dumps({"type": "url_verification", "challenge": "c-1"})

    status, answer = post(
        web, body, {"Content-Type": "application/json"} | sign(SIGNING_SECRET, body, int(time.time()))
    )

    assert (status, json.loads(answer)) == (200, {"challenge": "c-1"})


def test_connection_can_be_kept(web: SlackWeb, feature: Counting) -> None:
    """Proxies send one request after another over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(web.url).port, timeout=10)
    for text in ("one", "two", "three"):
        connection.request("POST", PATH, form(text).encode(), signed(form(text)))
        assert connection.getresponse().read()
    connection.close()

    assert feature.commands == ["one", "two", "three"]


def test_requests_are_taken_side_by_side(web: SlackWeb, feature: Counting) -> None:
    """Twenty at once are all answered."""
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda n: post(web, form(f"{n}"), signed(form(f"{n}")))[0], range(20)))

    assert answers == [200] * 20
    assert sorted(feature.commands, key=int) == [f"{n}" for n in range(20)]


@pytest.mark.parametrize("body", ["", "payload=%7B", "payload=%5B%5D", "\x00\xff", "payload=" + "%7B%22a%22%3A" * 500])
def test_odd_body_breaks_nothing(web: SlackWeb, feature: Counting, body: str) -> None:
    """It is refused or ignored, and the next request is taken."""
    post(web, body, signed(body))

    assert post(web, form(), signed(form()))[0] == 200
    assert feature.commands == ["one"]


def test_it_listens_on_this_machine_only(web: SlackWeb) -> None:
    """What stands between Slack and it is the operator's proxy."""
    assert urlsplit(web.url).hostname == "127.0.0.1"


def test_port_in_use_is_named(web: SlackWeb, workspace: Workspace) -> None:
    """The operator reads which setting to change."""
    taken = urlsplit(web.url).port or 0
    second = SlackWeb(client_for(workspace.bot_token, workspace.api_url), SIGNING_SECRET, [], taken)

    with pytest.raises(SlackUnavailable, match="FOOTNOTE_SLACK__HTTP_PORT"):
        second.start()

    second.close()


def test_wrong_bot_token_is_named(workspace: Workspace) -> None:
    """Before anything listens."""
    web = SlackWeb(client_for("xoxb-wrong", workspace.api_url), SIGNING_SECRET, [], 0)

    with pytest.raises(SlackRefused, match="FOOTNOTE_SLACK__BOT_TOKEN"):
        web.start()

    web.close()


def test_signatures_are_forgotten_in_time() -> None:
    """The memory does not grow."""
    now = [0.0]
    seen = SeenSignatures(lambda: now[0])
    seen.add("a")

    now[0] = SECONDS_REMEMBERED + 1

    assert not seen.has("a")
    assert seen._seen == {}
