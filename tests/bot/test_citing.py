"""Which sentences of a draft are kept, and what they quote."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import citing
from bot.citing import Flaw
from bot.prompt import number
from tests.samples import hit

LEAVE = hit(
    "Every employee in the UK gets 25 days of annual leave a year. Unused days cannot be paid out. "
    "Book leave in Roster.",
    title="Annual leave (UK)",
)
EXPENSES = hit("Claims over £250 need the approval of your manager within 14 days.", title="Expenses")
SHOWN = number([LEAVE, EXPENSES])


def test_a_sentence_that_its_passage_says_is_kept() -> None:
    """The answer keeps its marker and quotes the very sentence."""
    checked = citing.check("You get 25 days of annual leave a year. [1]", SHOWN)

    assert checked.text == "You get 25 days of annual leave a year. [1]"
    assert checked.citations[0].quote == "Every employee in the UK gets 25 days of annual leave a year."


@pytest.mark.parametrize(
    ("draft", "flaw"),
    [
        ("You get 30 days of annual leave a year. [1]", Flaw.NUMBER),
        ("Employees in Germany get annual leave. [1]", Flaw.NAME),
        ("Unused days of annual leave can be paid out. [1]", Flaw.NEGATION),
        ("The dental plan covers orthodontic treatment. [1]", Flaw.WORDS),
        ("You get 25 days of annual leave. [2]", Flaw.NUMBER),
        ('The wiki says "annual leave is unlimited". [1]', Flaw.QUOTE),
        ("You get annual leave. [7]", Flaw.NO_SUCH_PASSAGE),
        ("It is so. [1]", Flaw.EMPTY),
        ("Annual leave (UK). [1]", Flaw.EMPTY),
    ],
)
def test_a_sentence_that_does_not_hold_is_dropped(draft: str, flaw: Flaw) -> None:
    """Each flaw is found by its own rule."""
    checked = citing.check(draft, SHOWN)

    assert not checked.sentences
    assert [dropped.flaw for dropped in checked.dropped] == [flaw]


def test_good_sentences_stay_when_others_are_dropped() -> None:
    """One bad sentence does not cost the rest."""
    checked = citing.check("You get 25 days of leave. [1] Claims over £900 need approval. [2]", SHOWN)

    assert [sentence.citations for sentence in checked.sentences] == [(1,)]


def test_a_sentence_said_twice_is_kept_once() -> None:
    """A small model that repeats itself does not fill the answer."""
    checked = citing.check("Book leave in Roster. [1] Book leave in Roster. [1]", SHOWN)

    assert len(checked.sentences) == 1


def test_two_passages_may_hold_a_sentence_together() -> None:
    """A sentence with two markers is held against both."""
    checked = citing.check("Employees get 25 days, and claims over £250 need approval. [1][2]", SHOWN)

    assert [citation.number for citation in checked.citations] == [1, 2]


def test_words_without_a_marker_are_left_out() -> None:
    """A draft cut off by the token limit ends with its last cited sentence."""
    checked = citing.check("Book leave in Roster. [1] And then you", SHOWN)

    assert checked.text == "Book leave in Roster. [1]"


@given(st.text(alphabet="ab .[]0123456789\n", max_size=80))
def test_reading_never_invents_a_citation(draft: str) -> None:
    """Every number that is read stands in the draft between brackets."""
    written = {int(digits) for digits in re.findall(r"\[(\d+)\]", draft)}

    assert {n for sentence in citing.read_citations(draft) for n in sentence.citations} <= written


def test_a_citation_leads_to_its_words() -> None:
    """Its address is the section's, with the quoted words as a text fragment; without an address there is none."""
    addressed = number([replace(LEAVE, url="https://wiki.example.org/leave#uk")])
    bare = number([replace(LEAVE, url="")])

    draft = "You get 25 days of annual leave a year. [1]"
    urls = [citing.check(draft, shown).citations[0].hit.url for shown in (addressed, bare)]

    words = "Every%20employee%20in%20the,annual%20leave%20a%20year."
    assert urls == [f"https://wiki.example.org/leave#uk:~:text={words}", ""]


@given(st.text(), st.text(min_size=1))
def test_a_quote_is_verbatim_and_short(sentence: str, passage: str) -> None:
    """Whatever was written, the quote is a piece of the passage."""
    quote = citing.best_quote(sentence, passage)

    assert quote in passage
    assert len(quote) <= citing.MAX_QUOTE_CHARACTERS


@given(st.text(max_size=200))
def test_no_draft_gets_past_the_passages_shown(draft: str) -> None:
    """Whatever the model writes, a kept sentence cites what was shown."""
    checked = citing.check(draft, SHOWN)

    assert all(set(sentence.citations) <= {1, 2} for sentence in checked.sentences)


@pytest.mark.parametrize(
    ("sentence", "where", "text"),
    [
        ("No, the limit is 30 euros.", "Meals", "The limit is 30 euros."),
        ("You cannot carry over leave.", "FAQ > Can I carry over leave?", "No, leave cannot be carried over."),
        ("You may take no more than 5 days.", "Leave", "You may take up to 5 days."),
        ("You get 200 euros a month.", "Pay", "Everyone gets two hundred euros a month."),
        ("It takes one day.", "Steps", "It takes 1 day."),
        ("The meeting is at 10am.", "Meetings", "The meeting is at 10 am."),
        ("The fee is 1.20 euros.", "Fees", "The fee is 1.2 euros."),
        ("In the UK you get 25 days.", "Leave", "| Country | Days |\n| --- | --- |\n| UK | 25 |\n| Germany | 30 |"),
        ("Urlaub wird in Größe M beantragt.", "Urlaub", "Der Urlaub wird in Größe M beantragt."),
    ],
)
def test_a_true_sentence_is_kept(sentence: str, where: str, text: str) -> None:
    """Said another way it is still said."""
    assert citing.flaw_of(sentence, where, text) is None


