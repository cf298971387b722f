"""What is put together from settings, where the choice is wiring's own."""

import json
from pathlib import Path

import pytest

from config import settings, wiring


def test_scales_beside_a_merged_model_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those beside an adapter are; a model that has none is judged by the shipped ones."""
    kept = json.loads((wiring.SHIPPED_FOLDER / wiring.CALIBRATION).read_text(encoding="utf-8"))
    kept["judge"]["threshold"] = 0.123
    (tmp_path / wiring.CALIBRATION).write_text(json.dumps(kept), encoding="utf-8")
    monkeypatch.setenv("FOOTNOTE_MODEL__PATH", str(tmp_path / "merged.gguf"))
    beside = wiring.scales(settings.load())
    monkeypatch.setenv("FOOTNOTE_MODEL__PATH", str(tmp_path / "elsewhere" / "model.gguf"))

    shipped = wiring.scales(settings.load())

    assert beside.judge.threshold == 0.123
    assert shipped.judge.threshold != 0.123
