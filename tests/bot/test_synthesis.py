"""Which questions take several steps, what is read for them, and how the notes become one answer."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answers import Sentence, ShownPassage
from bot.shapes import MAX_SEARCHES, Kind, Plan, Search, plan
from bot.synthesis import (
    Chosen,
    Composed,
    Note,
    asked_of,
    choose,
    choose_for_each,
    compose,
    in_turns,
    is_about,
    is_enough,
    text_of,
)
from indexer.passages import Hit
from tests.samples import hit

GOLDEN = Path(__file__).parents[1] / "golden" / "questions.jsonl"
SIDES = {
    "Compare leave in the UK and Germany": ["leave in the UK", "leave in Germany"],
    "compare the Team and Enterprise plans": ["Team plans", "Enterprise plans"],
    "What's the difference between sick leave and annual leave?": ["sick leave", "annual leave"],
    "what is the difference between the Team and the Enterprise plan": ["Team plan", "Enterprise plan"],
    "leave in the UK vs Germany": ["leave in the UK", "leave in Germany"],
    "SEV1 versus SEV2": ["SEV1", "SEV2"],
    "How does parental leave differ between the UK, Germany and the US?": [
        "parental leave UK",
        "parental leave Germany",
        "parental leave US",
    ],
    "How does the basic yearly leave compare between the UK and the US?": [
        "basic yearly leave UK",
        "basic yearly leave US",
    ],
    "what's the uptime figure for Team compared to Enterprise?": [
        "uptime figure for Team",
        "uptime figure for Enterprise",
    ],
    "Compare the notice period for contractors with permanent staff": [
        "notice period for contractors",
        "notice period for permanent staff",
    ],
    "By when must I call in sick, in the UK and in Germany?": [
        "By when must I call in sick in the UK",
        "By when must I call in sick in Germany",
    ],
    "what are the hours for deploys and for database migrations?": [
        "what are the hours for deploys",
        "what are the hours for database migrations",
    ],
    "Could you please compare expenses and corporate cards?": ["expenses", "corporate cards"],
}
LISTS = {
    "List all on-call roles": "on-call roles",
    "please list the steps to deploy": "steps to deploy",
    "list environments": "environments",
    "which environments do we have?": "environments",
    "what are all the public holidays in Germany": "public holidays in Germany",
    "tell me every tool for video calls": "tool for video calls",
}
SUMMARIES = {
    "Summarise the incident process": "incident process",
    "summarize our travel policy.": "travel policy",
    "give me a short overview of our security rules": "security rules",
    "tl;dr travel policy": "travel policy",
    "What do we know about the old VM images?": "old VM images",
}
TWO = {
    "who picks the buddy and how many hours should they overlap?": [
        "who picks the buddy",
        "who picks the buddy and how many hours should they overlap?",
    ],
    "When does the shift change, and what does a primary earn for the week?": [
        "When does the shift change",
        "what does a primary earn for the week?",
    ],
    "new laptop tomorrow. which disk setting does it need and who installs the printer driver?": [
        "new laptop tomorrow. which disk setting does it need",
        "new laptop tomorrow. who installs the printer driver?",
    ],
    "work trip to Oslo: what's the hotel limit and the daily meal rate?": [
        "work trip to Oslo: what's the hotel limit?",
        "work trip to Oslo: what's the daily meal rate?",
    ],
    "what are the opening hours and the address of the Oslo office": [
        "what are the opening hours of the Oslo office?",
        "what are the address of the Oslo office?",
    ],
    "for a fire, how soon must we leave and where do we meet?": [
        "for a fire, how soon must we leave",
        "for a fire, where do we meet?",
    ],
    "I'm new in Oslo: how long is probation and how much notice applies?": [
        "I'm new in Oslo: how long is probation",
        "I'm new in Oslo: how much notice applies?",
    ],
    "Where do I submit expenses? How long does the money take?": [
        "Where do I submit expenses?",
        "How long does the money take?",
    ],
}
PLAIN = (
    "How many days of leave do I get in the UK?",
    "who is on call and how do I reach them?",
    "how and when do I book leave?",
    "what do I do when it rains and my bike breaks",
    "Which forms and which stamps?",
    "what is the rule on cats? what is the rule on dogs? what is the rule on birds?",
    "What is a vs code extension?",
    "what is the difference in pay",
    "what is the relationship between the buyer and the seller?",
    "how do I check in and in what order do they board?",
    "where do I log in and out?",
    "how quickly must I hand in receipts if I used my company card vs claiming my own money back?",
    "compare the two banners: how soon should one be on every page, and how many times does a person see it?",
    "list route53 hosted zones command",
    "downsides of livegrep compared to us",
    "compare",
    "list",
    "summarise it",
    "",
)


def test_several_codes_are_looked_for_one_by_one() -> None:
    """Which of them a passage holds, the others do not say; compared or not."""
    asked, compared = plan("QS-4012, qs4013?"), plan("difference between QS-4012 and QS-4013")

    assert asked
    assert [search.question for search in asked.searches] == ["QS-4012", "qs4013"]
    assert compared
    assert [search.question for search in compared.searches] == ["QS-4012", "QS-4013"]


@pytest.mark.parametrize("question", SIDES)
def test_a_comparison_is_looked_for_together_and_side_by_side(question: str) -> None:
    """Each side, with what was said once put back; then the whole question, in case one page compares them."""
    found = plan(question)

    assert found
    assert found.kind is Kind.COMPARE
    assert [search.question for search in found.searches] == [*SIDES[question], question]
    assert [bool(search.label) for search in found.searches] == [True] * len(SIDES[question]) + [False]


@pytest.mark.parametrize("question", LISTS)
def test_a_list_is_one_wide_search(question: str) -> None:
    """What is listed names it."""
    assert plan(question) == Plan(Kind.LIST, (Search(LISTS[question], question),))


@pytest.mark.parametrize("question", SUMMARIES)
def test_a_summary_is_one_wide_search(question: str) -> None:
    """What is summarised names it."""
    assert plan(question) == Plan(Kind.SUMMARISE, (Search(SUMMARIES[question], question),))


@pytest.mark.parametrize("question", TWO)
def test_two_questions_in_one_are_looked_for_apart(question: str) -> None:
    """Each with the statement before them; what points back at the first is looked for with it."""
    found = plan(question)

    assert found
    assert found.kind is Kind.BOTH
    assert [search.question for search in found.searches] == TWO[question]
    assert all(search.label for search in found.searches)


@pytest.mark.parametrize("question", PLAIN)
def test_other_questions_are_answered_as_ever(question: str) -> None:
    """Several steps cost several times as long: where the rules are not sure, there are none."""
    assert plan(question) is None


def test_no_golden_question_of_one_page_takes_several_steps() -> None:
    """Of 212 questions with known answers only such as need two pages are planned, or ask for two things."""
    rows = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    planned = [(found.kind, row["kind"]) for row in rows if (found := plan(row["question"]))]

    assert [kind for shape, kind in planned if shape is not Kind.BOTH] == ["two-pages"] * 4
    of_two = [kind for shape, kind in planned if shape is Kind.BOTH]
    assert len(of_two) - of_two.count("two-pages") <= 1
    assert of_two.count("two-pages") >= 4


words = st.sampled_from(
    [*SIDES, *LISTS, *SUMMARIES, *PLAIN, "and", "vs", ",", "the", "compare", "list all", "?", "[1]"]
)


@settings(deadline=None)
@given(st.lists(words | st.text(max_size=12), max_size=8).map(" ".join))
def test_any_question_can_be_planned(question: str) -> None:
    """A few searches, each with words in it, of words that were asked."""
    found = plan(question)
    asked = set(question.split())

    if found:
        assert 1 <= len(found.searches) <= MAX_SEARCHES
        assert all(search.question.strip() for search in found.searches)
        assert all(word in question for search in found.searches for word in search.question.split())
        assert asked


def hits(*scores: float, start: int = 1) -> list[Hit]:
    """Return hits with these scores, numbered from *start*."""
    return [hit(f"Text {n}.", passage_id=n, cosine=score) for n, score in enumerate(scores, start)]


def ids(chosen: tuple[Chosen, ...]) -> list[tuple[int, int]]:
    """Return search and passage id of each."""
    return [(one.search, one.passage.hit.passage_id) for one in chosen]


def test_passages_are_chosen_from_each_search_in_turn() -> None:
    """A comparison reads as much of one side as of the other."""
    chosen = choose([hits(0.9, 0.8, 0.7), hits(0.6, 0.5, start=11)], 4)

    assert ids(chosen) == [(0, 1), (0, 2), (1, 11), (1, 12)]
    assert [one.passage.number for one in chosen] == [1, 2, 3, 4]


def test_one_passage_may_answer_both_questions() -> None:
    """It is read for each, under one number; a comparison reads it once."""
    found = [[hit("A.", passage_id=7), hit("B.", passage_id=8)], [hit("A.", passage_id=7), hit("C.", passage_id=9)]]

    chosen = choose_for_each(found)

    assert [(one.search, one.passage.number) for one in chosen] == [(0, 1), (0, 2), (1, 1), (1, 3)]


def test_no_passage_is_read_twice() -> None:
    """What both searches find belongs to the first; the second goes on with its next best."""
    chosen = choose([hits(0.9, 0.8), [*hits(0.9), *hits(0.7, start=5)]], 4)

    assert ids(chosen) == [(0, 1), (0, 2), (1, 5)]


def test_a_search_that_found_nothing_leaves_its_turns_to_others() -> None:
    """The time is used."""
    assert ids(choose([[], hits(0.9, 0.8, 0.7)], 3)) == [(1, 1), (1, 2), (1, 3)]
    assert choose([[], []], 3) == ()


def test_passages_far_behind_the_best_are_not_read() -> None:
    """They are about something else."""
    assert ids(choose([hits(0.9, 0.46, 0.44)], 8)) == [(0, 1), (0, 2)]


def test_the_best_of_each_search_is_read_first() -> None:
    """Where the time runs out, every side of a comparison has been heard."""
    chosen = choose([hits(0.9, 0.8, 0.7), hits(0.6, 0.5, start=11)], 5)

    assert [one.passage.hit.passage_id for one in in_turns(chosen)] == [1, 11, 2, 12, 3]


@given(st.lists(st.lists(st.integers(1, 30), unique=True, max_size=10), max_size=4), st.integers(0, 12))
def test_choice_is_bounded_numbered_and_without_repeats(found: list[list[int]], count: int) -> None:
    """Whatever the searches find."""
    chosen = choose([[hit("x", passage_id=n) for n in line] for line in found], count)
    taken = [one.passage.hit.passage_id for one in chosen]

    assert len(chosen) == min(count, len({n for line in found for n in line}))
    assert len(set(taken)) == len(taken)
    assert [one.passage.number for one in chosen] == list(range(1, len(chosen) + 1))
    assert all(taken[place] in found[one.search] for place, one in enumerate(chosen))


def note(search: int, number: int, *sentences: str, page: str = "A page", passage_id: int = 0) -> Note:
    """Return a note on passage *number* with *sentences* that cite it."""
    passage = ShownPassage(number, hit("…", title=page, passage_id=passage_id or number))
    return Note(Chosen(passage, search), tuple(Sentence(text, (number,)) for text in sentences))


def said(composed: Composed) -> list[str]:
    """Return the sentences' words."""
    return [sentence.text for sentence in composed.sentences]


