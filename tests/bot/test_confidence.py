"""One scale over every signal: monotone, bounded, and fair to what is not known."""

import math
from dataclasses import replace

import pytest

from bot import confidence
from bot.confidence import Scale
from config.wiring import CALIBRATION, SHIPPED_FOLDER
from tests.samples import hit

ALWAYS = Scale(weights={}, means={}, bias=0.0, threshold=0.0)
NEVER = Scale(weights={}, means={}, bias=0.0, threshold=1.0)
SHIPPED = confidence.read_scales(SHIPPED_FOLDER / CALIBRATION)


@pytest.mark.parametrize("scale", [SHIPPED.gate, SHIPPED.judge])
def test_no_signal_argues_against_an_answer_by_growing(scale: Scale) -> None:
    """The shipped weights are none of them negative, and each threshold can be reached and missed."""
    assert all(weight >= 0 for weight in scale.weights.values())
    assert set(scale.weights) == set(scale.means)
    assert 0 < scale.threshold < 1


def test_what_no_hit_resembles_is_held_back() -> None:
    """An off-topic question has far hits with none of its words, and the verifier sees no answer."""
    far = [hit("Trains are booked in Wayfare.", cosine=0.08), hit("Leave is booked in Roster.", cosine=0.05)]
    read = [replace(one, verified=0.01) for one in far]

    assert not SHIPPED.gate.says_yes(confidence.found("who won the 1998 world cup final?", read))


def test_a_hit_with_the_words_is_let_through() -> None:
    """A plain question with its page at hand is never held back, with a verifier or without."""
    near = [hit("Trains are booked in Wayfare, hotels too.", title="Travel", cosine=0.62)]

    assert SHIPPED.gate.says_yes(confidence.found("where do I book trains?", near))
    assert SHIPPED.gate.says_yes(confidence.found("where do I book trains?", [replace(near[0], verified=0.9)]))


def test_no_hit_has_no_signals() -> None:
    """Nothing found is nothing to be sure of."""
    assert confidence.found("anything", []) == {}


def test_pulls_say_why() -> None:
    """What the audit shows: each signal against the average, and nothing for one that is not known."""
    scale = Scale(weights={"a": 2.0, "b": 1.0}, means={"a": 0.5, "b": 3.0}, bias=0.0, threshold=0.5)

    assert scale.pulls({"a": 1.0}) == {"a": 1.0, "b": 0.0}
    assert scale.confidence({"a": 1.0}) == pytest.approx(1 / (1 + math.exp(-1)))


def test_extreme_signals_do_not_overflow() -> None:
    """The logistic function is kept in range."""
    scale = Scale(weights={"a": 1e6}, means={"a": 0.0}, bias=0.0, threshold=0.5)

    assert scale.confidence({"a": -1.0}) < 1e-9
    assert scale.confidence({"a": 1.0}) > 1 - 1e-9


def test_model_signals_are_bounded() -> None:
    """Surely refused, surely not, and text that is all but noise."""
    assert confidence.willingness(0.0) == -confidence.FARTHEST
    assert confidence.willingness(-math.inf) == confidence.FARTHEST
    assert confidence.willingness(math.log(0.5)) == pytest.approx(0.0)


@pytest.mark.parametrize("question", ["QS-4012", "qs4012?", "What does QS-4012 mean?"])
def test_a_question_of_a_code_is_decided_by_the_code(question: str) -> None:
    """Where a hit holds it the model is asked, and an answer that names it stands; where none does, neither."""
    there, elsewhere = hit("QS-4012: hold expired.", cosine=0.01), hit("QS-4018: dangerous goods.", cosine=0.9)
    signals = confidence.found(question, [there, elsewhere])

    assert confidence.may_answer(NEVER, question, [elsewhere, there], signals)
    assert not confidence.may_answer(ALWAYS, question, [elsewhere], signals)
    assert confidence.is_answered(NEVER, question, ["QS-4012 is an expired hold."], signals)
    assert not confidence.is_answered(NEVER, question, ["Start again."], signals)
    assert confidence.is_answered(ALWAYS, question, ["Start again."], signals)


def test_a_code_beside_other_words_decides_nothing() -> None:
    """A laptop's model need not be named where the wiki says how laptops are charged."""
    question, charging = "how do I charge my T490 laptop on a train?", [hit("Laptops are charged at every seat.")]

    assert confidence.may_answer(ALWAYS, question, charging, confidence.found(question, charging))
    assert not confidence.is_answered(NEVER, question, ["A T490 is charged at every seat."], {})


def test_a_name_is_held_however_it_is_separated() -> None:
    """The gate's signals do not fall for a hyphen."""
    found = confidence.found("what about ERR4012 and Wifi", [hit("ERR-4012 hits the wi-fi.")])

    assert found["names"] == 1.0
    assert found["coverage"] == 1.0
