"""A message as the workspace keeps it, and what each person sees of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.workspace.mentions import (
    Reach,
    join,
    read_attachments,
    read_blocks,
    read_markdown,
    read_mrkdwn,
    read_plain_broadcasts,
)
from bot.workspace.wire import Json

STREAM_SECONDS = 300.0  # slackapi/python-slack-sdk#1859


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji under a message and who put it there, first comer first."""

    name: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """A message that is written in front of *recipient*; others see *first_text* until it stops.

    *started* is in seconds since 1970; *recipient* is None in a direct message.
    """

    started: float
    recipient: str | None
    first_text: str
    first_chunks: tuple[Json, ...] = ()
    is_open: bool = True

    def lives(self, now: float) -> bool:
        """Tell whether it may still be written to: five minutes in all, however steadily it grows."""
        return self.is_open and now - self.started < STREAM_SECONDS


@dataclass(frozen=True, slots=True)
class Message:
    """One message: *text* and *blocks* are the newest version; *pings* are everybody it ever notified."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    chunks: tuple[Json, ...] = ()
    files: tuple[str, ...] = ()
    thread_ts: str | None = None
    bot_id: str | None = None
    client_msg_id: str | None = None
    subtype: str | None = None
    edited_ts: str | None = None
    visible_to: str | None = None
    metadata: Json | None = None
    reactions: tuple[Reaction, ...] = ()
    stream: Stream | None = None
    is_markdown: bool = False
    links_names: bool = False
    pings: tuple[str, ...] = ()

    @property
    def is_ephemeral(self) -> bool:
        """Tell whether only one person can see it."""
        return self.visible_to is not None

    @property
    def is_reply(self) -> bool:
        """Tell whether it stands in a thread below another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def is_streaming(self) -> bool:
        """Tell whether it was started as a stream and not stopped."""
        return self.stream is not None and self.stream.is_open

    @property
    def links(self) -> tuple[str, ...]:
        """Return every address the newest version leads to."""
        return self.reach().links

    def reach(self) -> Reach:
        """Read whom the newest version notifies and where it links to."""
        read = read_markdown if self.is_markdown else read_mrkdwn
        extra = read_plain_broadcasts(self.text) if self.links_names else Reach()
        return join(
            [read(self.text), extra, read_blocks((*self.blocks, *self.chunks)), read_attachments(self.attachments)]
        )

    def seen_by(self, person_id: str) -> "Message | None":
        """Return what *person_id* sees: None for another's ephemeral, the first chunk of another's open stream."""
        if self.visible_to not in (None, person_id):
            return None
        if self.stream is None or not self.stream.is_open or self.stream.recipient in (None, person_id):
            return self
        return replace(self, text=self.stream.first_text, chunks=self.stream.first_chunks, blocks=())


def with_reaction(message: Message, name: str, person_id: str) -> Message:
    """Return *message* with one more reaction."""
    others = {reaction.name: reaction.people for reaction in message.reactions}
    others[name] = (*others.get(name, ()), person_id)
    return replace(message, reactions=_reactions(others.items()))


def without_reaction(message: Message, name: str, person_id: str) -> Message:
    """Return *message* without that person's reaction."""
    left = [
        (each.name, tuple(p for p in each.people if each.name != name or p != person_id)) for each in message.reactions
    ]
    return replace(message, reactions=_reactions([(name, people) for name, people in left if people]))


def has_reaction(message: Message, name: str, person_id: str) -> bool:
    """Tell whether that person put *name* under the message."""
    return any(reaction.name == name and person_id in reaction.people for reaction in message.reactions)


def _reactions(pairs: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[Reaction, ...]:
    return tuple(Reaction(name, people) for name, people in pairs)