def a_plan(question: str) -> Plan:
    """Return the plan that there must be."""
    found = plan(question)
    assert found
    return found


def test_a_comparison_is_told_side_by_side() -> None:
    """Both together first, then each side in turn, two sentences each."""
    composed = compose(
        a_plan("Compare leave in the UK and Germany"),
        [
            note(2, 1),
            note(1, 4, "Staff in Germany get 30 days."),
            note(0, 2, "Staff in the UK get 25 days.", "Ask your lead in the UK.", "Carry 5 days over."),
            note(0, 3, "Public holidays come on top."),
        ],
    )

    assert said(composed) == [
        "Staff in the UK get 25 days.",
        "Ask your lead in the UK.",
        "Staff in Germany get 30 days.",
    ]
    assert [sentence.citations for sentence in composed.sentences] == [(2,), (2,), (4,)]
    assert composed.silent == ()


def test_a_side_that_has_said_enough_is_read_no_further() -> None:
    """Two sentences a side are told; both together are read only while a side is silent."""
    two_sides = a_plan("SEV1 vs SEV2")
    notes = [note(0, 1, "SEV1 is an outage."), note(0, 2, "It is called at once.")]

    assert [is_enough(two_sides, search, notes) for search in range(3)] == [True, False, False]
    assert is_enough(two_sides, 2, [*notes, note(1, 3, "SEV2 can wait.")])


