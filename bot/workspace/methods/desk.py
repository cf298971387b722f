"""What every Web API method works with: the state, and the way to tell the bot of its own doings."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.workspace import events
from bot.workspace.errors import CallRefused
from bot.workspace.events import Event
from bot.workspace.messages import Message
from bot.workspace.people import BOT_USER_ID, Channel, Person
from bot.workspace.state import State


@dataclass(frozen=True, slots=True)
class Desk:
    """The state, the app's scopes, *echo* for what the bot causes itself, *new_ticket* and the *address* of it all."""

    state: State
    scopes: frozenset[str]
    echo: Callable[[Event], None]
    new_ticket: Callable[[], str]
    address: str

    def known_channel(self, channel_id: str) -> Channel:
        """Return the channel as far as the bot may know of it: a private one only from inside."""
        channel = self.state.channels.get(channel_id)
        if channel is None or (channel.kind != "channel" and BOT_USER_ID not in channel.members):
            raise CallRefused("channel_not_found")
        return channel

    def joined_channel(self, channel_id: str) -> Channel:
        """Return a channel the bot is in."""
        channel = self.known_channel(channel_id)
        if BOT_USER_ID not in channel.members:
            raise CallRefused("not_in_channel")
        return channel

    def writable_channel(self, channel_id: str) -> Channel:
        """Return a channel the bot may post to; a person's id stands for the direct message with them."""
        direct = self.state.direct_channel({channel_id, BOT_USER_ID}) if channel_id in self.state.people else None
        channel = direct or self.joined_channel(channel_id)
        if channel.is_archived:
            raise CallRefused("is_archived")
        return channel

    def known_person(self, person_id: str) -> Person:
        """Return the person."""
        person = self.state.people.get(person_id)
        if person is None:
            raise CallRefused("user_not_found")
        return person

    def visible_message(self, channel: Channel, ts: str) -> Message:
        """Return a message that is no ephemeral."""
        message = self.state.message(channel.id, ts)
        if message is None or message.is_ephemeral:
            raise CallRefused("message_not_found")
        return message

    def own_message(self, channel: Channel, ts: str, error: str) -> Message:
        """Return a message the bot posted; *error* is Slack's code for another's."""
        message = self.visible_message(channel, ts)
        if message.user != BOT_USER_ID:
            raise CallRefused(error)
        return message

    def check_thread(self, channel: Channel, thread_ts: str | None) -> None:
        """Refuse a thread that does not start with a message of *channel*."""
        if thread_ts is None:
            return
        parent = self.state.message(channel.id, thread_ts)
        if parent is None or parent.is_reply:
            raise CallRefused("thread_not_found")
        if parent.is_ephemeral:
            raise CallRefused("cannot_reply_to_message")

    def post(self, message: Message) -> Message:
        """Keep a new message of the bot, clear its thread's status, and echo it to the bot."""
        kept = self.state.put(message)
        self._clear_status(kept)
        if not kept.is_ephemeral:
            self.echo(events.message_sent(kept, self.state.channels[kept.channel]))
        return kept

    def change(self, message: Message, previous: Message) -> Message:
        """Keep an edited message and echo the edit to the bot."""
        ts = self.state.new_ts()
        kept = self.state.put(replace(message, edited_ts=ts))
        self.echo(events.message_changed(kept, previous, self.state.channels[kept.channel], ts))
        return kept

    def delete(self, message: Message) -> None:
        """Take a message away; a thread's first one leaves a mark, since its replies stay."""
        channel = self.state.channels[message.channel]
        ts = self.state.new_ts()
        if any(reply.is_reply for reply in self.state.thread(message.channel, message.ts)) and not message.is_reply:
            mark = replace(
                message, text="This message was deleted.", blocks=(), chunks=(), attachments=(), subtype="tombstone"
            )
            kept = self.state.put(mark)
            self.echo(events.message_changed(kept, message, channel, ts))
            return
        self.state.remove(message)
        self.echo(events.message_deleted(message, channel, ts))

    def _clear_status(self, message: Message) -> None:
        notes = self.state.notes.get((message.channel, message.thread_ts or message.ts))
        if notes is not None:
            notes.status = None
