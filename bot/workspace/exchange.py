"""Slack's side of the line: where calls come in and envelopes go out. No threads, no sockets.

bot ──call──► answer ──► methods ──► state
bot ◄─envelope── delivery ◄── announce ◄── gestures of people
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.workspace import events
from bot.workspace.clock import Clock
from bot.workspace.delivery import Delivery, Parcel, Timing
from bot.workspace.errors import CallRefused
from bot.workspace.events import Event
from bot.workspace.faults import FaultKind, FaultLine
from bot.workspace.methods import METHODS
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.methods.table import Method
from bot.workspace.people import Channel, Population
from bot.workspace.rates import Rates
from bot.workspace.state import State
from bot.workspace.wire import Json

TICKET_SECONDS = 30.0
MAX_CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class Tokens:
    """The two tokens of the app; a new pair for every workspace, so that no web page knows them."""

    bot: str
    app: str

    @staticmethod
    def new() -> "Tokens":
        """Return a fresh pair."""
        return Tokens(f"xoxb-local-{secrets.token_hex(12)}", f"xapp-1-local-{secrets.token_hex(12)}")


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call as it was answered: *error* is Slack's code, "" when ok; *status* is 0 when the line was cut.

    *latency* is in real seconds, *at* in seconds since 1970 on the workspace's clock; *answer* is the body sent back.
    """

    method: str
    arguments: Json
    error: str
    status: int
    latency: float
    at: float
    answer: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the bot for one call."""

    body: Json
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Return Slack's error code, or an empty string."""
        return str(self.body.get("error", ""))


class Exchange:
    """One workspace with one app installed, reached at *address*; *clock* and *timing* are its own."""

    def __init__(
        self, address: str, clock: Clock, population: Population, *, scopes: frozenset[str], timing: Timing
    ) -> None:
        self.address = address
        self.clock = clock
        self.scopes = scopes
        self.tokens = Tokens.new()
        self.state = State(clock, population)
        self.faults = FaultLine()
        self.commands = population.commands
        self.shortcuts = population.shortcuts
        self.has_wiki = False  # whether there is a wiki to look at beside the chat
        self.delivery = Delivery(clock, self.faults, self.state.new_id, timing)
        self.calls: list[Call] = []
        self.desk = Desk(self.state, scopes, self._echo, self._new_ticket, address)
        self._rates = Rates()
        self._tickets: dict[str, float] = {}

    def answer(self, token: str | None, method: str, arguments: Json) -> Reply:
        """Answer one Web API call and remember nothing of it but what it changed."""
        try:
            return self._answer(token, method, arguments)
        except CallRefused as refusal:
            return Reply(_error_body(refusal), headers=self._headers(METHODS.get(method)))

    def announce(self, happened: Iterable[Event]) -> None:
        """Tell the bot what happened, in order, as far as its scopes let it know."""
        for event in happened:
            if event.scope is None or event.scope in self.scopes:
                self._deliver_event(event)

    def announce_mention(self, happened: list[Event]) -> None:
        """Tell of one message by its two events, in the other order if a fault says so."""
        self.announce(reversed(happened) if self.faults.takes(FaultKind.SWAPPED_EVENTS) else happened)

    def redeliver(self, ts: str) -> int:
        """Send the events of the message *ts* again, as Slack does when an ack was lost; return how many."""
        seen: dict[str, Json] = {}
        for envelope in self.delivery.envelopes:
            event = envelope.payload.get("event", {})
            if (
                envelope.kind == "events_api"
                and event.get("ts") == ts
                and event.get("type") in {"message", "app_mention"}
            ):
                seen[envelope.payload["event_id"]] = envelope.payload
        for payload in seen.values():
            self.delivery.offer(Parcel("events_api", payload), attempt=1, reason="timeout")
        return len(seen)

    def takes_ticket(self, ticket: str) -> bool:
        """Tell whether *ticket* opens a connection now; each does once, within 30 seconds."""
        issued = self._tickets.pop(ticket, None)
        return issued is not None and self.clock.now() - issued <= TICKET_SECONDS

    def post_what_is_due(self) -> None:
        """Post scheduled messages whose time has come."""
        for scheduled in list(self.state.scheduled.values()):
            if scheduled.due <= self.clock.now():
                del self.state.scheduled[scheduled.id]
                self.desk.post(scheduled.message)

    def next_moment(self) -> float | None:
        """Return when something happens by itself, in seconds since 1970, or None."""
        moments = [scheduled.due for scheduled in self.state.scheduled.values()]
        delivery = self.delivery.next_moment()
        return min([*moments, *([] if delivery is None else [delivery])], default=None)

    def _answer(self, token: str | None, name: str, arguments: Json) -> Reply:
        method = METHODS.get(name)
        if method is None:
            return Reply({"ok": False, "error": "unknown_method", "req_method": name})
        self._check_token(token, method)
        seconds = self._rates.seconds_to_wait((name, method.rate_key(arguments)), method.tier, self.clock.now())
        if seconds:
            return rate_limited(seconds)
        self._check_scopes(method, arguments)
        answer = method.answer(self.desk, Arguments(arguments))
        return Reply({"ok": True, **answer}, headers=self._headers(method))

    def _check_token(self, token: str | None, method: Method) -> None:
        if not token:
            raise CallRefused("not_authed")
        if token not in (self.tokens.bot, self.tokens.app):
            raise CallRefused("invalid_auth")
        if (token == self.tokens.app) != method.is_app_level:
            raise CallRefused("not_allowed_token_type")

    def _check_scopes(self, method: Method, arguments: Json) -> None:
        if method.is_app_level:
            return
        needed = method.scopes_for(self._channel_of(arguments))
        missing = [scope for scope in needed if scope not in self.scopes]
        if missing:
            raise CallRefused("missing_scope", needed=",".join(missing), provided=",".join(sorted(self.scopes)))

    def _channel_of(self, arguments: Json) -> Channel | None:
        return self.state.channels.get(str(arguments.get("channel", arguments.get("channel_id", ""))))

    def _headers(self, method: Method | None) -> dict[str, str]:
        if method is None or method.is_app_level:
            return {}
        return {
            "x-oauth-scopes": ",".join(sorted(self.scopes)),
            "x-accepted-oauth-scopes": ",".join(method.scopes_for(None)),
        }

    def _echo(self, event: Event) -> None:
        self.announce([event])

    def _deliver_event(self, event: Event) -> None:
        payload = events.event_callback(event.body, self.state.new_id("Ev"), self.clock.now())
        copies = 2 if not event.is_echo and self.faults.takes(FaultKind.DUPLICATE_EVENT) else 1
        for _ in range(copies):
            self.delivery.offer(Parcel("events_api", payload, is_echo=event.is_echo))

    def _new_ticket(self) -> str:
        if self.delivery.connections >= MAX_CONNECTIONS:
            raise CallRefused("too_many_websockets")
        ticket = secrets.token_hex(16)
        self._tickets[ticket] = self.clock.now()
        return ticket


def rate_limited(seconds: float) -> Reply:
    """Return Slack's refusal of one call too many."""
    return Reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(int(seconds))})


def _error_body(refusal: CallRefused) -> Json:
    body: Json = {"ok": False, "error": refusal.code, **refusal.particulars}
    if refusal.explanations:
        body["response_metadata"] = {"messages": list(refusal.explanations)}
        body["errors"] = list(refusal.explanations)
    return body
