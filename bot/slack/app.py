"""The connection to Slack: Socket Mode, so that no address of ours has to be reachable from outside."""

import logging
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.errors import SlackRefused, SlackUnavailable
from bot.slack import calls

_LISTENER_THREADS = 16  # Bolt's 5 were measured to fill up and let a command go unacknowledged
_BAD_TOKEN = {*calls.TOKEN_LOST, "not_allowed_token_type", "missing_scope", "no_permission"}

EMAIL_SCOPE = "users:read.email"
SCOPES = frozenset(
    {
        "app_mentions:read",
        "assistant:write",  # prompts, status
        "channels:history",  # follow-ups and offers; a reply that was posted before a crash is found again
        "chat:write",
        "commands",
        "files:write",  # the chart of /advise; without it, it comes in words
        "groups:history",
        "im:history",
        "users:read",  # who is an admin
        EMAIL_SCOPE,  # who an asker is in a wiki with rights, and who owns a page; without it, everybody is anybody
    }
)
"""What the bot's token must be granted."""

log = logging.getLogger(__name__)


class Feature(Protocol):
    """A part of what the bot does in Slack. What takes every event comes last: the first that fits is called."""

    def register(self, app: App) -> None:
        """Make *app* call it."""


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


def what_is_lacking(client: WebClient) -> str:
    """Return which scopes the app lacks, what follows and the cure; empty where it has all. Raises as missing_scopes().

    Without e-mails nobody is known in a wiki, so nobody reads more than everyone does.
    """
    missing = missing_scopes(client)
    if not missing:
        return ""
    follows = "; until it does, nobody's e-mail is known and everybody is shown only what everyone may read"
    return (
        f"Slack has not granted the app {' and '.join(missing)}{follows if EMAIL_SCOPE in missing else ''}. "
        "Paste what `python -m bot manifest` prints at https://api.slack.com/apps, and install the app again."
    )


class SlackApp:
    """Takes questions from Slack into the queue, between start() and close()."""

    def __init__(self, client: WebClient, app_token: str, features: Iterable[Feature]) -> None:
        """Talk to Slack as the bot of *client*; *app_token* opens the connection that events come by."""
        self._client = client
        self._app_token = app_token
        self._features = tuple(features)
        self._threads = listener_threads()
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
        app = bolt(self._client, identity, self._features, self._threads)
        handler = SocketModeHandler(app, self._app_token, web_client=client)
        handler.client.message_listeners.append(_warn_of_another_bot)
        return handler


def listener_threads() -> ThreadPoolExecutor:
    """Return the threads that Bolt's listeners run in."""
    return ThreadPoolExecutor(_LISTENER_THREADS, thread_name_prefix="slack-listener")


def bolt(
    client: WebClient,
    identity: SlackResponse,
    features: Iterable[Feature],
    threads: ThreadPoolExecutor,
    signing_secret: str | None = None,
) -> App:
    """Return Bolt's app with all *features*; requests over HTTP are checked against *signing_secret*."""
    known = AuthorizeResult(
        enterprise_id=identity.get("enterprise_id"),
        team_id=identity.get("team_id"),
        bot_id=identity.get("bot_id"),
        bot_user_id=identity.get("user_id"),
        bot_token=client.token,
    )
    app = App(
        name="footnote",
        client=WebClient(base_url=client.base_url),
        signing_secret=signing_secret,
        authorize=lambda: known,  # Bolt's own asks Slack, and acknowledges the event where Slack does not answer
        listener_executor=threads,
        raise_error_for_unhandled_request=True,  # the other way logs the request, words included
    )
    for feature in features:
        feature.register(app)
    return app


def _in_words(error: SlackRefused | SlackUnavailable, setting: str, base_url: str) -> SlackRefused | SlackUnavailable:
    code = str(error).partition(":")[0]
    if code in _BAD_TOKEN:
        return SlackRefused(f"{setting} is not accepted by Slack: {code}. Copy it from https://api.slack.com/apps.")
    if isinstance(error, SlackUnavailable):
        return SlackUnavailable(f"Slack cannot be reached at {base_url}: {error}")
    return SlackRefused(f"Slack does not let the bot in: {error}")


def _warn_of_another_bot(_client: object, message: dict[str, object], _raw: str | None) -> None:
    """Say where another process is connected as the same app: Slack gives each event to one of them, by chance."""
    connections = message.get("num_connections")
    if message.get("type") == "hello" and isinstance(connections, int) and connections > 1:
        log.warning("more than one connection; a second bot takes some events", extra={"connections": connections})


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
    try:
        handler.close()  # type: ignore[no-untyped-call]  # Bolt leaves it so
    except AttributeError:  # the receiving thread saw the end first, and took the socket away while slack_sdk closed it
        handler.close()  # type: ignore[no-untyped-call]
