"""A llama of two layers in a GGUF file, examples it can learn by heart, and stand-ins for what fine-tuning needs."""

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

from finetune.ports import Piece
from finetune.tokens import Tokens

WIDTH, HEADS, KV_HEADS, LAYERS, FEED, VOCABULARY = 32, 4, 2, 2, 48, 64


def write_base(path: Path, architecture: str = "llama", vocabulary: int = VOCABULARY) -> Path:
    """Write a model of random weights."""
    numbers = np.random.default_rng(5)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)

    def add(name: str, *shape: int) -> None:
        values = np.ones(shape) if len(shape) == 1 else numbers.normal(0, 0.3, shape)
        writer.add_tensor(name, values.astype(np.float32))

    add("token_embd.weight", vocabulary, WIDTH)
    add("output_norm.weight", WIDTH)
    head = WIDTH // HEADS
    for number in range(LAYERS):
        add(f"blk.{number}.attn_norm.weight", WIDTH)
        add(f"blk.{number}.ffn_norm.weight", WIDTH)
        add(f"blk.{number}.attn_q.weight", WIDTH, WIDTH)
        add(f"blk.{number}.attn_k.weight", KV_HEADS * head, WIDTH)
        add(f"blk.{number}.attn_v.weight", KV_HEADS * head, WIDTH)
        add(f"blk.{number}.attn_output.weight", WIDTH, WIDTH)
        add(f"blk.{number}.ffn_gate.weight", FEED, WIDTH)
        add(f"blk.{number}.ffn_up.weight", FEED, WIDTH)
        add(f"blk.{number}.ffn_down.weight", WIDTH, FEED)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def examples(count: int, seed: int = 0) -> Tokens:
    """Return prompts of 6 to 12 random tokens; the answer is the first of them twice, or 9 9, and then the end, 1."""
    numbers = np.random.default_rng(seed)
    ids: list[int] = []
    starts, answers, answerable = [0], [], []
    for number in range(count):
        prompt = numbers.integers(10, VOCABULARY, numbers.integers(6, 13)).tolist()
        can = number % 4 != 3
        ids += [*prompt, *([prompt[0]] * 2 if can else [9, 9]), 1]
        starts.append(len(ids))
        answers.append(len(prompt))
        answerable.append(can)
    return Tokens(
        np.array(ids, np.int32), np.array(starts, np.int64), np.array(answers, np.int64), np.array(answerable, np.bool_)
    )


class WordVocabulary:
    """Tokens that are words (port Vocabulary)."""

    name = "words"
    end = 1

    def __init__(self) -> None:
        """Know no word yet."""
        self._known: dict[str, int] = {}

    def encode(self, system: str, user: str) -> list[int]:
        """Return the tokens of both messages."""
        return [2, *self.tokenize(system), 3, *self.tokenize(user), 4]

    def tokenize(self, text: str) -> list[int]:
        """Return a token a word."""
        return [self._known.setdefault(word, 10 + len(self._known)) for word in text.split()]


class PlainPrompting:
    """A short prompt (port Prompting)."""

    system = "Answer from the passages."
    refusal = "The wiki does not say."

    def clean(self, question: str) -> str:
        """Return *question* on one line."""
        return " ".join(question.split())

    def user(self, question: str, pieces: Sequence[Piece]) -> str:
        """Return the passages, numbered, and the question."""
        shown = [f"[{number}] {piece.full_text}\n" for number, piece in enumerate(pieces, start=1)]
        return "\n".join([*shown, f"Question: {question}"])

    def flaws(self, answer: str, pieces: Sequence[Piece]) -> list[str]:  # noqa: ARG002 - the port's words
        """Find nothing wrong."""
        return []


class ListedPassages:
    """Passages in memory, found in the order of the words they share with the question (port Finder)."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Take *pieces*."""
        self._pieces = list(pieces)

    def find(self, question: str, count: int) -> list[Piece]:
        """Return the *count* that share most words with *question*."""
        asked = set(question.lower().split())
        return sorted(self._pieces, key=lambda piece: -len(asked & set(piece.text.lower().split())))[:count]

    def of_page(self, page_id: str) -> Sequence[Piece]:
        """Return a page's passages."""
        return [piece for piece in self._pieces if piece.page_id == page_id]

    def everything(self) -> Sequence[Piece]:
        """Return all."""
        return self._pieces


def silent(_what: str, _done: int, _of: int) -> None:
    """Say nothing of how far long work is."""
