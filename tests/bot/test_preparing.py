"""The model is made ready once, and only again when something it depends on has changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot import merging, preparing
from bot.errors import ModelUnusable
from bot.llama import LlamaModel, Weights
from bot.ports import Prompt
from bot.prompt import RULES
from config.wiring import SHIPPED_FOLDER
from tests.adapters import write_model

pytestmark = [pytest.mark.model, pytest.mark.slow]


class Told:
    """Keeps what was reported."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.steps: list[str] = []

    def __call__(self, what: str, _done: int, _steps: int) -> None:
        """Keep one report."""
        self.steps.append(what)


def test_the_fastest_that_works_is_kept_and_not_measured_again(tmp_path: Path) -> None:
    """The first start measures with progress; the second reads the manifest and says nothing."""
    first, second = Told(), Told()

    prepared = preparing.prepare(preparing.packaged_model(), None, tmp_path, 2, first)
    again = preparing.prepare(preparing.packaged_model(), None, tmp_path, 2, second)

    assert prepared.weights.path.is_file()
    assert prepared.measured
    assert min(prepared.measured, key=lambda speed: speed.seconds).format == prepared.format
    assert again == prepared
    assert first.steps
    assert second.steps == []


def test_another_file_under_the_same_name_is_made_ready_anew(tmp_path: Path) -> None:
    """A fine-tune that replaces the model is what is served, not yesterday's copy of the old one."""
    source = tmp_path / "model.gguf"
    shutil.copy(preparing.packaged_model(), source)
    first = preparing.prepare(source, None, tmp_path / "models", 2, Told())
    preparing.requantise(preparing.packaged_model(), source, preparing.FORMATS["Q8_0"], 2)  # other weights, same name
    told = Told()

    second = preparing.prepare(source, None, tmp_path / "models", 2, told)

    assert told.steps
    assert second.weights.path != first.weights.path or second.weights.path == source
    assert len(list((tmp_path / "models").glob("*.gguf"))) <= 1


def test_a_prepared_file_cut_short_is_made_again(tmp_path: Path) -> None:
    """Damage to our own copy is mended, not served."""
    prepared = preparing.prepare(preparing.packaged_model(), None, tmp_path, 2, Told())
    told = Told()
    if prepared.weights.path.parent == tmp_path:
        prepared.weights.path.write_bytes(prepared.weights.path.read_bytes()[:1000])
    else:
        (tmp_path / "manifest.json").write_text("{", encoding="utf-8")

    again = preparing.prepare(preparing.packaged_model(), None, tmp_path, 2, told)

    assert told.steps
    assert again.weights.path.stat().st_size > 1000


def test_a_file_that_crashes_llama_is_a_sentence(tmp_path: Path) -> None:
    """A header that reads well over weights that are no model ends a child process, not this one."""
    source = write_model(tmp_path / "model.gguf")

    with pytest.raises(ModelUnusable, match="cannot run"):
        preparing.prepare(source, None, tmp_path / "models", 1, Told())


def test_flipped_bytes_are_a_sentence_or_a_model(tmp_path: Path) -> None:
    """Damage inside the file never ends the process that asks."""
    source = tmp_path / "damaged.gguf"
    shutil.copy(preparing.packaged_model(), source)
    with source.open("r+b") as file:
        file.seek(200)
        file.write(b"\xff" * 64)

    with pytest.raises(ModelUnusable):
        preparing.prepare(source, None, tmp_path / "models", 1, Told())


def test_a_disk_without_room_for_copies_leaves_the_file_in_use(tmp_path: Path) -> None:
    """Where no copy can be written the model is used as it is, and no part of a copy stays."""
    script = (
        "import resource, sys; from pathlib import Path; from bot import preparing\n"
        "if __name__ == '__main__':\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000))\n"
        "    folder = Path(sys.argv[1])\n"
        "    prepared = preparing.prepare(preparing.packaged_model(), None, folder, 2, lambda *told: None)\n"
        "    print(prepared.format, sorted(path.name for path in folder.iterdir()))\n"
    )
    (tmp_path / "small_disk.py").write_text(script, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, tmp_path / "small_disk.py", tmp_path / "models"],
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "as it is ['manifest.json']\n", done.stderr


@pytest.mark.parametrize("name", ["Q8_0", "BF16"])
def test_a_merged_copy_writes_what_the_adapter_beside_the_model_writes(name: str, tmp_path: Path) -> None:
    """The shipped adapter in the weights gives the same next words as the adapter that llama.cpp adds while running."""
    source, adapter = preparing.packaged_model(), SHIPPED_FOLDER / "adapter.gguf"
    merging.merge(source, adapter, tmp_path / "merged.gguf")
    preparing.requantise(tmp_path / "merged.gguf", tmp_path / "copy.gguf", preparing.FORMATS[name], 2)
    shown = (
        "[1] Leave > UK\nFull-time staff in the UK get 27 days of annual leave.\n\nQuestion: how much leave do I get?"
    )
    prompt = Prompt(RULES, shown, "")

    beside = LlamaModel(Weights(source, adapter, repack=False, threads=2), "beside")
    merged = LlamaModel(Weights(tmp_path / "copy.gguf", None, repack=False, threads=2), "merged")

    written = "".join(piece.text for piece in beside.complete(prompt, 40))
    assert "27 days" in written
    assert "".join(piece.text for piece in merged.complete(prompt, 40)) == written
    assert abs(merged.log_probability(prompt, written) - beside.log_probability(prompt, written)) < 0.5
    beside.close()
    merged.close()


def test_a_model_with_an_adapter_is_served_with_it_in_its_weights(tmp_path: Path) -> None:
    """What is kept says whether the adapter is still needed beside it, and leaves no copy that lost."""
    adapter = SHIPPED_FOLDER / "adapter.gguf"

    prepared = preparing.prepare(preparing.packaged_model(), adapter, tmp_path, 2, Told())

    assert {speed.format for speed in prepared.measured} == {preparing.AS_IT_IS, *preparing.FORMATS}
    assert (prepared.weights.adapter is None) == (prepared.format != preparing.AS_IT_IS)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".gguf"}
    assert preparing.prepare(preparing.packaged_model(), adapter, tmp_path, 2, Told()) == prepared
