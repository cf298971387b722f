"""What /advise answers, as blocks."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings

from bot.advice.asking import Advice, advise
from bot.advice.chart import alt_text
from bot.advice.recommendation import recommend
from bot.advice.report import report
from bot.advice.situation import Assumptions, Situation
from bot.slack import advice_blocks
from bot.slack.blocks import Message
from bot.workspace.blocks import Surface
from bot.workspace.limits import check_blocks, check_text, check_view
from bot.workspace.mentions import read_blocks
from tests.bot.test_advice import situations, unhurried
from tests.bot.test_advice_report import CASES

Golden = Callable[[str, str], None]


def texts_of(value: object) -> list[str]:
    """Return every text in a block."""
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for inner in value.values() for text in texts_of(inner)]
    return [text for inner in value for text in texts_of(inner)] if isinstance(value, list) else []


def assert_accepted(message: Message) -> None:
    """Check what Slack checks, and that nobody is called."""
    sent = json.loads(json.dumps(message.blocks))
    check_blocks(sent)
    check_text(message.text, 4000)
    assert sum(len(text) for text in texts_of(sent)) < 10_000
    assert sum(block["type"] == "table" for block in sent) <= 1  # Slack takes one a message
    reach = read_blocks(sent)
    assert (reach.pings, reach.links) == ((), ())


@pytest.mark.parametrize("name", ["both", "pages"])
def test_message_is_as_it_was_read_and_agreed(name: str, golden: Golden) -> None:
    """What people see changes only together with its golden file."""
    message = advice_blocks.advice(advise(CASES[name]))

    golden(
        f"advice/message_{name}.json",
        json.dumps({"text": message.text, "blocks": message.blocks}, indent=2, ensure_ascii=False) + "\n",
    )


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_advice_is_accepted(name: str) -> None:
    """Whole, in plain blocks, as bars and as a modal."""
    given_advice = advise(CASES[name])

    for message in (
        advice_blocks.advice(given_advice),
        advice_blocks.plain_advice(given_advice),
        advice_blocks.bars_of(given_advice),
    ):
        assert_accepted(message)
    check_view(json.loads(json.dumps(advice_blocks.view(given_advice, "It is below."))), Surface.MODAL)


@settings(unhurried, max_examples=12)
@given(situations)
def test_any_situation_is_accepted(situation: Situation) -> None:
    """However large the numbers are, every text keeps within Slack's limits."""
    recommendation = recommend(situation, Assumptions())
    given_advice = Advice(recommendation, report(recommendation))

    assert_accepted(advice_blocks.advice(given_advice))
    assert_accepted(advice_blocks.plain_advice(given_advice))
    assert len(alt_text(recommendation)) <= 1000


def test_extreme_numbers_are_accepted() -> None:
    """Every answer and assumption at the most it may be."""
    most = {"questions_a_month": "100000000", "value_right": "1000000", "cost_wrong": "1000000", "judged": "1000000"}
    most |= {"missing_page": "999999", "labels": "1000000", "months": "60", "wage": "1000000", "parameters": "1e13"}

    given_advice = advise(most)

    assert_accepted(advice_blocks.advice(given_advice))
    assert len(alt_text(given_advice.recommendation)) <= 1000


def test_notification_is_the_advice_itself() -> None:
    """Not a greeting."""
    assert advice_blocks.advice(advise(CASES["both"])).text.startswith("Use both: retrieval for the facts")
    assert "8.0 points ahead" in advice_blocks.advice(advise(CASES["both"])).text


def test_plain_blocks_hold_the_table_too() -> None:
    """Where Slack takes no table, each row is a few lines."""
    words = "\n".join(texts_of(json.loads(json.dumps(advice_blocks.plain_advice(advise({})).blocks))))

    assert "Upfront work – Fine-tuning: $347" in words
    assert "Data refresh – RAG: Re-index: minutes" in words


def test_button_brings_the_case_back() -> None:
    """Its value is what the reader of /advise reads."""
    message = advice_blocks.advice(advise(CASES["both"]))
    (button,) = json.loads(json.dumps(message.blocks[-1]))["elements"]

    assert button["value"] == "need=both labels=300 prompted=yes"
