"""Socket Mode: envelopes to one connection each, acks, and redelivery.

   offer ──► waiting ──► sent ──ack──► done
               ▲          │ no ack in 3 s
               └─ retry ──┴─► lost after 3 retries; commands and presses are not retried

An event waits as long as no connection is open. A command or a press fails at once, as in Slack.
Knows nothing of sockets: a connection is two functions. Not thread-safe; its owner holds a lock.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from bot.workspace.clock import Clock
from bot.workspace.faults import FaultKind, FaultLine
from bot.workspace.people import APP_ID
from bot.workspace.wire import Json

EnvelopeKind = Literal["events_api", "interactive", "slash_commands"]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long Slack waits for an ack and then before each retry, in seconds on the workspace's clock."""

    ack_seconds: float = 3.0
    retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One envelope as it was sent over connection number *connection*; *answer* is the payload of its ack."""

    id: str
    kind: EnvelopeKind
    payload: Json
    attempt: int
    reason: str
    connection: int
    sent_at: float
    acked_at: float | None = None
    answer: Json = field(default_factory=dict)

    @property
    def is_acked(self) -> bool:
        """Tell whether the bot acknowledged it in time."""
        return self.acked_at is not None

    def frame(self) -> Json:
        """Return it as it goes over the wire."""
        frame: Json = {
            "envelope_id": self.id,
            "type": self.kind,
            "payload": self.payload,
            "accepts_response_payload": self.kind != "events_api",
        }
        retry = {"retry_attempt": self.attempt, "retry_reason": self.reason}
        return frame | (retry if self.kind == "events_api" else {})


def _ignore_answer(answer: Json) -> None:
    """Do nothing with the payload of an ack."""


def _ignore_failure() -> None:
    """Do nothing about a missing ack."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Something to deliver, and what follows from its ack or from its failure."""

    kind: EnvelopeKind
    payload: Json
    is_echo: bool = False
    acknowledged: Callable[[Json], None] = _ignore_answer
    failed: Callable[[], None] = _ignore_failure


@dataclass(frozen=True, slots=True)
class _Pending:
    parcel: Parcel
    due: float
    attempt: int = 0
    reason: str = ""
    envelope_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Connection:
    number: int
    send: Callable[[Json], None]
    hang_up: Callable[[], None]
    is_leaving: bool = False


class Delivery:
    """Brings parcels to the bot's connections."""

    def __init__(self, clock: Clock, faults: FaultLine, new_id: Callable[[str], str], timing: Timing) -> None:
        self._clock = clock
        self._faults = faults
        self._new_id = new_id
        self._timing = timing
        self._numbers = itertools.count(1)
        self._connections: dict[int, _Connection] = {}
        self._last_served = 0
        self._pending: list[_Pending] = []
        self._envelopes: dict[str, Envelope] = {}

    @property
    def connections(self) -> int:
        """Return how many connections are open, those told to leave included."""
        return len(self._connections)

    @property
    def envelopes(self) -> list[Envelope]:
        """Return everything that was sent, oldest first."""
        return list(self._envelopes.values())

    @property
    def unacknowledged(self) -> int:
        """Return how many parcels wait for a connection, an ack or a retry."""
        return len(self._pending)

    def connect(self, send: Callable[[Json], None], hang_up: Callable[[], None]) -> int:
        """Greet a new connection, give it what waits, and return its number."""
        number = next(self._numbers)
        self._connections[number] = _Connection(number, send, hang_up)
        send(_hello(len(self._connections)))
        self.pump()
        return number

    def leave(self, number: int) -> None:
        """Forget a connection; what it did not acknowledge is sent again when its time is up."""
        self._connections.pop(number, None)

    def disconnect(self, reason: str) -> None:
        """Tell every connection to leave, and send nothing more to it."""
        for connection in list(self._connections.values()):
            self._connections[connection.number] = replace(connection, is_leaving=True)
            connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "local-workspace"}})

    def sever(self) -> None:
        """Cut every connection without a word."""
        for connection in list(self._connections.values()):
            connection.hang_up()

    def offer(self, parcel: Parcel, attempt: int = 0, reason: str = "") -> None:
        """Deliver *parcel* as soon as there is a connection."""
        if parcel.kind != "events_api" and not self._ready():
            parcel.failed()
            return
        self._pending.append(_Pending(parcel, self._clock.now(), attempt, reason))
        self.pump()

    def acknowledge(self, envelope_id: str, answer: Json) -> None:
        """Take the bot's ack of an envelope, from whichever connection; a late or repeated one changes nothing."""
        pending = next((each for each in self._pending if each.envelope_id == envelope_id), None)
        if pending is None or (not pending.parcel.is_echo and self._faults.takes(FaultKind.IGNORED_ACK)):
            return
        self._pending.remove(pending)
        self._envelopes[envelope_id] = replace(self._envelopes[envelope_id], acked_at=self._clock.now(), answer=answer)
        pending.parcel.acknowledged(answer)

    def pump(self) -> None:
        """Give up on what was not acknowledged in time and send what is due."""
        for pending in list(self._pending):
            if pending.envelope_id is not None and pending.due <= self._clock.now():
                self._give_up(pending)
        for pending in list(self._pending):
            if pending.envelope_id is None and pending.due <= self._clock.now() and self._ready():
                self._send(pending)

    def next_moment(self) -> float | None:
        """Return when `pump` has something to do again, in seconds since 1970, or None."""
        moments = [each.due for each in self._pending if each.envelope_id is not None or each.due > self._clock.now()]
        return min(moments, default=None)

    def _ready(self) -> list[_Connection]:
        return [connection for connection in self._connections.values() if not connection.is_leaving]

    def _send(self, pending: _Pending) -> None:
        connection = self._next_connection()
        now = self._clock.now()
        parcel = pending.parcel
        envelope = Envelope(
            self._new_id("E"), parcel.kind, parcel.payload, pending.attempt, pending.reason, connection.number, now
        )
        self._envelopes[envelope.id] = envelope
        self._replace(pending, replace(pending, envelope_id=envelope.id, due=now + self._timing.ack_seconds))
        connection.send(envelope.frame())

    def _next_connection(self) -> _Connection:
        ready = self._ready()
        later = [connection for connection in ready if connection.number > self._last_served]
        chosen = (later or ready)[0]
        self._last_served = chosen.number
        return chosen

    def _give_up(self, pending: _Pending) -> None:
        delays = self._timing.retry_delays
        if pending.parcel.kind != "events_api" or pending.attempt >= len(delays):
            self._pending.remove(pending)
            pending.parcel.failed()
            return
        due = self._clock.now() + delays[pending.attempt]
        self._replace(pending, _Pending(pending.parcel, due, pending.attempt + 1, "timeout"))

    def _replace(self, old: _Pending, new: _Pending) -> None:
        self._pending[next(place for place, each in enumerate(self._pending) if each is old)] = new


def _hello(connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {"host": "local-workspace", "build_number": 1, "approximate_connection_time": 3600},
        "connection_info": {"app_id": APP_ID},
    }
