"""Who is an admin, asked at the moment of each deed."""

import logging

from slack_sdk import WebClient

from bot.errors import SlackRefused, SlackUnavailable
from bot.slack import calls

log = logging.getLogger(__name__)


class Admins:
    """Admins are the people of *named*, by their Slack ids; where it is empty, those of the workspace."""

    def __init__(self, client: WebClient, named: frozenset[str]) -> None:
        self._client = client
        self._named = named

    def has(self, person: str) -> bool:
        """Return whether *person* is one. While Slack does not say, nobody is."""
        if self._named:
            return person in self._named
        try:
            user = calls.once(lambda: self._client.users_info(user=person))["user"]
        except (SlackRefused, SlackUnavailable) as error:
            log.warning("an admin was not confirmed", extra={"code": str(error)})
            return False
        is_active = not user.get("deleted") and not user.get("is_bot")
        return is_active and bool(user.get("is_admin") or user.get("is_owner"))
