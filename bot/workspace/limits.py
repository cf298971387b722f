"""What Slack accepts as a message, a view or a piece of a stream; every limit of one payload as a whole.

Each function returns nothing when all is well and raises CallRefused with Slack's error name and an explanation.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.workspace.blocks import BLOCKS, Surface
from bot.workspace.checks import (
    Findings,
    Kinds,
    Shape,
    address,
    anything,
    complain,
    escaped_length,
    find,
    items,
    one_of,
    words,
)
from bot.workspace.elements import plain_text
from bot.workspace.errors import CallRefused
from bot.workspace.wire import Json

MAX_TEXT = 40_000  # where chat.postMessage cuts; here it refuses, so that no cut goes unseen
MAX_UPDATED_TEXT = 4_000  # chat.update answers msg_too_long above this
MAX_MARKDOWN = 12_000  # over all markdown of one payload
MAX_BLOCK_TEXT = 13_200  # characters of all blocks together: slackapi/bolt-js#2509
MAX_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
MAX_VIEW_BYTES = 250_000
MAX_METADATA_BYTES = 16_384

_VIEW_FIELDS = {
    "blocks": anything,
    "type": anything,
    "private_metadata": words(3000, minimum=0),
    "callback_id": words(255, minimum=0),
    "external_id": words(255, minimum=0),
}
_MODAL = Shape(
    {"type": anything, "title": plain_text(24), "blocks": anything},
    _VIEW_FIELDS
    | {
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": anything,
        "notify_on_close": anything,
        "submit_disabled": anything,
    },
)
_HOME = Shape({"type": anything, "blocks": anything}, _VIEW_FIELDS)
_SOURCE = Shape({"type": one_of("url"), "url": address(), "text": words(255)})
_CHUNKS = items(
    Kinds(
        "chunk",
        {
            "markdown_text": Shape({"type": anything, "text": words(MAX_MARKDOWN, minimum=0)}),
            "plan_update": Shape({"type": anything, "title": words(256)}),
            "task_update": Shape(
                {
                    "type": anything,
                    "id": words(255),
                    "title": words(256),
                    "status": one_of("pending", "in_progress", "complete", "error"),
                },
                {
                    "details": words(256, minimum=0),
                    "output": words(256, minimum=0),
                    "sources": items(_SOURCE, 50, minimum=0),
                },
            ),
            "blocks": Shape({"type": anything, "blocks": items(anything, 50)}),
        },
    ),
    1000,
    minimum=0,
)


def check_text(text: str, maximum: int = MAX_TEXT) -> None:
    """Refuse a top-level text longer than *maximum* characters."""
    if len(text) > maximum:
        raise CallRefused("msg_too_long", f"[ERROR] text has {len(text)} characters, {maximum} are allowed")


def check_markdown(texts: Iterable[str]) -> None:
    """Refuse more markdown than one payload may hold."""
    total = sum(escaped_length(text) for text in texts)
    if total > MAX_MARKDOWN:
        raise CallRefused("msg_too_long", f"[ERROR] markdown has {total} characters, {MAX_MARKDOWN} are allowed")


def check_blocks(blocks: object, surface: Surface = Surface.MESSAGE) -> None:
    """Refuse blocks that *surface* would not show."""
    findings = find(items(BLOCKS[surface], MAX_BLOCKS[surface], minimum=0), blocks, "/blocks")
    findings += _repeated_ids(blocks)
    if findings:
        raise CallRefused("invalid_blocks", *findings)
    check_block_text(blocks)


def check_block_text(blocks: object) -> None:
    """Refuse blocks that are sound one by one but hold too much text together."""
    total = sum(len(text) for text in _texts(blocks))
    if total > MAX_BLOCK_TEXT:
        raise CallRefused(
            "msg_blocks_too_long", f"[ERROR] blocks hold {total} characters, {MAX_BLOCK_TEXT} are allowed"
        )
    markdown = [block["text"] for block in _objects(blocks) if block.get("type") == "markdown"]
    check_markdown(text for text in markdown if isinstance(text, str))


def check_view(view: object, surface: Surface) -> None:
    """Refuse a modal or Home tab that Slack would not open."""
    if not isinstance(view, Mapping) or view.get("type") != surface:
        raise CallRefused("invalid_arguments", f"[ERROR] must be a view of type {surface} [json-pointer:/view/type]")
    if len(json.dumps(view).encode()) > MAX_VIEW_BYTES:
        raise CallRefused("view_too_large", f"[ERROR] a view may have {MAX_VIEW_BYTES} bytes")
    findings = find(_MODAL if surface == Surface.MODAL else _HOME, view, "/view")
    findings += find(items(BLOCKS[surface], MAX_BLOCKS[surface], minimum=0), view.get("blocks"), "/view/blocks")
    findings += _repeated_ids(view.get("blocks"))
    blocks = [block for block in _objects(view.get("blocks")) if block.get("type") == "input"]
    if surface == Surface.MODAL and blocks and not view.get("submit"):
        complain(findings, "missing required field: submit, because there is an input block", "/view")
    if findings:
        raise CallRefused("invalid_arguments", *findings)


def check_chunks(chunks: object) -> None:
    """Refuse pieces of a stream that are no chunks, or hold blocks a message may not hold."""
    findings = find(_CHUNKS, chunks, "/chunks")
    if findings or not isinstance(chunks, list):
        raise CallRefused("invalid_chunks", *findings)
    check_markdown(chunk["text"] for chunk in chunks if chunk["type"] == "markdown_text")
    check_blocks([block for chunk in chunks if chunk["type"] == "blocks" for block in chunk["blocks"]])


def check_metadata(metadata: object) -> None:
    """Refuse message metadata without its two fields, or too large."""
    sound = isinstance(metadata, Mapping) and isinstance(metadata.get("event_type"), str)
    if not sound or not isinstance(metadata, Mapping) or not isinstance(metadata.get("event_payload"), Mapping):
        raise CallRefused("invalid_metadata_format", "[ERROR] metadata needs event_type and event_payload")
    if len(json.dumps(metadata).encode()) > MAX_METADATA_BYTES:
        raise CallRefused("metadata_too_large")


def elements_of(blocks: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield each block with each interactive element in it, container children included."""
    for block in blocks:
        for element in _direct_elements(block):
            yield block, element
        yield from elements_of(block.get("child_blocks", ()))
        if block.get("type") == "carousel":
            yield from elements_of(block.get("elements", ()))


