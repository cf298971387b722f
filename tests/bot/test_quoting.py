"""The wiki's own words as an answer."""

from bot import quoting
from bot.answers import Sentence
from bot.prompt import number
from tests.fakes import WordsVerifier
from tests.samples import hit

SHOWN = number(
    [
        hit("Badges are made at reception.\n\n```\nmake badge\n```", title="Badges"),
        hit("Leave comes in days.\n\n| Country | Days |\n| --- | --- |\n| Spain | 23 days of leave |", title="Leave"),
    ]
)


def test_the_likeliest_sentence_comes_first() -> None:
    """Each was read below its breadcrumb; a row of a table is read as its cells."""
    verifier = WordsVerifier()

    found = quoting.likeliest("leave days in spain", SHOWN, verifier)[:2]

    assert [one.number for one in found] == [2, 2]
    assert found[0].text == "Country: Spain – Days: 23 days of leave."
    assert "Badges\nBadges are made at reception." in verifier.read


def test_what_cannot_stand_alone_is_not_quoted() -> None:
    """Fences, rules of tables, scraps, questions, and text that looks like a marker."""
    assert list(
        quoting.sentences(
            "```\n| --- | --- |\nToo short\nSee note [1] for all the rest.\nWho knows that?\nThis one can stand"
        )
    ) == ["This one can stand."]
    assert quoting.likeliest("anything", number([hit("Ha")]), WordsVerifier()) == []


def test_an_answer_is_completed_from_the_passage_that_it_cites() -> None:
    """In the passage's order, with what is nearly as likely, never twice the same, and not from another passage."""
    text = "Ask Maya first. Leave is booked in Roster. Leave of ten days needs Maya. Cats are welcome."
    shown = number([hit(text, title="Leave"), hit("Leave in Spain is 23 days.", title="Spain")])
    quotes = quoting.likeliest("how is leave booked with maya", shown, WordsVerifier())

    more = quoting.completing([Sentence("You book leave in Roster.", (1,))], quotes)

    assert [one.text for one in more] == ["Ask Maya first.", "Leave of ten days needs Maya."]


def test_an_answer_that_is_long_enough_stays_as_it_is() -> None:
    """Short is part of the promise."""
    shown = number([hit("Ask Maya first about leave. Leave is booked in Roster.", title="Leave")])
    quotes = quoting.likeliest("how is leave booked with maya", shown, WordsVerifier())

    assert quoting.completing([Sentence(f"{name} is said.", (1,)) for name in ("One", "Two", "Three")], quotes) == []
    assert quoting.completing([Sentence("word " * quoting.MOST_WORDS_TOGETHER, (1,))], quotes) == []
