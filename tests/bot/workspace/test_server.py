"""The HTTP surface: encodings, tickets, the page, and who is let in."""

import asyncio
import http.client
import json
import re
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse
from slack_sdk import WebClient

from bot.workspace import DEFAULT_SCOPES, Workspace
from bot.workspace import control as control_module
from tests.bot.workspace.asking import Json, error, section

PAGE = Path(control_module.__file__).parent / "page"


def send(
    workspace: Workspace, verb: str, path: str, body: str = "", **headers: str
) -> tuple[int, str, http.client.HTTPMessage]:
    """Send one request, with underscores in header names read as hyphens."""
    connection = http.client.HTTPConnection(urlsplit(workspace.address).netloc)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(verb, path, body.encode() or None, named)
    response = connection.getresponse()
    result = response.status, response.read().decode(), response.headers
    connection.close()
    return result


def bearer(workspace: Workspace) -> dict[str, str]:
    """Return the header with the bot's token."""
    return {"Authorization": f"Bearer {workspace.bot_token}"}


def control(workspace: Workspace, deed: str, body: Json, **headers: str) -> tuple[int, Json]:
    """Make one of the page's calls."""
    query = urlsplit(workspace.page_url).query
    headers.setdefault("Content_Type", "application/json")
    status, answer, _ = send(workspace, "POST", f"/control/{deed}?{query}", json.dumps(body), **headers)
    return status, json.loads(answer) if answer.startswith("{") else {}


def test_form_with_nested_json_means_the_same_as_json(workspace: Workspace) -> None:
    """Blocks arrive as a string in a form, the token as a field."""
    blocks = json.dumps([section("Hello")])
    form = urlencode({"token": workspace.bot_token, "channel": "C0GENERAL", "text": "x", "blocks": blocks})

    _, form_answer, _ = send(
        workspace, "POST", "/api/chat.postMessage", form, Content_Type="application/x-www-form-urlencoded"
    )
    arguments = json.dumps({"channel": "C0GENERAL", "text": "x", "blocks": [section("Hello")]})
    _, json_answer, _ = send(
        workspace,
        "POST",
        "/api/chat.postMessage",
        arguments,
        Content_Type="application/json; charset=utf-8",
        **bearer(workspace),
    )

    assert json.loads(form_answer)["ok"]
    assert json.loads(json_answer)["ok"]
    first, second = workspace.messages("#general")
    assert first.blocks[0]["text"] == second.blocks[0]["text"]
    assert workspace.calls()[0].arguments == workspace.calls()[1].arguments


def test_empty_json_body_and_query_string_are_read(workspace: Workspace) -> None:
    """A POST without arguments is application/json with nothing in it; GET puts all in the address."""
    _, posted, _ = send(workspace, "POST", "/api/auth.test", Content_Type="application/json", **bearer(workspace))
    _, got, _ = send(workspace, "GET", "/api/users.info?user=U0MAYA", **bearer(workspace))

    assert json.loads(posted)["ok"]
    assert json.loads(got)["user"]["real_name"] == "Maya Okafor"


@pytest.mark.parametrize(("body", "expected"), [("{", "invalid_json"), ("[]", "json_not_object")])
def test_broken_json_is_refused_by_name(workspace: Workspace, body: str, expected: str) -> None:
    """A body that is no object is Slack's error, not a crash."""
    _, answer, _ = send(workspace, "POST", "/api/auth.test", body, Content_Type="application/json", **bearer(workspace))

    assert json.loads(answer)["error"] == expected


def test_ticket_opens_one_connection(workspace: Workspace) -> None:
    """A made-up ticket, a used one and an old one open nothing."""
    app_level = WebClient(workspace.app_token, base_url=workspace.api_url)
    link = urlsplit(app_level.apps_connections_open(app_token=workspace.app_token)["url"])
    workspace.advance(31)

    assert send(workspace, "GET", "/link/?ticket=made-up")[0] == 408
    assert send(workspace, "GET", f"{link.path}?{link.query}")[0] == 408
    assert link.scheme == "ws"


def test_server_listens_on_this_machine_only(workspace: Workspace) -> None:
    """The listening socket has the loopback address and no other."""
    listener = workspace._server._listener

    assert listener.getsockname() == ("127.0.0.1", urlsplit(workspace.address).port)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_foreign_pages_are_kept_out_everywhere(workspace: Workspace, headers: dict[str, str]) -> None:
    """A web page can neither rebind a name to us nor post across sites."""
    query = urlsplit(workspace.page_url).query

    assert send(workspace, "GET", f"/?{query}", **headers)[0] == 403
    assert send(workspace, "POST", "/api/auth.test", **headers, **bearer(workspace))[0] == 403
    assert control(workspace, "disconnect", {}, **headers)[0] == 403


