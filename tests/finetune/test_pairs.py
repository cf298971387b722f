"""Pairs for the verifier: of drafts, of headings, and read back out of the very prompts the model is trained on."""

from pathlib import Path

import numpy as np
import pytest

from config.finetuning import BotPrompting
from finetune import pairs, showing
from finetune.drafts import Claim, Draft, Quote
from finetune.errors import DatasetWrong
from finetune.examples import Example, Message
from finetune.ports import Piece
from tests.finetune.tiny import ListedPassages

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


SPAIN = Draft(
    "d", "rows", "wiki", "keyword", "leave in Spain",
    (Claim("In Spain you get 23 days.", (0,)),),
    (Quote("c", "You get **23** days of leave."),),
)  # fmt: skip


def _of_draft(draft: Draft) -> list[pairs.Pair]:
    finder = ListedPassages(PIECES)
    asked = showing.located(draft, finder)
    assert asked is not None
    return pairs.of_draft(asked, finder, finder.find(draft.question, 16), np.random.default_rng(1))


def test_draft_gives_its_passage_the_claim_and_the_quoted_sentence() -> None:
    """The claim is in our words, the sentence in the page's: both answer. What else was found does not."""
    found = _of_draft(SPAIN)

    answers = {(one.text, one.is_passage) for one in found if one.is_answer}
    assert answers == {
        (PIECES[2].full_text, True),
        ("Leave > Spain\nIn Spain you get 23 days.", False),
        ("Leave > Spain\nYou get 23 days of leave.", False),
    }
    assert {one.text for one in found if one.is_passage and not one.is_answer} == {
        PIECES[0].full_text,
        PIECES[1].full_text,
    }


def test_near_miss_is_no_answer() -> None:
    """The nearest text of a question without an answer is the hardest negative there is."""
    found = _of_draft(Draft("n", "rows", "wiki", "near-miss", "who pays for leave in Spain", (), SPAIN.quotes))

    assert PIECES[2].full_text in {one.text for one in found if one.is_passage}
    assert not any(one.is_answer for one in found)


def test_heading_asks_for_what_is_below_it() -> None:
    """Without that heading above any of them; one that says nothing by itself does not ask."""
    page = [
        Piece("p", "Travel", (heading,), text)
        for heading, text in {
            "Booking a train": "Use the portal.",
            "Paying for hotels": "The card does.",
            "Notes": "None.",
        }.items()
    ]

    found = list(pairs.of_headings("wiki", page, np.random.default_rng(1)))

    assert [one[0].question for one in found] == ["Travel Booking a train", "Travel Paying for hotels"]
    assert [one.text for one in found[0] if one.is_answer] == ["Travel\nUse the portal."]
    assert {one.text for one in found[0] if not one.is_answer} == {"Travel\nThe card does.", "Travel\nNone."}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """A damaged line is named."""
    path = tmp_path / "pairs.jsonl"
    pairs.write(path, _of_draft(SPAIN))

    assert pairs.read(path) == _of_draft(SPAIN)

    with path.open("a", encoding="utf-8") as file:
        file.write('{"example": 1}\n')
    with pytest.raises(DatasetWrong, match=rf"pairs.jsonl:{len(_of_draft(SPAIN)) + 1}: no pair"):
        pairs.read(path)
    with pytest.raises(DatasetWrong, match="finetune dataset"):
        pairs.read(tmp_path / "none.jsonl")
