"""The workspace as tests and the bot's door use it: start it, act as its people, look at what the bot did."""

import secrets
import socket
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from bot.workspace import gestures, submissions
from bot.workspace.clock import Clock
from bot.workspace.control import Door, Page, guard
from bot.workspace.delivery import Envelope, Timing
from bot.workspace.exchange import Call, Exchange, Tokens
from bot.workspace.faults import Fault
from bot.workspace.fill import Value, Written
from bot.workspace.gestures import find_channel, find_message, find_person, find_view
from bot.workspace.messages import Message
from bot.workspace.people import BOT_USER_ID, DEFAULT_SCOPES, TEAM_ID, Population, harbourline
from bot.workspace.posting import Poster
from bot.workspace.server import MAX_BODY_BYTES, Lines
from bot.workspace.serving import ServerThread
from bot.workspace.shared import Shared
from bot.workspace.shelf import Shelf
from bot.workspace.views import View
from bot.workspace.wiki import WikiView

T = TypeVar("T")
CREATED = 1_700_000_000  # when the channels were made, in seconds since 1970


class Workspace:
    """A running workspace; people and channels are given by id or by name. Every method may be called from any thread.

    What people may not do raises GestureRefused.
    """

    def __init__(self, listener: socket.socket, exchange: Exchange, shelf: Shelf | None = None) -> None:
        self.address = exchange.address
        self.api_url = f"{exchange.address}/api/"
        self.tokens: Tokens = exchange.tokens
        self.bot_user_id = BOT_USER_ID
        self.team_id = TEAM_ID
        page_token = secrets.token_urlsafe(24)
        self.page_url = f"{self.address}/?token={page_token}"
        self._shared = Shared(exchange)
        port = listener.getsockname()[1]
        door = Door(page_token, port)
        app = web.Application(middlewares=[guard(port)], client_max_size=MAX_BODY_BYTES)
        Lines(self._shared).add_to(app)
        Page(self._shared, door).add_to(app)
        if shelf is not None:
            exchange.has_wiki = True
            WikiView(self._shared, shelf, door).add_to(app)
        self._server = ServerThread(app, listener)
        self._posters: list[Poster] = []

    @classmethod
    def start(
        cls,
        port: int = 0,
        *,
        clock: Clock | None = None,
        population: Population | None = None,
        shelf: Shelf | None = None,
        scopes: frozenset[str] = DEFAULT_SCOPES,
        timing: Timing | None = None,
    ) -> Self:
        """Listen on 127.0.0.1 at *port*, or any free one for 0, and return once it answers; *shelf* holds its wikis."""
        listener = socket.create_server(("127.0.0.1", port))
        exchange = Exchange(
            f"http://127.0.0.1:{listener.getsockname()[1]}",
            clock or Clock(),
            population or harbourline(CREATED),
            scopes=scopes,
            timing=timing or Timing(),
        )
        return cls(listener, exchange, shelf)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up, stop listening and end the threads."""
        for poster in self._posters:
            poster.close()
        self._server.close()
        self._shared.close()

    def post_to(self, url: str, signing_secret: str) -> None:
        """Post everything to *url* from now on and nowhere else, signed, as to an app without Socket Mode."""
        while self._posters:
            self._posters.pop().close()
        self._posters.append(Poster(self._shared, url, signing_secret))

    # What is where

    @property
    def bot_token(self) -> str:
        """Return the xoxb- token."""
        return self.tokens.bot

    @property
    def app_token(self) -> str:
        """Return the xapp- token."""
        return self.tokens.app

    @property
    def connections(self) -> int:
        """Return how many Socket Mode connections are open."""
        with self._shared.reading() as exchange:
            return exchange.delivery.connections

    def person_id(self, person: str) -> str:
        """Return the id of a person."""
        with self._shared.reading() as exchange:
            return find_person(exchange, person).id

    def channel_id(self, channel: str) -> str:
        """Return the id of a channel."""
        with self._shared.reading() as exchange:
            return find_channel(exchange, channel).id

    def direct(self, person: str) -> str:
        """Return the id of the direct message between *person* and the bot."""
        with self._shared.reading() as exchange:
            return gestures.direct(exchange, find_person(exchange, person)).id

    # What people do

    def say(self, person: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Post *text* in Slack's markup, ``<@bot_user_id>`` for a mention; return its ts. ``@Footnote`` is the DM."""
        with self._shared.changing() as exchange:
            who = find_person(exchange, person)
            return gestures.say(exchange, who, find_channel(exchange, channel, who), text, thread_ts).ts

    def edit(self, channel: str, ts: str, text: str) -> None:
        """Change a person's message."""
        with self._shared.changing() as exchange:
            gestures.edit(exchange, find_channel(exchange, channel), ts, text)

    def delete(self, channel: str, ts: str) -> None:
        """Delete a person's message."""
        with self._shared.changing() as exchange:
            gestures.delete(exchange, find_channel(exchange, channel), ts)

    def react(self, person: str, channel: str, ts: str, name: str) -> None:
        """Put an emoji under a message, or take it back."""
        with self._shared.changing() as exchange:
            gestures.react(exchange, find_person(exchange, person), find_message(exchange, channel, ts), name)

    def stop_stream(self, person: str, channel: str, ts: str) -> None:
        """Press Slack's own stop button below a stream."""
        with self._shared.changing() as exchange:
            gestures.stop_stream(exchange, find_person(exchange, person), find_message(exchange, channel, ts))

    def press(
        self, person: str, channel: str, ts: str, action_id: str, block_id: str | None = None, *, value: Value = None
    ) -> None:
        """Press a button, or choose *value* in a menu (an option's value) or in feedback (positive or negative)."""
        with self._shared.changing() as exchange:
            who = find_person(exchange, person)
            pressed = gestures.Pressed((action_id, block_id), value)
            gestures.press(exchange, who, find_message(exchange, channel, ts), pressed)

    def press_in_view(
        self,
        view_id: str,
        action_id: str,
        block_id: str | None = None,
        *,
        value: Value = None,
        state: Written | None = None,
    ) -> None:
        """Press or choose in a modal or a Home tab; *state* is what else is filled in: block_id, action_id, value."""
        with self._shared.changing() as exchange:
            pressed = gestures.Pressed((action_id, block_id), value, state or {})
            gestures.press_in_view(exchange, find_view(exchange, view_id), pressed)

    def submit(self, view_id: str, values: Mapping[str, Value]) -> None:
        """Submit a modal; *values* are keyed by block_id or action_id. What the bot says of it is in `modals`."""
        with self._shared.changing() as exchange:
            submissions.submit(exchange, find_view(exchange, view_id), values)

    def close_modal(self, view_id: str) -> None:
        """Dismiss a modal."""
        with self._shared.changing() as exchange:
            submissions.close(exchange, find_view(exchange, view_id))

    def command(self, person: str, channel: str, command: str, text: str = "") -> None:
        """Send a slash command."""
        with self._shared.changing() as exchange:
            who = find_person(exchange, person)
            gestures.command(exchange, who, find_channel(exchange, channel, who), command, text)

    def shortcut(self, person: str, channel: str, ts: str, callback_id: str) -> None:
        """Choose a shortcut of the app from the menu of a message."""
        with self._shared.changing() as exchange:
            message = find_message(exchange, channel, ts)
            gestures.shortcut(exchange, find_person(exchange, person), message, callback_id)

    def look_up(self, person: str, view_id: str, action_id: str, typed: str) -> None:
        """Write into an external menu of a modal; what the bot offers can then be chosen."""
        with self._shared.changing() as exchange:
            who = find_person(exchange, person)
            gestures.look_up(exchange, who, find_view(exchange, view_id), (action_id, None), typed)

    def open_home(self, person: str, tab: str = "home") -> None:
        """Look at the bot's ``home`` or ``messages`` tab."""
        with self._shared.changing() as exchange:
            gestures.open_home(exchange, find_person(exchange, person), tab)

    def invite(self, person: str, channel: str) -> None:
        """Take the bot into a channel."""
        with self._shared.changing() as exchange:
            gestures.invite(exchange, find_person(exchange, person), find_channel(exchange, channel))

    def kick(self, channel: str) -> None:
        """Take the bot out of a channel."""
        with self._shared.changing() as exchange:
            gestures.kick(exchange, find_channel(exchange, channel))

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        with self._shared.changing() as exchange:
            gestures.archive(exchange, find_channel(exchange, channel))

    # What can go wrong

    def redeliver(self, ts: str) -> int:
        """Send the events of a person's message again, as after a lost ack; return how many."""
        with self._shared.changing() as exchange:
            return exchange.redeliver(ts)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to leave, as Slack does every hour or so."""
        with self._shared.changing() as exchange:
            exchange.delivery.disconnect(reason)

    def sever(self) -> None:
        """Cut every connection without a word."""
        with self._shared.changing() as exchange:
            exchange.delivery.sever()

    def inject(self, fault: Fault) -> None:
        """Let *fault* happen to the next call or envelope it fits."""
        with self._shared.changing() as exchange:
            exchange.faults.put(fault)

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass at once: acks run out, retries and scheduled messages come due."""
        with self._shared.changing() as exchange:
            exchange.clock.advance(seconds)

    # What there is to see

    def messages(self, channel: str, seen_by: str | None = None) -> list[Message]:
        """Return all messages, replies and ephemerals too, oldest first; with *seen_by*, as that person sees them."""
        with self._shared.reading() as exchange:
            everything = exchange.state.messages(find_channel(exchange, channel).id)
            return everything if seen_by is None else _seen(everything, find_person(exchange, seen_by).id)

    def thread(self, channel: str, ts: str, seen_by: str | None = None) -> list[Message]:
        """Return the message *ts* and its replies, oldest first."""
        return [message for message in self.messages(channel, seen_by) if ts in (message.ts, message.thread_ts)]

    def modals(self, person: str) -> list[View]:
        """Return the modals open before *person*, the topmost last."""
        with self._shared.reading() as exchange:
            return exchange.state.modals(find_person(exchange, person).id)

    def home(self, person: str) -> View | None:
        """Return the Home tab published for *person*."""
        with self._shared.reading() as exchange:
            return exchange.state.homes.get(find_person(exchange, person).id)

    def status(self, channel: str, thread_ts: str = "") -> str:
        """Return the status shown below a thread now, or an empty string."""
        with self._shared.reading() as exchange:
            notes = exchange.state.notes.get((find_channel(exchange, channel).id, thread_ts))
            return notes.status_at(exchange.clock.now()) if notes else ""

    def prompts(self, channel: str, thread_ts: str = "") -> list[tuple[str, str]]:
        """Return the suggested prompts as (title, message)."""
        with self._shared.reading() as exchange:
            notes = exchange.state.notes.get((find_channel(exchange, channel).id, thread_ts))
            return [(prompt["title"], prompt["message"]) for prompt in notes.prompts] if notes else []

    def calls(self, method: str | None = None) -> list[Call]:
        """Return the Web API calls so far, oldest first; of one *method*, or of all."""
        with self._shared.reading() as exchange:
            return [call for call in exchange.calls if method in (None, call.method)]

    def envelopes(self) -> list[Envelope]:
        """Return every envelope sent to the bot, oldest first."""
        with self._shared.reading() as exchange:
            return exchange.delivery.envelopes

    def is_quiet(self) -> bool:
        """Tell whether the bot has acknowledged everything and nothing waits to be sent."""
        with self._shared.reading() as exchange:
            return exchange.delivery.unacknowledged == 0

    def wait_for(self, predicate: Callable[[], T | None], seconds: float = 5.0) -> T:
        """Return the first true value of *predicate*, which is called after every change, or raise TimeoutError."""
        return self._shared.wait_for(predicate, seconds)


def _seen(messages: list[Message], person_id: str) -> list[Message]:
    seen = [message.seen_by(person_id) for message in messages]
    return [message for message in seen if message is not None]
