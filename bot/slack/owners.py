"""Who can be asked where the wiki does not help: a channel's owner, else whoever looks after a page of the reply.

    channel's owner ─► owner of the page cited first, or nearest ─► of the next page ─► nobody

A page's owner is an e-mail, which a wiki's editors may have written: it calls one person of this team, whom Slack
itself knows by it, or nobody. Nothing else that a wiki says can call anybody.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.answers import Answer, Refusal
from bot.channels import ChannelRecords
from bot.errors import SlackRefused, SlackUnavailable
from bot.questions import Question
from bot.slack import calls, sources
from indexer.pages import PageId
from indexer.passages import Hit

log = logging.getLogger(__name__)

EmailOf = Callable[[str, PageId], str]
"""Tells the e-mail of whoever looks after a page of a wiki; empty where nobody is named."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A person to ask, by their Slack id; one *of_page* may be in the channel or not."""

    user: str
    of_page: bool = False


@dataclass(frozen=True, slots=True)
class Owners:
    """Finds people to ask."""

    client: WebClient
    channels: ChannelRecords
    email_of: EmailOf

    def to_ask(self, question: Question, outcome: Answer | Refusal | None) -> Owner | None:
        """Return who can be asked about *question*, which came to *outcome*; never who asked it, None for nobody."""
        asker, team = question.asker.user, question.thread.team
        owner = self.channels.settings(team, question.thread.channel).owner
        if owner and owner != asker:
            return Owner(owner)
        emails = dict.fromkeys(self.email_of(hit.wiki, hit.page_id) for hit in _pages(outcome))
        people = (self._person(email, team) for email in emails if email)
        return next((Owner(person, of_page=True) for person in people if person and person != asker), None)

    def _person(self, email: str, team: str) -> str:
        """Return the id of the person of *team* with that e-mail, empty where Slack names none."""
        try:
            told = calls.once(lambda: self.client.users_lookupByEmail(email=email))["user"]
        except (SlackRefused, SlackUnavailable) as error:
            log.warning("the owner of a page was not found in slack", extra={"code": str(error)})
            return ""
        is_ours = told.get("team_id") == team and not told.get("is_stranger")
        return str(told["id"]) if is_ours and not told.get("deleted") and not told.get("is_bot") else ""


def _pages(outcome: Answer | Refusal | None) -> Sequence[Hit]:
    """Return a passage of each page that a reply points to, the first first."""
    if isinstance(outcome, Answer):
        return [citation.hit for citation in sources.one_per_number(outcome.citations)]
    return sources.nearest_pages(outcome.passages) if outcome is not None else []
