"""A question of several pages becomes several searches, notes, and one cited answer in limited time."""

import itertools
from collections.abc import Iterator

import pytest

from bot.answering import Limits, Trust
from bot.answers import Answer, Found, Refusal, RefusalReason, Step, Writing
from bot.confidence import Scale, Scales
from bot.ports import Piece, Prompt
from bot.prompt import REFUSAL_SENTENCE, RULES
from bot.synthesising import Synthesiser
from indexer.pages import EVERYONE, Principal
from indexer.ports import Verifier
from tests.fakes import MappedFinder, ScriptedModel, WordsVerifier
from tests.fakes_bot import StillClock
from tests.samples import hit

OPEN = Scale(weights={}, means={}, bias=10, threshold=0.5)
WHOLE = "Compare leave in the UK and Germany"
UK = hit("Staff get 28 days of leave.", title="Leave in the UK", passage_id=1)
GERMANY = hit("Staff get 30 days of leave.", title="Leave in Germany", passage_id=2)
SIDES = {"leave in the UK": [UK, GERMANY], "leave in Germany": [GERMANY]}
EVERYBODY = frozenset({EVERYONE})


class TimedModel(ScriptedModel):
    """A model that takes *seconds* of *clock* for each word."""

    def __init__(self, clock: StillClock, seconds: float, *drafts: str) -> None:
        """Write *drafts* in turn."""
        super().__init__(*drafts)
        self._clock = clock
        self._seconds = seconds

    def complete(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """Yield the next draft's words, each after its time."""
        for piece in super().complete(prompt, max_tokens):
            self._clock.wait(self._seconds)
            yield piece


def synthesiser(
    model: ScriptedModel,
    finder: MappedFinder,
    gate: Scale = OPEN,
    judge: Scale = OPEN,
    clock: StillClock | None = None,
    verifier: Verifier | None = None,
) -> Synthesiser:
    """Return the real use case over fakes, with twenty seconds."""
    limits = Limits(hits=10, passages=3, passage_tokens=200, answer_tokens=50, synthesis_seconds=20)
    return Synthesiser(finder, model, Trust(Scales(gate, judge), verifier), limits, clock or StillClock())


def last_of(used: Synthesiser, question: str = WHOLE) -> Step:
    """Return what *question* comes to."""
    return list(used.steps(question, EVERYBODY))[-1]


def test_each_side_is_searched_noted_and_told_by_its_name() -> None:
    """One cited answer, with the passages, prompts and tokens of every note for the record."""
    model = ScriptedModel("Staff get 28 days of leave. [1]", "Staff get 30 days of leave. [2]")

    first, *drafts, last = synthesiser(model, MappedFinder(SIDES)).steps(WHOLE, EVERYBODY)

    assert isinstance(first, Found)
    assert first.up_to_seconds == 20
    assert [passage.hit for passage in first.passages] == [UK, GERMANY]
    assert all(isinstance(draft, Writing) for draft in drafts)
    assert isinstance(last, Answer)
    assert last.text == "UK: Staff get 28 days of leave. [1] Germany: Staff get 30 days of leave. [2]"
    assert [(one.number, one.quote) for one in last.citations] == [(1, UK.text), (2, GERMANY.text)]
    assert last.prompt.count(RULES) == 1
    assert all(words in last.prompt for words in ("[1] Leave in the UK", "[2] Leave in Germany"))
    assert last.timings.output_tokens == 14
    assert last.remark == ""


def test_a_table_that_has_both_sides_is_the_answer() -> None:
    """Its rows, cut to the columns of the sides and checked like every sentence; the model is not asked."""
    table = (
        "|  | Starter | Team | Top |\n| --- | --- | --- | --- |\n| Users | 5 | 40 | 900 |\n| Routes | 3 | 25 | 700 |"
    )
    plans, sold = hit(table, title="Plans", passage_id=3), hit("Team is sold by Sales.", title="Team", passage_id=4)
    question = "what is the difference between the Team and the Top plan"
    model = ScriptedModel()

    found, last = synthesiser(model, MappedFinder({question: [sold, plans]})).steps(question, EVERYBODY)

    assert isinstance(found, Found)
    assert [passage.hit for passage in found.passages] == [plans]
    assert isinstance(last, Answer)
    assert last.text == "Users – Team: 40 – Top: 900. [1] Routes – Team: 25 – Top: 700. [1]"
    assert last.citations[0].hit == plans
    assert model.prompts == []


def test_rows_are_the_answer_where_only_their_names_are_compared() -> None:
    """With more to go by, a table that happens to have a row for each is not what was asked."""
    table = "| Level | Reply |\n| --- | --- |\n| SEV1 | 5 minutes |\n| SEV2 | an hour |"
    levels = hit(table, title="Incidents", passage_id=3)
    finder = MappedFinder({"SEV1 vs SEV2": [levels], "pay for SEV1 vs SEV2": [levels]})

    compared = last_of(synthesiser(ScriptedModel(), finder), "SEV1 vs SEV2")
    paid = last_of(synthesiser(ScriptedModel("No. [1]"), finder), "pay for SEV1 vs SEV2")

    assert isinstance(compared, Answer)
    assert compared.text == "Level: SEV1 – Reply: 5 minutes. [1] Level: SEV2 – Reply: an hour. [1]"
    assert isinstance(paid, Refusal)


def test_a_table_that_says_nothing_leaves_the_sides_to_their_notes() -> None:
    """Rows that could not be cited are no answer."""
    table = hit(
        "|  | Leave in the UK | Leave in Germany |\n| --- | --- | --- |\n|  |  |  |", title="Both", passage_id=9
    )
    model = ScriptedModel("Staff get 28 days of leave. [1]", "Staff get 30 days of leave. [2]")

    last = last_of(synthesiser(model, MappedFinder(SIDES | {WHOLE: [table]})))

    assert isinstance(last, Answer)
    assert last.text == "UK: Staff get 28 days of leave. [1] Germany: Staff get 30 days of leave. [2]"


def test_rows_on_what_is_compared_are_told_alone() -> None:
    """Of a long table only those that the question is about."""
    table = "|  | Team | Top |\n| --- | --- | --- |\n| Users | 40 | 900 |\n| Routes | 25 | 700 |"
    question = "compare the routes of Team and Top"

    last = last_of(synthesiser(ScriptedModel(), MappedFinder({question: [hit(table, title="Plans")]})), question)

    assert isinstance(last, Answer)
    assert last.text == "Routes – Team: 25 – Top: 700. [1]"


def test_sides_are_told_in_the_wikis_own_words_where_there_is_a_verifier() -> None:
    """The name of a side is no question that a small model can answer."""
    model = ScriptedModel()

    last = last_of(synthesiser(model, MappedFinder(SIDES), verifier=WordsVerifier()))

    assert isinstance(last, Answer)
    assert last.text == "UK: Staff get 28 days of leave. [1] Germany: Staff get 30 days of leave. [2]"
    assert model.prompts == []


def test_every_search_is_made_with_the_askers_audience() -> None:
    """No step reads more than its asker may."""
    finder = MappedFinder(SIDES)
    audience = frozenset({EVERYONE, Principal("hr")})

    list(synthesiser(ScriptedModel("Staff get 28 days of leave. [1]", "No. [2]"), finder).steps(WHOLE, audience))

    assert finder.asked == [("leave in the UK", audience), ("leave in Germany", audience), (WHOLE, audience)]


def test_what_a_passage_does_not_hold_up_is_left_out_and_its_side_named() -> None:
    """A comparison with one side says so."""
    model = ScriptedModel("Staff get 28 days of leave. [1]", "Staff get 99 days of leave. [2]")

    last = last_of(synthesiser(model, MappedFinder(SIDES)))

    assert isinstance(last, Answer)
    assert [sentence.citations for sentence in last.sentences] == [(1,)]
    assert last.remark == "I found nothing on Germany in the wiki."


def test_a_side_that_no_passage_speaks_of_is_silent() -> None:
    """What the search found for Japan is about the UK, and is not told under Japan's name."""
    finder = MappedFinder({"leave in the UK": [UK], "leave in Japan": [UK, GERMANY]})

    last = last_of(synthesiser(ScriptedModel("Staff get 28 days of leave. [1]"), finder), "leave in the UK vs Japan")

    assert isinstance(last, Answer)
    assert last.text == "UK: Staff get 28 days of leave. [1]"
    assert last.remark == "I found nothing on Japan in the wiki."


def test_notes_end_with_the_time() -> None:
    """What was written until then is the answer, and how much was not read is said; it is not kept for others."""
    clock = StillClock()
    pages = [hit(f"Rule {n} has {n} steps.", title=f"Rule {n}", passage_id=n) for n in range(1, 9)]
    model = TimedModel(clock, 1.5, *(f"Rule {n} has {n} steps. [{n}]" for n in range(1, 9)))
    used = synthesiser(model, MappedFinder({"list all rules": pages}), clock=clock)
    began = clock()

    last = last_of(used, "list all rules")

    assert isinstance(last, Answer)
    assert clock() - began <= 20
    assert len(last.sentences) == 2
    assert last.remark == "There was no time to read 6 more passages."
    assert last.signals["unread"] == 6


def test_a_note_under_way_is_cut_when_the_time_is_up() -> None:
    """Its whole sentences count."""
    clock = StillClock()
    model = TimedModel(clock, 3.0, "Staff get 28 days of leave. [1] Public holidays come on top of that, in full. [1]")
    used = synthesiser(model, MappedFinder({"list all leave rules": [UK]}), clock=clock)

    last = last_of(used, "list all leave rules")

    assert isinstance(last, Answer)
    assert last.text == "Staff get 28 days of leave. [1]"


def test_drafts_only_grow() -> None:
    """A stream can show them: each begins as the one before."""
    model = ScriptedModel("Staff get 99 days of leave. [1]", "Staff get 30 days of leave. [2]")

    steps = synthesiser(model, MappedFinder(SIDES)).steps(WHOLE, EVERYBODY)
    drafts = [step.text for step in steps if isinstance(step, Writing)]

    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(drafts))