def test_a_passage_belongs_to_the_side_it_names() -> None:
    """It must hold a word that no other side has; what both have is no name."""
    plans = a_plan("Compare the Team and Enterprise plans")
    team, enterprise = hit("5 seats.", title="Team plan"), hit("Any number of seats.", title="Enterprise plan")

    assert [is_about(plans, search, team) for search in range(3)] == [True, False, True]
    assert [is_about(plans, search, enterprise) for search in range(3)] == [False, True, True]
    assert is_about(a_plan("list all plans"), 0, team)


def test_a_side_without_a_word_is_named() -> None:
    """A comparison with one side only would mislead."""
    composed = compose(a_plan("leave in the UK vs Germany"), [note(0, 1, "Staff in the UK get 25 days."), note(1, 2)])

    assert composed.silent == ("Germany",)


def test_a_page_that_compares_both_leaves_no_side_silent() -> None:
    """What was said of both together counts for each side that it names."""
    composed = compose(a_plan("leave in the UK vs Germany"), [note(2, 1, "It is 25 days in the UK and 30 in Germany.")])

    assert composed.silent == ()


def test_nothing_is_said_twice() -> None:
    """The same in nearly the same words is left out; another number or a "not" is something else."""
    composed = compose(
        a_plan("list all leave rules"),
        [
            note(0, 1, "Staff get 25 days of annual leave.", "Leave is paid."),
            note(0, 2, "Staff get 25 days of annual leave a year.", "Staff get 30 days of annual leave."),
            note(0, 3, "Leave is not paid."),
        ],
    )

    assert said(composed) == [
        "Staff get 25 days of annual leave.",
        "Leave is paid.",
        "Staff get 30 days of annual leave.",
        "Leave is not paid.",
    ]


