"""Questions, who asks them and where."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot import courtesy
from bot.errors import QuestionUnusable

QuestionId = NewType("QuestionId", str)

MAX_QUESTION_CHARACTERS = 2000  # a Slack message may hold 40,000; a question that long is a pasted document

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}  # Unicode categories: control, format, surrogate, private use, unassigned
_JOINERS = {"\u200c", "\u200d"}  # needed inside words of some scripts and inside emoji


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a Slack user's id, or `terminal`."""

    user: str


@dataclass(frozen=True, slots=True)
class Thread:
    """Where the reply goes. *ts* is the thread's root message, empty in a terminal."""

    team: str
    channel: str
    ts: str
    is_direct: bool


class Origin(StrEnum):
    """How a question was asked, which decides who sees its reply."""

    MENTION = "mention"
    """A mention in a channel, or a message to the bot alone: the reply stands in the thread."""
    FOLLOW_UP = "follow_up"
    """A message in a thread where the same person has asked before, without another mention."""
    COMMAND = "command"
    """`/ask`: the reply is for the asker alone, at *reply_url*."""
    SHORTCUT = "shortcut"
    """"Answer this from the wiki" on somebody's message: the reply stands in its thread."""
    OFFER = "offer"
    """A question to nobody in particular, whose asker took up the offer of an answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question as it was asked.

    *text* is what the asker wrote, the mention of the bot taken out, not yet cleaned. *ts* is the message that asked
    it; in Slack (team, channel, ts) is unique and *id* is made of them. *asked_at* is aware UTC. *reply_url* takes the
    reply to a command for half an hour. *read_as* is a follow-up made standalone, empty where it says all by itself.
    """

    id: QuestionId
    text: str
    asker: Asker
    thread: Thread
    ts: str
    asked_at: datetime
    origin: Origin = Origin.MENTION
    reply_url: str = ""
    read_as: str = ""

    @property
    def full_text(self) -> str:
        """What is looked for in the wiki."""
        return self.read_as or self.text


def question_id(team: str, channel: str, ts: str) -> QuestionId:
    """Return the id that makes a redelivered or doubled event the same question.

    >>> question_id("T1", "C2", "17.5")
    'T1:C2:17.5'
    """
    return QuestionId(f"{team}:{channel}:{ts}")


def likeness(text: str) -> str:
    """Return what two questions have in common that are the same but for case, spaces and punctuation at the end.

    >>> likeness("  How many days OFF? ") == likeness("how many days off")
    True
    """
    line = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return line.rstrip("?!. ")


def clean(text: str) -> str:
    r"""Return *text* on one line, without invisible characters.

    Raises QuestionUnusable with what to say to the asker: why it cannot be read, or hello where it asks nothing.

    >>> clean("  How many\n days\x00 off? ")
    'How many days off?'
    """
    normal = unicodedata.normalize("NFC", text)
    visible = "".join(_shown(c) for c in normal)
    line = re.sub(r"\s+", " ", visible).strip()
    if not any(c.isalnum() for c in line):
        raise QuestionUnusable("I need a question in words: ask me something that the wiki could answer.")
    if len(line) > MAX_QUESTION_CHARACTERS:
        raise QuestionUnusable(
            f"That is {len(line):,} characters long. I can read questions of up to {MAX_QUESTION_CHARACTERS:,}: "
            "please ask in a few sentences."
        )
    if said := courtesy.reply_to(line):
        raise QuestionUnusable(said)
    return line


def _shown(character: str) -> str:
    """Return *character* where it can be seen; a control character is a space, a formatting one is nothing."""
    category = unicodedata.category(character)
    if character in _JOINERS or category not in _INVISIBLE:
        return character
    return "" if category == "Cf" else " "
