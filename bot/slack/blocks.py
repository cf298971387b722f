"""What a person sees in Slack: each step of an answer, and each apology, as blocks.

Every text is visible() and within Slack's limits whatever the wiki or the model wrote; every address comes from the
index. The texts of one message stay under 10,000 characters together: Slack refuses more at about 13,200.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.answers import Answer, Found, Refusal, RefusalReason, Sentence, ShownPassage, Writing
from bot.channels import Tone
from bot.errors import ModelFailed, ModelUnusable, QuestionUnusable, RecordsUnusable, SlackUnavailable
from bot.questions import Origin, Question
from bot.slack import buttons, mrkdwn, sources
from bot.slack.rich_text import Block, Element, block, bullets, link, section, text, with_code, words_of

MAX_BODY_CHARACTERS = 3000
MAX_ANSWER_CHARACTERS = 4200  # in parts of MAX_BODY_CHARACTERS; with eight quotes the message stays under 10,000
MAX_FALLBACK_CHARACTERS = 4000  # Slack cuts at 40,000; a notification shows a line or two
MAX_READ_AS_CHARACTERS = 300
MAX_QUESTION_CHARACTERS = 500

_APOLOGIES: dict[type[Exception], str] = {
    ModelUnusable: "Sorry, I cannot write answers at the moment: whoever runs me has to look after my language model.",
    ModelFailed: "Sorry, I lost my thread while writing this answer. Please ask again.",
    RecordsUnusable: "Sorry, I could not write this down safely, so I stopped. Whoever runs me has to look at my disk.",
    SlackUnavailable: "Sorry, Slack and I could not reach each other for a while. Please ask again.",
}
_NO_ANSWER = "I have no answer from the wiki."
_ANY_APOLOGY = "Sorry, something went wrong on my side and I have no answer this time. Please ask again."


@dataclass(frozen=True, slots=True)
class Message:
    """A message for Slack. *text* is its words alone, for notifications and screen readers.

    *plainer* says the same in blocks that any Slack takes, empty where *blocks* do already.
    """

    text: str
    blocks: tuple[Block, ...]
    plainer: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the steps of *question*'s answer, in a channel of that *tone*."""

    question: Question
    tone: Tone = Tone.FULL

    @property
    def is_private(self) -> bool:
        """Whether the asker alone sees it, so that Slack's thumbs cannot stand below it and it may be shared."""
        return self.question.origin is Origin.COMMAND


def found(step: Found, frame: Frame) -> Message:
    """Return the passages that were found, while the answer is being written."""
    return _with(_stop(frame), _message(_found_line(step), sources.titles(step.passages)))


def writing(step: Writing, above: Found, frame: Frame) -> Message:
    """Return the unchecked draft, above the passages it is written from."""
    draft = words_of(step.text, MAX_BODY_CHARACTERS)
    if not draft:
        return found(above, frame)
    takes = reading_line(above)
    parts = (section([text(draft)]), section([text(f"A draft, not checked yet. {takes}", italic=True)]))
    return _with(_stop(frame), Message(_fallback(step.text), (block(*parts, *sources.titles(above.passages)),)))


def reading_line(step: Found) -> str:
    """Return how long reading the passages one by one may take, empty where they are not read so.

    >>> reading_line(Found((), up_to_seconds=20))
    'Reading several pages, up to 20 s…'
    """
    return f"Reading several pages, up to {step.up_to_seconds} s…" if step.up_to_seconds else ""


def answer(step: Answer, frame: Frame) -> Message:
    """Return the checked answer, its sources with the words that hold it up, and what can be done with it."""
    cited = sources.one_per_number(step.citations)
    body = [block(section(part)) for part in _sentences(step.sentences, {c.number: c.hit.url for c in cited})]
    head, tail = (
        (*body, *_remark(step), *_read_as(frame)),
        (_made_by(step), *_thumbs(frame), buttons.actions(*_deeds(frame))),
    )
    words = _fallback(f"{step.text} {step.remark}")
    if frame.tone is Tone.BRIEF:
        return Message(words, (*head, *sources.listed(cited), *tail))
    return Message(
        words,
        (*head, *(sources.collapsed(citation) for citation in cited), *tail),
        plainer=(*head, *sources.spread_out(cited), *tail),
    )


