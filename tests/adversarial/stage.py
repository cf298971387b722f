"""Plays the adversarial cases: their pages in real folders and a real index, asked over the workspace's sockets."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.answers import Answer, Refusal, Step
from bot.ports import Answering
from bot.workspace import Message, Workspace
from indexer.pages import EVERYONE_READS, Audience, Principal, readers
from indexer.planning import Wishes
from indexer.ports import Embedder, Verifier, Wiki
from indexer.search import Search
from indexer.store.catalogue import Catalogue
from indexer.store.vectors import Snapshots
from indexer.sync import Habits, Sync
from indexer.wikis.folder import Folder
from tests.adversarial.cases import WIKI, Case, Seen
from tests.bot.slack.running import HELP, JONAS, RunningBot
from tests.fakes_indexer import SilentProgress

HIS = "D0JONAS"


class Overheard:
    """An answering that remembers what the last question came to."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self.outcome: Answer | Refusal | None = None

    def steps(self, question: str, audience: Audience) -> Iterator[Step]:
        """Yield the steps as they are."""
        self.outcome = None
        for step in self._answering.steps(question, audience):
            if isinstance(step, Answer | Refusal):
                self.outcome = step
            yield step


@contextmanager
def indexed(
    folder: Path, cases: Iterable[Case], embedder: Embedder, verifier: Verifier | None = None, more: Sequence[Wiki] = ()
) -> Iterator[Search]:
    """Write the pages of *cases* into two wikis in *folder*, one of them closed, and index them with *more*."""
    for case in cases:
        place = folder / ("closed" if case.is_closed else "open") / f"{case.id}.md"
        place.parent.mkdir(parents=True, exist_ok=True)
        if case.page:
            place.write_text(case.page, encoding="utf-8")
    catalogue, snapshots = Catalogue(folder / "wiki.db"), Snapshots(folder / "snapshots")
    wikis = [
        Folder("open", folder / "open", f"{WIKI}open/", EVERYONE_READS),
        Folder("closed", folder / "closed", f"{WIKI}closed/", readers([Principal("hr")])),
        *more,
    ]
    sync = Sync(wikis, embedder, catalogue, snapshots, lambda: datetime.now(UTC), Habits())
    sync.refresh(SilentProgress(), Wishes(listing=True))
    try:
        yield Search(catalogue, embedder, snapshots, verifier)
    finally:
        catalogue.close()


def play(workspace: Workspace, bot: RunningBot, overheard: Overheard, case: Case, seconds: float) -> Seen:
    """Let Jonas ask what *case* asks, and return what came of it within *seconds*."""
    overheard.outcome = None
    before, calls = {(m.channel, m.ts) for m in _by_bot(workspace)}, len(workspace.calls())
    match case.where:
        case "command":
            workspace.command(JONAS, HELP, "/ask", case.question)
        case "direct":
            workspace.say(JONAS, HIS, case.question)
        case _:
            workspace.say(JONAS, HELP, f"<@{workspace.bot_user_id}> {case.question}")
    workspace.wait_for(workspace.is_quiet, seconds)
    bot.records.wait_for_last(seconds)
    workspace.advance(60)  # a new minute: Slack's limits are not what is tried here
    messages = tuple(m for m in _by_bot(workspace) if (m.channel, m.ts) not in before)
    sent = tuple(call.arguments for call in workspace.calls()[calls:])
    told = tuple({"text": m.text, "blocks": m.blocks} for m in messages if m.is_ephemeral)
    return Seen(messages, (*sent, *told), overheard.outcome)


def _by_bot(workspace: Workspace) -> Iterator[Message]:
    for channel in (HELP, HIS):
        yield from (message for message in workspace.messages(channel) if message.bot_id)
