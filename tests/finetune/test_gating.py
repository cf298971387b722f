"""The distance of two models: exact where it is known, and no number passes for a small one."""

import math

import numpy as np
import pytest

from finetune import gating
from finetune.errors import RunUnusable


def _logs(*shares: tuple[float, ...]) -> gating.Logs:
    return np.log(np.array(shares, np.float32))


def test_distance_is_the_mean_divergence_of_the_tokens() -> None:
    """Nothing for the same, p log p/q for others; the likeliest token of each is counted."""
    truth = [_logs((0.5, 0.5), (0.9, 0.1)), _logs((0.2, 0.8))]
    other = [_logs((0.5, 0.5), (0.1, 0.9)), _logs((0.2, 0.8))]

    compared = gating.compare(truth, other)

    assert gating.compare(truth, truth).kl == pytest.approx(0.0, abs=1e-6)
    assert compared.kl == pytest.approx(0.8 * math.log(9) / 3, rel=1e-4)
    assert compared.same_likeliest == pytest.approx(2 / 3)


@pytest.mark.parametrize("kl", [0.021, math.inf, math.nan])
def test_too_far_is_refused(kl: float) -> None:
    """With how far, how far it may be, and what to do; what is no number is too far."""
    with pytest.raises(RunUnusable, match=r"The file is .* 0\.02 are allowed.*still there; try another\."):
        gating.refuse("The file", kl, 0.02, "try another")
    gating.refuse("The file", 0.02, 0.02, "try another")
