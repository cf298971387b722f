"""Public sets become pages and questions, whatever shape they come in."""

import json
from pathlib import Path

import pytest

from finetune import public
from finetune.errors import DatasetWrong

CONTEXT = "The mill was built in 1902. It burned down in 1950 and was never rebuilt. Nobody knows why."


def test_squad_questions_are_answered_by_the_sentence_around(tmp_path: Path) -> None:
    """The shortest annotated span gives the sentence; an impossible question has no answer but its paragraph."""
    start = CONTEXT.index("1950")
    qas = [
        {"id": "a", "question": "When did it burn?", "is_impossible": False,
         "answers": [{"text": "burned down in 1950", "answer_start": start - 15},
                     {"text": "1950", "answer_start": start}]},
        {"id": "b", "question": "Who built it?", "is_impossible": True, "answers": []},
    ]  # fmt: skip
    data = {"data": [{"title": "Old_mill", "paragraphs": [{"context": CONTEXT, "qas": qas}]}]}
    (tmp_path / "squad2").mkdir()
    (tmp_path / "squad2" / "dev.json").write_text(json.dumps(data), encoding="utf-8")

    (read,) = public.read(tmp_path)

    assert read.pages == {"Old mill": ("Old mill", CONTEXT)}
    answered, impossible = read.drafts
    assert [claim.text for claim in answered.answer] == ["It burned down in 1950 and was never rebuilt."]
    assert impossible.kind == "adversarial"
    assert not impossible.is_answered


def test_faq_questions_that_fit_any_entity_are_left_out(tmp_path: Path) -> None:
    """Only a question that names its entity can be told from the same question about another."""
    docs = {
        "0": {"title": "Does Mill House have parking?", "body": "Mill House has free parking."},
        "1": {"title": "Is there a bar?", "body": "Yes, there is."},
    }
    knowledge = {"hotel": {"7": {"name": "MILL HOUSE", "docs": docs}}}
    (tmp_path / "dstc_faq").mkdir()
    (tmp_path / "dstc_faq" / "knowledge.json").write_text(json.dumps(knowledge), encoding="utf-8")

    (read,) = public.read(tmp_path)

    assert [draft.question for draft in read.drafts] == ["Does Mill House have parking?"]
    assert "### Is there a bar?" in read.pages["hotel/7"][1]


def test_another_shape_is_a_sentence(tmp_path: Path) -> None:
    """The folder is named."""
    (tmp_path / "qed").mkdir()
    (tmp_path / "qed" / "a.jsonl").write_text('{"nothing": 1}\n', encoding="utf-8")

    with pytest.raises(DatasetWrong, match="qed is not the public set qed"):
        public.read(tmp_path)