def refusal(step: Refusal, frame: Frame) -> Message:
    """Return why there is no answer, the nearest pages, and whom to turn to."""
    words = words_of(step.text, MAX_BODY_CHARACTERS, if_empty=_NO_ANSWER)
    pages = sources.nearest_pages(step.passages)
    lines = [[link(h.url, sources.title(h)), text(_since(h.updated_at))] for h in pages]
    parts = [section([text("The nearest pages:")]), bullets(lines)] if pages else []
    said = _with(_read_as(frame), _message(words, *parts))
    if step.reason is RefusalReason.EMPTY_INDEX:
        return said
    if step.reason is RefusalReason.BUSY:
        return _with([buttons.actions(buttons.button(buttons.AGAIN, "Ask again", frame.question.id))], said)
    return _with([*_thumbs(frame), buttons.actions(*_deeds(frame))], said)


def apology(error: Exception, passages: Sequence[ShownPassage] = ()) -> Message:
    """Return one sentence chosen by the class of *error*, above the *passages* that were shown.

    A QuestionUnusable is no fault of ours: its message is written for the asker and shown as it is.
    """
    if isinstance(error, QuestionUnusable):
        return _message(words_of(str(error), MAX_BODY_CHARACTERS, if_empty=_ANY_APOLOGY))
    return _message(_APOLOGIES.get(type(error), _ANY_APOLOGY), sources.titles(passages))


def waiting(number: int, seconds: float, frame: Frame) -> Message:
    """Return where the question stands in line, 1 for the next, and that it may take *seconds*."""
    ahead = "You are next" if number == 1 else f"{number - 1} question{'' if number == 2 else 's'} before yours"
    return _with(_stop(frame), _message(f"{ahead}, about {wait_in_words(seconds)}."))


def cancelled() -> Message:
    """Return what stays of a question that its asker has stopped."""
    return _message("Stopped. Ask again whenever you like.")


def said(line: str) -> Message:
    """Return one sentence of our own, in which others' words may be quoted."""
    return _message(line)


def unsaid(question: Question, why: str) -> Message:
    """Return what the asker of *question* is told in private where it cannot be answered: *why*, a sentence of ours."""
    about = section([text("About: "), text(shown_question(question), italic=True)])
    return Message(_fallback(why), (block(about, section([text(why)])),))


def private_question(question: Question, seconds: float) -> Message:
    """Return what was asked with `/ask`, and how many *seconds* the answer will take, 0 where that goes without saying.

    Slack shows nobody the command itself, and lets nobody change this message later: what it says must stay true above
    the answer. (A command's response_url posts anew whatever `replace_original` says: bolt-python issue 1268.)
    """
    words = shown_question(question)
    asked = section([text("You asked: "), text(words, italic=True)])
    away = f"When you asked, the answer was about {wait_in_words(seconds)} away."
    note: list[Block] = [{"type": "context", "elements": [buttons.plain(away)]}] if seconds else []
    return Message(_fallback(f"You asked: {words}"), (block(asked), *note))


def shown_question(question: Question) -> str:
    """Return what was asked, on as many lines as it has, safe to show."""
    return words_of(question.text, MAX_QUESTION_CHARACTERS, if_empty="(no words)")


