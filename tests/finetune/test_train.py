"""Training: learns, stops in time, goes on after a kill as if nothing had happened."""

import json
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch

from finetune import runs
from finetune.errors import DiskFull, RunUnusable
from finetune.hyperparameters import FULL_LEARNING_RATE, Hyperparameters, from_mapping, from_yaml
from finetune.looking import look
from finetune.train import Inputs, train, tuned
from tests.finetune import tiny

SETTINGS = Hyperparameters(
    rank=4, alpha=16.0, learning_rate=0.02, examples_per_step=8, tokens_per_batch=64, epochs=3,
    minutes_between_checkpoints=1e-9, minutes_between_checks=1000, dev_examples=16,
)  # fmt: skip
FULL = replace(SETTINGS, method="full", learning_rate=0.003)
METHODS = {"lora": SETTINGS, "full": FULL}
ORIGINS = {"base_sha256": "b", "dataset_sha256": "d", "prompt_sha256": "p"}


def _inputs(folder: Path) -> Inputs:
    base = folder / "base.gguf"
    if not base.exists():
        tiny.write_base(base)
    return Inputs(base, tiny.examples(48), tiny.examples(16, seed=1), ORIGINS, openers=())


def _ignore(_line: dict[str, object]) -> None:
    """Say nothing of a run."""


@pytest.mark.parametrize("method", METHODS)
def test_ten_examples_are_learned_by_heart(tmp_path: Path, method: str) -> None:
    """The loss falls to nearly nothing, and what is asked is predicted."""
    few = tiny.examples(10)
    inputs = replace(_inputs(tmp_path), train=few, dev=few)

    outcome = train(inputs, replace(METHODS[method], epochs=120), tmp_path / "run", 1, _ignore)

    check = look(tuned(inputs.base, tmp_path / "run"), few, 64, ())
    assert outcome.best_loss < 0.2
    assert check.refusal_auroc == 1.0
    assert check.loss == pytest.approx(outcome.best_loss, abs=0.1)


def test_every_weight_moves_in_a_full_fine_tune(tmp_path: Path) -> None:
    """Embedding, norms and all linear weights, under the names of the base's file."""
    inputs = _inputs(tmp_path)

    train(inputs, FULL, tmp_path / "run", 1, _ignore)

    learned = runs.best_weights(tmp_path / "run").weights
    base = {tensor.name: torch.from_numpy(np.array(tensor.data)) for tensor in gguf.GGUFReader(inputs.base).tensors}
    assert learned.keys() == base.keys()
    assert all(learned[name].shape == weight.shape for name, weight in base.items())
    assert all(not torch.allclose(learned[name], weight, atol=1e-3) for name, weight in base.items())


def test_run_begins_from_another_runs_adapter(tmp_path: Path) -> None:
    """Before its first step it is as good as that one was at its end."""
    before = train(_inputs(tmp_path), replace(SETTINGS, epochs=20), tmp_path / "before", 1, _ignore)
    inputs = replace(_inputs(tmp_path), begin_from=runs.best_weights(tmp_path / "before").weights)
    looks: list[float] = []

    def keep(line: dict[str, object]) -> None:
        looks.extend(float(str(value)) for name, value in line.items() if name == "dev_loss")

    train(inputs, SETTINGS, tmp_path / "after", 1, keep)

    assert looks[0] == pytest.approx(before.best_loss, abs=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_run_goes_on_exactly_after_kill_9(tmp_path: Path, method: str) -> None:
    """A run killed in its seventh step ends with the same weights as one that was left alone."""
    train(_inputs(tmp_path), METHODS[method], tmp_path / "whole", 1, _ignore)
    script = f"""
        import os, signal
        from pathlib import Path
        from finetune.train import train
        from tests.finetune import test_train as t
        def kill_in_the_seventh(line):
            if line["step"] == 7:
                os.kill(os.getpid(), signal.SIGKILL)
        folder = Path({str(tmp_path)!r})
        train(t._inputs(folder), t.METHODS[{method!r}], folder / "killed", 1, kill_in_the_seventh)
    """
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=Path(__file__).parents[2], check=False, capture_output=True
    )

    outcome = train(_inputs(tmp_path), METHODS[method], tmp_path / "killed", 1, _ignore)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert outcome.steps == 18
    whole, gone_on = (runs.load(tmp_path / name / "last.pt") for name in ("whole", "killed"))
    for name, weight in whole["adapter"].items():
        assert torch.equal(weight, gone_on["adapter"][name]), name
    steps = [line["step"] for line in runs.read_log(tmp_path / "killed" / "log.jsonl") if "loss" in line]
    assert steps == list(range(1, 19))


