"""Envelopes, acks and redelivery, without sockets."""

import pytest

from bot.workspace import Clock, Fault, FaultKind, Timing
from bot.workspace.delivery import Delivery
from bot.workspace.exchange import Exchange
from bot.workspace.gestures import command, find_channel, find_person, say
from bot.workspace.people import DEFAULT_SCOPES, harbourline
from tests.bot.workspace.asking import Json


class Ears:
    """A bot that hears over one connection and acknowledges when told."""

    def __init__(self, delivery: Delivery) -> None:
        self.frames: list[Json] = []
        self._delivery = delivery
        self.number = delivery.connect(self.frames.append, lambda: None)

    @property
    def heard(self) -> list[Json]:
        """Return the envelopes."""
        return [frame for frame in self.frames if "envelope_id" in frame]

    def acknowledge(self, place: int = -1) -> None:
        """Acknowledge one of the envelopes."""
        self._delivery.acknowledge(self.heard[place]["envelope_id"], {})


@pytest.fixture
def exchange() -> Exchange:
    """Slack's side on a still clock."""
    return Exchange(
        "http://127.0.0.1:1", Clock(start=1_800_000_000), harbourline(0), scopes=DEFAULT_SCOPES, timing=Timing()
    )


def ask(exchange: Exchange, text: str = "<@U0FOOTNOTE> hello", channel: str = "#general") -> str:
    """Let Maya say something."""
    person = find_person(exchange, "Maya")
    return say(exchange, person, find_channel(exchange, channel, person), text).ts


def pass_time(exchange: Exchange, seconds: float) -> None:
    """Let time pass and deliver what is due."""
    exchange.clock.advance(seconds)
    exchange.delivery.pump()


def test_connection_is_greeted_with_its_number(exchange: Exchange) -> None:
    """Hello counts the connections, so that a second bot can be noticed."""
    ears = [Ears(exchange.delivery), Ears(exchange.delivery)]

    assert [each.frames[0]["num_connections"] for each in ears] == [1, 2]
    assert ears[0].frames[0]["type"] == "hello"


def test_mention_makes_two_events_of_one_message(exchange: Exchange) -> None:
    """app_mention and message differ in event_id and agree in channel and ts."""
    ears = Ears(exchange.delivery)

    ts = ask(exchange)

    payloads = [frame["payload"] for frame in ears.heard]
    assert [payload["event"]["type"] for payload in payloads] == ["app_mention", "message"]
    assert {payload["event"]["ts"] for payload in payloads} == {ts}
    assert len({payload["event_id"] for payload in payloads}) == 2
    assert payloads[1]["event"]["channel_type"] == "channel"
    assert payloads[0]["event"]["blocks"][0]["elements"][0]["elements"][0] == {"type": "user", "user_id": "U0FOOTNOTE"}
    assert payloads[0]["authorizations"][0]["is_bot"]


def test_direct_message_makes_one_event(exchange: Exchange) -> None:
    """Even with a mention, a DM is message.im alone."""
    ears = Ears(exchange.delivery)

    ask(exchange, channel="@Footnote")

    (frame,) = ears.heard
    assert (frame["payload"]["event"]["type"], frame["payload"]["event"]["channel_type"]) == ("message", "im")


def test_channel_without_the_bot_is_silent(exchange: Exchange) -> None:
    """Nothing said in #leadership reaches the bot."""
    ears = Ears(exchange.delivery)

    ask(exchange, channel="#leadership")

    assert ears.heard == []


def test_event_needs_its_scope() -> None:
    """Without channels:history the bot hears of mentions only."""
    exchange = Exchange(
        "http://127.0.0.1:1", Clock(start=1.0), harbourline(0), scopes=frozenset({"app_mentions:read"}), timing=Timing()
    )
    ears = Ears(exchange.delivery)

    ask(exchange)

    assert [frame["payload"]["event"]["type"] for frame in ears.heard] == ["app_mention"]


def test_event_goes_to_one_connection_only(exchange: Exchange) -> None:
    """Two connections take turns: a second bot steals half."""
    ears = [Ears(exchange.delivery), Ears(exchange.delivery)]

    ask(exchange)

    assert [len(each.heard) for each in ears] == [1, 1]


