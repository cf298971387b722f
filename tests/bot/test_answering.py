"""A question becomes an answer, or a refusal with its reason."""

import itertools

import pytest

from bot.answering import Answerer, Limits, Trust
from bot.answers import Answer, Found, Refusal, RefusalReason, Step, Writing
from bot.confidence import Scale, Scales
from bot.errors import ModelFailed, QuestionUnusable
from bot.prompt import REFUSAL_SENTENCE
from indexer.pages import EVERYONE
from indexer.passages import Hit
from indexer.ports import Verifier
from tests.fakes import FixedFinder, ScriptedModel, WordsVerifier
from tests.samples import hit

OPEN = Scale(weights={}, means={}, bias=10, threshold=0.5)
SHUT = Scale(weights={}, means={}, bias=-10, threshold=0.5)
LEAVE = hit("Everyone gets 25 days of leave a year.", title="Leave")
TRAVEL = hit("Trains are booked in Wayfare.", title="Travel", passage_id=2)


def answerer(  # noqa: PLR0917  # named where they are given
    model: ScriptedModel,
    hits: list[Hit],
    gate: Scale = OPEN,
    generation: int = 7,
    judge: Scale = OPEN,
    verifier: Verifier | None = None,
    read_passages: int = 8,
) -> Answerer:
    """Return the real use case over fakes."""
    limits = Limits(10, 3, 200, answer_tokens=50, synthesis_seconds=20, read_passages=read_passages)
    ticks = itertools.count()
    return Answerer(
        FixedFinder(hits, generation),
        model,
        Trust(Scales(gate, judge), verifier),
        limits,
        clock=lambda: next(ticks) / 1000,
    )


def steps_of(used: Answerer, question: str = "How many days of leave?") -> list[Step]:
    """Return all steps of *question*."""
    return list(used.steps(question, frozenset({EVERYONE})))


def test_an_answer_comes_after_its_passages_and_its_drafts() -> None:
    """People see what was found before a word is written."""
    steps = steps_of(answerer(ScriptedModel("You get 25 days of leave. [1]"), [LEAVE, TRAVEL]))

    assert isinstance(steps[0], Found)
    assert [passage.number for passage in steps[0].passages] == [1, 2]
    assert all(isinstance(step, Writing) for step in steps[1:-1])
    assert isinstance(steps[-1], Answer)
    assert steps[-1].text == "You get 25 days of leave. [1]"
    assert steps[-1].generation == 7


def test_the_model_reads_the_best_passages_alone() -> None:
    """The others are shown, and neither cited nor quoted: of several a small model often picks a wrong one."""
    model = ScriptedModel("You get 40 days of leave. [1]")

    steps = steps_of(answerer(model, [TRAVEL, LEAVE], verifier=WordsVerifier(), read_passages=1))

    assert "25 days" not in model.prompts[0].user
    assert isinstance(steps[0], Found)
    assert len(steps[0].passages) == 2
    assert isinstance(steps[-1], Answer)
    assert steps[-1].text == "Trains are booked in Wayfare. [1]"
    assert [passage.hit for passage in steps[-1].passages] == [TRAVEL], "what it was not shown is not behind the answer"


def test_what_no_passage_comes_near_is_refused_without_the_model() -> None:
    """The gate saves the model's time and the asker's trust."""
    model = ScriptedModel()

    (only,) = steps_of(answerer(model, [TRAVEL], SHUT))

    assert isinstance(only, Refusal)
    assert only.reason is RefusalReason.NOT_FOUND
    assert [passage.hit for passage in only.passages] == [TRAVEL]
    assert model.prompts == []


def test_a_code_that_no_hit_holds_is_refused_without_the_model() -> None:
    """Whatever the gate would say: codes that are like it answer for none of it."""
    model = ScriptedModel("QS-4018 means dangerous goods. [1]")

    (only,) = steps_of(answerer(model, [hit("QS-4018 means dangerous goods.")]), "QS-4012")

    assert isinstance(only, Refusal)
    assert only.reason is RefusalReason.NOT_FOUND
    assert model.prompts == []


def test_a_draft_that_nothing_holds_up_is_refused() -> None:
    """Better no answer than one that the wiki does not say."""
    last = steps_of(answerer(ScriptedModel("You get 40 days of leave. [1]"), [LEAVE]))[-1]

    assert isinstance(last, Refusal)
    assert last.reason is RefusalReason.UNSUPPORTED


def test_the_model_may_say_that_the_passages_do_not_answer() -> None:
    """The canonical sentence is a refusal, not an answer."""
    last = steps_of(answerer(ScriptedModel(REFUSAL_SENTENCE), [LEAVE]))[-1]

    assert isinstance(last, Refusal)
    assert last.reason is RefusalReason.DECLINED


