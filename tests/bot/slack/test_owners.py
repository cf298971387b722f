"""Who can be asked where the wiki does not help."""

import pytest

from bot.channels import ChannelSettings
from bot.slack.owners import Owner, Owners
from tests.fakes_bot import a_question, an_answer

ANN = {"id": "U0ANN", "team_id": "T1"}


class _Nothing:
    """Nothing is set for any channel."""

    def settings(self, team: str, channel: str) -> ChannelSettings:  # noqa: ARG002  the port's words
        """Return the defaults."""
        return ChannelSettings()


class _Telling:
    """A client whose users.lookupByEmail tells what it was made with."""

    def __init__(self, told: dict[str, object]) -> None:
        self._told = told

    def users_lookupByEmail(self, *, email: str) -> dict[str, object]:  # noqa: N802  slack_sdk's name
        """Tell it."""
        return {"ok": True, "user": self._told | {"profile": {"email": email}}}


@pytest.mark.parametrize(
    ("told", "owner"),
    [
        (ANN, Owner("U0ANN", of_page=True)),
        (ANN | {"team_id": "T2"}, None),
        (ANN | {"is_stranger": True}, None),
        (ANN | {"deleted": True}, None),
        (ANN | {"is_bot": True}, None),
        (ANN | {"id": "U1"}, None),
    ],
    ids=["of this team", "of another", "a stranger", "gone", "a bot", "who asked"],
)
def test_only_an_active_person_of_the_team_is_asked(told: dict[str, object], owner: Owner | None) -> None:
    """Whom a wiki names by an e-mail is one of us, or nobody."""
    owners = Owners(_Telling(told), _Nothing(), lambda _wiki, _page: "ann@example.org")  # type: ignore[arg-type]  # all of the client that it uses

    assert owners.to_ask(a_question(), an_answer()) == owner
