"""Trains the tiny model in a team: `accelerate launch -m tests.finetune.member folder run method [step]`.

The first is killed in the middle of *step*, where there is one. What each was told is kept beside the run.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from finetune import team
from finetune.train import train
from tests.finetune import test_train
from tests.finetune.test_train import METHODS


def main(folder: Path, run: str, method: str, killed_at: int) -> None:
    """Train, and keep the outcome under this process's number."""
    told: list[dict[str, Any]] = []

    def tell(line: dict[str, Any]) -> None:
        told.append(line)
        if line["step"] == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with team.formed() as formed:
        outcome = train(test_train._inputs(folder), METHODS[method], folder / run, 1, tell, formed)
        kept = {"told": len(told), "best": outcome.best_loss, "steps": outcome.steps, "count": formed.count}
        (folder / f"{run}-{formed.number}.json").write_text(json.dumps(kept))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else -1)
