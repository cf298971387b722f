"""Who may read what, by where they ask and who Slack says that they are."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.questions import Asker, Origin, Question, Thread, question_id
from bot.slack.app import EMAIL_SCOPE, client_for, what_is_lacking
from bot.slack.audiences import EveryonesPages, Identities, ReadersBySlack, SlackEmails, audiences_for
from bot.workspace import DEFAULT_SCOPES, Workspace
from bot.workspace.people import TEAM_ID
from config import local, settings
from indexer.pages import EVERYONE, Principal

ANN = Principal("handbook:user:ann")
HR = Principal("handbook:group:hr")
IDENTITIES = Identities(
    people={"ann@example.org": frozenset({ANN, HR})},
    patterns=frozenset({"wiki:user:{email}"}),
    channels={"C0HR": frozenset({HR})},
)
EMAILS = {"U0ANN": "Ann@Example.org", "U0BOB": "bob@example.org"}


def asked(user: str, channel: str, *, is_direct: bool, team: str = "T1") -> Question:
    """Return a question of that person there."""
    thread = Thread(team, channel, "1.0", is_direct=is_direct)
    return Question(question_id(team, channel, "1.0"), "Why?", Asker(user), thread, "1.0", datetime.now(UTC))


def audience(user: str, channel: str, *, is_direct: bool) -> set[Principal]:
    """Return the audience beyond everyone, who is always in it."""
    readers = ReadersBySlack(IDENTITIES, lambda person, _: EMAILS.get(person, ""))
    found = set(readers.of(asked(user, channel, is_direct=is_direct)))
    assert EVERYONE in found
    return found - {EVERYONE}


def test_direct_message_sees_what_the_asker_may() -> None:
    """By the e-mail, whatever its letters; who has none that is known counts as everyone alone."""
    assert audience("U0ANN", "D1", is_direct=True) == {ANN, HR, "wiki:user:ann@example.org"}
    assert audience("U0BOB", "D2", is_direct=True) == {"wiki:user:bob@example.org"}
    assert audience("U0NOBODY", "D3", is_direct=True) == set()


def test_answer_for_one_sees_what_the_asker_may_wherever_they_ask() -> None:
    """Nobody else in the channel sees the reply to `/ask`."""
    readers = ReadersBySlack(IDENTITIES, lambda person, _: EMAILS.get(person, ""))
    question = replace(asked("U0ANN", "C0HELP", is_direct=False), origin=Origin.COMMAND)

    assert {ANN, HR} <= readers.of(question)


def test_channel_sees_what_all_its_members_may() -> None:
    """Never what the asker alone may, since the others read the reply too."""
    assert audience("U0ANN", "C0HELP", is_direct=False) == set()
    assert audience("U0BOB", "C0HR", is_direct=False) == {HR}


def test_email_of_a_member_is_confirmed_by_slack(workspace: Workspace) -> None:
    """A member of this team has one if the app may see it; a person of another team, or one unknown, has none."""
    emails = SlackEmails(client_for(workspace.bot_token, workspace.api_url))

    assert emails.of("U0MAYA", TEAM_ID) == "maya@harbourline.example"
    assert emails.of("U0MAYA", "T0ELSEWHERE") == ""
    assert emails.of("U0NOBODY", TEAM_ID) == ""


def test_without_the_scope_for_emails_nobody_reads_more_than_everyone() -> None:
    """What Slack does not tell never opens a page; the start says what is lacking and how to mend it."""
    with Workspace.start(scopes=DEFAULT_SCOPES - {EMAIL_SCOPE}) as workspace:
        client = client_for(workspace.bot_token, workspace.api_url)
        identities = Identities({"maya@harbourline.example": frozenset({HR})}, frozenset({"user:{email}"}), {})

        readers = audiences_for(identities, client)

        assert readers.of(asked("U0MAYA", "D0MAYA", is_direct=True, team=TEAM_ID)) == {EVERYONE}
        assert "users:read.email; until it does, nobody's e-mail is known" in what_is_lacking(client)


def test_nothing_is_lacking_where_all_scopes_are_granted(workspace: Workspace) -> None:
    """And with the same settings the person with rights is known."""
    client = client_for(workspace.bot_token, workspace.api_url)
    identities = Identities({"maya@harbourline.example": frozenset({HR})}, frozenset(), {})

    readers = audiences_for(identities, client)

    assert readers.of(asked("U0MAYA", "D0MAYA", is_direct=True, team=TEAM_ID)) == {EVERYONE, HR}
    assert what_is_lacking(client) == ""


@pytest.mark.parametrize(
    ("told", "email"),
    [
        ({"team_id": "T1", "profile": {"email": "ann@example.org"}}, "ann@example.org"),
        ({"team_id": "T1", "is_email_confirmed": False, "profile": {"email": "ann@example.org"}}, ""),
        ({"team_id": "T1", "is_stranger": True, "profile": {"email": "ann@example.org"}}, ""),
        ({"team_id": "T2", "profile": {"email": "ann@example.org"}}, ""),
        ({"team_id": "T1", "deleted": True, "profile": {"email": "ann@example.org"}}, ""),
        ({"team_id": "T1", "is_bot": True, "profile": {"email": "ann@example.org"}}, ""),
        ({"team_id": "T1", "profile": {}}, ""),
    ],
)
def test_only_a_confirmed_person_of_the_team_has_an_email(told: dict[str, object], email: str) -> None:
    """Whoever can choose an e-mail in another workspace must not become somebody in our wiki."""
    assert SlackEmails(_Telling(told)).of("U0ANN", "T1") == email  # type: ignore[arg-type]  # all of the client that it uses


class _Telling:
    """A client whose users.info tells what it was made with."""

    def __init__(self, told: dict[str, object]) -> None:
        self._told = told

    def users_info(self, *, user: str) -> dict[str, object]:
        """Tell it."""
        return {"ok": True, "user": self._told | {"id": user}}


def test_settings_decide(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, everyone's pages and no call to Slack; with some, the asker's."""
    monkeypatch.setenv("FOOTNOTE_SLACK__BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("FOOTNOTE_SLACK__APP_TOKEN", "xapp-1")
    client = client_for(workspace.bot_token, workspace.api_url)
    assert isinstance(audiences_for(local.identities(settings.load(None)), client), EveryonesPages)
    monkeypatch.setenv("FOOTNOTE_READERS__CHANNELS", '{"C0HR": ["handbook:group:hr"]}')

    chosen = audiences_for(local.identities(settings.load(None)), client)

    assert chosen.of(asked("U0BOB", "C0HR", is_direct=False)) == {EVERYONE, HR}
