"""Whether what was found can answer at all."""

from bot import confidence
from bot.confidence import Gate, Signals
from tests.samples import hit


def test_the_kept_gate_can_be_read() -> None:
    """The fitted weights are part of the program."""
    assert 0 < confidence.read_gate().threshold < 1


def test_more_of_each_signal_is_more_confidence() -> None:
    """No signal argues against an answer by growing."""
    gate = confidence.read_gate()
    weak, strong = Signals(0.2, 0.0, 0.2, 0.0), Signals(0.7, 0.2, 1.0, 1.0)

    assert gate.confidence(weak) < gate.confidence(strong)


def test_what_no_hit_resembles_is_held_back() -> None:
    """An off-topic question has far hits with none of its words."""
    far = [hit("Trains are booked in Wayfare.", cosine=0.08), hit("Leave is booked in Roster.", cosine=0.05)]

    assert not confidence.read_gate().lets_through(confidence.signals("who won the 1998 world cup final?", far))


def test_a_hit_with_the_words_is_let_through() -> None:
    """A plain question with its page at hand is never held back."""
    near = [hit("Trains are booked in Wayfare, hotels too.", title="Travel", cosine=0.62)]

    assert confidence.read_gate().lets_through(confidence.signals("where do I book trains?", near))


def test_no_hit_has_no_confidence() -> None:
    """Nothing found is nothing to be sure of."""
    assert confidence.signals("anything", []) == Signals(0.0, 0.0, 0.0, 0.0)


def test_extreme_signals_do_not_overflow() -> None:
    """The logistic function is kept in range."""
    gate = Gate(cosine=1e6, lead=0, coverage=0, names=0, bias=0, threshold=0.5)

    assert gate.confidence(Signals(-1.0, 0, 0, 0)) < 1e-9
