"""What Slack accepts as blocks."""

from typing import Any

import pytest
from slack_sdk import WebClient

from bot.workspace.blocks import Surface
from bot.workspace.errors import CallRefused
from bot.workspace.limits import check_blocks
from tests.bot.workspace.asking import Json, button, refusal, section


def plain(text: str) -> Json:
    """Return a plain text object."""
    return {"type": "plain_text", "text": text}


def actions(*elements: Json, **fields: object) -> Json:
    """Return an actions block."""
    return {"type": "actions", "elements": list(elements), **fields}


def container(*children: Json, **fields: object) -> Json:
    """Return a container block."""
    return {"type": "container", "title": plain("Source"), "child_blocks": list(children), **fields}


def context(count: int) -> Json:
    """Return a context block of so many elements."""
    return {"type": "context", "elements": [plain("x")] * count}


def menu(count: int, text: str = "x") -> Json:
    """Return a menu of so many options."""
    options = [{"text": plain(text), "value": str(number)} for number in range(count)]
    return {"type": "static_select", "action_id": "menu", "options": options}


FEEDBACK: Json = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "feedback",
            "positive_button": {"text": plain("Good"), "value": "1"},
            "negative_button": {"text": plain("Bad"), "value": "0"},
        }
    ],
}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}
SOUND: list[Json] = [
    section("x" * 3000),
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    context(10),
    actions(*(button(str(number)) for number in range(25))),
    actions(menu(100)),
    {"type": "markdown", "text": "x" * 12_000},
    container(section("quote"), {"type": "divider"}, is_collapsible=True, default_collapsed=True),
    FEEDBACK,
    RICH,
    {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, RICH]]},
    {"type": "card", "title": plain("x")},
    {"type": "task_card", "task_id": "1", "title": "Read", "status": "complete"},
]
UNSOUND: list[tuple[str, Json, str]] = [
    ("unknown type", {"type": "poem"}, "poem"),
    ("no type", {"text": plain("x")}, "None"),
    ("long section", section("x" * 3001), "3001"),
    ("empty section", section(""), "more than 0"),
    ("section without text", {"type": "section"}, "missing required field"),
    ("raw ampersand counts five", section("&" * 601), "3001"),
    ("entity counts what is written", section("&amp;" * 601), "3001"),
    ("many fields", {"type": "section", "fields": [plain("x")] * 11}, "no more than 10"),
    ("long header", {"type": "header", "text": plain("x" * 151)}, "151"),
    ("escaped header", {"type": "header", "text": plain("<" * 40)}, "151"),
    ("mrkdwn header", {"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "mrkdwn"),
    ("crowded context", context(11), "no more than 10"),
    ("crowded actions", actions(*(button(str(number)) for number in range(26))), "no more than 25"),
    ("no actions", actions(), "at least 1"),
    ("long button", actions({**button("a"), "text": plain("x" * 76)}), "76"),
    ("long value", actions(button("a", value="x" * 2001)), "2001"),
    ("long url", actions(button("a", url="https://a.example/" + "x" * 3000)), "3001"),
    ("no url", actions(button("a", url="javascript:alert(1)")), "valid URL"),
    ("odd style", actions(button("a", style="loud")), "allowed values"),
    ("long action_id", actions(button("x" * 256)), "256"),
    ("long block_id", section("x", block_id="x" * 256), "256"),
    ("extra field", section("x", colour="red"), "invalid additional property: colour"),
    ("twice the action_id", actions(button("a"), button("a")), "already exists"),
    ("many options", actions(menu(101)), "no more than 100"),
    ("long option", actions(menu(1, "x" * 76)), "76"),
    ("no options", actions({"type": "static_select", "action_id": "a"}), "option_groups"),
    ("input in actions", actions({"type": "plain_text_input", "action_id": "a"}), "plain_text_input"),
    ("long markdown", {"type": "markdown", "text": "x" * 12_001}, "12001"),
    ("crowded container", container(*[section("x")] * 11), "no more than 10"),
    ("rich text in a container", container(RICH), "rich_text"),
    ("long title", container(section("x"), title=plain("x" * 151)), "151"),
    ("collapsed but fixed", container(section("x"), default_collapsed=True), "is_collapsible"),
    ("crowded feedback", {**FEEDBACK, "elements": FEEDBACK["elements"] * 6}, "no more than 5"),
    ("button in context_actions", {"type": "context_actions", "elements": [button("a")]}, "button"),
    ("alert in a message", {"type": "alert", "text": plain("x")}, "alert"),
    (
        "long confirm",
        actions(button("a", confirm={name: plain("x" * 31) for name in ("title", "text", "confirm", "deny")})),
        "31",
    ),
    ("long card", {"type": "card", "body": plain("x" * 201)}, "201"),
    ("relative image", {"type": "image", "alt_text": "x", "image_url": "/a.png"}, "valid URL"),
]


@pytest.mark.parametrize("block", SOUND, ids=lambda block: str(block["type"]))
def test_sound_block_is_accepted(block: Json) -> None:
    """A block at its limit passes."""
    check_blocks([block])


@pytest.mark.parametrize(("block", "said"), [case[1:] for case in UNSOUND], ids=[case[0] for case in UNSOUND])
def test_unsound_block_is_refused_with_its_place(block: Json, said: str) -> None:
    """A block beyond its limit is refused, and the explanation says why and where."""
    with pytest.raises(CallRefused) as raised:
        check_blocks([block])

    assert raised.value.code == "invalid_blocks"
    assert any(said in sentence and "json-pointer:/blocks" in sentence for sentence in raised.value.explanations)


@pytest.mark.parametrize("value", [{"type": "divider"}, ["divider"], "divider", [[]]])
def test_what_is_no_list_of_objects_is_refused(value: Any) -> None:  # noqa: ANN401  anything may come from a bot
    """Blocks of the wrong shape are refused, not crashed on."""
    with pytest.raises(CallRefused, match="invalid_blocks"):
        check_blocks(value)


def test_block_id_may_not_repeat_even_inside_a_container() -> None:
    """A block_id is unique in its message; the same action_id in two blocks is fine."""
    check_blocks([actions(button("a"), block_id="1"), actions(button("a"), block_id="2")])

    with pytest.raises(CallRefused, match="already exists"):
        check_blocks([section("x", block_id="1"), container(section("x", block_id="1"))])


def test_fifty_blocks_fill_a_message_and_a_hundred_a_view() -> None:
    """The number of blocks depends on where they stand."""
    check_blocks([{"type": "divider"}] * 50)
    check_blocks([{"type": "divider"}] * 100, Surface.MODAL)

    with pytest.raises(CallRefused, match="no more than 50"):
        check_blocks([{"type": "divider"}] * 51)


def test_sound_blocks_may_be_too_long_together() -> None:
    """Five full sections are more than one message may say."""
    with pytest.raises(CallRefused, match="msg_blocks_too_long"):
        check_blocks([section("x" * 2700)] * 5)


def test_markdown_is_counted_over_the_whole_message() -> None:
    """Two markdown blocks share one limit."""
    with pytest.raises(CallRefused, match="msg_too_long"):
        check_blocks([{"type": "markdown", "text": "x" * 6_100}] * 2)


def test_refusal_reaches_the_client_with_its_explanations(client: WebClient) -> None:
    """A developer reads the cause in response_metadata.messages."""
    response = refusal(lambda: client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[{"type": "poem"}]))

    assert response["error"] == "invalid_blocks"
    assert "[json-pointer:/blocks/0]" in response["response_metadata"]["messages"][0]


def test_layouts_can_be_checked_without_posting(client: WebClient) -> None:
    """blocks.validate takes exactly one of its three arguments."""
    assert client.blocks_validate(blocks=[section("x")])["ok"]
    assert refusal(lambda: client.blocks_validate(blocks=[{"type": "poem"}]))["error"] == "invalid_blocks"
    assert refusal(client.blocks_validate)["error"] == "invalid_arguments"
