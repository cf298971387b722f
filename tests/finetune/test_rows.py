"""Rows written by people become drafts with the quotes read out of the wiki's files."""

import hashlib
import json
from pathlib import Path

import pytest

from finetune import rows
from finetune.drafts import Claim, Quote
from finetune.errors import DatasetWrong

PAGE = "# Leave\n\nYou get **25 days** a year.\n"


def _write(tmp_path: Path, **change: object) -> Path:
    wiki = tmp_path / "wiki"
    wiki.mkdir(exist_ok=True)
    (wiki / "leave.md").write_text(PAGE, encoding="utf-8")
    start = PAGE.index("You")
    row = {
        "id": "r-1", "wiki": "handbook", "question": "how much leave", "kind": "keyword",
        "answer": [{"text": "You get 25 days a year.", "evidence": [0]}],
        "evidence": [{"page": "leave.md", "sha256": hashlib.sha256(PAGE.encode()).hexdigest()[:12], "start": start,
                      "end": start + 27}],
    } | change  # fmt: skip
    (tmp_path / "rows").mkdir(exist_ok=True)
    (tmp_path / "rows" / "a.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    return wiki


def test_quotes_are_read_from_the_files(tmp_path: Path) -> None:
    """A row holds offsets only."""
    wiki = _write(tmp_path)

    read = rows.read(tmp_path / "rows", {"handbook": wiki})

    (draft,) = read.drafts
    assert draft.quotes == (Quote("leave.md", "You get **25 days** a year."),)
    assert draft.answer == (Claim("You get 25 days a year.", (0,)),)


def test_rows_of_a_changed_page_are_left_out(tmp_path: Path) -> None:
    """Offsets into another text would point anywhere."""
    wiki = _write(tmp_path)
    (wiki / "leave.md").write_text(PAGE + "More.", encoding="utf-8")

    read = rows.read(tmp_path / "rows", {"handbook": wiki})

    assert read.drafts == []
    assert read.left_out == {"page gone or changed since the row was written": 1}


def test_rows_of_another_wiki_are_left_out(tmp_path: Path) -> None:
    """Not every machine has every wiki."""
    _write(tmp_path)

    assert rows.read(tmp_path / "rows", {}).left_out == {"no --wiki handbook=…": 1}


@pytest.mark.parametrize(
    "change",
    [{"kind": "near-miss"}, {"answer": []}, {"answer": [{"text": "Yes.", "evidence": [3]}]}, {"question": 5}],
)
def test_wrong_row_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    """With its file and line."""
    wiki = _write(tmp_path, **change)

    with pytest.raises(DatasetWrong, match=r"a\.jsonl, line 1"):
        rows.read(tmp_path / "rows", {"handbook": wiki})


def test_our_own_rows_can_be_read() -> None:
    """Every committed row has the right form, and those of the sample wiki still fit its pages."""
    sample = Path(__file__).parents[1] / "golden" / "wiki"

    read = rows.read(rows.FOLDER, {"sample": sample})

    assert len(read.drafts) > 400
    assert "page gone or changed since the row was written" not in read.left_out
