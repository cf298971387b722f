"""What Slack sends, read: which event, command or shortcut is a question, and which one changes or deletes one.

Pure: nothing is looked up or said here, and no payload, however odd, makes it fail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.following import asks
from bot.questions import Asker, Origin, Question, QuestionId, Thread, question_id
from bot.slack import mrkdwn

ASK_COMMAND = "/ask"
ANSWER_SHORTCUT = "answer_from_wiki"

_SUBTYPES_WITH_WORDS = (None, "thread_broadcast", "file_share")  # others are edits, joins, bots and the like
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
    is_direct_message = event.get("type") == "message" and _is_direct(event) and bool(_words(event).strip())
    return _asked(body, event, bot_user_id, Origin.MENTION) if is_mention or is_direct_message else None


def remark_in(body: Fields, bot_user_id: str) -> Question | None:
    """Return what was said in a channel to nobody by name, as the question that it may be.

    In a thread it is one if its writer has asked there before, elsewhere if an admin lets the bot offer answers.
    """
    event = _fields(body.get("event"))
    if not _is_said_by_person(event) or event.get("type") != "message" or _is_direct(event):
        return None
    if "<@" in _words(event) or not asks(mrkdwn.read_text(_words(event), bot_user_id)):
        return None
    is_in_thread = event.get("thread_ts") not in (None, "", event.get("ts"))
    return _asked(body, event, bot_user_id, Origin.FOLLOW_UP if is_in_thread else Origin.OFFER)


def change_in(body: Fields, bot_user_id: str) -> Edited | Deleted | None:
    """Return what an event's *body* tells of an edited or deleted message of a person."""
    event = _fields(body.get("event"))
    before, now = _fields(event.get("previous_message")), _fields(event.get("message"))
    if event.get("type") != "message" or before.get("bot_id") or not _TS.fullmatch(str(before.get("ts"))):
        return None
    known = question_id(_team(body, event), str(event.get("channel")), str(before["ts"]))
    if event.get("subtype") == "message_deleted" or now.get("subtype") == "tombstone":
        return Deleted(known)
    if event.get("subtype") != "message_changed" or _words(now) == _words(before):
        return None  # an unfurled link, a pinned message
    return Edited(known, mrkdwn.read_text(_words(now), bot_user_id))


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
        text=mrkdwn.read_text(_words(message), bot_user_id),
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
        text=mrkdwn.read_text(_words(event), bot_user_id),
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
    return str(body.get("team_id") or event.get("team") or body.get("enterprise_id") or "")


def _thread_ts(message: Fields) -> str:
    return str(message.get("thread_ts") or "")


def _words(message: Fields) -> str:
    return str(message.get("text") or "")


def _fields(value: object) -> Fields:
    return value if isinstance(value, Mapping) else {}
