"""The HTTP surface: encodings, tickets, the page, and who is let in."""

import http.client
import json
import socket
from urllib.parse import urlencode, urlsplit

import pytest
from slack_sdk import WebClient

from bot.workspace import Workspace
from tests.bot.workspace.asking import Json, section


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
    assert send(workspace, "GET", "/control/state?token=guess")[0] == 403
    assert send(workspace, "POST", "/control/say?token=", "{}", Content_Type="application/json")[0] == 403


def test_page_loads_nothing_from_elsewhere(workspace: Workspace) -> None:
    """The policy allows this server alone, no inline script, no frame; the page says what it is not."""
    query = urlsplit(workspace.page_url).query

    _, page, headers = send(workspace, "GET", f"/?{query}")
    parts = page + "".join(send(workspace, "GET", path)[1] for path in ("/page.js", "/page.css"))

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert "not Slack" in page
    assert not any(
        word in parts for word in ("http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "eval(")
    )


def test_page_can_speak_and_see(workspace: Workspace) -> None:
    """The composer's text is escaped, @Footnote becomes a mention, and the state shows the message to its readers."""
    query = urlsplit(workspace.page_url).query

    status, said = control(
        workspace, "say", {"person": "U0MAYA", "channel": "C0GENERAL", "text": "@Footnote 1 < 2 <!channel>"}
    )
    state = json.loads(send(workspace, "GET", f"/control/state?person=U0SAM&{query}")[1])

    assert status == 200
    (message,) = state["messages"]["C0GENERAL"]
    assert (message["ts"], message["text"]) == (said["ts"], "<@U0FOOTNOTE> 1 &lt; 2 &lt;!channel&gt;")
    assert "C0LEADERSHIP" not in state["messages"]
    assert send(workspace, "GET", f"/control/state?person=U0SAM&version={state['version']}&{query}")[0] == 204


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
