"""response_url: how a bot answers a command or a press later, five times within thirty minutes."""

from dataclasses import replace

from bot.workspace.errors import CallRefused
from bot.workspace.exchange import Exchange, Reply
from bot.workspace.limits import check_blocks, check_text
from bot.workspace.messages import Message
from bot.workspace.methods.arguments import Arguments
from bot.workspace.people import BOT_ID, BOT_USER_ID, SLACKBOT_ID
from bot.workspace.state import Hook, Trigger
from bot.workspace.wire import Json

MAX_USES = 5
HOOK_SECONDS = 30 * 60.0


def new_hook(exchange: Exchange, person: str, channel: str, message_ts: str | None = None) -> Hook:
    """Give out a response_url for what *person* did in *channel*, perhaps to one message."""
    hook = Hook(exchange.state.new_id("hook"), person, channel, exchange.clock.now(), message_ts)
    exchange.state.hooks[hook.id] = hook
    return hook


def hook_url(exchange: Exchange, hook: Hook) -> str:
    """Return the address of *hook*."""
    return f"{exchange.address}/hooks/{hook.id}"


def new_trigger(exchange: Exchange, person: str, view_id: str | None = None) -> str:
    """Give out a trigger_id for what *person* did, perhaps inside a modal."""
    trigger = Trigger(exchange.state.new_id("T."), person, exchange.clock.now(), view_id)
    exchange.state.triggers[trigger.id] = trigger
    return trigger.id


def respond(exchange: Exchange, hook_id: str, body: Json) -> Reply:
    """Answer a POST to a response_url."""
    hook = exchange.state.hooks.get(hook_id)
    if hook is None:
        return Reply({"ok": False, "error": "invalid_url"}, 404)
    if exchange.clock.now() - hook.created > HOOK_SECONDS:
        return Reply({"ok": False, "error": "expired_url"}, 404)
    if hook.uses >= MAX_USES:
        return Reply({"ok": False, "error": "used_url"}, 404)
    exchange.state.hooks[hook_id] = replace(hook, uses=hook.uses + 1)
    try:
        show(exchange, hook, body)
    except CallRefused as refusal:
        return Reply({"ok": False, "error": refusal.code}, 400)
    return Reply({"ok": True})


def show(exchange: Exchange, hook: Hook, body: Json) -> None:
    """Show what a bot answered by response_url or in its ack; only to the person unless ``in_channel`` is asked for."""
    arguments = Arguments(body)
    original = exchange.state.message(hook.channel, hook.message_ts or "")
    if arguments.flag("delete_original"):
        _delete(exchange, original)
        return
    text, blocks = arguments.maybe("text") or "", arguments.objects("blocks", "invalid_blocks_format")
    if not text and not blocks:
        raise CallRefused("no_text")
    check_text(text)
    check_blocks(blocks)
    if arguments.flag("replace_original"):
        _replace(exchange, original, text, blocks)
        return
    message = Message(
        hook.channel,
        exchange.state.new_ts(),
        BOT_USER_ID,
        text=text,
        blocks=tuple(blocks),
        bot_id=BOT_ID,
        thread_ts=arguments.maybe("thread_ts"),
        visible_to=None if arguments.maybe("response_type") == "in_channel" else hook.person,
    )
    exchange.desk.check_thread(exchange.state.channels[hook.channel], message.thread_ts)
    exchange.desk.post(message)


def tell(exchange: Exchange, person: str, channel: str, text: str) -> None:
    """Let Slackbot tell *person* alone that something failed."""
    ts = exchange.state.new_ts()
    exchange.state.put(Message(channel, ts, SLACKBOT_ID, text=text, visible_to=person))


def _delete(exchange: Exchange, original: Message | None) -> None:
    if original is None:
        raise CallRefused("message_not_found")
    if original.is_ephemeral:
        exchange.state.remove(original)
        return
    exchange.desk.delete(original)


def _replace(exchange: Exchange, original: Message | None, text: str, blocks: list[Json]) -> None:
    if original is None:
        raise CallRefused("message_not_found")
    changed = replace(original, text=text, blocks=tuple(blocks), chunks=(), is_markdown=False)
    if original.is_ephemeral:
        exchange.state.put(changed)
        return
    exchange.desk.change(changed, original)
