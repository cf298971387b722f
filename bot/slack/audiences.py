"""What people who write to the bot in Slack may read: as much as everyone who will see the reply.

a channel                ─► everyone, and what an admin of the settings lets all of that channel's members count as
a direct message, `/ask` ─► everyone, and what the asker counts as, by the confirmed e-mail of their account here
Whatever cannot be told adds nothing.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.errors import SlackRefused, SlackUnavailable
from bot.ports import Audiences
from bot.questions import Origin, Question
from bot.slack import calls
from indexer.pages import EVERYONE, Audience, Principal

EMAIL = "{email}"  # in a pattern of principals: the asker's e-mail, in small letters

log = logging.getLogger(__name__)


class EveryonesPages:
    """Whoever asks, wherever they ask, is answered from the pages that everyone may read, and no others."""

    def of(self, question: Question) -> Audience:  # noqa: ARG002  the port's: rules that look at the channel need it
        """Return everyone, as the one principal."""
        return frozenset({EVERYONE})


@dataclass(frozen=True, slots=True)
class Identities:
    """Who counts as whom in the wikis.

    *people* maps an e-mail, in small letters, to principals; *patterns* are principals with `{email}` in them, for
    everybody; *channels* maps a channel's id to what all its members count as.
    """

    people: Mapping[str, frozenset[Principal]]
    patterns: frozenset[str]
    channels: Mapping[str, frozenset[Principal]]

    def of(self, email: str) -> Audience:
        """Return what a person counts as by their e-mail, which is empty where it is not known."""
        if not email:
            return frozenset({EVERYONE})
        small = email.lower()
        by_pattern = {Principal(pattern.replace(EMAIL, small)) for pattern in self.patterns}
        return self.people.get(small, frozenset()) | by_pattern | {EVERYONE}


def audiences_for(identities: Identities, client: WebClient) -> Audiences:
    """Return what decides who may read what; Slack is asked for e-mails only where they are of use."""
    if not (identities.people or identities.patterns or identities.channels):
        return EveryonesPages()
    return ReadersBySlack(identities, SlackEmails(client).of)


class ReadersBySlack:
    """Decides by *identities*; *email_of* returns the e-mail of a user of a team, empty where that cannot be told."""

    def __init__(self, identities: Identities, email_of: Callable[[str, str], str]) -> None:
        self._identities = identities
        self._email_of = email_of

    def of(self, question: Question) -> Audience:
        """Return the principals that everyone who will see the reply counts as."""
        if not question.thread.is_direct and question.origin is not Origin.COMMAND:
            return self._identities.channels.get(question.thread.channel, frozenset()) | {EVERYONE}
        return self._identities.of(self._email_of(question.asker.user, question.thread.team))


class SlackEmails:
    """Asks Slack for e-mails, each time: an account that was closed a minute ago is nobody's any more."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def of(self, user: str, team: str) -> str:
        """Return the confirmed e-mail of a person of *team*, empty for strangers, bots and whatever Slack refuses.

        A stranger of a shared channel has an e-mail that another workspace vouches for, or nobody.
        """
        try:
            told = calls.once(lambda: self._client.users_info(user=user))["user"]
        except (SlackRefused, SlackUnavailable) as error:
            log.warning("an asker's e-mail was not told", extra={"code": str(error)})
            return ""
        is_ours = told.get("team_id") == team and not told.get("is_stranger")
        is_person = not told.get("deleted") and not told.get("is_bot")
        is_confirmed = told.get("is_email_confirmed", True)
        return str(told.get("profile", {}).get("email") or "") if is_ours and is_person and is_confirmed else ""
