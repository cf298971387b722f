"""What a person sees in Slack: each step of an answer, and each apology, as blocks.

Every text is visible() and within Slack's limits whatever the wiki or the model wrote; every address comes from the
index. The texts of one message stay under 10,000 characters together: Slack refuses more at about 13,200.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.answers import Answer, Citation, Found, Refusal, Sentence, ShownPassage, Writing
from bot.errors import ModelFailed, ModelUnusable, QuestionUnusable, RecordsUnusable, SlackUnavailable
from bot.slack import mrkdwn
from bot.slack.rich_text import Block, Element, block, bullets, link, quote, section, text, web_address, words_of
from indexer.passages import Hit

MAX_FOUND = 5
MAX_SOURCES = 8
MAX_NEAREST = 3
MAX_BODY_CHARACTERS = 3000
MAX_LABEL_CHARACTERS = 150
MAX_QUOTE_CHARACTERS = 400
MAX_BUTTON_CHARACTERS = 75  # Slack's limit
MAX_FALLBACK_CHARACTERS = 4000  # Slack cuts at 40,000; a notification shows a line or two

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
    """A message for Slack. *text* is its words alone, for notifications and screen readers."""

    text: str
    blocks: tuple[Block, ...]


def found(step: Found) -> Message:
    """Return the passages that were found, while the answer is being written."""
    return _message(_found_line(step.passages), _titles(step.passages))


def writing(step: Writing, passages: Sequence[ShownPassage]) -> Message:
    """Return the unchecked draft, above the *passages* it is written from."""
    draft = words_of(step.text, MAX_BODY_CHARACTERS)
    if not draft:
        return found(Found(tuple(passages)))
    parts = (section([text(draft)]), section([text("A draft, not checked yet. ", italic=True)]))
    return Message(_fallback(step.text), (block(*parts, *_titles(passages)),))


def answer(step: Answer) -> Message:
    """Return the checked answer, its sources with the words that hold it up, and a button to open each."""
    sources = _one_per_number(step.citations)
    addresses = {c.number: c.hit.url for c in sources}
    blocks = [block(section(_sentences(step.sentences, addresses)))]
    blocks += [block(*_source(citation)) for citation in sources]
    return Message(_fallback(step.text), (*blocks, *_open_buttons(sources)))


def refusal(step: Refusal) -> Message:
    """Return why there is no answer, and the nearest pages."""
    words = words_of(step.text, MAX_BODY_CHARACTERS, if_empty=_NO_ANSWER)
    pages = _nearest_pages(step.passages)
    if not pages:
        return _message(words)
    return _message(words, section([text("The nearest pages:")]), bullets([link(h.url, _title(h))] for h in pages))


def apology(error: Exception, passages: Sequence[ShownPassage] = ()) -> Message:
    """Return one sentence chosen by the class of *error*, above the *passages* that were shown.

    A QuestionUnusable is no fault of ours: its message is written for the asker and shown as it is.
    """
    if isinstance(error, QuestionUnusable):
        return _message(words_of(str(error), MAX_BODY_CHARACTERS, if_empty=_ANY_APOLOGY))
    return _message(_APOLOGIES.get(type(error), _ANY_APOLOGY), _titles(passages))


def _message(line: str, *parts: Element | list[Element]) -> Message:
    rest = [p for part in parts for p in (part if isinstance(part, list) else [part])]
    return Message(_fallback(line), (block(section([text(line)]), *rest),))


def _fallback(words: str) -> str:
    return mrkdwn.fallback_text(words.strip() or "…", MAX_FALLBACK_CHARACTERS)


def _found_line(passages: Sequence[ShownPassage]) -> str:
    if not passages:
        return "Writing…"
    return f"Found {len(passages)} passage{'' if len(passages) == 1 else 's'}, writing…"


def _titles(passages: Sequence[ShownPassage]) -> list[Element]:
    if not passages:
        return []
    lines = [[text(f"[{p.number}] "), link(p.hit.url, _breadcrumb(p.hit))] for p in passages[:MAX_FOUND]]
    left_out = len(passages) - len(lines)
    return [bullets([*lines, [text(f"and {left_out} more")]] if left_out else lines)]


def _sentences(sentences: Iterable[Sentence], addresses: dict[int, str]) -> list[Element]:
    elements: list[Element] = []
    left = MAX_BODY_CHARACTERS
    for sentence in sentences:
        words = words_of(sentence.text, left)
        marks = "".join(f" [{n}]" for n in sentence.citations)
        left -= len(mrkdwn.escape(words)) + len(marks) + 1
        if left < 0:
            return [*elements, text(mrkdwn.ELLIPSIS)]
        elements.append(text(f"{words} "))
        elements += [e for n in sentence.citations for e in _mark(n, addresses)]
    return elements or [text(mrkdwn.ELLIPSIS)]


def _mark(number: int, addresses: dict[int, str]) -> list[Element]:
    return [link(addresses.get(number, ""), f"[{number}]"), text(" ")]


def _one_per_number(citations: Iterable[Citation]) -> list[Citation]:
    first = {c.number: c for c in reversed(list(citations))}
    return [first[number] for number in sorted(first)][:MAX_SOURCES]


def _source(citation: Citation) -> list[Element]:
    as_of = _as_of(citation.hit.updated_at)
    line = [link(citation.hit.url, f"[{citation.number}] {_breadcrumb(citation.hit)}")]
    words = words_of(citation.quote, MAX_QUOTE_CHARACTERS)
    parts = [section([*line, text(f" — {as_of}")] if as_of else line)]
    return [*parts, quote(words)] if words else parts


def _open_buttons(citations: Iterable[Citation]) -> list[Block]:
    buttons = [_button(c) for c in citations if web_address(c.hit.url)]
    return [{"type": "actions", "elements": buttons}] if buttons else []


def _button(citation: Citation) -> Block:
    label = words_of(f"[{citation.number}] {_title(citation.hit)}", MAX_BUTTON_CHARACTERS)
    return {
        "type": "button",
        "action_id": f"source_{citation.number}",
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "url": citation.hit.url,
    }


def _nearest_pages(passages: Iterable[ShownPassage]) -> list[Hit]:
    pages = {(p.hit.wiki, p.hit.page_id): p.hit for p in reversed(list(passages))}
    return list(reversed(pages.values()))[:MAX_NEAREST]


def _title(hit: Hit) -> str:
    return words_of(hit.title.replace("\n", " "), MAX_LABEL_CHARACTERS, if_empty="Untitled page")


def _breadcrumb(hit: Hit) -> str:
    path = " › ".join(p for p in (_title(hit), *hit.headings) if p.strip())
    return words_of(path.replace("\n", " "), MAX_LABEL_CHARACTERS, if_empty="Untitled page")


def _as_of(updated_at: str) -> str:
    try:
        date = datetime.fromisoformat(updated_at)
    except ValueError:
        return ""
    return f"as of {date.day} {date:%B} {date.year}"
