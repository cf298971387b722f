"""Several processes on one run: as one would have done it, and only the first writes. On CPU, where GPUs would be."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from finetune import runs
from finetune.train import train
from tests.finetune import hugging, test_train, tiny
from tests.finetune.test_from_a_folder import CONTEXT, TRAINED, make_dataset
from tests.finetune.test_train import METHODS

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def _launch(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start *module* in two processes, as `accelerate launch` does on two GPUs."""
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    return subprocess.run(
        [*launcher, "--main_process_port", "0", "-m", module, *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=250,
    )


def _steps(folder: Path, name: str) -> list[float]:
    return [line[name] for line in runs.read_log(folder / "log.jsonl") if name in line]


@pytest.mark.parametrize("method", METHODS)
def test_two_processes_learn_what_one_does(tmp_path: Path, method: str) -> None:
    """The same losses and gradients from the same examples a step; one of them writes, and both know the outcome."""
    alone = train(test_train._inputs(tmp_path), METHODS[method], tmp_path / "one", 1, lambda _line: None)

    done = _launch("tests.finetune.member", str(tmp_path), "two", method)

    assert done.returncode == 0, done.stderr
    first, second = (json.loads((tmp_path / f"two-{number}.json").read_text()) for number in range(2))
    assert (first["count"], first["steps"]) == (2, alone.steps)
    assert (first["told"], second["told"]) == (alone.steps + 2, 0)  # two looks at dev
    assert second | {"told": 0} == first | {"told": 0}
    assert first["best"] == pytest.approx(alone.best_loss, rel=0.02)
    for name, close in (("loss", 0.02), ("gradient_norm", 0.1)):
        one, two = _steps(tmp_path / "one", name), _steps(tmp_path / "two", name)
        assert two[0] == pytest.approx(one[0], rel=0.005)
        assert two == pytest.approx(one, rel=close)


def test_run_of_two_goes_on_in_one(tmp_path: Path) -> None:
    """Killed in its seventh step, with the other ended too; one process ends it as if nothing had happened."""
    train(test_train._inputs(tmp_path), METHODS["lora"], tmp_path / "one", 1, lambda _line: None)
    killed = _launch("tests.finetune.member", str(tmp_path), "two", "lora", "7")

    outcome = train(test_train._inputs(tmp_path), METHODS["lora"], tmp_path / "two", 1, lambda _line: None)

    assert killed.returncode != 0
    assert outcome.steps == 18
    assert [line["step"] for line in runs.read_log(tmp_path / "two" / "log.jsonl") if "loss" in line] == [*range(1, 19)]
    assert _steps(tmp_path / "two", "loss") == pytest.approx(_steps(tmp_path / "one", "loss"), rel=0.02)


def test_door_is_launched_in_two_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder in Hugging Face's form: one GGUF file is made, one report is printed."""
    base = tiny.write_base(tmp_path / "base.gguf", vocabulary=hugging.VOCABULARY)
    folder = hugging.write(tmp_path / "hf", base, said={"max_position_embeddings": CONTEXT})
    dataset = make_dataset(tmp_path / "dataset")
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))
    options = ["--base", str(folder), "--dataset", str(dataset), "--run", str(tmp_path / "run"), *TRAINED]

    done = _launch("finetune", "train", *options)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["steps"] == 6
    assert [Path(report["base"])] == [*(tmp_path / "data" / "finetune" / "bases").iterdir()]
    assert _steps(tmp_path / "run", "loss")[-1] < _steps(tmp_path / "run", "loss")[0]