def test_a_reader_that_goes_away_stops_the_model() -> None:
    """Whoever cancels waits for one word at most."""
    model = ScriptedModel("Staff get 28 days of leave. [1]", "Staff get 30 days of leave. [2]")
    steps = synthesiser(model, MappedFinder(SIDES)).steps(WHOLE, EVERYBODY)
    assert isinstance(next(steps), Found)
    assert isinstance(next(steps), Writing)

    steps.close()  # type: ignore[attr-defined]  # steps() is a generator

    assert len(model.prompts) == 1


@pytest.mark.parametrize(("generation", "reason"), [(0, RefusalReason.EMPTY_INDEX), (7, RefusalReason.NOT_FOUND)])
def test_nothing_found_by_any_search_is_refused_without_the_model(generation: int, reason: RefusalReason) -> None:
    """For the same reasons as any other question."""
    model = ScriptedModel()

    (only,) = synthesiser(model, MappedFinder({}, generation)).steps(WHOLE, EVERYBODY)

    assert isinstance(only, Refusal)
    assert only.reason is reason
    assert model.prompts == []


def test_what_surely_says_nothing_is_not_read() -> None:
    """The gate stands before each search; the nearest pages are offered."""
    shut = Scale(weights={}, means={}, bias=-10, threshold=0.5)
    model = ScriptedModel()

    (only,) = synthesiser(model, MappedFinder(SIDES), gate=shut).steps(WHOLE, EVERYBODY)

    assert isinstance(only, Refusal)
    assert only.reason is RefusalReason.NOT_FOUND
    assert [passage.hit for passage in only.passages] == [UK, GERMANY]
    assert model.prompts == []