def test_a_summary_follows_its_pages() -> None:
    """The best page first, each page in its own order, six sentences at most."""
    composed = compose(
        a_plan("summarise the incident process"),
        [
            note(0, 1, "Close it with a review.", page="Incidents", passage_id=9),
            note(0, 2, "Roles are named.", page="Roles", passage_id=3),
            note(0, 3, "Declare it first.", page="Incidents", passage_id=7),
            note(0, 4, *(f"Step {n} takes {n} hours." for n in range(2, 9)), page="Steps", passage_id=20),
        ],
    )

    assert said(composed)[:3] == ["Declare it first.", "Close it with a review.", "Roles are named."]
    assert len(composed.sentences) == 6


def test_a_summary_names_its_sections() -> None:
    """Each is asked for what it is about, and told under its heading; a heading cannot pass for a marker."""
    plans = a_plan("summarise the incident process")
    passage = ShownPassage(1, replace(hit("…", title="Incidents"), headings=("Closing [3]",)))
    closing = Note(Chosen(passage, 0), (Sentence("Close it with a review.", (1,)),))

    assert asked_of(plans, closing.chosen) == "What are the rules on closing [3]?"
    assert text_of(compose(plans, [closing]).sentences) == "Closing 3: Close it with a review. [1]"


def test_a_wiki_without_a_word_is_silent() -> None:
    """No note says anything: nothing is composed, and what was looked for is named."""
    composed = compose(a_plan("list all office dogs"), [note(0, 1), note(0, 2)])

    assert composed == Composed((), ("office dogs",))


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.text(min_size=1, max_size=30), max_size=4)), max_size=8))
def test_composing_adds_no_word_and_no_citation(notes: list[tuple[int, list[str]]]) -> None:
    """Every sentence of the answer is one of the notes', with its own citation."""
    made = [note(search, number, *texts) for number, (search, texts) in enumerate(notes, start=1)]

    composed = compose(a_plan("SEV1 vs SEV2"), made)

    said = [(sentence.text, sentence.citations) for sentence in composed.sentences]
    assert set(said) <= {(sentence.text, sentence.citations) for one in made for sentence in one.sentences}
    assert len(set(said)) == len(said)