def test_page_needs_the_token_of_its_address(workspace: Workspace) -> None:
    """Without the token there is no page, no state and no deed."""
    query = urlsplit(workspace.page_url).query

    assert send(workspace, "GET", f"/?{query}")[0] == 200
    assert send(workspace, "GET", "/")[0] == 403
    assert send(workspace, "GET", "/control/live?token=guess")[0] == 403
    assert send(workspace, "GET", "/control/file/F1?token=guess")[0] == 403
    assert send(workspace, "POST", "/control/say?token=", "{}", Content_Type="application/json")[0] == 403


def test_page_loads_nothing_from_elsewhere(workspace: Workspace) -> None:
    """The policy allows this server alone, no inline script, no frame; the page says what it is not."""
    query = urlsplit(workspace.page_url).query

    _, page, headers = send(workspace, "GET", f"/?{query}")
    named = sorted(path.name for path in PAGE.iterdir() if path.suffix in {".js", ".css", ".svg"})
    parts = {name: send(workspace, "GET", f"/page/{name}") for name in named}

    policy = headers["Content-Security-Policy"]
    assert policy.startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
    )
    assert "unsafe" not in policy
    assert "not Slack" in page
    assert {status for status, _, _ in parts.values()} == {200}
    everything = page + "".join(text for _, text, _ in parts.values())
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)\w", everything)
    assert not any(word in everything for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval("))


@pytest.mark.parametrize("name", ["chat.html", "..%2fcontrol.py", "%2fetc%2fpasswd", "nothing.js"])
def test_page_gives_out_its_own_scripts_and_styles_only(workspace: Workspace, name: str) -> None:
    """No other file can be asked for, nor the page itself without its token."""
    assert send(workspace, "GET", f"/page/{name}")[0] == 404


def following(workspace: Workspace, story: Callable[[ClientWebSocketResponse], Awaitable[None]]) -> None:
    """Open the page's line to the workspace for *story*."""

    async def follow() -> None:
        query = urlsplit(workspace.page_url).query
        async with (
            ClientSession() as session,
            session.ws_connect(f"{workspace.address}/control/live?{query}") as line,
        ):
            await story(line)

    asyncio.run(follow())


def test_page_is_told_what_changed_and_nothing_else(workspace: Workspace) -> None:
    """The first update holds all that Sam may see; the next one only the channel in which something was said."""

    async def story(line: ClientWebSocketResponse) -> None:
        await line.send_json({"person": "Sam"})
        first = await line.receive_json(timeout=5)
        workspace.say("Maya", "#general", "news")
        second = await line.receive_json(timeout=5)

        assert first["fresh"]
        assert first["parts"]["you"] == "U0SAM"
        assert "messages/C0GENERAL" in first["parts"]
        assert "messages/C0LEADERSHIP" not in first["parts"]
        assert not any(name.startswith("log/") for name in first["parts"])
        assert list(second["parts"]) == ["messages/C0GENERAL"]
        assert second["parts"]["messages/C0GENERAL"][0]["text"] == "news"

    following(workspace, story)


def test_page_can_look_as_somebody_else(workspace: Workspace) -> None:
    """Another person begins afresh; one who is not there is refused in a sentence; nonsense is not heard."""

    async def story(line: ClientWebSocketResponse) -> None:
        await line.send_str("nonsense")
        await line.send_json({"person": "nobody"})
        refused = await line.receive_json(timeout=5)
        await line.send_json({"person": "Maya"})
        fresh = await line.receive_json(timeout=5)

        assert "nobody" in refused["error"]
        assert fresh["fresh"]
        assert "messages/C0LEADERSHIP" in fresh["parts"]

    following(workspace, story)


def test_log_is_sent_to_who_asks_for_it(workspace: Workspace, client: WebClient) -> None:
    """Each call and each envelope is one part, with what went over the wire and Slack's own explanation."""
    workspace.say("Maya", "#general", "x")
    assert error(client, "chat.postMessage", channel="C0GENERAL", blocks=[{"type": "hologram"}], text="x")

    async def story(line: ClientWebSocketResponse) -> None:
        await line.send_json({"person": "Maya", "log": True})
        (call,) = [part for name, part in (await line.receive_json(timeout=5))["parts"].items() if "call" in name]

        assert (call["name"], call["error"], call["status"]) == ("chat.postMessage", "invalid_blocks", 200)
        assert "hologram" in str(call["answer"]["errors"])
        assert call["sent"]["channel"] == "C0GENERAL"
        assert workspace.bot_token not in str(call)

    following(workspace, story)


def test_uploaded_picture_is_shown_and_nothing_else() -> None:
    """A chart that the bot uploads is served as a picture, a page of HTML is not served at all."""
    with Workspace.start(scopes=DEFAULT_SCOPES | {"files:write"}) as workspace:
        query = urlsplit(workspace.page_url).query
        client = WebClient(workspace.bot_token, base_url=workspace.api_url)
        upload = partial(client.files_upload_v2, channel="C0GENERAL")
        chart = upload(content=b"\x89PNG", filename="chart.png")["file"]["id"]
        page = upload(content=b"<script>", filename="page.html")["file"]["id"]

        status, _, headers = send(workspace, "HEAD", f"/control/file/{chart}?{query}")

        assert (status, headers["Content-Type"], headers["X-Content-Type-Options"]) == (200, "image/png", "nosniff")
        assert send(workspace, "GET", f"/control/file/{page}?{query}")[0] == 404


def test_page_can_speak(workspace: Workspace) -> None:
    """The composer's text is escaped, names of people and channels become mentions, and nothing pings a channel."""
    status, said = control(
        workspace,
        "say",
        {"person": "U0MAYA", "channel": "C0GENERAL", "text": "@Footnote @sam #it-help 1 < 2 <!channel>"},
    )

    assert status == 200
    (message,) = workspace.messages("#general")
    expected = "<@U0FOOTNOTE> <@U0SAM> <#C0ITHELP|it-help> 1 &lt; 2 &lt;!channel&gt;"
    assert (message.ts, message.text) == (said["ts"], expected)


def test_people_change_only_their_own_messages(workspace: Workspace) -> None:
    """Sam can neither edit nor delete what Maya wrote."""
    ts = workspace.say("Maya", "#general", "mine")
    place = {"person": "U0SAM", "channel": "C0GENERAL", "ts": ts}

    assert control(workspace, "edit", place | {"text": "yours"})[0] == 400
    assert control(workspace, "delete", place)[0] == 400
    assert control(workspace, "delete", place | {"person": "U0MAYA"})[0] == 200
    assert not workspace.messages("#general")


def test_page_reports_what_is_not_possible(workspace: Workspace) -> None:
    """A wrong call of the page is answered with a sentence."""
    assert control(workspace, "say", {"person": "U0SAM", "channel": "C0LEADERSHIP", "text": "x"})[0] == 400
    assert control(workspace, "say", {"person": "U0SAM"})[0] == 400
    assert control(workspace, "inject", {"kind": "earthquake"})[0] == 400
    assert control(workspace, "dance", {})[0] == 404
    assert control(workspace, "say", {}, Content_Type="text/plain")[0] == 404


def test_page_drives_clock_faults_and_connections(workspace: Workspace, client: WebClient) -> None:
    """What tests can do from Python, the page's calls can do too."""
    ts = client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[section("x")])["ts"]

    assert control(workspace, "advance", {"seconds": 60})[1]["ok"]
    assert control(workspace, "inject", {"kind": "refused", "method": "auth.test", "error": "x"})[1]["ok"]
    assert control(workspace, "react", {"person": "sam", "channel": "C0GENERAL", "ts": ts, "name": "eyes"})[1]["ok"]
    assert control(workspace, "disconnect", {})[1]["ok"]
    assert control(workspace, "sever", {})[1]["ok"]
    assert control(workspace, "calm", {})[1]["ok"]
    assert client.auth_test()["ok"]
    assert control(workspace, "redeliver", {})[0] == 400
    assert workspace.messages("#general")[0].reactions[0].people == ("U0SAM",)


def test_two_workspaces_do_not_know_each_other(workspace: Workspace) -> None:
    """Each has its own port and its own tokens, and closes for good."""
    with Workspace.start() as other:
        tokens = {workspace.bot_token, other.bot_token, workspace.app_token, other.app_token}
        address = urlsplit(other.address)
    assert len(tokens) == 4
    assert address.hostname is not None
    with socket.socket() as late, pytest.raises(OSError, match="refused"):
        late.connect((address.hostname, address.port))


def test_waiting_ends_with_the_last_calls(workspace: Workspace, client: WebClient) -> None:
    """A wait in vain says what the bot did last."""
    client.auth_test()

    with pytest.raises(TimeoutError, match=r"auth\.test"):
        workspace.wait_for(lambda: False, seconds=0.05)
