"""Feedback: what people said of answers becomes examples, honestly and without what is personal."""

from collections import Counter
from dataclasses import replace

import pytest

from config.finetuning import BotPrompting
from finetune import dataset, feedback
from finetune.examples import Rules, flaw_of
from finetune.feedback import Judged, Verdict
from finetune.ports import Piece

PIECES = (
    Piece("leave.md", "Leave", ("UK",), "Everyone gets 25 days of leave a year."),
    Piece("badges.md", "Badges", (), "Reception makes a new badge within a day."),
)
RIGHT = Judged(
    id="1",
    person="U1",
    question="how much leave?",
    pieces=PIECES,
    answer="Everyone gets 25 days of leave a year. [1]",
    is_refusal=False,
    verdict=Verdict.RIGHT,
    correction="",
)
PROMPTING = BotPrompting()


@pytest.mark.parametrize(
    ("judged", "answer", "gold"),
    [
        (RIGHT, "Everyone gets 25 days of leave a year. [1]", (1,)),
        (
            replace(RIGHT, verdict=Verdict.WRONG, correction="Reception makes the badge within a day"),
            "Reception makes the badge within a day. [2]",
            (2,),
        ),
        (replace(RIGHT, verdict=Verdict.NOT_IN_THE_WIKI), PROMPTING.refusal, ()),
        (replace(RIGHT, is_refusal=True, answer=""), PROMPTING.refusal, ()),
    ],
)
def test_what_was_said_is_what_is_taught(judged: Judged, answer: str, gold: tuple[int, ...]) -> None:
    """Right as it was, put right, or refused; each a whole example."""
    (example,) = feedback.examples_of([judged], PROMPTING).examples

    assert example.answer == answer
    assert example.gold == gold
    assert flaw_of(example, Rules(PROMPTING.system, PROMPTING.refusal)) == ""


@pytest.mark.parametrize(
    ("judged", "why"),
    [
        (replace(RIGHT, verdict=Verdict.WRONG), "nobody said what is right"),
        (replace(RIGHT, verdict=Verdict.WRONG, correction="Ask the harbour master in Lisbon."), "not in the passages"),
        (replace(RIGHT, pieces=()), "no passage was shown"),
        (replace(RIGHT, answer="Everyone gets 25 days."), "form"),
        (replace(RIGHT, verdict=Verdict.NOT_IN_THE_WIKI, is_refusal=True), "refused already"),
    ],
)
def test_what_teaches_nothing_is_counted(judged: Judged, why: str) -> None:
    """Never guessed at."""
    made = feedback.examples_of([judged], PROMPTING)

    assert made.examples == []
    (said,) = made.left_out
    assert why in said


def test_nobody_fills_the_dataset_alone() -> None:
    """The newest count, up to a limit; a question judged again counts once."""
    many = [replace(RIGHT, id=str(number), question=f"how much leave in year {number}?") for number in range(60)]

    made = feedback.examples_of([*many, replace(RIGHT, id="again", person="U2", question=many[0].question)], PROMPTING)

    assert len(made.examples) == feedback.MOST_OF_ONE_PERSON
    assert made.left_out["judged again since"] == 1


def test_feedback_is_parted_by_page_like_all_else() -> None:
    """An example taken in lies in train or in dev, wherever its page does, and nothing is lost."""
    many = [
        replace(
            RIGHT, id=str(n), person=f"U{n}", question=f"leave {n}?", pieces=(replace(PIECES[0], page_id=f"{n}.md"),)
        )
        for n in range(60)
    ]
    made = dataset.Made([], [], [], Counter(), [], [])

    dataset.take_in(made, feedback.examples_of(many, PROMPTING).examples, seed=1)

    assert len(made.train) + len(made.dev) == 60
    assert 0 < len(made.dev) < 20
    assert not {one.group for one in made.train} & {one.group for one in made.dev}