def test_event_waits_for_a_connection(exchange: Exchange) -> None:
    """What is said before the bot starts is delivered when it has."""
    ask(exchange, "no mention")

    ears = Ears(exchange.delivery)

    assert len(ears.heard) == 1


def test_unacknowledged_event_comes_again_three_times(exchange: Exchange) -> None:
    """At once, after a minute, after five; with its event_id, a count and a reason."""
    ears = Ears(exchange.delivery)
    ask(exchange, "no mention")

    for seconds in (3, 3, 60, 3, 300, 3, 1000):
        pass_time(exchange, seconds)

    assert [(frame["retry_attempt"], frame["retry_reason"]) for frame in ears.heard] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert len({frame["payload"]["event_id"] for frame in ears.heard}) == 1
    assert len({frame["envelope_id"] for frame in ears.heard}) == 4
    assert exchange.delivery.unacknowledged == 0


def test_acknowledged_event_does_not_come_again(exchange: Exchange) -> None:
    """An ack ends it, and a second ack changes nothing."""
    ears = Ears(exchange.delivery)
    ask(exchange, "no mention")

    ears.acknowledge()
    ears.acknowledge()
    pass_time(exchange, 1000)

    assert len(ears.heard) == 1
    assert exchange.delivery.envelopes[0].is_acked


def test_lost_ack_brings_the_event_back(exchange: Exchange) -> None:
    """The bot acknowledged, Slack did not hear it."""
    ears = Ears(exchange.delivery)
    exchange.faults.put(Fault(FaultKind.IGNORED_ACK))
    ask(exchange, "no mention")

    ears.acknowledge()
    pass_time(exchange, 3)

    assert [frame["retry_attempt"] for frame in ears.heard] == [0, 1]


def test_event_of_a_dead_connection_goes_to_the_next(exchange: Exchange) -> None:
    """A bot killed before its ack gets the event again after the restart."""
    first = Ears(exchange.delivery)
    ask(exchange, "no mention")
    exchange.delivery.leave(first.number)

    second = Ears(exchange.delivery)
    pass_time(exchange, 3)

    assert [frame["retry_attempt"] for frame in second.heard] == [1]


def test_connection_told_to_leave_gets_nothing_more(exchange: Exchange) -> None:
    """After a disconnect frame, events wait for the new connection."""
    old = Ears(exchange.delivery)
    exchange.delivery.disconnect("refresh_requested")

    ask(exchange, "no mention")
    new = Ears(exchange.delivery)

    assert old.frames[-1]["reason"] == "refresh_requested"
    assert (len(old.heard), len(new.heard)) == (0, 1)


def test_event_can_be_duplicated_swapped_and_redelivered(exchange: Exchange) -> None:
    """The three ways an event can surprise a bot."""
    ears = Ears(exchange.delivery)
    exchange.faults.put(Fault(FaultKind.SWAPPED_EVENTS))
    exchange.faults.put(Fault(FaultKind.DUPLICATE_EVENT))

    ts = ask(exchange)
    count = exchange.redeliver(ts)

    types = [frame["payload"]["event"]["type"] for frame in ears.heard]
    assert types == ["message", "message", "app_mention", "message", "app_mention"]
    assert ears.heard[0]["payload"]["event_id"] == ears.heard[1]["payload"]["event_id"]
    assert (count, ears.heard[-1]["retry_attempt"]) == (2, 1)


def test_unanswered_command_is_not_repeated_but_reported(exchange: Exchange) -> None:
    """The person reads that it failed, after three seconds or at once without a bot."""
    maya, channel = find_person(exchange, "Maya"), find_channel(exchange, "#general")
    command(exchange, maya, channel, "/advise", "")
    ears = Ears(exchange.delivery)

    command(exchange, maya, channel, "/advise", "")
    pass_time(exchange, 3)
    pass_time(exchange, 1000)

    assert len(ears.heard) == 1
    told = exchange.state.messages(channel.id)
    assert ["operation_timeout" in message.text for message in told] == [True, True]
    assert {message.visible_to for message in told} == {maya.id}
