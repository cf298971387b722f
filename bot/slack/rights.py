"""Who is an admin, and who may still see what an answer was made from: asked at the moment of each deed."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.answers import Answer, Refusal
from bot.errors import SlackRefused, SlackUnavailable
from bot.ports import Audiences
from bot.questions import Question
from bot.slack import calls
from indexer.pages import Audience
from indexer.passages import PageKey, PassageId

log = logging.getLogger(__name__)


class Admins:
    """Admins are the people of *named*, by their Slack ids; where it is empty, those of the bot's own workspace."""

    def __init__(self, client: WebClient, named: frozenset[str]) -> None:
        self._client = client
        self._named = named
        self._team = ""

    def has(self, person: str) -> bool:
        """Return whether *person* is one. While Slack does not say, nobody is.

        An admin of another workspace, who presses a button in a channel shared with them, is none here.
        """
        if self._named:
            return person in self._named
        try:
            user = calls.once(lambda: self._client.users_info(user=person))["user"]
            is_ours = user.get("team_id") == self._own_team() and not user.get("is_stranger")
        except (SlackRefused, SlackUnavailable) as error:
            log.warning("an admin was not confirmed", extra={"code": str(error)})
            return False
        is_active = is_ours and not user.get("deleted") and not user.get("is_bot")
        return is_active and bool(user.get("is_admin") or user.get("is_owner"))

    def _own_team(self) -> str:
        if not self._team:
            self._team = str(calls.once(self._client.auth_test)["team_id"])
        return self._team


@dataclass(frozen=True, slots=True)
class Rights:
    """Tells who may see again what an answer was made from, days after it was found.

    *may_read* tells whether an audience may read passages as they are now, *may_open* the same of pages whatever they
    say by now.
    """

    audiences: Audiences
    may_read: Callable[[Sequence[PassageId], Audience], bool]
    may_open: Callable[[Iterable[PageKey], Audience], bool]

    def may_still_open(self, outcome: Answer | Refusal, question: Question) -> bool:
        """Return whether who sees the reply to *question* may still read every page that *outcome* was made from."""
        return self.may_open({passage.hit.page for passage in outcome.passages}, self.audiences.of(question))

    def may_be_shown(self, outcome: Answer | Refusal, question: Question, found_for: Audience) -> bool:
        """Return whether *outcome*, found for others, may be shown where *question* is asked.

        It may if everyone there could have found it then and may still read its pages, or may read its passages now.
        """
        readers = self.audiences.of(question)
        if found_for <= readers and self.may_still_open(outcome, question):
            return True
        return self.may_read([passage.hit.passage_id for passage in outcome.passages], readers)
