"""What people do in Slack's window, and what Slack then tells the bot."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.workspace import events
from bot.workspace.delivery import Parcel
from bot.workspace.errors import CallRefused, GestureRefused
from bot.workspace.exchange import Exchange
from bot.workspace.fill import Value, Written, action_of, filled
from bot.workspace.forms import mentions_bot, rich_text, view_form
from bot.workspace.hooks import hook_url, new_hook, new_trigger, show, tell
from bot.workspace.limits import elements_of
from bot.workspace.messages import Message, has_reaction, with_reaction, without_reaction
from bot.workspace.people import BOT_USER_ID, Channel, Person
from bot.workspace.state import Hook
from bot.workspace.views import View
from bot.workspace.wire import Json


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press: *wanted* is the action_id and, where that is not enough, the block_id; *value* is what was chosen.

    *state* is what stands in the other inputs around it.
    """

    wanted: tuple[str, str | None]
    value: Value = None
    state: Written = field(default_factory=dict)


def find_person(exchange: Exchange, who: str) -> Person:
    """Find a person by id, short name, first name or full name, whatever the case."""
    wanted = who.casefold()
    for person in exchange.state.people.values():
        first = person.real_name.split(" ")[0]
        if wanted in {name.casefold() for name in (person.id, person.name, first, person.real_name)}:
            return person
    raise GestureRefused(f"there is nobody called {who!r}")


def find_channel(exchange: Exchange, where: str, person: Person | None = None) -> Channel:
    """Find a channel by id or name, with or without #; ``@Footnote`` is *person*'s direct message with the bot."""
    if where in exchange.state.channels:
        return exchange.state.channels[where]
    if where.casefold() == "@footnote" and person is not None:
        return direct(exchange, person)
    wanted = where.removeprefix("#")
    for channel in exchange.state.channels.values():
        if channel.kind != "im" and channel.name == wanted:
            return channel
    raise GestureRefused(f"there is no channel {where!r}")


def find_view(exchange: Exchange, view_id: str) -> View:
    """Return an open modal or a published Home tab."""
    homes = {home.id: home for home in exchange.state.homes.values()}
    view = exchange.state.views.get(view_id) or homes.get(view_id)
    if view is None:
        raise GestureRefused(f"there is no open view {view_id!r}")
    return view


def find_message(exchange: Exchange, channel: str, ts: str) -> Message:
    """Return a message by channel and ts."""
    message = exchange.state.message(find_channel(exchange, channel).id, ts)
    if message is None:
        raise GestureRefused(f"there is no message {ts!r}")
    return message


def direct(exchange: Exchange, person: Person) -> Channel:
    """Return the direct message between *person* and the bot."""
    channel = exchange.state.direct_channel({person.id, BOT_USER_ID})
    if channel is None:
        raise GestureRefused(f"{person.real_name} has no direct message with the bot")
    return channel


def say(exchange: Exchange, person: Person, channel: Channel, text: str, thread_ts: str | None = None) -> Message:
    """Post *text*, in Slack's markup, as *person*; a mention in a channel makes two events."""
    _check_may_write(person, channel)
    if not text.strip():
        raise GestureRefused("Slack sends no empty message")
    state = exchange.state
    message = state.put(
        Message(
            channel.id,
            state.new_ts(),
            person.id,
            text=text,
            blocks=(rich_text(text),),
            thread_ts=_parent_ts(exchange, channel, thread_ts),
            client_msg_id=state.new_id("client-"),
        )
    )
    if BOT_USER_ID in channel.members:
        sent = events.message_sent(message, channel)
        is_mention = channel.kind != "im" and mentions_bot(text)
        exchange.announce_mention([events.bot_mentioned(message), sent] if is_mention else [sent])
    return message


def edit(exchange: Exchange, channel: Channel, ts: str, text: str) -> Message:
    """Change a person's message, as its author; one that mentions the bot now makes two events, as a new one does."""
    previous = _own(exchange, channel, ts)
    edited_ts = exchange.state.new_ts()
    message = exchange.state.put(replace(previous, text=text, blocks=(rich_text(text),), edited_ts=edited_ts))
    if BOT_USER_ID in channel.members:
        changed = events.message_changed(message, previous, channel, edited_ts)
        is_mention = channel.kind != "im" and mentions_bot(text)
        exchange.announce_mention([events.bot_mentioned(message), changed] if is_mention else [changed])
    return message