def test_a_draft_that_does_not_hold_gives_way_to_the_wikis_own_words() -> None:
    """With a verifier to choose them; they are cited and judged like any answer."""
    used = answerer(ScriptedModel("You get 40 days of leave. [1]"), [TRAVEL, LEAVE], verifier=WordsVerifier())

    last = steps_of(used, "How many days of leave a year?")[-1]

    assert isinstance(last, Answer)
    assert last.text == "Everyone gets 25 days of leave a year. [2]"
    assert last.signals["kept"] == 0.0


def test_a_draft_that_answers_far_less_likely_gives_way_to_the_wikis_own_words() -> None:
    """Though its passage holds it up: that it is true does not make it an answer."""
    used = answerer(ScriptedModel("Trains are booked in Wayfare. [1]"), [TRAVEL, LEAVE], verifier=WordsVerifier())

    last = steps_of(used, "How many days of leave a year?")[-1]

    assert isinstance(last, Answer)
    assert last.text == "Everyone gets 25 days of leave a year. [2]"
    assert last.signals["kept"] == 1.0


def test_an_answer_is_completed_with_the_wikis_own_words() -> None:
    """What the passage says besides of what was asked; cited like the rest."""
    leave = hit("Everyone gets 25 days of leave a year. Unused days of leave end in March.", title="Leave")
    used = answerer(ScriptedModel("You get 25 days of leave a year. [1]"), [leave, TRAVEL], verifier=WordsVerifier())

    last = steps_of(used, "How many days of leave a year?")[-1]

    assert isinstance(last, Answer)
    assert last.text == "You get 25 days of leave a year. [1] Unused days of leave end in March. [1]"
    assert len(last.citations) == 1


def test_a_judge_that_is_not_sure_refuses() -> None:
    """All signals together decide, those of the model and of its sentences too, and the record holds them."""
    unwilling = Scale(weights={"willing": 1.0}, means={"willing": 0.0}, bias=0.0, threshold=0.5)

    said = steps_of(answerer(ScriptedModel("You get 25 days of leave. [1]", refusal=-9.0), [LEAVE], judge=unwilling))[
        -1
    ]
    kept_back = steps_of(
        answerer(ScriptedModel("You get 25 days of leave. [1]", refusal=-0.1), [LEAVE], judge=unwilling)
    )[-1]

    assert isinstance(said, Answer)
    assert isinstance(kept_back, Refusal)
    assert kept_back.reason is RefusalReason.DECLINED
    assert kept_back.signals["willing"] < 0 < said.signals["willing"]


def test_the_verifier_reads_each_sentence_below_its_breadcrumb() -> None:
    """Its best counts: one sentence that answers is an answer."""
    verifier = WordsVerifier()
    draft = "You get 25 days of leave. [1] Trains are booked in Wayfare. [2]"

    last = steps_of(answerer(ScriptedModel(draft), [LEAVE, TRAVEL], verifier=verifier))[-1]

    assert verifier.read[-2:] == ["Leave\nYou get 25 days of leave.", "Travel\nTrains are booked in Wayfare."]
    assert last.signals["answers"] > 0  # type: ignore[union-attr]  # the last step has signals


@pytest.mark.parametrize(("generation", "reason"), [(0, RefusalReason.EMPTY_INDEX), (3, RefusalReason.NOT_FOUND)])
def test_an_empty_index_has_a_reason_of_its_own(generation: int, reason: RefusalReason) -> None:
    """Before the first refresh it is not the wiki that lacks the answer."""
    (only,) = steps_of(answerer(ScriptedModel(), [], generation=generation))

    assert isinstance(only, Refusal)
    assert only.reason is reason


def test_a_failing_model_raises_after_the_passages_were_shown() -> None:
    """Whoever shows the steps can keep the passages and say sorry."""
    steps = answerer(ScriptedModel("one two three", fails_after=1), [LEAVE]).steps("leave?", frozenset({EVERYONE}))

    assert isinstance(next(steps), Found)
    with pytest.raises(ModelFailed):
        list(steps)


@pytest.mark.parametrize("question", ["", "   ", "🙂🙂", "\x00\x01", "?!", "x" * 40_000])
def test_what_is_no_question_is_said_to_the_asker(question: str) -> None:
    """Empty, emoji-only, control characters and 40 kB get a sentence that says what to do."""
    with pytest.raises(QuestionUnusable, match=r"question|characters"):
        steps_of(answerer(ScriptedModel(), [LEAVE]), question)


@pytest.mark.parametrize(
    "question", ["كم يوما من الإجازة؟", "Wie viele Urlaubstage?", "leave\x00 days\u202e?", "🙂 leave?"]
)
def test_any_script_is_a_question(question: str) -> None:
    """Right-to-left, accents, and stray characters around words are answered like any other."""
    last = steps_of(answerer(ScriptedModel("You get 25 days of leave. [1]"), [LEAVE]), question)[-1]

    assert isinstance(last, Answer)
