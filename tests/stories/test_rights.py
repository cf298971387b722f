"""Who is shown what: one person may read a wiki, another may not, and a channel sees what all its members may."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.answering import REFUSALS, Answerer, Limits, Trust
from bot.answers import RefusalReason
from bot.confidence import Scale, Scales
from bot.ports import Audiences
from bot.slack.app import client_for
from bot.slack.audiences import Identities, audiences_for
from bot.workspace import Message, Workspace
from indexer.pages import EVERYONE_READS, Principal, readers
from indexer.search import Search
from indexer.store.catalogue import Catalogue
from indexer.store.vectors import Snapshots
from indexer.sync import Sync
from indexer.wikis.folder import Folder
from tests.bot.slack.running import HELP, JONAS, MAYA, ephemeral, reply_once, running
from tests.fakes import ScriptedModel
from tests.fakes_indexer import FakeEmbedder, SilentProgress
from tests.stories.conftest import START_SECONDS, Installation
from tests.stories.test_slack import final_reply

SAM, LEADERSHIP = "U0SAM", "C0LEADERSHIP"
BOARD = Principal("board")
IDENTITIES = Identities(
    people={f"{name}@harbourline.example": frozenset({BOARD}) for name in ("maya", "jonas")},
    patterns=frozenset(),
    channels={LEADERSHIP: frozenset({BOARD})},
)
QUESTION = "What is the salary band of grade H4 in Bristol?"
BANDS = "# Salary bands\n\nThe salary band of grade H4 in Bristol is 55,000 to 68,500 pounds."
LEAVE = "# Annual leave\n\nPeople in Bristol get 25 days of leave in a year."
FIGURES = "55,000"
NOT_THERE = REFUSALS[RefusalReason.NOT_FOUND]


@dataclass(frozen=True, slots=True)
class Shelved:
    """A handbook for everyone and bands for the board, as files; searched as the bot does."""

    folder: Path
    sync: Sync
    answerer: Answerer

    def refresh(self) -> None:
        """Take in what the files say now."""
        self.sync.refresh(SilentProgress())


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[Shelved]:
    """Give both wikis, indexed. The model knows the bands by heart and tells them whoever asks."""
    for wiki, page in (("handbook/leave.md", LEAVE), ("people-team/bands.md", BANDS)):
        (tmp_path / wiki).parent.mkdir()
        (tmp_path / wiki).write_text(page, encoding="utf-8")
    wikis = [
        Folder("handbook", tmp_path / "handbook", "https://wiki.example.org/", EVERYONE_READS),
        Folder("people-team", tmp_path / "people-team", "https://closed.example.org/", readers([BOARD])),
    ]
    embedder, catalogue = FakeEmbedder(), Catalogue(tmp_path / "wiki.db")
    snapshots = Snapshots(tmp_path / "snapshots")
    half_the_words = Scale(weights={"coverage": 20.0}, means={"coverage": 0.5}, bias=0.0, threshold=0.5)
    always = Scale(weights={}, means={}, bias=10.0, threshold=0.5)
    model = ScriptedModel(*["The salary band of grade H4 in Bristol is 55,000 to 68,500 pounds. [1]"] * 4)
    limits = Limits(hits=10, passages=3, passage_tokens=200, answer_tokens=50, synthesis_seconds=0)
    made = Shelved(
        tmp_path,
        Sync(wikis, embedder, catalogue, snapshots, lambda: datetime.now(UTC)),
        Answerer(Search(catalogue, embedder, snapshots), model, Trust(Scales(half_the_words, always), None), limits),
    )
    made.refresh()
    yield made
    catalogue.close()


def audiences_in(workspace: Workspace) -> Audiences:
    """Return what decides who may read what, by the e-mails that Slack tells."""
    return audiences_for(IDENTITIES, client_for(workspace.bot_token, workspace.api_url))


def everything_seen(workspace: Workspace, channel: str, person: str) -> str:
    """Return all that *person* was shown there, with every block and source."""
    return " ".join(f"{m.text} {m.blocks} {m.chunks}" for m in workspace.messages(channel, person))


def test_one_who_may_read_it_is_answered_and_another_is_told_that_it_is_not_there(
    workspace: Workspace, path: Path, shelved: Shelved, caplog: pytest.LogCaptureFixture
) -> None:
    """In their direct messages. Sam sees neither a figure, nor the page's name or address; nor does the log."""
    caplog.set_level("INFO")
    with running(workspace, path, shelved.answerer, audiences=audiences_in(workspace)):
        ts = workspace.say(MAYA, "D0MAYA", QUESTION)
        reply_once(workspace, "D0MAYA", ts, FIGURES)
        ts = workspace.say(SAM, "D0SAM", QUESTION)
        reply_once(workspace, "D0SAM", ts, NOT_THERE)

    seen = everything_seen(workspace, "D0SAM", SAM) + caplog.text
    assert not any(words in seen for words in (FIGURES, "Salary bands", "closed.example.org"))


