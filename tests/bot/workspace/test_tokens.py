"""Who may call what."""

import json
from urllib.request import Request, urlopen

from slack_sdk import WebClient

from bot.workspace import Workspace
from tests.bot.workspace.asking import answer, error, refusal


def test_call_without_token_is_not_authed(workspace: Workspace) -> None:
    """A token is needed even to ask who one is."""
    anonymous = WebClient(base_url=workspace.api_url)

    assert error(anonymous, "auth.test") == "not_authed"


def test_token_in_a_json_body_does_not_count(workspace: Workspace) -> None:
    """Slack reads a JSON call's token from the header only."""
    body = json.dumps({"token": workspace.bot_token}).encode()
    request = Request(workspace.api_url + "auth.test", body, {"Content-Type": "application/json"})  # noqa: S310  ours

    with urlopen(request) as reply:  # noqa: S310  ours
        assert json.load(reply)["error"] == "not_authed"


def test_unknown_token_is_invalid(workspace: Workspace) -> None:
    """Only the two tokens of this workspace are good."""
    assert error(WebClient("xoxb-of-another", base_url=workspace.api_url), "auth.test") == "invalid_auth"


def test_each_token_has_its_own_methods(workspace: Workspace, client: WebClient) -> None:
    """The app's token opens connections and nothing else; the bot's does not."""
    app_level = WebClient(workspace.app_token, base_url=workspace.api_url)

    assert error(app_level, "auth.test") == "not_allowed_token_type"
    assert error(client, "apps.connections.open") == "not_allowed_token_type"


def test_missing_scope_names_what_is_needed(client: WebClient) -> None:
    """The refusal says which scope to add to the manifest."""
    response = refusal(lambda: client.conversations_info(channel="C0GENERAL"))

    assert response["error"] == "missing_scope"
    assert response["needed"] == "channels:read"
    assert "chat:write" in response["provided"]


def test_scope_of_history_follows_the_kind_of_channel() -> None:
    """A direct message needs im:history even where channels:history is granted."""
    with Workspace.start(scopes=frozenset({"channels:history"})) as workspace:
        client = WebClient(workspace.bot_token, base_url=workspace.api_url)

        assert answer(client, "conversations.history", channel="C0GENERAL")["messages"] == []
        assert error(client, "conversations.history", channel=workspace.direct("Maya")) == "missing_scope"


def test_scopes_come_back_in_a_header(client: WebClient) -> None:
    """The doctor reads granted scopes from auth.test."""
    headers = client.auth_test().headers

    assert "chat:write" in headers["x-oauth-scopes"].split(",")


def test_unknown_method_is_refused_with_status_200(client: WebClient) -> None:
    """A method nobody knows is an ordinary refusal, as at Slack."""
    response = refusal(lambda: client.api_call("chat.shout"))

    assert (response.status_code, response["error"]) == (200, "unknown_method")
