"""The modals that open from an answer: what the bot was shown, and what was wrong."""

import json
from collections.abc import Mapping

from bot.answers import Answer, Refusal, ShownPassage
from bot.feedback import Reason
from bot.questions import Question, QuestionId
from bot.slack import buttons, sources
from bot.slack.rich_text import Block, Element, block, link, section, text, words_of

GIVE_REASON = "give_reason"
REASON, CORRECTION, PAGE = "reason", "correction", "page"
MAX_CORRECTION_CHARACTERS = 2000
MAX_PAGE_CHARACTERS = 300

_MAX_VIEW_BYTES = 250_000  # Slack's limit; slack_sdk sends a letter that is not Latin as six bytes
_PASSAGE_CHARACTERS = (2500, 1200, 500, 100)
_MAX_PROMPT_PARTS = 4
_PART_CHARACTERS = 2900
_REASONS = {
    Reason.WRONG: "It is wrong",
    Reason.OUTDATED: "It is outdated",
    Reason.MISSING: "Something is missing",
    Reason.NOT_ALLOWED: "I should not see this here",
    Reason.STYLE: "It is hard to read",
}

View = dict[str, object]


def shown(question: Question, outcome: Answer | Refusal) -> View:
    """Return what the model was shown for *question*: passages with scores and revisions, the prompt, model, index.

    Passages are cut to what one view holds of them.
    """
    views = [_shown(question, outcome, characters) for characters in _PASSAGE_CHARACTERS]
    return next((view for view in views if len(json.dumps(view)) <= _MAX_VIEW_BYTES), views[-1])


def _shown(question: Question, outcome: Answer | Refusal, passage_characters: int) -> View:
    read_as = [_line("Read as: ", question.read_as)] if question.read_as else []
    facts = f"{outcome.model or 'no model'} · index {outcome.generation} · {_seconds(outcome)}"
    blocks: list[Block] = [block(section([text(words_of(question.text, _PART_CHARACTERS, if_empty="(no words)"))]))]
    signals = ", ".join(f"{name} {value:.2f}" for name, value in outcome.signals.items())
    decided = [_context(f"Decided on: {signals}")] if signals else []
    blocks += [*read_as, _context(facts), *decided, {"type": "divider"}]
    for passage in outcome.passages:
        blocks += [_heading(passage), _preformatted(passage.hit.text, passage_characters)]
    if not outcome.passages:
        blocks.append(_context("No passage was found."))
    blocks.append({"type": "divider"})
    return _modal("What the bot was shown", [*blocks, *_prompt(outcome.prompt)])


def reasons(question_id: QuestionId) -> View:
    """Return the form that asks why an answer was bad."""
    options = [{"text": buttons.plain(words), "value": reason.value} for reason, words in _REASONS.items()]
    blocks: list[Block] = [
        _input(REASON, "What is wrong with it?", {"type": "radio_buttons", "action_id": REASON, "options": options}),
        _input(CORRECTION, "The right answer, if you know it", _written(CORRECTION, MAX_CORRECTION_CHARACTERS))
        | {"optional": True},
        _input(PAGE, "The page that has it, if you know it", _written(PAGE, MAX_PAGE_CHARACTERS)) | {"optional": True},
    ]
    form = _modal("What went wrong?", blocks)
    return form | {
        "callback_id": GIVE_REASON,
        "private_metadata": json.dumps({"question": question_id}),
        "submit": buttons.plain("Send"),
        "close": buttons.plain("Never mind"),
    }


def read(view: Mapping[str, object]) -> dict[str, str]:
    """Return what was written and chosen in a submitted form, by block_id; empty where nothing was."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    return {str(name): _value(inputs) for name, inputs in values.items()} if isinstance(values, Mapping) else {}


def _value(inputs: object) -> str:
    element: object = next(iter(inputs.values()), None) if isinstance(inputs, Mapping) else None
    if not isinstance(element, Mapping):
        return ""
    option = element.get("selected_option")
    chosen = option.get("value") if isinstance(option, Mapping) else None
    return str(chosen or element.get("value") or "")


def _modal(title: str, blocks: list[Block]) -> View:
    return {"type": "modal", "title": buttons.plain(title), "close": buttons.plain("Close"), "blocks": blocks}


def _heading(passage: ShownPassage) -> Block:
    hit = passage.hit
    date = sources.as_of(hit.updated_at)
    facts = words_of(
        f"· score {hit.score:.2f} (meaning {hit.cosine:.2f}, words {hit.words:.1f}) · revision {hit.revision[:12]}",
        200,
    )
    label = f"[{passage.number}] {sources.breadcrumb(hit)}"
    return block(section([link(hit.url, label), text(f" {facts}{f' · {date}' if date else ''}")]))


def _prompt(prompt: str) -> list[Block]:
    if not prompt:
        return [_context("The model was not asked.")]
    parts = [prompt[at : at + _PART_CHARACTERS] for at in range(0, len(prompt), _PART_CHARACTERS)]
    left_out = len(parts) > _MAX_PROMPT_PARTS
    shown_parts = [_preformatted(part, _PART_CHARACTERS) for part in parts[:_MAX_PROMPT_PARTS]]
    return [_context("The prompt:"), *shown_parts, *([_context("… and more")] if left_out else [])]


def _preformatted(words: str, max_characters: int) -> Block:
    shown_words = words_of(words, max_characters, if_empty="(no words)")
    return block({"type": "rich_text_preformatted", "elements": [text(shown_words)]})


def _line(label: str, words: str) -> Block:
    return block(section([text(label, italic=True), text(words_of(words, _PART_CHARACTERS, if_empty="(no words)"))]))


def _context(words: str) -> Block:
    return {"type": "context", "elements": [buttons.plain(words_of(words, 300, if_empty="…"))]}


def _seconds(outcome: Answer | Refusal) -> str:
    return f"{outcome.timings.total_ms / 1000:.1f} s, {outcome.timings.prompt_tokens} tokens read"


def _input(block_id: str, label: str, element: Element) -> Block:
    return {"type": "input", "block_id": block_id, "label": buttons.plain(label), "element": element}


def _written(action_id: str, max_characters: int) -> Element:
    is_long = max_characters > MAX_PAGE_CHARACTERS
    return {"type": "plain_text_input", "action_id": action_id, "multiline": is_long, "max_length": max_characters}
