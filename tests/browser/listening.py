"""A small bot on the real Bolt, for tests of what the page sends and shows."""

import re
from typing import Any

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.workspace import Workspace
from tests.bot.workspace.asking import hang_up
from tests.browser import gallery

Json = dict[str, Any]


class Listening:
    """A real Bolt app that notes every press and opens *form* when its button `open` is pressed."""

    def __init__(self, workspace: Workspace) -> None:
        self.app = App(client=WebClient(workspace.bot_token, base_url=workspace.api_url))
        self.pressed: list[Json] = []
        self.form: Json = gallery.form(*gallery.INPUTS)
        self.app.action(re.compile(".*"))(self._note)
        self._handler = SocketModeHandler(
            self.app, workspace.app_token, web_client=WebClient(workspace.app_token, base_url=workspace.api_url)
        )
        self._handler.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        workspace.wait_for(lambda: workspace.connections)

    def close(self, workspace: Workspace) -> None:
        """Hang up."""
        hang_up(workspace, self._handler)

    def _note(self, ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        self.pressed.append(body)
        if body["actions"][0]["action_id"] == "open_form":
            client.views_open(trigger_id=body["trigger_id"], view=self.form)
