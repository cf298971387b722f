"""/advise: a modal of questions, then the advice; the same again from the button below it.

/advise text ─► form, filled in ─► submitted ─► wrong: said beside each input
                                             └► the advice in short, in the modal, with the ack
                                                then the whole of it as a message, then the chart
"""

import logging
import time
from collections.abc import Callable, Mapping

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.advice.asking import Advice, advise, known
from bot.advice.chart import alt_text, chart
from bot.advice.figures import Tally
from bot.advice.picture import png
from bot.errors import BotError, RecordsUnusable, SlackRefused, SlackUnavailable
from bot.slack import advice_blocks, calls, mrkdwn
from bot.slack.advice_form import FORM_ID, Filled, form, read_form
from bot.slack.blocks import Message, apology
from bot.slack.rich_text import Block

COMMAND = "/advise"
MAX_ALT_CHARACTERS = 1000
ACK_SECONDS = 1.0  # by then Slack shows the view that came with the ack; sooner, that view would replace a newer one

_HERE = "The whole of it, with costs and a chart, is in your messages with me."
_THERE = "The whole of it, with costs and a chart, is in the channel."
_HERE_INSTEAD = f"I may not write in that channel. {_HERE}"
_LOST = "Slack did not say whether the whole of it was sent: look in your messages with me, or send /advise again."

log = logging.getLogger(__name__)

Body = Mapping[str, object]


class Advising:
    """/advise, as the bot of *client*; *tally* counts what the bot did so far (a Feature)."""

    def __init__(self, client: WebClient, tally: Callable[[], Tally]) -> None:
        self._client = client
        self._tally = tally

    def register(self, app: App) -> None:
        """Make *app* call it."""
        app.command(COMMAND)(self._opened)
        app.action(advice_blocks.AGAIN_ID)(self._again)
        app.view(FORM_ID)(self._submitted)

    def _opened(self, ack: Ack, body: Body, respond: Respond) -> None:
        ack()
        said = mrkdwn.read_text(str(body.get("text") or ""), "")
        knows = known(_counted(self._tally), said)
        self._open(body, form(knows, str(body.get("channel_id") or "")), respond)

    def _again(self, ack: Ack, body: Body, respond: Respond) -> None:
        ack()
        self._open(body, form(known(Tally(), _pressed_value(body)), _channel_of(body)), respond)

    def _submitted(self, ack: Ack, body: Body, view: Body) -> None:
        filled = read_form(view)
        if filled.wrong:
            ack(response_action="errors", errors=dict(filled.wrong))
            return
        given = advise(filled.values, filled.said)
        ack(response_action="update", view=advice_blocks.view(given, _THERE if filled.is_public else _HERE))
        _send(self._client, given, filled, str(_inner(body, "user").get("id")), str(view["id"]))

    def _open(self, body: Body, view: Block, respond: Respond) -> None:
        try:
            calls.once(lambda: self._client.views_open(trigger_id=str(body["trigger_id"]), view=view))
        except BotError as error:
            log.warning("the advice form was not opened", extra={"why": str(error)})
            respond(text=apology(error).text, replace_original=False)


def _counted(tally: Callable[[], Tally]) -> Tally:
    try:
        return tally()
    except RecordsUnusable as error:
        log.warning("nothing is known of the bot's own figures", extra={"why": str(error)})
        return Tally()


def _send(client: WebClient, given: Advice, filled: Filled, asker: str, view_id: str) -> None:
    """Post the advice and its chart; where that fails, say so in the modal that is still open."""
    try:
        channel, ts = _post(client, given, filled, asker)
    except (SlackRefused, SlackUnavailable) as error:
        log.warning("the advice was not sent", extra={"why": str(error)})
        _update(client, view_id, advice_blocks.view(given, _LOST))
        return
    if filled.is_public and channel != filled.channel:
        _update(client, view_id, advice_blocks.view(given, _HERE_INSTEAD))
    thread_ts = "" if channel.startswith("D") else ts
    try:
        _upload(client, given, channel, thread_ts)
    except (SlackRefused, SlackUnavailable) as error:
        log.warning("the chart was not sent", extra={"why": str(error)})
        _post_bars(client, given, channel, thread_ts)


def _post(client: WebClient, given: Advice, filled: Filled, asker: str) -> tuple[str, str]:
    """Post the advice where it was asked for, or to the asker where that may not be; return its channel and ts."""
    if filled.is_public:
        try:
            return _post_to(client, filled.channel, given)
        except SlackRefused as error:
            log.info("the advice goes to its asker instead", extra={"why": str(error)})
    return _post_to(client, asker, given)


def _post_to(client: WebClient, channel: str, given: Advice) -> tuple[str, str]:
    try:
        return _say(client, channel, advice_blocks.advice(given))
    except SlackRefused as error:
        if not str(error).startswith(("invalid_blocks", "msg_blocks_too_long")):
            raise
        log.warning("slack refused the advice's blocks", extra={"why": str(error)})
        return _say(client, channel, advice_blocks.plain_advice(given))


def _say(client: WebClient, channel: str, message: Message, thread_ts: str = "") -> tuple[str, str]:
    """Post once: a call that was lost and one whose reply was lost look the same, and nothing may be said twice."""
    posted = calls.once(
        lambda: client.chat_postMessage(
            channel=channel,
            text=message.text,
            blocks=list(message.blocks),
            thread_ts=thread_ts or None,
            unfurl_links=False,
            unfurl_media=False,
        )
    )
    return str(posted["channel"]), str(posted["ts"])


def _upload(client: WebClient, given: Advice, channel: str, thread_ts: str) -> None:
    drawn = png(chart(given.recommendation))
    described = mrkdwn.shorten(alt_text(given.recommendation), MAX_ALT_CHARACTERS)
    calls.once(
        lambda: client.files_upload_v2(
            file=drawn,
            filename="advice.png",
            title=chart(given.recommendation).title,
            alt_txt=described,
            channel=channel,
            thread_ts=thread_ts or None,
        )
    )


def _post_bars(client: WebClient, given: Advice, channel: str, thread_ts: str) -> None:
    try:
        _say(client, channel, advice_blocks.bars_of(given), thread_ts)
    except (SlackRefused, SlackUnavailable) as error:
        log.warning("the chart in words was not sent either", extra={"why": str(error)})


def _update(client: WebClient, view_id: str, view: Block) -> None:
    time.sleep(ACK_SECONDS)
    try:
        calls.once(lambda: client.views_update(view_id=view_id, view=view))
    except (SlackRefused, SlackUnavailable) as error:  # closed by now, or Slack is gone: nothing more can be said
        log.warning("the asker could not be told", extra={"why": str(error)})


def _inner(body: Body, name: str) -> Body:
    inner = body.get(name)
    return inner if isinstance(inner, Mapping) else {}


def _channel_of(body: Body) -> str:
    return str(_inner(body, "channel").get("id") or "")


def _pressed_value(body: Body) -> str:
    actions = body.get("actions")
    return str(actions[0].get("value") or "") if isinstance(actions, list) and actions else ""
