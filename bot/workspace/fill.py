"""What a person does to one element: press it, choose in it, or write into it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from bot.workspace.errors import GestureRefused
from bot.workspace.wire import Json

Value: TypeAlias = str | Sequence[str] | None
Written: TypeAlias = Mapping[str, Mapping[str, Value]]
"""What stands in the inputs of a surface: block_id, then action_id, then the value."""

_WRITTEN = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
_CHOSEN_ONE = {"static_select", "external_select", "radio_buttons", "overflow"}
_CHOSEN_MANY = {"multi_static_select", "multi_external_select", "checkboxes"}
_FIELDS: Mapping[str, tuple[str, str]] = {  # type: the field of its state, the field of its first value
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
_STATEFUL = (_WRITTEN | {"rich_text_input"} | _CHOSEN_ONE | _CHOSEN_MANY | _FIELDS.keys()) - {"overflow"}


def action_of(element: Json, block_id: str, value: Value, ts: str) -> Json:
    """Return the ``actions`` entry of a press on *element*, or of choosing *value* in it."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": ts,
    }
    if element["type"] == "feedback_buttons":
        return action | _feedback(element, value)
    if element["type"] in {"button", "icon_button"}:
        return action | {name: element[name] for name in ("text", "value", "style", "icon") if name in element}
    return action | state_of(element, value)


def state_of(element: Json, value: Value) -> Json:
    """Return the state of an input that holds *value*: an option's value, an id or a text; None keeps the first one."""
    kind = str(element["type"])
    if kind in _WRITTEN:
        return {"type": kind, "value": element.get("initial_value") if value is None else _one(value) or None}
    if kind == "rich_text_input":
        return {"type": kind, "rich_text_value": element.get("initial_value") if value is None else value}
    if kind in _CHOSEN_ONE:
        return {
            "type": kind,
            "selected_option": element.get("initial_option") if value is None else _option(element, value),
        }
    if kind in _CHOSEN_MANY:
        chosen = (
            element.get("initial_options", []) if value is None else [_option(element, each) for each in _many(value)]
        )
        return {"type": kind, "selected_options": chosen}
    if kind not in _FIELDS:
        raise GestureRefused(f"a {kind} takes no value")
    field, first = _FIELDS[kind]
    return {"type": kind, field: element.get(first) if value is None else _fitting(kind, value)}


def filled(elements: Iterable[tuple[Json, Json]], written: Written) -> Json:
    """Return ``state.values``: what each of *elements*, in pairs with its block, holds: *written*, or as shown."""
    values: Json = {}
    for block, element in elements:
        if element["type"] in _STATEFUL:
            value = written.get(block["block_id"], {}).get(element["action_id"])
            values.setdefault(block["block_id"], {})[element["action_id"]] = state_of(element, value)
    return values


def is_empty(state: Json) -> bool:
    """Tell whether the state of an input holds nothing.

    >>> is_empty({"type": "plain_text_input", "value": None})
    True
    """
    return not any(value for name, value in state.items() if name != "type")


def options_of(element: Json) -> list[Json]:
    """Return the options of a menu, those in groups included."""
    grouped = [option for group in element.get("option_groups", []) for option in group["options"]]
    return [*element.get("options", []), *grouped]


def _feedback(element: Json, value: Value) -> Json:
    buttons = [element["positive_button"], element["negative_button"]]
    short = {"positive": buttons[0], "negative": buttons[1]}
    chosen = short.get(str(value)) or next((button for button in buttons if button["value"] == value), None)
    if chosen is None:
        raise GestureRefused(f"feedback is positive or negative, not {value!r}")
    return {"text": chosen["text"], "value": chosen["value"]}


def _option(element: Json, value: Value) -> Json:
    for option in options_of(element):
        if option["value"] == value:
            return option
    raise GestureRefused(f"{element.get('action_id')} offers no {value!r}")


def _fitting(kind: str, value: Value) -> Value:
    return _many(value) if kind.startswith("multi_") else _one(value)


def _one(value: Value) -> str:
    if not isinstance(value, str):
        raise GestureRefused("this takes one value")
    return value


def _many(value: Value) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
