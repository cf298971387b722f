"""The connection to Slack: Socket Mode, so that no address of ours has to be reachable from outside."""

import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.errors import SlackRefused, SlackUnavailable
from bot.ports import QuestionQueue
from bot.slack import calls, listeners

_LISTENER_THREADS = 16  # Bolt's 5 were measured to fill up and let a command go unacknowledged
_BAD_TOKEN = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
_BAD_TOKEN |= {"not_allowed_token_type", "missing_scope", "no_permission"}

SCOPES = frozenset({"app_mentions:read", "channels:history", "chat:write", "groups:history", "im:history"})
"""What the bot's token must be granted; the histories are read to find a reply that was posted before a crash."""

log = logging.getLogger(__name__)


def client_for(token: str, api_url: str) -> WebClient:
    """Return a client that makes each call once: trying again is decided where it is known what was lost."""
    return WebClient(token=token, base_url=api_url, retry_handlers=[])


def sign_in(client: WebClient) -> SlackResponse:
    """Return who the bot is. Raises SlackRefused, naming the setting, or SlackUnavailable."""
    try:
        return calls.once(client.auth_test)
    except (SlackRefused, SlackUnavailable) as error:
        raise _in_words(error, "FOOTNOTE_SLACK__BOT_TOKEN", client.base_url) from error


def check_tokens(client: WebClient, app_token: str) -> None:
    """Try both tokens without taking any event. Raises SlackRefused, naming the setting, or SlackUnavailable."""
    sign_in(client)
    try:
        calls.once(lambda: client.apps_connections_open(app_token=app_token))
    except (SlackRefused, SlackUnavailable) as error:
        raise _in_words(error, "FOOTNOTE_SLACK__APP_TOKEN", client.base_url) from error


def missing_scopes(client: WebClient) -> list[str]:
    """Return the scopes that the bot needs and its token lacks. Raises SlackRefused or SlackUnavailable."""
    granted = sign_in(client).headers.get("x-oauth-scopes", "")
    return sorted(SCOPES - {scope.strip() for scope in granted.split(",")})


class SlackApp:
    """Takes questions from Slack into the queue, between start() and close()."""

    def __init__(self, client: WebClient, app_token: str, queue: QuestionQueue, wake: Callable[[], None]) -> None:
        """Talk to Slack as the bot of *client*; *app_token* opens the connection that events come by."""
        self._client = client
        self._app_token = app_token
        self._queue = queue
        self._wake = wake
        self._threads = ThreadPoolExecutor(_LISTENER_THREADS, thread_name_prefix="slack-listener")
        self._closers: list[Callable[[], None]] = []

    def start(self) -> None:
        """Check the tokens, connect and return. Raises SlackRefused, saying which token, or SlackUnavailable."""
        identity = sign_in(self._client)
        handler = self._handler(identity)
        self._closers.append(lambda: _hang_up(handler))
        try:
            calls.once(handler.connect)
        except (SlackRefused, SlackUnavailable) as error:
            self.close()
            raise _in_words(error, "FOOTNOTE_SLACK__APP_TOKEN", self._client.base_url) from error
        log.info("connected to slack", extra={"team": identity["team_id"], "bot_user": identity["user_id"]})

    def close(self) -> None:
        """Disconnect. What was not acknowledged is sent again by Slack to whoever connects next."""
        while self._closers:
            self._closers.pop()()
        self._threads.shutdown()

    def _handler(self, identity: SlackResponse) -> SocketModeHandler:
        client = WebClient(token=self._app_token, base_url=self._client.base_url)
        return SocketModeHandler(self._bolt(identity), self._app_token, web_client=client)

    def _bolt(self, identity: SlackResponse) -> App:
        known = AuthorizeResult(
            enterprise_id=identity.get("enterprise_id"),
            team_id=identity.get("team_id"),
            bot_id=identity.get("bot_id"),
            bot_user_id=identity.get("user_id"),
            bot_token=self._client.token,
        )
        app = App(
            name="footnote",
            client=WebClient(base_url=self._client.base_url),
            authorize=lambda: known,  # Bolt's own asks Slack, and acknowledges the event where Slack does not answer
            listener_executor=self._threads,
            raise_error_for_unhandled_request=True,  # the other way logs the request, words included
        )
        listeners.register(app, self._queue, self._wake)
        return app


def _in_words(error: SlackRefused | SlackUnavailable, setting: str, base_url: str) -> SlackRefused | SlackUnavailable:
    if isinstance(error, SlackUnavailable):
        return SlackUnavailable(f"Slack cannot be reached at {base_url}: {error}")
    if str(error) in _BAD_TOKEN:
        return SlackRefused(f"{setting} is not accepted by Slack: {error}. Copy it from https://api.slack.com/apps.")
    return SlackRefused(f"Slack does not let the bot in: {error}")


def _hang_up(handler: SocketModeHandler) -> None:
    """Close the connection now: slack_sdk alone waits for up to 4 s in case Slack has something to say."""
    client = handler.client
    client.closed = True
    client.auto_reconnect_enabled = False
    client.current_session_state.terminated = True
    if client.current_session is not None and client.current_session.sock is not None:
        with suppress(OSError):
            client.current_session.sock.shutdown(socket.SHUT_RDWR)
    client.enqueue_message("{}")  # an empty message wakes the thread that looks for messages once a second
    handler.close()  # type: ignore[no-untyped-call]  # Bolt leaves it so