def test_channel_is_answered_from_what_all_its_members_may_read(
    workspace: Workspace, path: Path, shelved: Shelved
) -> None:
    """Not from what the asker may; a channel of those who may is; and `/ask` is for the asker's eyes alone."""
    workspace.invite(MAYA, LEADERSHIP)
    with running(workspace, path, shelved.answerer, audiences=audiences_in(workspace)):
        ts = workspace.say(MAYA, HELP, f"<@{workspace.bot_user_id}> {QUESTION}")
        reply_once(workspace, HELP, ts, NOT_THERE)
        ts = workspace.say(JONAS, LEADERSHIP, f"<@{workspace.bot_user_id}> {QUESTION}")
        reply_once(workspace, LEADERSHIP, ts, FIGURES)
        workspace.command(MAYA, HELP, "/ask", QUESTION)
        ephemeral(workspace, MAYA, HELP, FIGURES)

    assert FIGURES not in everything_seen(workspace, HELP, SAM)


def test_right_that_is_taken_away_acts_at_the_next_refresh(workspace: Workspace, path: Path, shelved: Shelved) -> None:
    """A `.readers` file is put beside the page; who was answered a moment ago is told that it is not there."""
    with running(workspace, path, shelved.answerer, audiences=audiences_in(workspace)):
        ts = workspace.say(MAYA, "D0MAYA", QUESTION)
        reply_once(workspace, "D0MAYA", ts, FIGURES)
        (shelved.folder / "people-team" / ".readers").write_text("auditors\n", encoding="utf-8")
        shelved.refresh()

        ts = workspace.say(MAYA, "D0MAYA", QUESTION)
        reply_once(workspace, "D0MAYA", ts, NOT_THERE)


@pytest.mark.model
@pytest.mark.slow
def test_closed_sample_wiki_is_shown_to_its_readers_alone(installation: Installation) -> None:
    """As shipped, with the real model: Maya is answered in a direct message, Sam is told that the wiki does not say."""
    people = {"FOOTNOTE_READERS__PEOPLE": json.dumps({"maya@harbourline.example": ["people-team"]})}
    question = "Which team's case was bullying?"

    def asked(workspace: Workspace, person: str) -> Message:
        channel = workspace.direct(person)
        ts = workspace.say(person, channel, question)
        return workspace.wait_for(final_reply(workspace, channel, ts), START_SECONDS)

    with Workspace.start() as workspace, replace(installation, settings=people).bot_in(workspace):
        workspace.wait_for(lambda: workspace.connections, START_SECONDS)
        to_maya, to_sam = asked(workspace, "Maya Okafor"), asked(workspace, "Sam Lee")

    assert "Warnings on file" in str((*to_maya.blocks, *to_maya.chunks))
    assert to_sam.text in REFUSALS.values()
    seen = str((*to_sam.blocks, *to_sam.chunks))
    assert not any(words in seen for words in ("Warnings on file", "upheld", "people-team"))
