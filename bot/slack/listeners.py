"""From Slack's events to questions in the queue.

Questions are kept in a middleware, which runs before Bolt acknowledges the event; a listener would run after it. If
keeping fails, the event is not acknowledged and Slack sends it again.
"""

import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from slack_bolt import Ack, App, BoltContext, BoltResponse
from slack_bolt.error import BoltUnhandledRequestError

from bot.ports import QuestionQueue
from bot.questions import Asker, Question, Thread, question_id
from bot.slack import mrkdwn

_SUBTYPES_WITH_WORDS = (None, "thread_broadcast", "file_share")  # others are edits, joins, bots and the like
_TS = re.compile(r"[0-9]{1,11}\.[0-9]{1,9}")  # seconds since 1970

log = logging.getLogger(__name__)


def register(app: App, queue: QuestionQueue, wake: Callable[[], None]) -> None:
    """Make *app* keep each question in *queue* and call *wake*, and acknowledge every event it is sent."""

    def keep_question(body: dict[str, object], context: BoltContext, next_: Callable[[], BoltResponse]) -> BoltResponse:
        question = question_in(body, context.bot_user_id or "")
        if question is not None and queue.put(question):
            log.info("question kept", extra={"question": question.id})
            wake()
        return next_()

    app.middleware(keep_question)
    app.event(re.compile(".*"))(_let_pass)
    app.action(re.compile(r"source_\d+"))(_acknowledge)
    app.error(_tell)


def question_in(body: Mapping[str, object], bot_user_id: str) -> Question | None:
    """Return the question that an event's *body* holds: a mention of the bot, or a direct message to it."""
    event = body.get("event")
    if not isinstance(event, Mapping) or not _asks(event):
        return None
    team = str(body.get("team_id") or event.get("team") or body.get("enterprise_id") or "")
    channel, ts = str(event["channel"]), str(event["ts"])
    return Question(
        id=question_id(team, channel, ts),
        text=mrkdwn.read_text(str(event.get("text") or ""), bot_user_id),
        asker=Asker(str(event["user"])),
        thread=Thread(team, channel, str(event.get("thread_ts") or ts), is_direct=_is_direct(event)),
        ts=ts,
        asked_at=datetime.fromtimestamp(float(ts), tz=UTC),
    )


def _asks(event: Mapping[str, object]) -> bool:
    if event.get("bot_id") or not event.get("user") or event.get("subtype") not in _SUBTYPES_WITH_WORDS:
        return False
    if not event.get("channel") or not _TS.fullmatch(str(event.get("ts"))):
        return False
    if event.get("type") == "app_mention":
        return True
    has_words = bool(str(event.get("text") or "").strip())
    return event.get("type") == "message" and _is_direct(event) and has_words


def _is_direct(event: Mapping[str, object]) -> bool:
    return event.get("channel_type") == "im" or str(event.get("channel")).startswith("D")


def _let_pass() -> None:
    """Do nothing more: Bolt acknowledges an event that has a listener."""


def _acknowledge(ack: Ack) -> None:
    """Acknowledge the click on a button that opens an address; Slack shows a warning sign where nobody does."""
    ack()


def _tell(error: Exception) -> None:
    """Log what Bolt would log together with the whole request, words included."""
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("slack sent what nobody listens to", extra={"kind": str(error.request.body.get("type"))})
    else:
        log.error("an event was not taken", extra={"error": type(error).__name__, "why": str(error)})