@pytest.mark.parametrize(
    ("sentence", "where", "text"),
    [
        ("US employees get 25 days of leave.", "Leave", "UK employees get 25 days of leave."),
        ("The IT team resets passwords.", "Passwords", "The HR team resets passwords."),
        ("The deadline is 1 May.", "Deadline", "The deadline is 1 June."),
        ("Germany staff get 25 days of leave.", "Leave", "UK staff get 25 days of leave."),
        ("No, alcohol is reimbursed.", "Meals", "Alcohol is not reimbursed."),
        ("You can carry over leave.", "FAQ > Can I carry over leave?", "No, leave cannot be carried over."),
        ("It takes one day.", "Steps", "It takes two days."),
        ("You get $50.", "Meals", "You get €50."),
        ("You get 10 % off.", "Leave", "You get 10 days off."),
        ("You get 50 weeks of leave.", "Leave", "You get 50 days of leave and work 40 weeks."),
        ("UK employees get 30 days.", "Leave", "| Country | Days |\n| --- | --- |\n| UK | 25 |\n| Germany | 30 |"),
    ],
)
def test_a_false_sentence_is_not_kept(sentence: str, where: str, text: str) -> None:
    """Another country, team, month, unit or row is another fact."""
    assert citing.flaw_of(sentence, where, text) is not None


def test_an_idle_marker_is_taken_out() -> None:
    """A passage that adds nothing to a sentence is no source of it."""
    checked = citing.check("You get 25 days of annual leave a year. [1][2]", SHOWN)

    assert [citation.number for citation in checked.citations] == [1]


def test_a_sentence_on_another_code_than_was_asked_falls() -> None:
    """However true it is; without a question nothing is compared."""
    shown = number([hit("QS-4018 means dangerous goods. QS-4012 means that the hold expired.", title="Error codes")])
    draft = "QS-4018 means dangerous goods. [1]"

    assert [one.flaw for one in citing.check(draft, shown, "what is QS-4012?").dropped] == [Flaw.ANOTHER]
    assert citing.check(draft, shown, "what is QS-4018?").text == citing.check(draft, shown).text == draft


def test_the_numbers_of_a_row_stand_by_its_first_cell() -> None:
    """Where the columns are what is named, another row's numbers are not this one's."""
    table = "|  | Team | Top |\n| --- | --- | --- |\n| Users | 40 | 900 |\n| Routes | 25 | 700 |"
    shown = number([hit(table, title="Plans")])

    assert not citing.check("Users – Team: 40 – Top: 900. [1]", shown).dropped
    assert [one.flaw for one in citing.check("Users – Team: 25 – Top: 900. [1]", shown).dropped] == [Flaw.NUMBER]


@pytest.mark.parametrize(
    ("question", "said", "kept"),
    [
        ("is Friday a deploy day?", "No, Friday is a deploy day.", "Friday is a deploy day."),
        ("is Friday a deploy day?", "Yes, Friday is a deploy day.", "Yes, Friday is a deploy day."),
        ("is Sunday a deploy day?", "Yes, Sunday is not a deploy day.", "Sunday is not a deploy day."),
        ("is Sunday a deploy day?", "No, Friday is a deploy day.", "No, Friday is a deploy day."),
        ("is 8 on Friday in the deploy window?", "No, the deploy window on Friday is 9 to 12.", None),
        ("is Friday not a deploy day?", "No, Friday is a deploy day.", "No, Friday is a deploy day."),
    ],
)
def test_yes_and_no_do_not_stand_before_their_opposite(question: str, said: str, kept: str | None) -> None:
    """Where the question is said again after them; another number or day is a reason."""
    page = "Friday is a deploy day. Sunday is not a deploy day. The deploy window on Friday is 9 to 12."
    shown = number([hit(page, title="Deploys")])

    assert citing.check(f"{said} [1]", shown, question).sentences[0].text == (kept or said)
    assert citing.check(f"{said} [1]", shown).sentences[0].text == said


def test_an_outdated_page_is_told_once() -> None:
    """Whoever reads the answer is to know it."""
    old = replace(LEAVE, is_outdated=True)
    checked = citing.check("You get 25 days of leave a year. [1] Book leave in Roster. [1]", number([old]))

    assert citing.remark(checked.citations) == "The page “Annual leave (UK)” says that it is outdated."
    assert citing.remark(citing.check("Book leave in Roster. [1]", SHOWN).citations) == ""


def test_a_number_of_another_column_than_was_asked_falls() -> None:
    """The price of Starter is none of Team; where the sentence names its column, or the question none, it stands."""
    table = "|  | Starter | Team |\n| --- | --- | --- |\n| Price | £190 | £640 |\n| Users | 5 | 40 |"
    shown = number([hit(f"Prices rise by 7 a year.\n{table}", title="Plans")])

    def kept(said: str, question: str) -> bool:
        return not citing.check(f"{said} [1]", shown, question).dropped

    assert [one.flaw for one in citing.check("The price is £190. [1]", shown, "Team price").dropped] == [Flaw.COLUMN]
    assert kept("The price is £640.", "Team price")
    assert kept("Price – Starter: £190.", "Team price")
    assert kept("The price is £190.", "what is the price")
    assert kept("Prices rise by 7 a year.", "Team price")
    assert kept("Price – Starter: £190 – Team: £640.", "Team price")
