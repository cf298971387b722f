"""The modal of /advise: the framework's questions in their order, filled in with what is known; its answers read."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.advice.asking import Known, mistakes
from bot.advice.reader import Understood
from bot.advice.situation import Assumptions, Situation, bounds, choices, is_whole, written
from bot.advice.wording import CHOICE_NAMES, described
from bot.slack.rich_text import Block, block, bullets, section, text, words_of

FORM_ID = "advice"
ASSUMPTIONS, WHERE = "assumptions", "where"
TO_ME, TO_CHANNEL = "me", "channel"
MAX_UNDERSTOOD = 12
MAX_WORDS = 120  # of what was understood, a line

_VALUE = "value"  # the action_id of every input
_FAILURES = "missing_page"  # where the failures begin
_LINE = re.compile(r"(?P<name>[a-z_]+)\s*=\s*(?P<value>[^#]*)")


@dataclass(frozen=True, slots=True)
class Filled:
    """What came back: *values* by name, *said* the names of those that somebody gave, *wrong* sentences by block_id."""

    values: Mapping[str, str]
    said: frozenset[str]
    wrong: Mapping[str, str]
    channel: str
    is_public: bool


def form(knows: Known, channel: str) -> Block:
    """Return the modal, filled in with what is known; *channel* is where the command was given."""
    metadata = {"channel": channel, "said": sorted(knows.values)}
    return {
        "type": "modal",
        "callback_id": FORM_ID,
        "title": _plain("Fine-tune or retrieve?"),
        "submit": _plain("Advise me"),
        "close": _plain("Cancel"),
        "private_metadata": json.dumps(metadata),
        "blocks": [_intro(knows), *_questions(knows.values), _assumptions(knows.values), *_where(channel)],
    }


def read_form(view: Mapping[str, object]) -> Filled:
    """Return what a submitted modal says, as Slack sends it."""
    metadata = json.loads(str(view["private_metadata"]))
    given = dict(_given(view))
    lines, wrong = _read_lines(given.pop(ASSUMPTIONS, ""))
    is_public = given.pop(WHERE, TO_ME) == TO_CHANNEL
    values = lines | given
    for name, why in mistakes(values).items():
        if name in Situation.model_fields:
            wrong.setdefault(name, f"{why[:1].upper()}{why[1:]}.")
        else:
            wrong[ASSUMPTIONS] = f"{wrong[ASSUMPTIONS]} {name}: {why}." if ASSUMPTIONS in wrong else f"{name}: {why}."
    said = set(metadata["said"]) | {name for name, value in values.items() if value != _default(name)}
    return Filled(values, frozenset(said), wrong, str(metadata["channel"]), is_public)


def _given(view: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each input that holds something."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    for name, actions in (values if isinstance(values, Mapping) else {}).items():
        element = actions.get(_VALUE, {})
        chosen = element.get("selected_option") or {}
        value = chosen.get("value") if chosen else element.get("value")
        if value is not None:
            yield name, str(value)


def _read_lines(lines: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the assumptions of lines like `wage = 40  # dollars`, and what is wrong with the first that is not."""
    values: dict[str, str] = {}
    for line in lines.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line.strip())
        if match is None:
            return values, {ASSUMPTIONS: f"“{words_of(line, 40)}” is not like `wage = 40`."}
        if match["name"] not in Assumptions.model_fields:
            return values, {ASSUMPTIONS: f"There is no assumption called {match['name'][:40]}."}
        values[match["name"]] = match["value"].strip()
    return values, {}


def _default(name: str) -> str:
    return written((Situation if name in Situation.model_fields else Assumptions).model_fields[name].default)


def _plain(words: str) -> Block:
    return {"type": "plain_text", "text": words, "emoji": False}


def _intro(knows: Known) -> Block:
    parts = [section([text("Answer what you know. What you leave is assumed, and the advice says so.")])]
    if knows.understood:
        lines = [[text(_line(each))] for each in knows.understood[:MAX_UNDERSTOOD]]
        parts += [section([text("Filled in already:", bold=True)]), bullets(lines)]
    left = words_of(knows.left, MAX_WORDS * 2)
    if left:
        parts.append(section([text("Not understood: ", bold=True), text(left)]))
    return block(*parts)


def _line(each: Understood) -> str:
    value = CHOICE_NAMES.get(each.name, {}).get(each.value, each.value)
    return f"{described(each.name)} {value}, from “{words_of(each.words, MAX_WORDS, if_empty='…')}”"


def _questions(values: Mapping[str, str]) -> Iterator[Block]:
    for name in Situation.model_fields:
        if name == _FAILURES:
            yield {"type": "header", "text": _plain("What goes wrong now, counted")}
        yield _input(name, values.get(name, _default(name)))


def _input(name: str, value: str) -> Block:
    question = Situation.model_fields[name].description or name
    element = _menu(name, value) if choices(name) else _number(name, value)
    return {"type": "input", "block_id": name, "label": _plain(question), "element": element}


def _menu(name: str, value: str) -> Block:
    options = [_option(choice, CHOICE_NAMES[name][choice]) for choice in choices(name)]
    chosen = next((option for option in options if option["value"] == value), options[0])
    return {"type": "static_select", "action_id": _VALUE, "options": options, "initial_option": chosen}


def _number(name: str, value: str) -> Block:
    least, most = bounds(Situation, name)
    return {
        "type": "number_input",
        "action_id": _VALUE,
        "is_decimal_allowed": not is_whole(Situation, name),
        "min_value": written(least),
        "max_value": written(most),
        "initial_value": value,
    }


def _option(value: str, words: str) -> Block:
    return {"value": value, "text": _plain(words)}


def _assumptions(values: Mapping[str, str]) -> Block:
    lines = [
        f"{name} = {values.get(name, _default(name))}  # {field.description}"
        for name, field in Assumptions.model_fields.items()
    ]
    return {
        "type": "input",
        "block_id": ASSUMPTIONS,
        "optional": True,
        "label": _plain("Assumptions: change a value after its ="),
        "element": {
            "type": "plain_text_input",
            "action_id": _VALUE,
            "multiline": True,
            "initial_value": "\n".join(lines),
        },
    }


def _where(channel: str) -> Sequence[Block]:
    if not channel or channel.startswith("D"):
        return ()
    options = [_option(TO_ME, "To me alone"), _option(TO_CHANNEL, "In the channel, where everybody sees the numbers")]
    element = {"type": "radio_buttons", "action_id": _VALUE, "options": options, "initial_option": options[0]}
    return ({"type": "input", "block_id": WHERE, "label": _plain("Show the advice"), "element": element},)
