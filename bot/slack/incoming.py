"""What Slack sends, read: which event, command or shortcut is a question, and which one changes or deletes one.

Pure: nothing is looked up or said here, and no payload, however odd, makes it fail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.following import asks
from bot.questions import Asker, Origin, Question, QuestionId, Thread, question_id
from bot.slack import mrkdwn, said

ASK_COMMAND = "/ask"
ANSWER_SHORTCUT = "answer_from_wiki"

_SUBTYPES_WITH_WORDS = (
    None,
    "thread_broadcast",
    "file_share",
    "me_message",
)  # others are edits, joins, bots and the like
_TS = re.compile(r"[0-9]{1,11}\.[0-9]{1,9}")  # seconds since 1970

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Edited:
    """A person's message now says *text*."""

    question_id: QuestionId
    text: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """A person's message is gone."""

    question_id: QuestionId


def question_in(body: Fields, bot_user_id: str) -> Question | None:
    """Return the question that an event's *body* holds: a mention of the bot, or a direct message to it."""
    event = _fields(body.get("event"))
    if not _is_said_by_person(event):
        return None
    is_mention = event.get("type") == "app_mention"
    is_direct_message = event.get("type") == "message" and _is_direct(event) and not said.is_empty(event)
    return _asked(body, event, bot_user_id, Origin.MENTION) if is_mention or is_direct_message else None


def remark_in(body: Fields, bot_user_id: str) -> Question | None:
    """Return what was said in a channel to nobody by name, as the question that it may be.

    In a thread it is one if its writer has asked there before, elsewhere if an admin lets the bot offer answers.
    """
    event = _fields(body.get("event"))
    if not _is_said_by_person(event) or event.get("type") != "message" or _is_direct(event):
        return None
    if "<@" in said.markup_in(event) or not asks(mrkdwn.read_text(said.markup_in(event), bot_user_id)):
        return None
    is_in_thread = event.get("thread_ts") not in (None, "", event.get("ts"))
    return _asked(body, event, bot_user_id, Origin.FOLLOW_UP if is_in_thread else Origin.OFFER)


def change_in(body: Fields, bot_user_id: str) -> Edited | Deleted | None:
    """Return what an event's *body* tells of an edited or deleted message of a person.

    Slack mentions the bot anew when a message with a mention is edited: the only word of it in a conversation of
    several people, whose messages the bot is not sent.
    """
    event = _fields(body.get("event"))
    if event.get("type") == "app_mention":
        return _edited_mention(body, event, bot_user_id)
    before, now = _fields(event.get("previous_message")), _fields(event.get("message"))
    was = before or now  # an event need not say what stood there before
    ts = str(was.get("ts") or event.get("deleted_ts"))
    if event.get("type") != "message" or was.get("bot_id") or not _TS.fullmatch(ts):
        return None
    known = question_id(_team(body, event), str(event.get("channel")), ts)
    if event.get("subtype") == "message_deleted" or now.get("subtype") == "tombstone":
        return Deleted(known)
    if event.get("subtype") != "message_changed" or not (before or now.get("edited")):
        return None
    words = said.words_in(now, bot_user_id)
    if before and words == said.words_in(before, bot_user_id):
        return None  # an unfurled link, a pinned message
    return Edited(known, words)


def _edited_mention(body: Fields, event: Fields, bot_user_id: str) -> Edited | None:
    if not event.get("edited") or not _is_said_by_person(event):
        return None
    return Edited(
        question_id(_team(body, event), str(event["channel"]), str(event["ts"])), said.words_in(event, bot_user_id)
    )


def command_in(body: Fields, bot_user_id: str, now: datetime) -> Question | None:
    """Return the question that follows `/ask`; None for another command, and where nothing follows."""
    text = body.get("text")
    if body.get("command") != ASK_COMMAND or not isinstance(text, str) or not text.strip():
        return None
    team, channel, ts = str(body.get("team_id") or ""), str(body.get("channel_id") or ""), str(body.get("trigger_id"))
    return Question(
        id=question_id(team, channel, ts),
        text=mrkdwn.read_text(text, bot_user_id),
        asker=Asker(str(body.get("user_id") or "")),
        thread=Thread(team, channel, ts, is_direct=channel.startswith("D")),
        ts=ts,
        asked_at=now,
        origin=Origin.COMMAND,
        reply_url=str(body.get("response_url") or ""),
    )


def shortcut_in(body: Fields, bot_user_id: str, now: datetime) -> Question | None:
    """Return the message that somebody wants answered, as a question of that somebody."""
    if body.get("type") != "message_action" or body.get("callback_id") != ANSWER_SHORTCUT:
        return None
    message, channel = _fields(body.get("message")), str(_fields(body.get("channel")).get("id") or "")
    ts, person = str(message.get("ts")), str(_fields(body.get("user")).get("id") or "")
    if not _TS.fullmatch(ts) or not channel or not person:
        return None
    team = str(_fields(body.get("team")).get("id") or _fields(body.get("enterprise")).get("id") or "")
    return Question(
        id=question_id(team, channel, ts),
        text=said.words_in(message, bot_user_id),
        asker=Asker(person),
        thread=Thread(team, channel, _thread_ts(message) or ts, is_direct=channel.startswith("D")),
        ts=ts,
        asked_at=now,
        origin=Origin.SHORTCUT,
        reply_url=str(body.get("response_url") or ""),
    )


def stopped_in(body: Fields) -> QuestionId | None:
    """Return the question whose answer was stopped by Slack's own button in a direct message."""
    event = _fields(body.get("event"))
    if event.get("type") != "agent_session_stopped":
        return None
    return question_id(_team(body, event), str(event.get("channel")), str(event.get("thread_ts")))


def _asked(body: Fields, event: Fields, bot_user_id: str, origin: Origin) -> Question:
    team, channel, ts = _team(body, event), str(event["channel"]), str(event["ts"])
    return Question(
        id=question_id(team, channel, ts),
        text=said.words_in(event, bot_user_id),
        asker=Asker(str(event["user"])),
        thread=Thread(team, channel, _thread_ts(event) or ts, is_direct=_is_direct(event)),
        ts=ts,
        asked_at=datetime.fromtimestamp(float(ts), tz=UTC),
        origin=origin,
    )


def _is_said_by_person(event: Fields) -> bool:
    if event.get("bot_id") or not event.get("user") or event.get("subtype") not in _SUBTYPES_WITH_WORDS:
        return False
    return bool(event.get("channel")) and _TS.fullmatch(str(event.get("ts"))) is not None


def _is_direct(event: Fields) -> bool:
    return event.get("channel_type") == "im" or str(event.get("channel")).startswith("D")


def _team(body: Fields, event: Fields) -> str:
    """Return the team that installed the app: in a channel shared with others, `team_id` may be one of theirs."""
    installed = body.get("authorizations")
    ours = _fields(installed[0]).get("team_id") if isinstance(installed, list) and installed else None
    return str(ours or body.get("team_id") or event.get("team") or body.get("enterprise_id") or "")


def _thread_ts(message: Fields) -> str:
    return str(message.get("thread_ts") or "")


def _fields(value: object) -> Fields:
    return value if isinstance(value, Mapping) else {}