def wait_in_words(seconds: float) -> str:
    """Return *seconds* as people say them.

    >>> wait_in_words(4.2), wait_in_words(95)
    ('5 seconds', '2 minutes')
    """
    if seconds < 60:
        rounded = max(5, 5 * round(seconds / 5))
        return f"{rounded} seconds"
    minutes = round(seconds / 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _message(line: str, *parts: Element | list[Element]) -> Message:
    rest = [p for part in parts for p in (part if isinstance(part, list) else [part])]
    shown = words_of(line, MAX_BODY_CHARACTERS, if_empty=mrkdwn.ELLIPSIS)
    return Message(_fallback(line), (block(section([text(shown)]), *rest),))


def _with(more: Iterable[Block], message: Message) -> Message:
    return Message(message.text, (*message.blocks, *more))


def _fallback(words: str) -> str:
    return mrkdwn.fallback_text(words, MAX_FALLBACK_CHARACTERS).strip() or "…"  # of what cannot be seen nothing is left


def _found_line(step: Found) -> str:
    if not step.passages:
        return "Writing…"
    counted = f"Found {len(step.passages)} passage{'' if len(step.passages) == 1 else 's'}"
    return f"{counted}. {reading_line(step)}" if step.up_to_seconds else f"{counted}, writing…"


def _remark(step: Answer) -> list[Block]:
    remark = words_of(step.remark, MAX_READ_AS_CHARACTERS)
    return [block(section([text(remark, italic=True)]))] if remark else []


def _stop(frame: Frame) -> list[Block]:
    return [buttons.actions(buttons.button(buttons.STOP, "Stop", frame.question.id))]


def _read_as(frame: Frame) -> list[Block]:
    if not frame.question.read_as:
        return []
    words = words_of(frame.question.read_as, MAX_READ_AS_CHARACTERS)
    return [{"type": "context", "elements": [buttons.plain(f"I read this as: {words}")]}]


def _made_by(step: Answer) -> Block:
    seconds = step.timings.total_ms / 1000
    took = f"{seconds:.1f} s" if seconds else "answered before, from the same passages"
    words = words_of(f"{step.model} · {took} · index {step.generation}", MAX_READ_AS_CHARACTERS)
    return {"type": "context", "elements": [buttons.plain(words)]}


def _thumbs(frame: Frame) -> list[Block]:
    return [] if frame.is_private else [buttons.feedback(frame.question.id)]


def _deeds(frame: Frame) -> list[Element]:
    known = frame.question.id
    deeds = [
        buttons.button(buttons.AUDIT, "Show what the bot was shown", known),
        buttons.button(buttons.HAND_OVER, "Ask a person", known),
    ]
    if not frame.is_private:
        return deeds
    share = [] if frame.question.thread.is_direct else [buttons.button(buttons.SHARE, "Share with the channel", known)]
    thumbs = [
        buttons.button(buttons.HELPFUL, "Good answer", known),
        buttons.button(buttons.NOT_HELPFUL, "Bad answer", known),
    ]
    return [*share, *deeds, *thumbs]


def _sentences(sentences: Iterable[Sentence], addresses: dict[int, str]) -> list[list[Element]]:
    """Return the sentences with their markers, in parts of at most MAX_BODY_CHARACTERS."""
    parts: list[list[Element]] = [[]]
    left, left_in_part = MAX_ANSWER_CHARACTERS, MAX_BODY_CHARACTERS
    about = ""
    for sentence in sentences:
        words = words_of(sentence.text, MAX_BODY_CHARACTERS // 2)
        side = words_of(sentence.about, MAX_READ_AS_CHARACTERS) if sentence.about != about else ""
        about = sentence.about
        length = len(mrkdwn.escape(side + words)) + 3 + sum(len(f" [{n}]") for n in sentence.citations) + 1
        left, left_in_part = left - length, left_in_part - length
        if left < 0:
            parts[-1].append(text(mrkdwn.ELLIPSIS))
            break
        if left_in_part < 0:
            parts.append([])
            left_in_part = MAX_BODY_CHARACTERS - length
        if side:
            parts[-1].append(text(f"\n{side}: " if parts[-1] else f"{side}: ", bold=True))
        parts[-1] += with_code(f"{words} ")
        parts[-1] += [e for n in sentence.citations for e in _mark(n, addresses)]
    return [part for part in parts if part] or [[text(mrkdwn.ELLIPSIS)]]


def _mark(number: int, addresses: dict[int, str]) -> list[Element]:
    return [link(addresses.get(number, ""), f"[{number}]"), text(" ")]


def _since(updated_at: str) -> str:
    date = sources.as_of(updated_at)
    return f" — {date}" if date else " "
