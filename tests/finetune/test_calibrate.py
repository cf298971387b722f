"""The scales: monotone, kept to their promise, and judged on what they have not seen."""

import numpy as np
import pytest

from finetune import calibrate
from finetune.calibrate import Judged
from finetune.errors import DatasetWrong


def _some(count: int = 400, seed: int = 0) -> list[Judged]:
    """Return questions whose "good" signal tells whether they should be answered, and whose "noise" does not."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(count):
        should = bool(rng.random() < 0.7)
        signals = {"good": float(rng.normal(1.5 if should else -1.5)), "noise": float(rng.normal())}
        made.append(Judged(signals, should, f"page {place % 40}"))
    return made


def test_what_tells_weighs_and_noise_does_not() -> None:
    """And no weight is negative, whatever the data say."""
    scale = calibrate.fit(_some(), ("good", "noise"), kept=0.9)
    turned = calibrate.fit(
        [Judged({"bad": -one.signals["good"]}, one.should, one.group) for one in _some()], ("bad",), kept=0.9
    )

    assert scale.weights["good"] > 5 * scale.weights["noise"]
    assert turned.weights == {"bad": pytest.approx(0.0, abs=1e-6)}


def test_threshold_keeps_its_share() -> None:
    """Nine of ten that should be answered are, where it is fitted; on unseen pages nearly so."""
    some = _some()

    scale = calibrate.fit(some, ("good", "noise"), kept=0.9)
    unseen = calibrate.unseen(some, ("good", "noise"), kept=0.9)

    should = [one for one in some if one.should]
    assert np.mean([scale.confidence(one.signals) >= scale.threshold for one in should]) == pytest.approx(0.9, abs=0.01)
    assert np.mean([a for a, one in zip(unseen, some, strict=True) if one.should]) == pytest.approx(0.9, abs=0.05)
    assert np.mean([a for a, one in zip(unseen, some, strict=True) if not one.should]) < 0.3


def test_signal_that_is_not_there_counts_as_on_average() -> None:
    """A bot without a verifier can be judged all the same."""
    scale = calibrate.fit(_some(), ("good", "noise"), kept=0.9)

    assert scale.confidence({"noise": 0.1}) == pytest.approx(
        scale.confidence({"noise": 0.1, "good": scale.means["good"]})
    )


def test_one_sided_questions_are_an_error() -> None:
    """Nothing can be told apart."""
    with pytest.raises(DatasetWrong, match="should not"):
        calibrate.fit([one for one in _some() if one.should], ("good",), kept=0.9)
