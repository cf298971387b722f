"""A filled-in modal on its way to the bot, and what the bot's ack makes of it."""

from collections.abc import Mapping
from dataclasses import replace

from bot.workspace import events
from bot.workspace.blocks import Surface
from bot.workspace.delivery import Parcel
from bot.workspace.errors import CallRefused, GestureRefused
from bot.workspace.exchange import Exchange
from bot.workspace.fill import Value, is_empty, state_of
from bot.workspace.hooks import new_trigger
from bot.workspace.limits import check_view
from bot.workspace.methods.views import close_modals, push_modal, replace_modal
from bot.workspace.views import View
from bot.workspace.wire import Json

TROUBLE = "We had some trouble connecting. Try again?"


def submit(exchange: Exchange, view: View, values: Mapping[str, Value]) -> None:
    """Submit *view* with *values*, keyed by block_id or action_id; what is not named stays as it was shown."""
    if view.body.get("submit") is None:
        raise GestureRefused("this modal has no submit button")
    state = _filled(exchange, view, values)
    person = exchange.state.people[view.person]
    payload = events.interaction("view_submission", person, new_trigger(exchange, person.id, view.id))
    exchange.delivery.offer(
        Parcel(
            "interactive",
            payload | events.submitted(view, state),
            acknowledged=lambda answer: _follow(exchange, view, answer),
            failed=lambda: _refuse(exchange, view, {"": TROUBLE}),
        )
    )


def close(exchange: Exchange, view: View) -> None:
    """Dismiss *view*; the bot hears of it where it asked to."""
    exchange.state.views.pop(view.id, None)
    if view.body.get("notify_on_close"):
        person = exchange.state.people[view.person]
        payload = events.interaction("view_closed", person, "") | events.closed(view)
        exchange.delivery.offer(Parcel("interactive", payload))


def _filled(exchange: Exchange, view: View, values: Mapping[str, Value]) -> Json:
    offered = exchange.state.offered
    inputs = [
        {**block, "element": offered(view.person, block, block["element"])}
        for block in view.blocks
        if block["type"] == "input"
    ]
    keys = {key: _matching(inputs, key)["block_id"] for key in values}
    given = {keys[key]: value for key, value in values.items()}
    return {block["block_id"]: _input_state(block, given.get(block["block_id"])) for block in inputs}


def _matching(inputs: list[Json], key: str) -> Json:
    found = [block for block in inputs if key in (block["block_id"], block["element"].get("action_id"))]
    if len(found) != 1:
        raise GestureRefused(f"{len(found)} inputs are called {key!r}")
    return found[0]


def _input_state(block: Json, value: Value) -> Json:
    element = block["element"]
    state = state_of(element, value)
    label = block["label"]["text"]
    if is_empty(state) and not block.get("optional"):
        raise GestureRefused(f"{label!r} must be filled in")
    text = state.get("value")
    if text and not element.get("min_length", 0) <= len(text) <= element.get("max_length", 3000):
        raise GestureRefused(f"{label!r} is too short or too long")
    return {element["action_id"]: state}


def _follow(exchange: Exchange, view: View, answer: Json) -> None:
    try:
        _act(exchange, view, answer)
    except CallRefused as refusal:
        _refuse(exchange, view, {"": f"{TROUBLE} ({refusal.code}: {' '.join(refusal.explanations)})"})


def _act(exchange: Exchange, view: View, answer: Json) -> None:
    match answer.get("response_action"):
        case "errors":
            _refuse(exchange, view, answer.get("errors", {}))
        case "update":
            check_view(answer.get("view"), Surface.MODAL)
            replace_modal(exchange.state, view, answer["view"])
        case "push":
            check_view(answer.get("view"), Surface.MODAL)
            push_modal(exchange.state, view.person, answer["view"])
        case "clear":
            close_modals(exchange.state, view.person)
        case _:
            exchange.state.views.pop(view.id, None)


def _refuse(exchange: Exchange, view: View, errors: Mapping[str, str]) -> None:
    shown = exchange.state.views.get(view.id)
    if shown is not None:
        exchange.state.views[view.id] = replace(shown, errors=dict(errors))
