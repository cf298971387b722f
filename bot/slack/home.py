"""The bot's own tabs as they are opened: Home, which says how it is doing, and the direct message."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from slack_bolt import App
from slack_sdk import WebClient

from bot.errors import SlackRefused, SlackUnavailable
from bot.ports import IndexDesk
from bot.slack import calls, desk_words
from bot.slack.desk_records import DeskRecords
from bot.slack.presses import Body
from bot.slack.rich_text import Block, block, bullets, section, text
from bot.slack.rights import Admins
from bot.slack.suggesting import Suggesting
from indexer.errors import IndexerError

_HOW_TO = (
    "Mention me in a channel, or write to me here.",
    "/ask answers for your eyes alone, and you may share it with the channel.",
    "In a thread where you have asked, ask on without a mention. Edit your question, and I answer anew.",
    'From the menu of any message: "Answer this from the wiki".',
)
_DEEDS_SHOWN = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Home:
    """Shows both tabs as they are opened. *index* is None until the index is open."""

    client: WebClient
    records: DeskRecords
    suggesting: Suggesting
    admins: Admins
    index: Callable[[], IndexDesk | None]

    def register(self, app: App) -> None:
        """Make *app* call it."""
        app.event("app_home_opened")(self._open)

    def _open(self, body: Body) -> None:
        event = body.get("event")
        if not isinstance(event, dict):
            return
        person = str(event.get("user") or "")
        try:
            if event.get("tab") == "messages":
                self.suggesting.suggest(person, str(body.get("team_id") or ""), str(event.get("channel") or ""))
            else:
                self._show(person)
        except (SlackRefused, SlackUnavailable) as error:
            log.warning("a tab was not shown", extra={"code": str(error)})

    def _show(self, person: str) -> None:
        is_admin = self.admins.has(person)
        blocks = [*self._for_everybody(is_admin), *(self._for_admins() if is_admin else [])]
        calls.once(lambda: self.client.views_publish(user_id=person, view={"type": "home", "blocks": blocks}))

    def _for_everybody(self, is_admin: bool) -> list[Block]:  # noqa: FBT001  # private
        how_to = block(section([text("Ask me what the wiki says.", bold=True)]), bullets([text(w)] for w in _HOW_TO))
        line = desk_words.line_of(self.records.waiting(), self.records.seconds_per_question())
        return [how_to, block(section([text(line)])), *self._health(is_admin)]

    def _health(self, is_admin: bool) -> list[Block]:  # noqa: FBT001  # private
        """Return how the index is doing; the wikis' names, of which some are not for everybody, to admins alone."""
        index = self.index()
        if index is None:
            return [block(section([text("The index is being opened.")]))]
        try:
            health = index.health()
            if is_admin:
                return list(desk_words.sources(health).blocks)
            return [block(section([text(f"I know the wiki as of {desk_words.moment(health.refreshed_at)}.")]))]
        except IndexerError:
            return [block(section([text("The index cannot be read at the moment.")]))]

    def _for_admins(self) -> list[Block]:
        records = self.records
        opinions = desk_words.outcomes(
            records.asked.outcome_counts(), records.feedback.counts(), records.handovers.count_open()
        )
        deeds = [(deed.at, deed.person, deed.deed) for deed in records.journal.latest(_DEEDS_SHOWN)]
        head = block(section([text("For admins", bold=True), text(" — /wiki says what you can do.")]))
        return [{"type": "divider"}, head, block(section([text(opinions)])), *desk_words.journal(deeds).blocks]
