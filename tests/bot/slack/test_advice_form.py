"""The modal of /advise, and what comes back of it."""

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.advice.asking import advise, known
from bot.advice.figures import Tally
from bot.advice.situation import Assumptions, Situation
from bot.slack.advice_form import ASSUMPTIONS, WHERE, form, read_form
from bot.slack.rich_text import Block
from bot.workspace.blocks import Surface
from bot.workspace.fill import state_of
from bot.workspace.limits import check_view
from bot.workspace.mentions import read_blocks
from tests.bot.slack.test_mrkdwn import HOSTILE
from tests.bot.test_advice_reader import texts

Golden = Callable[[str, str], None]
TALLY = Tally(days=30, questions=900, answered=700, refused={"not_found": 150, "declined": 50}, decode_speed=131.0)


def submitted(view: Block, changes: Mapping[str, str] | None = None) -> Block:
    """Return *view* as Slack sends it back, with some of its inputs changed."""
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    values = {
        block["block_id"]: {"value": state_of(block["element"], (changes or {}).get(block["block_id"]))}
        for block in blocks
        if block["type"] == "input"
    }
    return view | {"state": {"values": values}}


def assumptions_of(view: Block) -> str:
    """Return the lines of the assumptions as they are first shown."""
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    return str(next(b["element"]["initial_value"] for b in blocks if b.get("block_id") == ASSUMPTIONS))


def test_form_is_as_it_was_read_and_agreed(golden: Golden) -> None:
    """What people are asked changes only together with its golden file."""
    view = form(known(TALLY, "edited daily, 50 labels, wage=60, purple"), "C1")

    check_view(json.loads(json.dumps(view)), Surface.MODAL)
    golden("advice/form.json", json.dumps(view, indent=2, ensure_ascii=False) + "\n")


def test_questions_come_in_the_framework_s_order() -> None:
    """Then the failures, the assumptions, and where to show it."""
    blocks = form(known(Tally(), ""), "C1")["blocks"]
    assert isinstance(blocks, list)

    assert [b["block_id"] for b in blocks if b["type"] == "input"] == [*Situation.model_fields, ASSUMPTIONS, WHERE]


def test_every_assumption_is_shown_with_its_meaning() -> None:
    """A line each, and all of them fit Slack's field."""
    lines = assumptions_of(form(known(Tally(), ""), "C1")).splitlines()

    assert [line.split(" = ")[0] for line in lines] == list(Assumptions.model_fields)
    assert all("  # " in line for line in lines)
    assert len("\n".join(lines)) <= 3000


def test_what_is_left_as_it_was_is_the_default() -> None:
    """Nobody said anything, so everything is assumed."""
    filled = read_form(submitted(form(known(Tally(), ""), "C1")))

    assert not filled.wrong
    assert not filled.said
    assert advise(filled.values).recommendation == advise({}).recommendation
    assert (filled.channel, filled.is_public) == ("C1", False)


def test_what_was_known_or_changed_was_said() -> None:
    """Both count as said, what was left does not."""
    view = form(known(TALLY, "edited daily"), "C1")

    filled = read_form(submitted(view, {"labels": "70", WHERE: "channel"}))

    assert {"change", "questions_a_month", "judged", "decode_speed", "labels"} <= filled.said
    assert "need" not in filled.said
    assert (filled.values["change"], filled.values["questions_a_month"], filled.values["labels"]) == (
        "daily",
        "912",
        "70",
    )
    assert filled.is_public


def test_assumptions_are_read_line_by_line() -> None:
    """Comments and empty lines are left out; dollar signs and thousands are understood."""
    filled = read_form(submitted(form(known(Tally(), ""), ""), {ASSUMPTIONS: "wage = $1,055 # much\n\n# no\nmonths=6"}))

    assert not filled.wrong
    assert (filled.values["wage"], filled.values["months"]) == ("$1,055", "6")
    assert advise(filled.values).recommendation.assumed.wage == 1055


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"labels": "-4"}, {"labels": "Should be greater than or equal to 0."}),
        ({"labels": "4.5"}, {"labels": "Should be a valid integer"}),
        ({"latency_seconds": "0"}, {"latency_seconds": "Should be greater than 0."}),
        ({"missing_page": "3"}, {"judged": "3 failures are counted; say how many answers were judged in all."}),
        ({ASSUMPTIONS: "wage 40"}, {ASSUMPTIONS: "“wage 40” is not like `wage = 40`."}),
        ({ASSUMPTIONS: "salary = 40"}, {ASSUMPTIONS: "There is no assumption called salary."}),
        ({ASSUMPTIONS: "wage = much"}, {ASSUMPTIONS: "wage: should be a valid number"}),
        ({ASSUMPTIONS: "steps = 1\nwage = -1"}, {ASSUMPTIONS: "wage: should be greater than or equal to 0. steps:"}),
    ],
)
def test_wrong_value_is_said_beside_its_input(changes: dict[str, str], wrong: dict[str, str]) -> None:
    """Each sentence belongs to the input that can mend it."""
    found = read_form(submitted(form(known(Tally(), ""), "C1"), changes)).wrong

    assert found.keys() == wrong.keys()
    assert all(found[name].lower().startswith(sentence.lower()) for name, sentence in wrong.items())


def test_a_failure_left_empty_is_none() -> None:
    """An input without a value keeps its default."""
    view = submitted(form(known(Tally(), ""), "C1"))
    state = view["state"]
    assert isinstance(state, dict)
    state["values"]["too_slow"] = {"value": {"type": "number_input", "value": None}}

    assert "too_slow" not in read_form(view).values


def test_a_direct_message_is_not_asked_where() -> None:
    """Nobody else is there."""
    blocks = form(known(Tally(), ""), "D0MAYA")["blocks"]
    assert isinstance(blocks, list)

    assert all(block.get("block_id") != WHERE for block in blocks)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(texts | st.sampled_from(HOSTILE))
def test_slack_accepts_the_form_whatever_was_typed(text: str) -> None:
    """The words after the command are shown harmlessly, and the form can be sent back as it is."""
    view = form(known(Tally(), text), "C1")
    sent = json.loads(json.dumps(view))

    check_view(sent, Surface.MODAL)
    reach = read_blocks(sent["blocks"])
    assert (reach.pings, reach.links) == ((), ())
    assert set(read_form(submitted(sent)).wrong) <= {"judged"}
