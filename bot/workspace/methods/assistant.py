"""assistant.threads.* and agents.sessions.setStatus: what stands around a thread while the bot works on it."""

from bot.workspace.errors import CallRefused
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.state import Status, ThreadNotes
from bot.workspace.wire import Json

MAX_LOADING_MESSAGES = 10
MAX_PROMPTS = 4
_SESSIONS = ("active", "processing", "suspended", "closed")


def set_status(desk: Desk, arguments: Arguments) -> Json:
    """assistant.threads.setStatus: gone after two minutes or with the bot's next message; an empty one clears it."""
    loading = arguments.words("loading_messages")
    if len(loading) > MAX_LOADING_MESSAGES:
        raise CallRefused("invalid_arguments", f"[ERROR] no more than {MAX_LOADING_MESSAGES} items allowed")
    if not arguments.has("status"):
        raise CallRefused("invalid_arguments", "[ERROR] missing required field: status")
    text = arguments.maybe("status") or ""
    notes = _notes(desk, arguments)
    notes.status = Status(text, desk.state.clock.now(), loading) if text else None
    return {}


def set_title(desk: Desk, arguments: Arguments) -> Json:
    """assistant.threads.setTitle."""
    title = arguments.text("title")
    _notes(desk, arguments).title = title
    return {}


def set_suggested_prompts(desk: Desk, arguments: Arguments) -> Json:
    """assistant.threads.setSuggestedPrompts; without a thread they stand in the direct message itself."""
    prompts = arguments.objects("prompts")
    if not prompts or any(not isinstance(prompt.get(name), str) for prompt in prompts for name in ("title", "message")):
        raise CallRefused("invalid_arguments", "[ERROR] each prompt needs title and message [json-pointer:/prompts]")
    if len(prompts) > MAX_PROMPTS:
        raise CallRefused(
            "invalid_arguments", f"[ERROR] no more than {MAX_PROMPTS} items allowed [json-pointer:/prompts]"
        )
    channel = desk.joined_channel(arguments.text("channel_id"))
    if channel.kind != "im":
        raise CallRefused("channel_type_not_supported")
    thread_ts = arguments.maybe("thread_ts")
    desk.check_thread(channel, thread_ts)
    desk.state.thread_notes(channel.id, thread_ts or "").prompts = tuple(prompts)
    return {}


def set_session_status(desk: Desk, arguments: Arguments) -> Json:
    """agents.sessions.setStatus: shares one place with the thread's status, the last writer wins."""
    session = arguments.text("status")
    if session not in _SESSIONS:
        raise CallRefused("invalid_arguments", f"[ERROR] must be one of {', '.join(_SESSIONS)} [json-pointer:/status]")
    channel = desk.joined_channel(arguments.text("channel_id"))
    thread_ts = arguments.maybe("thread_ts")
    desk.check_thread(channel, thread_ts)
    notes = desk.state.thread_notes(channel.id, thread_ts or "")
    notes.session = session
    notes.status = (
        Status(arguments.maybe("title") or "is working…", desk.state.clock.now()) if session == "processing" else None
    )
    return {}


def _notes(desk: Desk, arguments: Arguments) -> ThreadNotes:
    channel = desk.joined_channel(arguments.text("channel_id"))
    thread_ts = arguments.text("thread_ts")
    desk.check_thread(channel, thread_ts)
    return desk.state.thread_notes(channel.id, thread_ts)
