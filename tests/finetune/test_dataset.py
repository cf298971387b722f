"""The dataset: parted by page, without the questions held back for testing, the manifest last."""

import json
from pathlib import Path

import pytest

from config import finetuning
from finetune import dataset, examples
from finetune.corpora import MarkdownPages, opened
from finetune.dataset import Made, Workshop
from finetune.drafts import Claim, Draft, Quote
from finetune.errors import DatasetWrong
from finetune.examples import Rules
from finetune.ports import Piece
from tests.fakes_indexer import FakeEmbedder, SilentProgress
from tests.finetune.tiny import ListedPassages, PlainPrompting, WordVocabulary, silent

TOWNS = [f"Town{n}" for n in range(60)]
PIECES = [Piece(f"{town}.md", town, (), f"The office in {town} opens at {n + 5} o'clock sharp.")
          for n, town in enumerate(TOWNS)]  # fmt: skip
DRAFTS = [
    Draft(f"d{n}", "wiki", "wiki", "keyword", f"when does {town} open", (Claim(f"It opens at {n + 5}.", (0,)),),
          (Quote(f"{town}.md", f"opens at {n + 5} o'clock"),))
    for n, town in enumerate(TOWNS)
]  # fmt: skip


def _workshop() -> Workshop:
    return Workshop(PlainPrompting(), WordVocabulary(), {"wiki": ListedPassages(PIECES)}, seed=3)


def _made(held_back: tuple[str, ...] = ()) -> Made:
    return dataset.make(DRAFTS, _workshop(), held_back, silent)


def test_no_page_is_on_both_sides() -> None:
    """Else dev would measure memory."""
    made = _made()

    assert made.dev
    assert {e.group for e in made.train} & {e.group for e in made.dev} == set()


def test_questions_held_back_are_left_out() -> None:
    """They are the test, in these words or nearly so."""
    made = _made(held_back=("When does Town7 open?",))

    assert not [e for e in (*made.train, *made.dev) if "Question: when does Town7 open" in e.user]
    assert made.left_out["question is held back for testing"] == 1


def test_every_example_is_valid(tmp_path: Path) -> None:
    """What is written passes the validator, refusals among it."""
    manifest = dataset.save(_made(), tmp_path, _workshop(), (), {})
    rules = Rules(PlainPrompting.system, PlainPrompting.refusal)

    read = list(examples.read(tmp_path / "train.jsonl", rules))

    assert manifest["examples"]["train"] == len(read)  # type: ignore[index]  # a JSON object
    assert 0.1 < sum(not e.answerable for e in read) / len(read) < 0.4
    assert json.loads((tmp_path / "manifest.json").read_text())["seed"] == 3


def test_same_seed_makes_the_same_dataset() -> None:
    """To the byte."""
    assert [e.model_dump_json() for e in _made().train] == [e.model_dump_json() for e in _made().train]


def test_long_prompts_lose_distractors_and_keep_the_gold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt that would be cut in serving is never trained."""
    monkeypatch.setattr(dataset, "MAX_PROMPT_TOKENS", 30)
    vocabulary = WordVocabulary()

    made = _made()

    assert made.train
    assert all(len(vocabulary.encode(e.system, e.user)) <= 30 for e in made.train)
    assert all(e.gold for e in made.train if e.answerable)


def test_empty_dataset_is_a_sentence(tmp_path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(DatasetWrong, match="too few rows"):
        dataset.save(dataset.make([], _workshop(), (), silent), tmp_path / "d", _workshop(), (), {})
    assert not (tmp_path / "d").exists()


def test_another_prompt_refuses_the_old_dataset(tmp_path: Path) -> None:
    """Training on one prompt and serving another is the commonest way to a bad model."""
    dataset.save(_made(), tmp_path, _workshop(), (), {})

    class Changed(PlainPrompting):
        system = "Sing."

    with pytest.raises(DatasetWrong, match="make the dataset again"):
        dataset.origins(tmp_path, Changed(), WordVocabulary())
    assert dataset.origins(tmp_path, PlainPrompting(), WordVocabulary())["base_sha256"] == "words"


def test_prompt_is_the_bots_own() -> None:
    """One piece of code writes it in training and in serving."""
    from bot import prompt

    user = finetuning.BotPrompting().user("How many days?", [Piece("a", "Leave", ("UK",), "25 days.")])

    assert user == "[1] Leave > UK\n25 days.\n\nQuestion: How many days?"
    assert finetuning.BotPrompting().system == prompt.RULES


def test_corpus_is_cut_and_searched_as_a_wiki_is(tmp_path: Path) -> None:
    """Markdown pages in memory go through the indexer."""
    wiki = MarkdownPages("notes", {"a": ("Leave", "## UK\n\nYou get 25 days."), "b": ("Badges", "Ask reception.")})

    corpus = opened(wiki, FakeEmbedder(), tmp_path, SilentProgress())

    assert corpus.of_page("a") == [Piece("a", "Leave", ("UK",), "You get 25 days.")]
    assert corpus.find("badges reception", 1) == [Piece("b", "Badges", (), "Ask reception.")]
    assert len(corpus.everything()) == 2
