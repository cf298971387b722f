"""The verifier: learns, goes on after a kill, and what is written is what the bot reads."""

import hashlib
import json
import math
from pathlib import Path

import pytest
import torch

from finetune import runs, verifier
from finetune.errors import DatasetWrong, RunUnusable
from finetune.lists import list_loss
from finetune.pairs import Pair
from finetune.progress import TrainingLine
from finetune.verifier import Inputs, Settings
from indexer.embedding import packaged_model_path
from indexer.errors import VerifierUnusable
from indexer.verifying import FROZEN, MANIFEST, WEIGHTS, CrossEncoderVerifier

pytestmark = pytest.mark.model

QUICK = Settings(learning_rate=5e-4, tokens_per_batch=512, epochs=12, minutes_between_checkpoints=1e-9)
FACTS = {
    "How much leave is there?": "Leave > UK\nEveryone gets 25 days.",
    "Where are badges made?": "Badges\nReception makes them.",
    "Who pays for trains?": "Travel\nThe company card does.",
    "When is lunch?": "Lunch\nAt noon in the kitchen.",
}


def _pairs() -> list[Pair]:
    """Return each question with its own text, and with the others'."""
    return [
        Pair(question, "wiki", question, text, is_answer=FACTS[question] == text, is_passage=True)
        for question in FACTS
        for text in FACTS.values()
    ]


def _inputs() -> Inputs:
    return Inputs(_pairs(), _pairs(), packaged_model_path())


def test_what_is_learned_is_what_the_bot_reads(tmp_path: Path) -> None:
    """Trained, written without the word embeddings, and read again over the package's own."""
    verifier.train(_inputs(), QUICK, tmp_path / "run", 1, TrainingLine(minutes=0))

    path = verifier.export(tmp_path / "run", tmp_path / "out", {"dataset": "d"})

    read = CrossEncoderVerifier(tmp_path / "out", packaged_model_path())
    right = [read.scores(question, list(FACTS.values())).argmax() for question in FACTS]
    assert right == [0, 1, 2, 3]
    assert path.stat().st_size < 24e6
    assert read.name.startswith("verifier-")
    assert read.scores("anything", []).shape == (0,)


def test_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Stopped in its fourth step and started again, it ends with the same weights as one that was left alone."""

    class Stopped(Exception):
        """As by a kill."""

    def stop(line: dict[str, object]) -> None:
        if line["step"] == 4 and "loss" in line:
            raise Stopped

    verifier.train(_inputs(), QUICK, tmp_path / "whole", 1, lambda _line: None)
    with pytest.raises(Stopped):
        verifier.train(_inputs(), QUICK, tmp_path / "stopped", 1, stop)

    verifier.train(_inputs(), QUICK, tmp_path / "stopped", 1, lambda _line: None)

    whole, gone_on = (runs.load(tmp_path / name / "last.pt")["weights"] for name in ("whole", "stopped"))
    assert set(whole) == set(gone_on)
    assert FROZEN not in whole
    assert all(torch.allclose(whole[name], gone_on[name], atol=1e-5) for name in whole)


def test_other_run_is_not_gone_on_with(tmp_path: Path) -> None:
    """Nor is nothing trained on nothing, or written before there is anything."""
    verifier.train(_inputs(), QUICK, tmp_path / "run", 1, lambda _line: None)

    with pytest.raises(RunUnusable, match="other settings"):
        verifier.train(_inputs(), Settings(seed=2), tmp_path / "run", 1, lambda _line: None)
    with pytest.raises(DatasetWrong, match="no pairs"):
        verifier.train(Inputs([], [], packaged_model_path()), QUICK, tmp_path / "none", 1, lambda _line: None)
    with pytest.raises(RunUnusable, match="no verifier yet"):
        verifier.export(tmp_path / "none", tmp_path / "out", {})


def test_list_is_right_only_with_its_answers_in_front() -> None:
    """By how far, log(1 + e^(wrong - right)) for two; a list of one kind says nothing."""
    logits = torch.tensor([2.0, 0.0, 5.0, 1.0, 3.0])
    answers = torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0])

    loss = list_loss(logits, answers, [2, 2, 1])

    assert loss.item() == pytest.approx(math.log1p(math.exp(-2.0)))
    assert list_loss(logits, answers * 0, [5]).item() == 0


def test_damaged_verifier_is_a_sentence(tmp_path: Path) -> None:
    """It names the setting, and never reads half a file."""
    (tmp_path / WEIGHTS).write_bytes(b"short")
    (tmp_path / MANIFEST).write_text(json.dumps({"sha256": hashlib.sha256(b"whole").hexdigest()}))

    with pytest.raises(VerifierUnusable, match="FOOTNOTE_SEARCH__VERIFIER_PATH"):
        CrossEncoderVerifier(tmp_path, packaged_model_path()).scores("a", ["b"])
    with pytest.raises(VerifierUnusable, match="cannot be read"):
        _ = CrossEncoderVerifier(tmp_path / "none", packaged_model_path()).name
