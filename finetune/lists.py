"""Pairs in tokens, kept in lists: what of one question belongs together goes through the verifier together.

pairs ─► the question in its three wordings, the text ─► tokens ─► lists ─► batches of like lengths
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder
from torch import Tensor

from finetune.pairs import Pair, wordings
from indexer.verifying import MAX_TOKENS

MAX_QUESTION_TOKENS = 64

Asked = tuple[int, int]
"""The place of a pair, and in which of its wordings the question is put."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Pairs in tokens, whether each is an answer, and the places of the pairs of each list."""

    marks: tuple[int, int]  # what begins a pair, and what ends each part of it
    questions: list[list[NDArray[np.int64]]]  # of each pair, in each of its wordings
    texts: list[NDArray[np.int64]]
    answers: NDArray[np.float32]
    lists: list[list[int]]

    def length(self, place: int) -> int:
        """Return how many tokens the pair at *place* takes at most."""
        return min(MAX_TOKENS, 3 + max(map(len, self.questions[place])) + len(self.texts[place]))

    def batch(self, asked: Sequence[Asked]) -> tuple[dict[str, Tensor], Tensor]:
        """Return the pairs of *asked*, padded to the longest, and their labels."""
        begin, end = self.marks
        rows = []
        for place, wording in asked:
            question = self.questions[place][wording]
            text = self.texts[place][: MAX_TOKENS - 3 - len(question)]
            rows.append((np.concatenate(([begin], question, [end], text, [end])), len(question) + 2))
        longest = max(len(ids) for ids, _ in rows)
        ids = torch.zeros((len(rows), longest), dtype=torch.long)
        kinds, mask = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, (tokens, split) in enumerate(rows):
            ids[row, : len(tokens)] = torch.from_numpy(tokens)
            kinds[row, split : len(tokens)] = 1
            mask[row, : len(tokens)] = 1
        labels = torch.from_numpy(self.answers[[place for place, _ in asked]])
        return {"input_ids": ids, "token_type_ids": kinds, "attention_mask": mask}, labels

    def in_batches(self, order: Sequence[int], most: int) -> Iterator[list[int]]:
        """Yield the lists of *order*, as many at once as take *most* padded tokens."""
        batch: list[int] = []
        longest = pairs = 0
        for name in order:
            mine = self.lists[name]
            longest = max(longest, *(self.length(place) for place in mine))
            if batch and longest * (pairs + len(mine)) > most:
                yield batch
                batch, pairs, longest = [], 0, max(self.length(place) for place in mine)
            batch.append(name)
            pairs += len(mine)
        if batch:
            yield batch


def encoded(encoder: CrossEncoder, pairs: Sequence[Pair]) -> Encoded:
    """Return *pairs* in the tokens of *encoder*, those of one example in a list of passages and one of sentences."""
    tokenizer = encoder.tokenizer

    def tokens(texts: Sequence[str], most: int) -> list[NDArray[np.int64]]:
        found = tokenizer(list(texts), add_special_tokens=False, truncation=True, max_length=most)["input_ids"]
        return [np.array(ids, dtype=np.int64) for ids in found]

    asked = {question: place for place, question in enumerate(dict.fromkeys(pair.question for pair in pairs))}
    spelt = [wordings(question) for question in asked]
    by_wording = [tokens(column, MAX_QUESTION_TOKENS) for column in zip(*spelt, strict=True)]
    lists: dict[tuple[str, bool], list[int]] = {}
    for place, pair in enumerate(pairs):
        lists.setdefault((pair.example, pair.is_passage), []).append(place)
    return Encoded(
        marks=(tokenizer.cls_token_id, tokenizer.sep_token_id),
        questions=[[column[asked[pair.question]] for column in by_wording] for pair in pairs],
        texts=tokens([pair.text for pair in pairs], MAX_TOKENS),
        answers=np.array([pair.is_answer for pair in pairs], dtype=np.float32),
        lists=list(lists.values()),
    )


def list_loss(logits: Tensor, answers: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return by how much the answers of each list fall short of being all of it; of lists that hold both kinds.

    Lists follow each other in *logits*, of shape (pairs,), and *answers*; *sizes* are their lengths.
    """
    losses = [
        torch.logsumexp(mine, 0) - torch.logsumexp(mine[labels > 0], 0)
        for mine, labels in zip(torch.split(logits, list(sizes)), torch.split(answers, list(sizes)), strict=True)
        if 0 < labels.sum() < len(labels)
    ]
    return torch.stack(losses).mean() if losses else logits.new_zeros(())
