"""What is read in free text, and that nothing is read that is not there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.advice.asking import mistakes
from bot.advice.reader import read

SAID = {
    "3,000 questions a month": {"questions_a_month": "3000"},
    "about 2k tickets per week": {"questions_a_month": "8667"},
    "1.5 million queries/year": {"questions_a_month": "125000"},
    "40 questions a day": {"questions_a_month": "1217"},
    "500 questions": {"questions_a_month": "500"},
    "edited daily": {"change": "daily"},
    "changes every week": {"change": "weekly"},
    "weekly updates": {"change": "weekly"},
    "it is updated frequently": {"change": "weekly"},
    "changes every quarter": {"change": "monthly"},
    "rarely changes": {"change": "yearly"},
    "never changes": {"change": "never"},
    "does not change": {"change": "never"},
    "20 edits a day": {"change": "daily"},
    "2 edits a month": {"change": "monthly"},
    "1 change a year": {"change": "yearly"},
    "50 labelled examples": {"labels": "50"},
    "1,200 training examples": {"labels": "1200"},
    "hundreds of examples": {"labels": "200"},
    "no labels": {"labels": "0"},
    "must cite sources": {"must_cite": "yes"},
    "regulated": {"must_cite": "yes"},
    "no citations": {"must_cite": "no"},
    "without sources": {"must_cite": "no"},
    "a wrong answer costs $6": {"cost_wrong": "6"},
    "$6 for a wrong answer": {"cost_wrong": "6"},
    "6 dollars per wrong one": {"cost_wrong": "6"},
    "a right answer is worth $2.50": {"value_right": "2.5"},
    "6 dollars per wrong one $2 for a right answer": {"cost_wrong": "6", "value_right": "2"},
    "$2 for a right answer and $8 for a wrong one": {"value_right": "2", "cost_wrong": "8"},
    "right answers save $2, wrong ones cost $8": {"value_right": "2", "cost_wrong": "8"},
    "we pay $45 an hour": {"wage": "45"},
    "$45/h": {"wage": "45"},
    "within 3 seconds": {"latency_seconds": "3"},
    "under 500 ms": {"latency_seconds": "0.5"},
    "at most 2 minutes": {"latency_seconds": "120"},
    "JSON format": {"need": "behaviour"},
    "our tone of voice": {"need": "behaviour"},
    "product documentation": {"need": "knowledge"},
    "the handbook, in our tone": {"need": "both"},
    "everything fits into one prompt": {"material": "all-fits"},
    "fits in a context window": {"material": "answer-fits"},
    "does not fit into the prompt": {"material": "too-large"},
    "compare all vendors": {"material": "too-large"},
    "8 pages": {"material": "all-fits"},
    "10,000 pages": {"material": "answer-fits"},
    "confidential": {"privacy": "inside"},
    "with access rights": {"privacy": "per-person"},
    "it is public": {"privacy": "open"},
    "nobody maintains it": {"maintainer": "nobody"},
    "an ML engineer": {"maintainer": "engineer"},
    "few-shot was not enough": {"prompted": "yes"},
    "never tried prompting": {"prompted": "no"},
    "12 missing pages, 30 not found of 200 judged": {"missing_page": "12", "not_retrieved": "30", "judged": "200"},
    "5 wrong format, 20 wrong although retrieved, 3 too slow": {
        "wrong_format": "5",
        "wrong_although_retrieved": "20",
        "too_slow": "3",
    },
    "labels=99 wage=$1,055 must_cite=TRUE": {"labels": "99", "wage": "1055", "must_cite": "yes"},
}


@pytest.mark.parametrize("text", SAID)
def test_phrase_is_understood(text: str) -> None:
    """Numbers with their units, and words, say exactly these answers."""
    assert read(text).values == SAID[text]


def test_a_whole_sentence_is_understood() -> None:
    """Nothing is read twice, and what is left is shown."""
    reading = read("We get 3,000 questions a month, wiki edited daily, must cite, a wrong answer costs $6. Purple.")

    assert reading.values == {
        "questions_a_month": "3000",
        "change": "daily",
        "need": "knowledge",
        "must_cite": "yes",
        "cost_wrong": "6",
    }
    assert reading.left == "We get … Purple"


def test_of_two_answers_the_first_counts() -> None:
    """Both are shown as understood, so that the asker sees which was taken."""
    reading = read("100 labels, 200 labels")

    assert reading.values == {"labels": "100"}
    assert len(reading.understood) == 2


def test_what_cannot_be_is_not_understood() -> None:
    """An unknown name and a number out of bounds are left for the asker to see."""
    reading = read("colour=red labels=-3 999999999999 questions a day")

    assert reading.values == {}
    assert "colour=red" in reading.left
    assert "labels=-3" in reading.left


def test_a_long_text_is_read_at_its_beginning() -> None:
    """More than a page is no description of a case."""
    assert read("word " * 10_000 + "50 labels").values == {}


PIECES = st.sampled_from(
    [*SAID, "and", ",", ".", "$", "0", "99", "a month", "\0", "labels=", "=", "<!channel>", "\u202e"]
)
texts = st.lists(PIECES | st.text(max_size=10), max_size=12).map(" ".join)


@settings(deadline=None, max_examples=150)
@given(texts)
def test_any_text_can_be_read_and_gives_only_what_may_be(text: str) -> None:
    """Every value is one that the form would take, and every word quoted is the asker's own."""
    reading = read(text)
    on_one_line = " ".join(text.split())

    assert not {name for name in mistakes(reading.values) if name != "judged"}
    assert all(word in on_one_line for each in reading.understood for word in each.words.split(", "))
