"""Block Kit's text objects and interactive elements, with their limits.

Limits are those of slack-sdk 3.47's models and of Slack's Block Kit reference.
"""

from collections.abc import Mapping

from bot.workspace.checks import (
    Check,
    Findings,
    Kinds,
    Shape,
    address,
    anything,
    both,
    complain,
    escaped_length,
    flag,
    items,
    mrkdwn_length,
    number,
    one_of,
    words,
)

IDENTIFIER = words(255, minimum=0)
_TYPE: dict[str, Check] = {"type": anything}


def plain_text(maximum: int) -> Check:
    """Demand a ``plain_text`` object of at most *maximum* characters."""
    return Kinds("text object", {"plain_text": _plain(maximum)})


def any_text(maximum: int) -> Check:
    """Demand a ``plain_text`` or ``mrkdwn`` object of at most *maximum* characters."""
    mrkdwn = Shape(_TYPE | {"text": words(maximum, length=mrkdwn_length)}, {"verbatim": flag})
    return Kinds("text object", {"plain_text": _plain(maximum), "mrkdwn": mrkdwn})


def _plain(maximum: int) -> Shape:
    return Shape(_TYPE | {"text": words(maximum, length=escaped_length)}, {"emoji": flag})


def _interactive(required: Mapping[str, Check] | None = None, optional: Mapping[str, Check] | None = None) -> Shape:
    return Shape({**_TYPE, **(required or {})}, {"action_id": IDENTIFIER, "confirm": CONFIRM, **(optional or {})})


def _input(**optional: Check) -> Shape:
    return _interactive(optional={"placeholder": plain_text(150), "focus_on_load": flag, **optional})


def _menu(**optional: Check) -> Check:
    shape = _input(options=items(OPTION, 100), option_groups=items(_GROUP, 100), **optional)
    return both(shape, _options_or_groups)


def _options_or_groups(value: object, pointer: str, findings: Findings) -> None:
    if isinstance(value, Mapping) and ("options" in value) == ("option_groups" in value):
        complain(findings, "must provide either options or option_groups", pointer)


CONFIRM = Shape(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)
OPTION = Shape({"text": any_text(75), "value": words(150)}, {"description": any_text(75), "url": address()})
_GROUP = Shape({"label": plain_text(75), "options": items(OPTION, 100)})
_FEEDBACK = Shape({"text": plain_text(75), "value": words(2000)}, {"accessibility_label": words(75)})
_DISPATCH = Shape(optional={"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 2)})
_FILTER = Shape(
    optional={
        "include": items(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    }
)
IMAGE = Shape(
    _TYPE | {"alt_text": words(2000, length=escaped_length)},
    {"image_url": address(), "slack_file": anything},
    needs_one_of=("image_url", "slack_file"),
)

BUTTON = _interactive(
    {"text": plain_text(75)},
    {
        "url": address(),
        "value": words(2000, minimum=0),
        "style": one_of("primary", "danger"),
        "accessibility_label": words(75),
        "agent_prompt": words(4000),
        "agent_prompt_display": anything,
        "visible_to_user_ids": items(words(20), 10),
    },
)
_ICON_BUTTON = _interactive(
    {"icon": words(255), "text": plain_text(75)},
    {"accessibility_label": words(75), "value": words(2000), "visible_to_user_ids": items(words(20), 10)},
)
_TEXT_INPUT: dict[str, Check] = {"dispatch_action_config": _DISPATCH, "initial_value": words(3000, minimum=0)}
_MANY: dict[str, Check] = {"max_selected_items": number}

SHAPES: Mapping[str, Check] = {
    "button": BUTTON,
    "icon_button": _ICON_BUTTON,
    "feedback_buttons": _interactive({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}),
    "image": IMAGE,
    "overflow": _interactive({"options": items(OPTION, 5)}),
    "static_select": _menu(initial_option=OPTION),
    "multi_static_select": _menu(initial_options=items(OPTION, 100), **_MANY),
    "external_select": _input(initial_option=OPTION, min_query_length=number),
    "multi_external_select": _input(initial_options=items(OPTION, 100), min_query_length=number, **_MANY),
    "users_select": _input(initial_user=words(20)),
    "multi_users_select": _input(initial_users=items(words(20), 100), **_MANY),
    "channels_select": _input(initial_channel=words(20), response_url_enabled=flag),
    "multi_channels_select": _input(initial_channels=items(words(20), 100), **_MANY),
    "conversations_select": _input(
        initial_conversation=words(20), default_to_current_conversation=flag, response_url_enabled=flag, filter=_FILTER
    ),
    "multi_conversations_select": _input(
        initial_conversations=items(words(20), 100), default_to_current_conversation=flag, filter=_FILTER, **_MANY
    ),
    "checkboxes": _interactive(
        {"options": items(OPTION, 10)}, {"initial_options": items(OPTION, 10), "focus_on_load": flag}
    ),
    "radio_buttons": _interactive({"options": items(OPTION, 10)}, {"initial_option": OPTION, "focus_on_load": flag}),
    "plain_text_input": _input(multiline=flag, min_length=number, max_length=number, **_TEXT_INPUT),
    "email_text_input": _input(**_TEXT_INPUT),
    "url_text_input": _input(**_TEXT_INPUT),
    "number_input": _input(is_decimal_allowed=flag, min_value=anything, max_value=anything, **_TEXT_INPUT),
    "rich_text_input": _input(**(_TEXT_INPUT | {"initial_value": anything})),
    "datepicker": _input(initial_date=words(10)),
    "timepicker": _input(initial_time=words(5), timezone=words(64)),
    "datetimepicker": _input(initial_date_time=number),
}
_SELECTS = tuple(name for name in SHAPES if name.endswith("_select"))
_CHOICES = ("checkboxes", "radio_buttons", "datepicker", "timepicker")
_ALL = Kinds("element", SHAPES)

IN_ACTIONS = _ALL.only(
    "button", "overflow", "datetimepicker", *_CHOICES, *(name for name in _SELECTS if "multi" not in name)
)
IN_SECTION = _ALL.only("button", "image", "overflow", *_CHOICES, *_SELECTS)
IN_CONTEXT_ACTIONS = _ALL.only("feedback_buttons", "icon_button")
IN_CARD = _ALL.only("button")
IN_INPUT = _ALL.only(
    *_CHOICES,
    *_SELECTS,
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "datetimepicker",
)
IN_CONTEXT = Kinds(
    "element",
    {"image": IMAGE, "plain_text": any_text(2000), "mrkdwn": any_text(2000)},
)
