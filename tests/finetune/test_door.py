"""The door: help, wrong use, dry runs, and errors as one sentence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from finetune.__main__ import main


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the real data folder out of it."""
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))


@pytest.mark.parametrize("command", ["", "dataset", "train", "verifier", "embedder", "export", "evaluate"])
def test_help_texts(
    command: str,
    golden: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a person reads before anything else."""
    monkeypatch.setenv("COLUMNS", "100")

    with pytest.raises(SystemExit) as left:
        main([*([command] if command else []), "--help"])

    assert left.value.code == 0
    golden(f"help/finetune{'-' + command if command else ''}.txt", capsys.readouterr().out)


def test_wrong_use_ends_with_2() -> None:
    """As argparse has it."""
    for arguments in ([], ["sing"], ["dataset", "--wiki", "nowhere"], ["evaluate"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2


def test_dataset_can_be_rehearsed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written, and rows without their wiki are counted."""
    assert main(["dataset", "--dry-run"]) == 0

    report = json.loads(capsys.readouterr().out)
    assert report["rows"] > 400
    assert "no --wiki govuk_dev_docs=…" in report["left_out"]
    assert not (tmp_path / "data").exists()


@pytest.mark.model
def test_missing_files_are_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line on stderr that says what to do, and 1."""
    for arguments, cure in (
        (["train"], "python -m finetune dataset"),
        (["export", "--run", str(tmp_path / "none")], "holds no training run"),
        (["evaluate", str(tmp_path / "none.jsonl")], "cannot be read"),
        (["train", "--base", str(tmp_path / "none.gguf")], "there is no file"),
        (["train", "--rank", "0"], "rank must be above 0"),
    ):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert cure in said
        assert said.count("\n") == 1
