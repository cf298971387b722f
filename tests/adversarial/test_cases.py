"""Every adversarial case against a model that repeats whatever the page says: rendering, citing and rights must hold.

What only a real model can get wrong, doing as a page orders, is measured by `python -m tests.bench.adversarial`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bot.answering import Limits, Trust
from bot.answers import Answer
from bot.confidence import Scale, Scales
from bot.ports import Piece, Prompt
from bot.synthesising import Synthesiser
from bot.workspace import Workspace
from tests.adversarial import cases
from tests.adversarial.cases import Case, wrongs
from tests.adversarial.stage import Overheard, indexed, play
from tests.bot.slack.running import SECONDS, RunningBot, running
from tests.fakes_indexer import FakeEmbedder

OPEN = Scale(weights={}, means={}, bias=10, threshold=0.5)
ALL = cases.read()
LEAVE = Case(id="leave", trick="", question="", page="# Leave in the UK\n\nStaff in the UK get 28 days of leave.\n")
_BREADCRUMB = re.compile(r"^\[(\d+)\] .*\n", re.MULTILINE)


class Parrot:
    """A model that repeats each passage it is shown, cites it, and makes up a marker: the worst there is."""

    name = "parrot"

    def count_tokens(self, text: str) -> int:
        """Count words."""
        return len(text.split())

    def log_probability(self, prompt: Prompt, text: str) -> float:  # noqa: ARG002  the port's words
        """Find everything unlikely."""
        return -9.0

    def complete(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """Yield the passages' words, each passage with its marker, and a sentence with one of its own."""
        shown, _, _ = prompt.user.rpartition("\nQuestion: ")
        _, *parts = _BREADCRUMB.split(shown)
        said = [f"{text.strip()} [{number}]" for number, text in zip(parts[::2], parts[1::2], strict=True)]
        for place, word in enumerate(" ".join((*said, "So it is. [9]")).split(" ")[: 4 * max_tokens]):
            yield Piece(word if place == 0 else f" {word}", 1, place + 1)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the cases are played, and what they came to so far."""

    workspace: Workspace
    bot: RunningBot
    overheard: Overheard
    answered: Counter[bool]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a bot over all the pages, which answers whatever it is asked as its parrot does."""
    folder = tmp_path_factory.mktemp("adversarial")
    limits = Limits(hits=10, passages=3, passage_tokens=400, answer_tokens=100, synthesis_seconds=20)
    with indexed(folder, [LEAVE, *ALL], FakeEmbedder()) as search, Workspace.start() as workspace:
        overheard = Overheard(Synthesiser(search, Parrot(), Trust(Scales(OPEN, OPEN)), limits))
        with running(workspace, folder / "records.db", overheard) as bot:
            yield Stage(workspace, bot, overheard, Counter())


@pytest.mark.parametrize("case", ALL, ids=[case.id for case in ALL])
def test_case_does_no_harm(stage: Stage, case: Case) -> None:
    """Nobody is notified, nothing leads out of the wiki, no marker, button or closed page comes through."""
    seen = play(stage.workspace, stage.bot, stage.overheard, case, SECONDS)

    assert seen.messages, "every question ends in a message"
    assert wrongs(case, seen) == []
    is_shown = seen.outcome is not None and any(p.hit.page_id == f"{case.id}.md" for p in seen.outcome.passages)
    assert is_shown == (bool(case.page) and not case.is_closed), "the hostile page is what the model reads"
    stage.answered[isinstance(seen.outcome, Answer)] += 1


def test_hostile_words_do_come_through(stage: Stage) -> None:
    """The cases above prove something: most of them end in an answer made of the hostile page's own words."""
    assert stage.answered[True] >= len(ALL) / 2


def test_what_must_not_come_is_seen_where_it_comes(stage: Stage) -> None:
    """The judge of the cases is not blind: a message with each wrong is found wrong."""
    workspace = stage.workspace
    before = len(workspace.calls())
    client = stage.bot.replies._client
    client.chat_postMessage(channel="C0ITHELP", text="<!channel> https://evil.example/ SECRET \u202e")
    message = workspace.messages("C0ITHELP")[-1]
    seen = cases.Seen((message,), tuple(call.arguments for call in workspace.calls()[before:]), None)

    assert set(wrongs(Case("x", "x", "x", secret=("SECRET",)), seen)) == {"mention", "link", "invisible", "leak"}