def delete(exchange: Exchange, channel: Channel, ts: str) -> None:
    """Delete a person's message, as its author."""
    exchange.desk.delete(_own(exchange, channel, ts))


def react(exchange: Exchange, person: Person, message: Message, name: str) -> None:
    """Put an emoji under a message, or take it back."""
    there = has_reaction(message, name, person.id)
    kept = exchange.state.put(
        without_reaction(message, name, person.id) if there else with_reaction(message, name, person.id)
    )
    kind = "reaction_removed" if there else "reaction_added"
    exchange.announce([events.reaction_changed(kind, person.id, name, kept, exchange.state.new_ts())])


def stop_stream(exchange: Exchange, person: Person, message: Message) -> None:
    """Press Slack's own stop button below a stream."""
    if not message.is_streaming:
        raise GestureRefused("only what is being streamed can be stopped")
    exchange.announce([events.session_stopped(person.id, message, exchange.state.new_ts())])


def invite(exchange: Exchange, inviter: Person, channel: Channel) -> Channel:
    """Take the bot into a channel."""
    joined = replace(channel, members=channel.members | {BOT_USER_ID})
    exchange.state.channels[channel.id] = joined
    exchange.announce([events.joined(BOT_USER_ID, joined, inviter.id, exchange.state.new_ts())])
    return joined


def kick(exchange: Exchange, channel: Channel) -> None:
    """Take the bot out of a channel; no event tells it."""
    exchange.state.channels[channel.id] = replace(channel, members=channel.members - {BOT_USER_ID})


def archive(exchange: Exchange, channel: Channel) -> None:
    """Archive a channel: everybody may read it, nobody may write."""
    exchange.state.channels[channel.id] = replace(channel, is_archived=True)


def command(exchange: Exchange, person: Person, channel: Channel, name: str, text: str) -> None:
    """Send a slash command; Slackbot tells the person where no ack comes within three seconds."""
    if "commands" not in exchange.scopes:
        raise GestureRefused("the app has no commands scope")
    _check_may_write(person, channel)
    hook = new_hook(exchange, person.id, channel.id)
    payload = events.slash_command(
        name, text, person, channel, trigger_id=new_trigger(exchange, person.id), response_url=hook_url(exchange, hook)
    )
    failed = _tells(exchange, hook, f'{name} failed with the error "operation_timeout"')
    exchange.delivery.offer(Parcel("slash_commands", payload, acknowledged=_shows(exchange, hook, name), failed=failed))


def press(exchange: Exchange, person: Person, message: Message, pressed: Pressed) -> None:
    """Press or choose in an element of a message."""
    blocks = _blocks_seen(person, message)
    action, values = _pressed(exchange, person, blocks, pressed)
    channel = exchange.state.channels[message.channel]
    hook = new_hook(exchange, person.id, channel.id, message.ts)
    payload = events.interaction("block_actions", person, new_trigger(exchange, person.id))
    payload |= events.pressed_in_message(message, channel, action, hook_url(exchange, hook), values)
    failed = _tells(exchange, hook, "This app did not respond.")
    exchange.delivery.offer(Parcel("interactive", payload, failed=failed))


def press_in_view(exchange: Exchange, view: View, pressed: Pressed) -> None:
    """Press or choose in an element of a modal or a Home tab."""
    person = exchange.state.people[view.person]
    action, values = _pressed(exchange, person, view.blocks, pressed)
    payload = events.interaction("block_actions", person, new_trigger(exchange, person.id, view.id))
    exchange.delivery.offer(Parcel("interactive", payload | events.pressed_in_view(view, action, values)))


def look_up(
    exchange: Exchange, person: Person, place: View | Message, wanted: tuple[str, str | None], typed: str
) -> None:
    """Write *typed* into an external menu; the bot's options are kept as that person's suggestions."""
    blocks = place.blocks if isinstance(place, View) else _blocks_seen(person, place)
    block, element = find_element(list(blocks), wanted)
    action_id, block_id = str(element["action_id"]), str(block["block_id"])

    def acknowledged(answer: Json) -> None:
        exchange.state.suggest(person.id, f"{block_id}/{action_id}", {**answer, "typed": typed})

    payload = events.suggestion(person, block_id, action_id, typed)
    if isinstance(place, View):
        payload["view"] = view_form(place)
    exchange.delivery.offer(Parcel("interactive", payload, acknowledged=acknowledged))


