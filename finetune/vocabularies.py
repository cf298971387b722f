"""Turns a tokenizer.json into a GGUF file's vocabulary, and proves that llama.cpp makes the same tokens of text.

    tokenizer.json ─► tokens, kinds, merges, chat template ─► for each way llama.cpp knows to cut text: the same tokens?

A tokenizer.json describes how text is cut into words; GGUF only names one of the ways that llama.cpp has built in. So
each is tried on a text full of hard cases, and one that differs anywhere is not taken.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
from tokenizers import Tokenizer

from finetune.errors import BaseUnusable
from finetune.huggingface import read_json

Tokenising = Callable[[Path, Sequence[str]], list[list[int]] | None]
"""The tokens that llama.cpp makes of texts with a GGUF file's vocabulary; None where it cannot read that."""

WAYS = "llama-bpe smollm gpt-2 tekken deepseek-llm deepseek-coder falcon3 qwen2 gpt-4o starcoder viking".split()
"""llama.cpp's names of ways to cut text for a byte-level vocabulary, those of well-known llamas first."""
SENTENCEPIECE_WAY = "default"

HARD_TEXTS = (
    "Everyone in the UK gets 25 days of annual leave, and 1234567 minutes more.",
    "I'm sure they've said: we'LL see what DON'T means; it's 'quoted' and \"so is this\".",
    "  two before\n\n\nthree lines\tand\t\ttabs   \n  end  ",
    "| a | b |\n| --- | --- |\n| ½ | ² | 1/2 | x² + y³ = 10^6 |\n",
    "```python\ndef f(x):\n    return x_1 + CamelCaseName - snake_case_name\n```",
    "https://wiki.example.org/a/b?c=1&d=%20#e [1][2] (see [3]). #tag @name 50% €3.50 £4 10:30-11:45",
    "naïve façade Zürich Straße Ελληνικά русский язык עברית العربية हिन्दी ไทย 한국어 日本語の文 中文字符。",
    "👍🏽 👩‍👩‍👧 🏳️‍🌈 … – — “quotes” ‘single’ e\u0301 \u00a0nbsp\u200bzero \ufeffbom",
    "WORD2vec a1b2c3 3rd 1,000,000.00 0x1F 007 ١٢٣ Ⅷ ①",
    "\r\nwindows\r\n lines\r\n",
    "a" * 40 + " " * 20 + "!" * 15 + "\n" * 6 + "=" * 33,
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a GGUF file says of its tokens. *way* is llama.cpp's name of how text is cut."""

    model: str
    way: str
    tokens: list[str]
    kinds: list[gguf.TokenType]
    scores: list[float] | None
    special: gguf.SpecialVocab

    def write(self, writer: gguf.GGUFWriter) -> None:
        """Add all of it to *writer*."""
        writer.add_tokenizer_model(self.model)
        writer.add_tokenizer_pre(self.way)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.kinds)
        if self.scores is not None:
            writer.add_token_scores(self.scores)
        self.special.add_to_gguf(writer, quiet=True)


def read(folder: Path, count: int, tokenising: Tokenising) -> Vocabulary:
    """Return the vocabulary of *folder*, filled up to *count* tokens.

    Raises BaseUnusable where llama.cpp has no way to make the same tokens.
    """
    path = folder / "tokenizer.json"
    said = read_json(path)
    model = said.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE":
        raise BaseUnusable(f"{path} is no BPE vocabulary; only those are known here. Name another base with --base.")
    try:
        truth = _truth(path)
        tokens, kinds = _tokens(said, count, path)
        special = gguf.SpecialVocab(folder, load_merges=not _is_sentencepiece(model), n_vocab=count)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BaseUnusable(f"{path} or a file beside it is damaged ({error}); download it again.") from error
    if _is_sentencepiece(model):
        # llama.cpp joins the pair with the best score first; merges were learned in the order of their tokens
        special.add_special_token.setdefault("bos", False)
        scores = [-float(n) if kind is gguf.TokenType.NORMAL else 0.0 for n, kind in enumerate(kinds)]
        tried = [Vocabulary("llama", SENTENCEPIECE_WAY, tokens, kinds, scores, special)]
    else:
        special.add_special_token.setdefault("bos", False)
        tried = [Vocabulary("gpt2", way, tokens, kinds, None, special) for way in WAYS]
    for one in tried:
        if _made(one, tokenising) == truth:
            return one
    raise BaseUnusable(
        f"llama.cpp makes other tokens of text than {path} does, in each of the ways it knows; "
        "turn the model into GGUF with llama.cpp's own converter and name that file with --base."
    )


def _truth(path: Path) -> list[list[int]]:
    tokenizer: Tokenizer = Tokenizer.from_file(str(path))
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in HARD_TEXTS]


def _made(vocabulary: Vocabulary, tokenising: Tokenising) -> list[list[int]] | None:
    """Return what llama.cpp makes of the hard texts, from a file that holds the vocabulary alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocabulary.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        vocabulary.write(writer)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return tokenising(path, HARD_TEXTS)


def _is_sentencepiece(model: dict[str, Any]) -> bool:
    """Return whether unknown characters are spelled in tokens like `<0x0A>`, and spaces as a low line."""
    return bool(model.get("byte_fallback"))


def _tokens(said: dict[str, Any], count: int, path: Path) -> tuple[list[str], list[gguf.TokenType]]:
    """Return the tokens in the order of their ids, and their kinds; ids that nobody uses are filled up."""
    by_id = {int(number): str(text) for text, number in said["model"]["vocab"].items()}
    kinds = dict.fromkeys(by_id, gguf.TokenType.NORMAL)
    if _is_sentencepiece(said["model"]):
        if not all(f"<0x{byte:02X}>" in said["model"]["vocab"] for byte in range(256)):
            raise BaseUnusable(f"{path} has no token for each byte; download it again.")
        for number, text in by_id.items():
            if len(text) == 6 and text.startswith("<0x") and text.endswith(">"):
                kinds[number] = gguf.TokenType.BYTE
            elif text == said["model"].get("unk_token"):
                kinds[number] = gguf.TokenType.UNKNOWN
    for added in said.get("added_tokens") or ():
        number = int(added["id"])
        by_id[number] = str(added["content"])
        if kinds.get(number) is not gguf.TokenType.UNKNOWN:
            kinds[number] = gguf.TokenType.CONTROL if added.get("special") else gguf.TokenType.USER_DEFINED
    if max(by_id, default=-1) >= count:
        raise BaseUnusable(f"{path} has more tokens than the model ({count}); they do not belong together.")
    numbers = range(count)
    return (
        [by_id.get(number, f"[PAD{number}]") for number in numbers],
        [kinds.get(number, gguf.TokenType.UNUSED) for number in numbers],
    )
