"""The processes of one training run, one a GPU: each takes its share of every step, the first alone writes.

    places of a step ─► each its share ─► gradients ─► summed over all ─► every process makes the same step

What a step learns from does not depend on how many share it, so a run may go on with more of them, or fewer.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from finetune.errors import RunUnusable

if TYPE_CHECKING:
    from accelerate import PartialState

PATIENCE = timedelta(hours=12)
"""How long the others wait for the first, which may turn a large base into GGUF; one that fails ends all anyway."""


class Team(Protocol):
    """The processes that train together. *number* is this one's, from 0, of *count*; it computes on *device*."""

    number: int
    count: int
    device: torch.device

    def add_up(self, tensor: Tensor) -> None:
        """Put the sum over all processes into *tensor*, in each of them; called by all in the same order."""

    def first_before_others(self) -> AbstractContextManager[None]:
        """Let the first process do what is in the block, and the others after it."""


class Alone:
    """One process, on a GPU where there is one (port Team)."""

    number = 0
    count = 1

    def __init__(self) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def add_up(self, tensor: Tensor) -> None:
        """Leave *tensor* as it is."""

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Do what is in the block."""
        yield


class Several:
    """The processes that `accelerate launch` started, each with a GPU, or all on CPU (port Team)."""

    def __init__(self, state: "PartialState") -> None:
        self._state = state
        self.number = int(state.process_index)
        self.count = int(state.num_processes)
        self.device = torch.device(state.device)

    def add_up(self, tensor: Tensor) -> None:
        """Put the sum over all processes into *tensor*."""
        from accelerate.utils import reduce

        tensor.copy_(reduce(tensor, "sum"))

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Let the first process do what is in the block, and the others after it."""
        with self._state.main_process_first():
            yield


@contextmanager
def formed() -> Iterator[Team]:
    """Give the team that this process was started in, and leave it afterwards. Raises RunUnusable."""
    if not torch.distributed.is_torchelastic_launched():
        yield Alone()
        return
    try:
        from accelerate import PartialState
    except ImportError as error:
        raise RunUnusable(
            "To train in several processes needs accelerate: .venv/bin/pip install -c constraints.txt accelerate"
        ) from error
    state = PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
    yield Several(state)
    state.destroy_process_group()  # not after an error: the others may still wait, and the launcher ends them


def share(team: Team, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of *places* that this process computes; like lengths fall to all, since *places* are sorted."""
    return places[team.number :: team.count]


def of_first(team: Team, value: float) -> float:
    """Return the first process's *value*, in every process."""
    return sum_of_all(team, value if team.number == 0 else 0.0)


def sum_of_all(team: Team, value: float) -> float:
    """Return the sum of each process's *value*, in every process."""
    total = torch.tensor([value], dtype=torch.float64, device=team.device)
    team.add_up(total)
    return float(total)