def test_other_settings_do_not_go_on(tmp_path: Path) -> None:
    """Half a run at one rate and half at another is neither; how long it takes may change."""
    train(_inputs(tmp_path), SETTINGS, tmp_path / "run", 1, _ignore)

    with pytest.raises(RunUnusable, match=r"learning_rate = 0.02, not 0.1"):
        train(_inputs(tmp_path), replace(SETTINGS, learning_rate=0.1), tmp_path / "run", 1, _ignore)
    with pytest.raises(RunUnusable, match="dataset_sha256"):
        train(
            replace(_inputs(tmp_path), origins=ORIGINS | {"dataset_sha256": "e"}),
            SETTINGS,
            tmp_path / "run",
            1,
            _ignore,
        )
    assert train(_inputs(tmp_path), replace(SETTINGS, epochs=4), tmp_path / "run", 1, _ignore).steps == 24


def test_run_ends_when_dev_gets_no_better(tmp_path: Path) -> None:
    """So many looks without a better loss, and the best is kept."""
    settings = replace(SETTINGS, learning_rate=1.0, epochs=50, minutes_between_checks=1e-9, patience=3)

    outcome = train(_inputs(tmp_path), settings, tmp_path / "run", 1, _ignore)

    assert outcome.ended == "no better dev loss"
    assert runs.best_weights(tmp_path / "run").step == outcome.best_step


def test_time_budget_is_kept(tmp_path: Path) -> None:
    """The cosine has come down when it is over."""
    outcome = train(_inputs(tmp_path), replace(SETTINGS, minutes=0.02, epochs=9999), tmp_path / "run", 1, _ignore)

    assert outcome.ended == "time"
    rates = [line["learning_rate"] for line in runs.read_log(tmp_path / "run" / "log.jsonl") if "loss" in line]
    assert rates[-1] < 0.3 * max(rates)


def test_run_leaves_a_picture_and_its_figures(tmp_path: Path) -> None:
    """What a person looks at afterwards."""
    train(_inputs(tmp_path), SETTINGS, tmp_path / "run", 1, _ignore)

    assert (tmp_path / "run" / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "run" / "outcome.json").read_text())["ended"] == "epochs"


def test_damaged_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    """A file that is no checkpoint is named, with what to do."""
    train(_inputs(tmp_path), SETTINGS, tmp_path / "run", 1, _ignore)
    (tmp_path / "run" / "last.pt").write_bytes(b"not a checkpoint")

    with pytest.raises(RunUnusable, match="delete it to begin anew"):
        train(_inputs(tmp_path), SETTINGS, tmp_path / "run", 1, _ignore)


def test_full_disk_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    """What cannot be written whole does not take the place of what was."""
    path = tmp_path / "last.pt"
    runs.save(path, {"step": 1})
    (tmp_path / "last.part").mkdir()

    with pytest.raises((DiskFull, OSError)):
        runs.save(path, {"step": 2})

    assert runs.load(path)["step"] == 1


def test_settings_come_from_yaml_and_options(tmp_path: Path) -> None:
    """Options go before the file; what the adapter's form cannot hold is refused."""
    path = tmp_path / "settings.yaml"
    path.write_text("rank: 16\nlearning_rate: 1e-4\n", encoding="utf-8")

    settings = from_yaml(path, {"rank": 8})

    assert (settings.rank, settings.learning_rate) == (8, 1e-4)
    assert from_mapping({"method": "full"}, "options").learning_rate == FULL_LEARNING_RATE
    assert from_mapping({"method": "full", "learning_rate": 1e-3}, "options").learning_rate == 1e-3
    with pytest.raises(RunUnusable, match="method must be lora or full"):
        from_mapping({"method": "dora"}, "options")
    with pytest.raises(RunUnusable, match="use_dora is not a hyperparameter"):
        from_mapping({"use_dora": True}, "options")
    with pytest.raises(RunUnusable, match="rank must be above 0"):
        from_mapping({"rank": 0}, "options")
