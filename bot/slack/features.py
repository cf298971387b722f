"""All that the bot does in Slack, put together from what it works with."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from slack_sdk import WebClient

from bot.advice.figures import Tally
from bot.asking import Asking
from bot.ports import Audiences, IndexDesk, Line
from bot.questions import Question
from bot.slack.advising import Advising
from bot.slack.app import Feature
from bot.slack.deeds import OwnQuestions
from bot.slack.desk import AdminsDesk
from bot.slack.desk_records import Channels, Journal, OpenHandovers, Opinions, Questions
from bot.slack.handing import HandingOver, Handovers
from bot.slack.home import Home
from bot.slack.judging import Feedback, Judging
from bot.slack.listeners import Intake
from bot.slack.offers import Foresight, Offers
from bot.slack.owners import EmailOf, Owners
from bot.slack.presses import Asked
from bot.slack.reply import SlackReplies
from bot.slack.rights import Admins, Rights
from bot.slack.suggesting import OwnQuestions as OwnQuestionsAsked
from bot.slack.suggesting import Suggesting
from bot.slack.telling import Telling
from indexer.pages import Audience
from indexer.passages import PageKey, PassageId


class AllAsked(Asked, Questions, OwnQuestionsAsked, Protocol):
    """What was asked, by whom, and what it came to."""


class AllFeedback(Feedback, Opinions, Protocol):
    """What people say of answers."""


class AllHandovers(Handovers, OpenHandovers, Protocol):
    """What went to a person."""


class Records(Line, Protocol):
    """What the features remember."""

    @property
    def asked(self) -> AllAsked:
        """What was asked, and what it came to."""

    @property
    def feedback(self) -> AllFeedback:
        """What people say of answers."""

    @property
    def handovers(self) -> AllHandovers:
        """What went to a person."""

    @property
    def channels(self) -> Channels:
        """What is set for channels."""

    @property
    def journal(self) -> Journal:
        """What admins did."""

    def tally(self) -> Tally:
        """Return what was counted since the first question."""


class Mind(Protocol):
    """What knows the index and the model."""

    def is_sure(self, question: Question, audience: Audience) -> bool:
        """Return whether the passages that *audience* may read surely answer *question*."""

    def forget(self, question: Question, audience: Audience) -> None:
        """Write the answer to *question* anew the next time it is asked."""

    @property
    def may_read(self) -> Callable[[Sequence[PassageId], Audience], bool]:
        """Tell whether an audience may read all of some passages as they are now."""

    @property
    def may_open(self) -> Callable[[Iterable[PageKey], Audience], bool]:
        """Tell whether an audience may read all of some pages now, whatever they say by now."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the features share. *mind* and *index* are None until the index and the model are there.

    *owner_of* tells who looks after a page.
    """

    client: WebClient
    records: Records
    replies: SlackReplies
    audiences: Audiences
    admins: frozenset[str]
    asking: Asking
    mind: Callable[[], Mind | None]
    index: Callable[[], IndexDesk | None]
    telling: Telling
    owner_of: EmailOf


def all_features(around: Surroundings) -> list[Feature]:
    """Return what the bot does in Slack; what takes every event is the last."""
    records, client, admins = around.records, around.client, Admins(around.client, around.admins)
    owners = Owners(client, records.channels, around.owner_of)
    handing = HandingOver(client, records.asked, records.handovers, owners, admins)

    suggesting = Suggesting(client, records.asked, around.audiences, around.mind)

    def offer(question: Question) -> None:
        mind: Foresight | None = around.mind()
        if mind is not None:
            Offers(client, around.audiences, mind).make(question)

    def forget(question: Question, audience: Audience) -> None:
        mind = around.mind()
        if mind is not None:
            mind.forget(question, audience)

    def may_read(passages: Sequence[PassageId], audience: Audience) -> bool:
        mind = around.mind()
        return mind is not None and mind.may_read(passages, audience)

    def may_open(pages: Iterable[PageKey], audience: Audience) -> bool:
        mind = around.mind()
        return mind is not None and mind.may_open(pages, audience)

    rights = Rights(around.audiences, may_read, may_open)

    return [
        OwnQuestions(around.asking, records.asked, around.replies, rights),
        Judging(client, records.asked, records.feedback, admins, forget, rights),
        handing,
        Advising(client, records.tally),
        AdminsDesk(client, records, admins, around.index, around.telling),
        Home(client, records, suggesting, admins, around.index),
        Intake(
            client, around.asking, records.asked, records.channels, around.replies, records, offer, handing.take_back
        ),
    ]
