"""Pairs for the verifier: read back out of the very prompts that the model is trained on."""

import pytest

from config.finetuning import BotPrompting
from finetune import pairs
from finetune.errors import DatasetWrong
from finetune.examples import Example, Message
from finetune.ports import Piece

PIECES = [
    Piece("a", "Badges", ("Lost ones",), "Ask reception for a new badge. It takes a day."),
    Piece(
        "b", "Leave", ("UK", "How much"), "You get 25 days of leave.\n\n[2] is printed on the form.\nBook it in Roster."
    ),
    Piece("c", "Leave", ("Spain",), "You get 23 days of leave."),
]


def _example(answer: str, gold: tuple[int, ...]) -> Example:
    prompting = BotPrompting()
    return Example(
        id="1",
        source="wiki",
        group="wiki:b",
        kind="keyword",
        messages=(
            Message(role="system", content=prompting.system),
            Message(role="user", content=prompting.user("How much leave in the UK?", PIECES)),
            Message(role="assistant", content=answer),
        ),
        gold=gold,
        answerable=bool(gold),
    )


def test_prompt_is_read_back() -> None:
    """What the bot's own prompt shows is what the verifier learns on, breadcrumb and text apart."""
    question, shown = pairs.read_prompt(BotPrompting().user("How much?", [PIECES[0], PIECES[2]]))

    assert question == "How much?"
    assert [(one.breadcrumb, one.text) for one in shown] == [
        ("Badges > Lost ones", PIECES[0].text),
        ("Leave > Spain", PIECES[2].text),
    ]


def test_gold_passage_and_cited_sentence_are_answers() -> None:
    """All other passages, and likely sentences of theirs, are not."""
    found = pairs.of(_example("You get 25 days of leave. [3]", (3,)))

    passages = {one.text.splitlines()[0]: one.is_answer for one in found if one.is_passage}
    assert passages["Badges > Lost ones"] is False
    assert passages["Leave > Spain"] is True
    assert "Leave > Spain\nYou get 25 days of leave." in {one.text for one in found if one.is_answer}
    wrong = [one.text for one in found if not one.is_answer and not one.is_passage]
    assert wrong
    assert all(text.count("\n") == 1 for text in wrong)


def test_refused_question_has_no_answers() -> None:
    """Every passage shown with it is a negative."""
    found = pairs.of(_example("The wiki does not say.", ()))

    assert found
    assert not any(one.is_answer for one in found)


def test_gold_that_is_not_shown_is_an_error() -> None:
    """The dataset is not the one that this prompt made."""
    with pytest.raises(DatasetWrong, match="not shown"):
        pairs.of(_example("You get 25 days of leave. [9]", (9,)))
    with pytest.raises(DatasetWrong, match="question"):
        pairs.read_prompt("[1] Leave\nNo question here.")
