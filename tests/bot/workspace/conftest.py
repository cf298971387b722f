"""A workspace on a still clock, the real client, and a real Bolt app."""

from collections.abc import Iterator

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.workspace import Clock, Workspace
from tests.bot.workspace.asking import hang_up

NOON = 1_800_000_000.0


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Start a workspace whose time passes only when a test says so."""
    with Workspace.start(clock=Clock(start=NOON)) as running:
        yield running


@pytest.fixture
def client(workspace: Workspace) -> WebClient:
    """Return Slack's own client with the bot's token and no retries."""
    return WebClient(workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])


@pytest.fixture
def app(workspace: Workspace) -> App:
    """Return a Bolt app without listeners; `connected` lets it hear."""
    return App(client=WebClient(workspace.bot_token, base_url=workspace.api_url))


@pytest.fixture
def connected(workspace: Workspace, app: App) -> Iterator[SocketModeHandler]:
    """Connect the app by Socket Mode."""
    handler = SocketModeHandler(
        app, workspace.app_token, web_client=WebClient(workspace.app_token, base_url=workspace.api_url)
    )
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    workspace.wait_for(lambda: workspace.connections)
    yield handler
    hang_up(workspace, handler)
