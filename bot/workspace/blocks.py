"""Block Kit's blocks, and which of them may stand in a message, a modal or a Home tab."""

from collections.abc import Mapping
from enum import StrEnum

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
    number,
    one_of,
    words,
)
from bot.workspace.elements import (
    IDENTIFIER,
    IMAGE,
    IN_ACTIONS,
    IN_CARD,
    IN_CONTEXT,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    any_text,
    plain_text,
)

_TYPE: dict[str, Check] = {"type": anything}


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


def _block(
    required: Mapping[str, Check] | None = None, *, needs_one_of: tuple[str, ...] = (), **optional: Check
) -> Shape:
    return Shape({**_TYPE, **(required or {})}, {"block_id": IDENTIFIER, **optional}, needs_one_of)


_STYLE = Shape(
    optional=dict.fromkeys(
        ("bold", "italic", "strike", "code", "underline", "unlink", "highlight", "client_highlight"), flag
    )
)


def _part(required: Mapping[str, Check], **optional: Check) -> Shape:
    return Shape({**_TYPE, **required}, {"style": _STYLE, **optional})


_PARTS = Kinds(
    "rich text element",
    {
        "text": _part({"text": words(12_000)}),
        "link": _part({"url": words(3000)}, text=words(3000), unsafe=flag),
        "user": _part({"user_id": words(20)}),
        "usergroup": _part({"usergroup_id": words(20)}),
        "channel": _part({"channel_id": words(20)}),
        "emoji": _part({"name": words(100)}, unicode=words(100), skin_tone=number),
        "broadcast": _part({"range": one_of("here", "channel", "everyone")}),
        "date": _part({"timestamp": number, "format": words(200)}, url=address(), fallback=words(200)),
        "color": _part({"value": words(20)}),
        "team": _part({"team_id": words(20)}),
    },
)
_PART_LIST = items(_PARTS, 1000, minimum=0)
_RICH_SECTION = Shape(_TYPE | {"elements": _PART_LIST})
_RICH_ELEMENTS = Kinds(
    "rich text element",
    {
        "rich_text_section": _RICH_SECTION,
        "rich_text_quote": Shape(_TYPE | {"elements": _PART_LIST}, {"border": number}),
        "rich_text_preformatted": Shape(_TYPE | {"elements": _PART_LIST}, {"border": number, "language": words(40)}),
        "rich_text_list": Shape(
            _TYPE
            | {
                "style": one_of("bullet", "ordered"),
                "elements": items(Kinds("item", {"rich_text_section": _RICH_SECTION}), 1000),
            },
            {"indent": number, "offset": number, "border": number},
        ),
    },
)
_RICH_TEXT = _block({"elements": items(_RICH_ELEMENTS, 1000)})
_SOURCE = Shape(_TYPE | {"url": address(), "text": words(255)})
_STATUS = one_of("pending", "in_progress", "complete", "error")
_TASK_CARD = _block(
    {"task_id": words(255), "title": words(256), "status": _STATUS},
    details=_RICH_TEXT,
    output=_RICH_TEXT,
    sources=items(_SOURCE, 50),
)
_CARD = _block(
    needs_one_of=("hero_image", "title", "actions", "body"),
    hero_image=IMAGE,
    icon=IMAGE,
    title=any_text(150),
    subtitle=any_text(150),
    body=any_text(200),
    actions=items(IN_CARD, 25),
)
_CELL = Kinds(
    "cell",
    {"raw_text": Shape(_TYPE | {"text": words(3000)}), "raw_number": anything, "rich_text": _RICH_TEXT},
)
_EVERYWHERE: dict[str, Check] = {
    "actions": _block({"elements": items(IN_ACTIONS, 25)}),
    "context": _block({"elements": items(IN_CONTEXT, 10)}),
    "divider": _block(),
    "header": _block({"text": plain_text(150)}),
    "image": _block(
        {"alt_text": words(2000)},
        image_url=address(),
        slack_file=anything,
        title=plain_text(2000),
        needs_one_of=("image_url", "slack_file"),
    ),
    "input": _block(
        {"label": plain_text(2000), "element": IN_INPUT}, hint=plain_text(2000), optional=flag, dispatch_action=flag
    ),
    "rich_text": _RICH_TEXT,
    "section": _block(
        needs_one_of=("text", "fields"),
        text=any_text(3000),
        fields=items(any_text(2000), 10),
        accessory=IN_SECTION,
        expand=flag,
    ),
    "video": _block(
        {"alt_text": words(2000), "title": plain_text(199), "thumbnail_url": address(), "video_url": address()},
        title_url=address(),
        description=plain_text(2000),
        provider_icon_url=address(),
        provider_name=words(50),
        author_name=words(50),
    ),
}
_TABLE = _block({"rows": items(items(_CELL, 20), 100)}, column_settings=anything)
_FILE = _block({"external_id": words(255), "source": one_of("remote")})
_ALERT = _block({"text": any_text(3000)}, level=one_of("default", "info", "warning", "error", "success"))


def _collapses_soundly(value: object, pointer: str, findings: Findings) -> None:
    if not isinstance(value, Mapping):
        return
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        complain(findings, "default_collapsed requires is_collapsible", pointer)
    if value.get("has_header_divider") and value.get("is_collapsible"):
        complain(findings, "has_header_divider cannot be set when is_collapsible is true", pointer)


# The reference also lists rich_text as a child; Slack's live validator was seen to refuse it: facts/slack.md, 1.7
_CHILDREN = {name: shape for name, shape in _EVERYWHERE.items() if name != "rich_text"} | {
    "file": _FILE,
    "table": _TABLE,
}
_CONTAINER = both(
    _block(
        {"child_blocks": items(Kinds("block", _CHILDREN), 10)},
        needs_one_of=("title", "rich_text_title"),
        title=plain_text(150),
        rich_text_title=_RICH_TEXT,
        subtitle=any_text(150),
        icon=IMAGE,
        width=one_of("narrow", "standard", "wide", "full"),
        is_collapsible=flag,
        default_collapsed=flag,
        has_header_divider=flag,
    ),
    _collapses_soundly,
)
_IN_MESSAGES: dict[str, Check] = {
    "card": _CARD,
    "carousel": _block({"elements": items(Kinds("card", {"card": _CARD}), 10)}),
    "container": _CONTAINER,
    "context_actions": _block({"elements": items(IN_CONTEXT_ACTIONS, 5)}),
    "file": _FILE,
    "markdown": _block({"text": words(12_000, length=escaped_length)}),
    "plan": _block({"title": words(256)}, tasks=items(Kinds("task", {"task_card": _TASK_CARD}), 50)),
    "table": _TABLE,
    "task_card": _TASK_CARD,
}

BLOCKS: Mapping[Surface, Kinds] = {
    Surface.MESSAGE: Kinds("block", _EVERYWHERE | _IN_MESSAGES),
    Surface.MODAL: Kinds("block", _EVERYWHERE | {"alert": _ALERT}),
    Surface.HOME: Kinds("block", _EVERYWHERE),
}
