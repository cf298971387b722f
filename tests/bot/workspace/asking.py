"""How the tests call the Web API and read its refusals."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.workspace import Workspace

Json = dict[str, Any]


def refusal(call: Callable[[], object]) -> SlackResponse:
    """Return the answer of a call that Slack must refuse."""
    with pytest.raises(SlackApiError) as raised:
        call()
    response = raised.value.response
    assert isinstance(response, SlackResponse)
    return response


def error(client: WebClient, method: str, **arguments: object) -> str:
    """Return the error code of a call that Slack must refuse."""
    return str(refusal(lambda: client.api_call(method, json=arguments))["error"])


def answer(client: WebClient, method: str, **arguments: object) -> Json:
    """Return the body of a call that Slack must accept."""
    body = client.api_call(method, json=arguments).data
    assert isinstance(body, dict)
    return body


def hang_up(workspace: Workspace, handler: SocketModeHandler) -> None:
    """Close the SDK's connection at once; by itself it waits three seconds to receive and one for its own queue."""
    handler.client.auto_reconnect_enabled = False
    workspace.sever()
    handler.client.closed = True
    handler.client.enqueue_message("{}")
    handler.close()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped


def section(text: str, **fields: object) -> Json:
    """Return a section block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **fields}


def button(action_id: str, **fields: object) -> Json:
    """Return a button."""
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "Press"}, **fields}


def modal(*blocks: Json, **fields: object) -> Json:
    """Return a modal."""
    return {"type": "modal", "title": {"type": "plain_text", "text": "A form"}, "blocks": list(blocks), **fields}


def text_input(block_id: str, **fields: object) -> Json:
    """Return an input block for a line of text."""
    element = {"type": "plain_text_input", "action_id": "text"}
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": block_id},
        "element": element,
        **fields,
    }
