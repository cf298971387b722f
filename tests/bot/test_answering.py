"""A question becomes an answer, or a refusal with its reason."""

import itertools

import pytest

from bot.answering import Answerer, Limits
from bot.answers import Answer, Found, Refusal, RefusalReason, Step, Writing
from bot.confidence import Gate
from bot.errors import ModelFailed, QuestionUnusable
from bot.prompt import REFUSAL_SENTENCE
from indexer.pages import EVERYONE
from indexer.passages import Hit
from tests.fakes import FixedFinder, ScriptedModel
from tests.samples import hit

OPEN_GATE = Gate(cosine=0, lead=0, coverage=0, names=0, bias=10, threshold=0.5)
SHUT_GATE = Gate(cosine=0, lead=0, coverage=0, names=0, bias=-10, threshold=0.5)
LEAVE = hit("Everyone gets 25 days of leave a year.", title="Leave")
TRAVEL = hit("Trains are booked in Wayfare.", title="Travel", passage_id=2)


def answerer(model: ScriptedModel, hits: list[Hit], gate: Gate = OPEN_GATE, generation: int = 7) -> Answerer:
    """Return the real use case over fakes."""
    limits = Limits(hits=10, passages=3, passage_tokens=200, answer_tokens=50)
    ticks = itertools.count()
    return Answerer(FixedFinder(hits, generation), model, gate, limits, clock=lambda: next(ticks) / 1000)


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


def test_what_no_passage_comes_near_is_refused_without_the_model() -> None:
    """The gate saves the model's time and the asker's trust."""
    model = ScriptedModel()

    (only,) = steps_of(answerer(model, [TRAVEL], SHUT_GATE))

    assert isinstance(only, Refusal)
    assert only.reason is RefusalReason.NOT_FOUND
    assert [passage.hit for passage in only.passages] == [TRAVEL]
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
