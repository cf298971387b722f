"""Who is an admin, as Slack tells it."""

import pytest

from bot.slack.rights import Admins

ANN: dict[str, object] = {"id": "U0ANN", "team_id": "T1", "is_admin": True}


class _Telling:
    """A client of a bot in T1 whose users.info tells what it was made with."""

    def __init__(self, told: dict[str, object]) -> None:
        self._told = told

    def users_info(self, *, user: str) -> dict[str, object]:
        """Tell it."""
        return {"ok": True, "user": self._told | {"id": user}}

    def auth_test(self) -> dict[str, object]:
        """Tell the bot's team."""
        return {"ok": True, "team_id": "T1"}


@pytest.mark.parametrize(
    ("told", "is_admin"),
    [
        (ANN, True),
        (ANN | {"is_admin": False, "is_owner": True}, True),
        (ANN | {"is_admin": False}, False),
        (ANN | {"deleted": True}, False),
        (ANN | {"is_bot": True}, False),
        (ANN | {"team_id": "T2"}, False),
        (ANN | {"is_stranger": True}, False),
    ],
    ids=["admin", "owner", "member", "gone", "bot", "admin elsewhere", "stranger"],
)
def test_only_admins_of_this_team_are_admins(told: dict[str, object], is_admin: bool) -> None:  # noqa: FBT001  a test's expectation
    """Another workspace's admin, in a channel that both share, is a guest."""
    admins = Admins(_Telling(told), frozenset())  # type: ignore[arg-type]  # all of the client that it uses

    assert admins.has("U0ANN") is is_admin