def shortcut(exchange: Exchange, person: Person, message: Message, callback_id: str) -> None:
    """Choose a shortcut of the app from the menu of a message."""
    _blocks_seen(person, message)
    channel = exchange.state.channels[message.channel]
    hook = new_hook(exchange, person.id, channel.id, message.ts)
    trigger = new_trigger(exchange, person.id)
    payload = events.message_shortcut(person, trigger, callback_id, message, channel)
    payload["response_url"] = hook_url(exchange, hook)
    failed = _tells(exchange, hook, "This app did not respond.")
    exchange.delivery.offer(Parcel("interactive", payload, failed=failed))


def open_home(exchange: Exchange, person: Person, tab: str) -> None:
    """Look at the bot's ``home`` or ``messages`` tab."""
    home = exchange.state.homes.get(person.id) if tab == "home" else None
    channel = direct(exchange, person)
    exchange.announce([events.home_opened(person.id, channel.id, tab, home, exchange.state.new_ts())])


def find_element(blocks: list[Json], wanted: tuple[str, str | None]) -> tuple[Json, Json]:
    """Return the block and the element with that action_id, and block_id where given. There must be exactly one."""
    action_id, block_id = wanted
    found = [
        (block, element)
        for block, element in elements_of(blocks)
        if element["action_id"] == action_id and block_id in (None, block["block_id"])
    ]
    if len(found) != 1:
        raise GestureRefused(f"{len(found)} elements have the action_id {action_id!r}")
    return found[0]


def _blocks_seen(person: Person, message: Message) -> list[Json]:
    seen = message.seen_by(person.id)
    if seen is None:
        raise GestureRefused("this message is shown to somebody else only")
    return [*seen.chunks, *seen.blocks]


def _pressed(exchange: Exchange, person: Person, blocks: list[Json], pressed: Pressed) -> tuple[Json, Json]:
    """Return the action and the values of all inputs around it, its own among them."""
    state = exchange.state
    block, element = find_element(blocks, pressed.wanted)
    action_id, block_id = str(element["action_id"]), str(block["block_id"])
    offered = [(each, state.offered(person.id, each, inner)) for each, inner in elements_of(blocks)]
    written = {key: dict(values) for key, values in pressed.state.items()}
    written.setdefault(block_id, {})[action_id] = pressed.value
    action = action_of(state.offered(person.id, block, element), block_id, pressed.value, state.new_ts())
    return action, filled(offered, written)


def _parent_ts(exchange: Exchange, channel: Channel, thread_ts: str | None) -> str | None:
    if thread_ts is None:
        return None
    message = exchange.state.message(channel.id, thread_ts)
    if message is None or message.is_ephemeral:
        raise GestureRefused("there is no such thread")
    return message.thread_ts or message.ts


def _own(exchange: Exchange, channel: Channel, ts: str) -> Message:
    message = exchange.state.message(channel.id, ts)
    if message is None or message.bot_id is not None:
        raise GestureRefused("people change only what people wrote")
    return message


def _check_may_write(person: Person, channel: Channel) -> None:
    if person.id not in channel.members:
        raise GestureRefused(f"{person.real_name} is not in {channel.name}")
    if channel.is_archived:
        raise GestureRefused(f"{channel.name} is archived")


def _shows(exchange: Exchange, hook: Hook, name: str) -> Callable[[Json], None]:
    def acknowledged(answer: Json) -> None:
        if not answer:
            return
        try:
            show(exchange, hook, answer)
        except CallRefused as refusal:
            tell(exchange, hook.person, hook.channel, f'{name} failed with the error "{refusal.code}"')

    return acknowledged


def _tells(exchange: Exchange, hook: Hook, text: str) -> Callable[[], None]:
    def failed() -> None:
        tell(exchange, hook.person, hook.channel, text)

    return failed
