"""What a question turns into, step by step: found passages, text being written, and an answer or a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from indexer.passages import Hit


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A passage that was shown to the model under a number, 1 for the first."""

    number: int
    hit: Hit


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, its markers taken out, and the numbers of the passages it cites (at least one).

    *about* is the side of a comparison, or the section of a summary, that it speaks of; empty elsewhere.
    """

    text: str
    citations: tuple[int, ...]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that the answer cites. *quote* is a verbatim piece of the passage's text, whole words."""

    number: int
    hit: Hit
    quote: str


@dataclass(frozen=True, slots=True)
class Timings:
    """How long an answer took: milliseconds since the question was taken up, and tokens."""

    find_ms: float = 0.0
    first_token_ms: float = 0.0
    total_ms: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0


class RefusalReason(StrEnum):
    """Why there is no answer."""

    NOT_FOUND = "not_found"
    """No passage comes near the question; the model was not asked."""
    UNSUPPORTED = "unsupported"
    """The model wrote sentences that the passages do not hold up."""
    DECLINED = "declined"
    """The model read the passages and says that they do not answer."""
    EMPTY_INDEX = "empty_index"
    """Nothing is indexed yet that this asker may read."""
    BUSY = "busy"
    """Too many questions wait for the model; the passages are shown without an answer."""
    FAILED = "failed"
    """The model stopped in the middle; Slack's askers get an apology instead."""
    UNUSABLE = "unusable"
    """The question is empty, or too long; Slack's askers get the sentence of QuestionUnusable instead."""


@dataclass(frozen=True, slots=True)
class Found:
    """Passages were found, best first; they are shown before the answer is written.

    *up_to_seconds* is how long reading them one by one may take; 0 where one answer is written from all together.
    """

    passages: tuple[ShownPassage, ...]
    up_to_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Writing:
    """The text written so far, markers included. Unchecked: show it as a draft or not at all."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer: every sentence cites a shown passage that holds it up.

    *text* has a marker like `[1]` after each sentence; *prompt* is what the model was given, *generation* the
    index's at the time, *signals* what the decision was made on (`bot/confidence.py`): all for the record. *remark*
    says in our own words what the answer leaves open, and which of its pages are outdated; it may be empty.
    """

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[ShownPassage, ...]
    timings: Timings
    model: str
    generation: int
    prompt: str
    signals: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer, in words for the asker, and the nearest passages (possibly none); *signals* as above."""

    reason: RefusalReason
    text: str
    passages: tuple[ShownPassage, ...]
    timings: Timings
    model: str
    generation: int
    prompt: str
    signals: Mapping[str, float] = field(default_factory=dict)


Step = Found | Writing | Answer | Refusal
