"""Everything the workspace remembers; no I/O and no rules.

Ids and timestamps come from the clock and one counter: unique, increasing, and the same in every run on a still clock.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.workspace.clock import Clock
from bot.workspace.mentions import Reach, join
from bot.workspace.messages import Message
from bot.workspace.people import Channel, Person, Population, UserGroup
from bot.workspace.views import View
from bot.workspace.wire import Json

STATUS_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Trigger:
    """A permission to open one view for *person*, given at *created* (seconds since 1970)."""

    id: str
    person: str
    created: float
    view_id: str | None = None
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """A response_url: where a late reply to a command or a press may go, and how often it was used."""

    id: str
    person: str
    channel: str
    created: float
    message_ts: str | None = None
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The line below a thread while the bot works; *since* is in seconds since 1970."""

    text: str
    since: float
    loading_messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way into the workspace."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes = b""
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message that will be posted at *due*, in seconds since 1970."""

    id: str
    due: float
    message: Message


@dataclass(slots=True)
class ThreadNotes:
    """What assistant.threads.* said about one thread."""

    title: str = ""
    prompts: tuple[Json, ...] = ()
    status: Status | None = None
    session: str = ""

    def status_at(self, now: float) -> str:
        """Return the status still shown at *now*: none after two minutes."""
        return self.status.text if self.status and now - self.status.since < STATUS_SECONDS else ""


class State:
    """The memory of one workspace."""

    def __init__(self, clock: Clock, population: Population) -> None:
        self.clock = clock
        self.people: dict[str, Person] = {person.id: person for person in population.people}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in population.channels}
        self.groups: dict[str, UserGroup] = {group.id: group for group in population.groups}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.hooks: dict[str, Hook] = {}
        self.uploads: dict[str, Upload] = {}
        self.suggestions: dict[str, dict[str, Json]] = {}
        self.scheduled: dict[str, Scheduled] = {}
        self.notes: dict[tuple[str, str], ThreadNotes] = {}
        self._messages: dict[str, dict[str, Message]] = {channel: {} for channel in self.channels}
        self._counter = itertools.count(1)
        self._last_microseconds = 0

    def new_ts(self) -> str:
        """Return a message timestamp later than every one before."""
        self._last_microseconds = max(int(self.clock.now() * 1_000_000), self._last_microseconds + 1)
        return f"{self._last_microseconds // 1_000_000}.{self._last_microseconds % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """Return *prefix* with a number that no other id has."""
        return f"{prefix}{next(self._counter):09d}"

    def put(self, message: Message) -> Message:
        """Keep *message*, new or changed, and add up whom all its versions notified."""
        before = self._messages[message.channel].get(message.ts)
        earlier = before.pings if before else ()
        kept = replace(
            message,
            blocks=tuple(self._completed(block) for block in message.blocks),
            pings=join([Reach(earlier), message.reach()]).pings,
        )
        self._messages[message.channel][message.ts] = kept
        return kept

    def remove(self, message: Message) -> None:
        """Forget *message*."""
        del self._messages[message.channel][message.ts]

    def message(self, channel: str, ts: str) -> Message | None:
        """Return the message, or None."""
        return self._messages.get(channel, {}).get(ts)

    def messages(self, channel: str) -> list[Message]:
        """Return every message of the channel, replies and ephemerals included, oldest first."""
        return sorted(self._messages[channel].values(), key=lambda message: _moment(message.ts))

    def thread(self, channel: str, ts: str) -> list[Message]:
        """Return the message *ts* and the replies below it, oldest first."""
        return [message for message in self.messages(channel) if ts in (message.ts, message.thread_ts)]

    def suggest(self, person: str, menu: str, answer: Json) -> None:
        """Keep what the bot offers *person* in the external *menu*, named by block_id and action_id."""
        self.suggestions.setdefault(person, {})[menu] = answer

    def offered(self, person: str, block: Json, element: Json) -> Json:
        """Return *element*; an external menu with the options that were offered to *person*."""
        if not str(element.get("type", "")).endswith("external_select"):
            return element
        answer = self.suggestions.get(person, {}).get(f"{block['block_id']}/{element['action_id']}", {})
        initial = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
        grouped = [option for group in answer.get("option_groups", []) for option in group["options"]]
        return {**element, "options": [*initial, *answer.get("options", []), *grouped]}

    def modals(self, person: str) -> list[View]:
        """Return the modals open before *person*, the topmost last."""
        return [view for view in self.views.values() if view.person == person]

    def thread_notes(self, channel: str, thread_ts: str) -> ThreadNotes:
        """Return what was said about a thread, made on first use."""
        return self.notes.setdefault((channel, thread_ts), ThreadNotes())

    def direct_channel(self, people: Iterable[str]) -> Channel | None:
        """Return the direct message between exactly *people*."""
        wanted = frozenset(people)
        return next((each for each in self.channels.values() if each.kind == "im" and each.members == wanted), None)

    def completed_view(self, body: Json) -> Json:
        """Return *body* with the ids Slack gives to blocks and elements that have none."""
        return {**body, "blocks": [self._completed(block) for block in body.get("blocks", [])]}

    def _completed(self, block: Json) -> Json:
        full = dict(block) if block.get("block_id") else {**block, "block_id": self.new_id("b")}
        for name in ("accessory", "element"):
            if name in full:
                full[name] = self._identified(full[name])
        for name in ("elements", "actions"):
            if isinstance(full.get(name), list):
                full[name] = [self._identified(each) for each in full[name]]
        if "child_blocks" in full:
            full["child_blocks"] = [self._completed(child) for child in full["child_blocks"]]
        return full

    def _identified(self, element: Json) -> Json:
        if element.get("type") == "card":
            return self._completed(element)
        if element.get("type") in _SILENT or element.get("action_id"):
            return element
        return {**element, "action_id": self.new_id("a")}


_SILENT = {
    "image",
    "plain_text",
    "mrkdwn",
    "rich_text_section",
    "rich_text_list",
    "rich_text_quote",
    "rich_text_preformatted",
}


def _moment(ts: str) -> float:
    return float(ts)
