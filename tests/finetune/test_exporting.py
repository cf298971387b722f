"""An export of the real small model: gated, whole or not at all, and the bot answers with the merged file."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bot.preparing import packaged_model
from config import finetuning, foundry, settings, wiring
from finetune import adapter_file, export, gating
from finetune.base import Llama, Lora, read_base
from finetune.errors import RunUnusable
from finetune.export import Learned, Wanted
from finetune.exported import ADAPTER, CARD, MANIFEST, MERGED
from finetune.gating import Trial
from finetune.hyperparameters import Hyperparameters
from finetune.ports import Piece, Text
from tests.finetune.tiny import silent

pytestmark = [pytest.mark.model, pytest.mark.slow]

SETTINGS = Hyperparameters()
PIECES = [
    Piece("leave", "Leave", ("UK",), "Everyone in the UK gets 25 days of annual leave."),
    Piece("b", "Badges", (), "Reception makes badges."),
]
QUESTION = "How many days of annual leave do I get in the UK?"
LIMIT = 0.02


def _learned() -> Learned:
    """Return what Footnote ships as what a run learned."""
    base = packaged_model()
    weights, sha256 = adapter_file.read(wiring.SHIPPED_FOLDER / ADAPTER, SETTINGS)
    return Learned(weights, SETTINGS, {"base_sha256": sha256}, base, lambda: _in_torch(base, weights))


def _in_torch(base: Path, weights: dict[str, torch.Tensor]) -> Llama:
    model = read_base(base, torch.float32, Lora(SETTINGS.rank, SETTINGS.alpha))
    model.put(weights)
    return model


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    """Give one question about two passages with its answer, in the tokens of the base."""
    prompting = finetuning.BotPrompting()
    vocabulary = foundry.LlamaVocabulary(packaged_model())
    text = Text(
        prompting.system, prompting.user(QUESTION, PIECES), "Everyone in the UK gets 25 days of annual leave. [1]"
    )
    answer = [*vocabulary.tokenize(text.answer), vocabulary.end]
    return [Trial(text, vocabulary.encode(text.system, text.user), answer)]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, trials: list[Trial]) -> Path:
    """Give the folder of an export that every gate let through."""
    folder = tmp_path_factory.mktemp("run") / "export"
    export.make(_learned(), Wanted(folder, "q8_0", LIMIT), foundry.BotFoundry(1), trials, {"step": 7}, silent)
    return folder


def _contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_figures_of_the_gates_stand_in_card_and_manifest(out: Path, trials: list[Trial]) -> None:
    """With the hashes of both files; torch and llama.cpp are nearer to each other than any format is."""
    manifest = json.loads((out / MANIFEST).read_text())

    hashes = _contents(out)
    assert hashes.keys() == {ADAPTER, MERGED, CARD, MANIFEST}
    assert (manifest["step"], manifest["max_kl"], manifest["merged_as"]) == (7, LIMIT, "q8_0")
    assert (manifest["adapter"]["sha256"], manifest["merged"]["sha256"]) == (hashes[ADAPTER], hashes[MERGED])
    tried = manifest["tried"]
    assert 0 < tried["torch"]["kl"] < gating.MAX_LOGITS_KL
    assert 0 < tried["adapter"]["kl"] < LIMIT
    assert 0 < tried["merged"]["kl"] < LIMIT
    assert tried["tokens_alike"] == len(trials[0].prompt) + len(trials[0].answer)
    assert f"{tried['merged']['kl']:.5f}" in (out / CARD).read_text()


def test_format_that_loses_what_was_learned_is_refused(out: Path, trials: list[Trial]) -> None:
    """Four bits on this base: nothing moves of the export before, and nothing half-written is left."""
    before = _contents(out)

    with pytest.raises(RunUnusable, match=r"merged as q4_0 is .* use another --quantise"):
        export.make(_learned(), Wanted(out, "q4_0", LIMIT), foundry.BotFoundry(1), trials, {}, silent)

    assert _contents(out) == before
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_model_that_llama_cpp_reads_otherwise_is_refused(tmp_path: Path, trials: list[Trial]) -> None:
    """Here torch has the base without its adapter, as if a weight had been forgotten."""
    learned = replace(_learned(), in_torch=lambda: read_base(packaged_model(), torch.float32))

    with pytest.raises(RunUnusable, match=r"llama\.cpp's reading"):
        export.make(learned, Wanted(tmp_path / "out", "none", LIMIT), foundry.BotFoundry(1), trials, {}, silent)


def test_other_tokens_than_in_training_are_refused(tmp_path: Path, trials: list[Trial]) -> None:
    """One token more before the prompt, as a second beginning-of-text mark would be."""
    (trial,) = trials
    other = [replace(trial, prompt=[1, *trial.prompt])]

    with pytest.raises(RunUnusable, match="tokens of dev's example 1"):
        export.make(_learned(), Wanted(tmp_path / "out", "none", LIMIT), foundry.BotFoundry(1), other, {}, silent)


def test_bot_answers_with_the_merged_file(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One setting; no adapter beside it, and it cites as the adapter taught."""
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FOOTNOTE_MODEL__PATH", str(out / MERGED))
    monkeypatch.setenv("FOOTNOTE_MODEL__THREADS", "1")
    read = settings.load()

    model = finetuning.opened_model(read)
    reply = finetuning.ModelAlone(read, model).answer(QUESTION, PIECES)
    model.close()

    assert wiring.adapter_in_use(read) is None
    assert "25 days" in reply.text
    assert reply.citations == ((1,),)