def _direct_elements(block: Json) -> list[Json]:
    inner = [block.get("accessory"), block.get("element"), *_list(block.get("elements")), *_list(block.get("actions"))]
    return [each for each in inner if isinstance(each, dict) and "action_id" in each]


def _repeated_ids(blocks: object) -> Findings:
    findings: Findings = []
    tree = list(_block_tree(blocks))
    for block_id in _repeats(block.get("block_id") for block in tree):
        complain(findings, f"block_id {block_id!r} already exists", "/blocks")
    for block in tree:
        for action_id in _repeats(element.get("action_id") for element in _direct_elements(block)):
            complain(findings, f"action_id {action_id!r} already exists in its block", "/blocks")
    return findings


def _block_tree(blocks: object) -> Iterator[Json]:
    for block in _list(blocks):
        if isinstance(block, dict):
            yield block
            yield from _block_tree(block.get("child_blocks"))
            if block.get("type") == "carousel":
                yield from _block_tree(block.get("elements"))


def _repeats(ids: Iterable[object]) -> list[object]:
    return [each for each, count in Counter(value for value in ids if value).items() if count > 1]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _objects(inner)


def _texts(blocks: object) -> Iterator[str]:
    for each in _objects(blocks):
        text = each.get("text")
        if isinstance(text, str):
            yield text
