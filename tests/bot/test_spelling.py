"""Which words of a question are put right, and which are left as they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.spelling import Spelling

WIKI = frozenset(
    "annual leave germany guests holidays password reimbursement roster vacation tests windows wifi receive".split()
)


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    """Give a spelling over a wiki of few words."""
    return Spelling(lambda word: word.lower() in WIKI)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("anual leave germny", "annual leave germany"),
        ("How many holidys do I get?", "How many holidays do I get?"),
        ("wat is the wifi pasword for gests", "wat is the wifi password for guests"),
        ("when do I recieve my pay", "when do I receive my pay"),
        ("does it work on widnows machines?", "does it work on windows machines?"),
        ("Vaction, please", "Vacation, please"),
        ("(reimbursment) for me", "(reimbursement) for me"),
    ],
)
def test_a_mistyped_word_is_read_as_the_wikis(spelling: Spelling, typed: str, meant: str) -> None:
    """A letter left out, one too many, two exchanged; what stands around it stays."""
    assert spelling.corrected(typed) == meant


@pytest.mark.parametrize(
    "question",
    [
        "how do I use the rosters of kubectl",  # not English, and nothing near it in the wiki
        "who is Pasword?",  # a name
        "is PASWORD set?",
        "what is pasword_file, gests.yml, #gests or @gests?",
        'what does "anual" mean, and `gests`?',
        "is lave a leave?",  # four letters are near too much
        "wie viele Urlaubstage habe ich in Deutschland, und wann muss ich gests melden?",
        "a manual on leave",  # English, though one letter from "annual"
        "",
    ],
)
def test_what_may_be_meant_so_is_left(spelling: Spelling, question: str) -> None:
    """Names, codes, quotations, short words, other languages, and English that the wiki does not have."""
    assert spelling.corrected(question) == question


@given(question=st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_question(spelling: Spelling, question: str) -> None:
    """Nothing is an error, and no line, space or mark is lost."""
    corrected = spelling.corrected(question)

    assert len(corrected.split()) == len(question.split())
    assert spelling.corrected(corrected) == corrected
