"""Examples as tokens: the end is learned, the prompt is not, batches are of like length."""

from pathlib import Path

import numpy as np

from finetune import examples, tokens
from tests.finetune import tiny
from tests.finetune.test_examples import RULES, example


def test_answer_ends_with_the_end_token_and_only_it_is_asked(tmp_path: Path) -> None:
    """The last target of every example ends the answer; no target is of the prompt."""
    path = tmp_path / "train.jsonl"
    examples.write(path, [example(), example(RULES.refusal, (), "a-1")])
    vocabulary = tiny.WordVocabulary()

    read = tokens.tokenized(path, RULES, vocabulary, tmp_path / "cache", tiny.silent)
    batch = tokens.batch(read, [0, 1])

    answers = [vocabulary.tokenize(text) for text in ("Ask Maya. [1]", RULES.refusal)]
    assert batch.targets.tolist() == [*answers[0], 1, *answers[1], 1]
    assert batch.owners.tolist() == [0] * 4 + [1] * 6
    assert batch.before()[0] == 4  # the last token of the prompt


def test_tokens_are_kept_for_the_same_file_only(tmp_path: Path) -> None:
    """Another file, rules or vocabulary are tokenised anew."""
    path = tmp_path / "train.jsonl"
    examples.write(path, [example()])
    first = tokens.tokenized(path, RULES, tiny.WordVocabulary(), tmp_path / "cache", tiny.silent)

    again = tokens.tokenized(path, RULES, tiny.WordVocabulary(), tmp_path / "cache", tiny.silent)
    examples.write(path, [example(), example(identity="b-0")])
    longer = tokens.tokenized(path, RULES, tiny.WordVocabulary(), tmp_path / "cache", tiny.silent)

    assert again.ids.tolist() == first.ids.tolist()
    assert len(longer) == 2
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_an_epoch_shows_every_example_once() -> None:
    """In an order that depends on seed and epoch alone."""
    data = tiny.examples(50)

    epoch = tokens.steps_of_epoch(data, 8, seed=1, epoch=0)

    assert sorted(np.concatenate(epoch).tolist()) == list(range(50))
    assert [s.tolist() for s in epoch] == [s.tolist() for s in tokens.steps_of_epoch(data, 8, seed=1, epoch=0)]
    assert [s.tolist() for s in epoch] != [s.tolist() for s in tokens.steps_of_epoch(data, 8, seed=1, epoch=1)]


def test_batches_hold_so_many_tokens() -> None:
    """Padding counts."""
    data = tiny.examples(20)

    made = list(tokens.batches(data, range(20), 40))

    assert all(batch.tokens.size <= 40 for batch in made)
    assert sorted({owner for batch in made for owner in batch.owners.tolist()}) == list(range(20))