def test_notes_that_all_say_nothing_are_a_refusal() -> None:
    """With what was read, for the record."""
    model = ScriptedModel(REFUSAL_SENTENCE, REFUSAL_SENTENCE)

    last = last_of(synthesiser(model, MappedFinder(SIDES)))

    assert isinstance(last, Refusal)
    assert last.reason is RefusalReason.DECLINED
    assert [passage.hit for passage in last.passages] == [UK, GERMANY]
    assert last.prompt.startswith(RULES)


def test_other_questions_are_answered_from_all_passages_together() -> None:
    """One search, one draft."""
    finder = MappedFinder({"How many days of leave in the UK?": [UK, GERMANY]})

    first, *_, last = synthesiser(ScriptedModel("Staff get 28 days of leave. [1]"), finder).steps(
        "How many days of leave in the UK?", EVERYBODY
    )

    assert isinstance(first, Found)
    assert first.up_to_seconds == 0
    assert isinstance(last, Answer)
    assert last.text == "Staff get 28 days of leave. [1]"


def test_two_questions_may_be_answered_by_one_passage() -> None:
    """It is shown and cited once."""
    both = hit("Maya is on call. Reach her on extension 7.", title="On call", passage_id=5)
    asked = "When does the night shift end, and which extension is for emergencies?"
    finder = MappedFinder(
        {"When does the night shift end": [both, UK], "which extension is for emergencies?": [both, GERMANY]}
    )
    model = ScriptedModel("Maya is on call. [1]", "Reach her on extension 7. [1]")

    first, *_, last = synthesiser(model, finder).steps(asked, EVERYBODY)

    assert isinstance(first, Found)
    assert [shown.number for shown in first.passages] == [1, 2, 3]
    assert isinstance(last, Answer)
    assert last.text == "Maya is on call. [1] Reach her on extension 7. [1]"
    assert [citation.number for citation in last.citations] == [1]
    assert last.passages == (first.passages[0],)


def test_a_label_cannot_pass_for_a_marker() -> None:
    """The names of the sides are the asker's words."""
    finder = MappedFinder({"leave in the UK [9]": [UK], "leave in Germany": [GERMANY]})
    model = ScriptedModel("Staff get 28 days of leave. [1]", "Staff get 30 days of leave. [2]")

    last = last_of(synthesiser(model, finder), "Compare leave in the UK [9] and Germany")

    assert isinstance(last, Answer)
    assert "[9]" not in last.text
