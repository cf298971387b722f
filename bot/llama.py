"""The language model over llama.cpp: one context, greedy, constrained by a grammar, the prompt's known start kept.

    Prompt ─► tokens (template's own marks apart from foreign text) ─► prefill what is new ─► token by token ─► pieces

Written on the C functions, not on the package's `Llama` class: that one ends the process on a bad adapter, cannot
switch weight repacking off (which crashes on some machines) and ignores misspelt options.
"""

import ctypes
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jinja2
import llama_cpp
import numpy as np
from jinja2.sandbox import ImmutableSandboxedEnvironment
from numpy.typing import NDArray

from bot.errors import ModelFailed, ModelUnusable
from bot.ports import Piece, Prompt

CONTEXT_TOKENS = 4096  # prompt and answer together; a prompt of five passages is about 1,000
BATCH_TOKENS = 512
GRAMMAR_CANDIDATES = 40  # tried before the whole vocabulary is put through the grammar

_SYSTEM_MARK, _USER_MARK = "\ue000system\ue000", "\ue000user\ue000"  # private-use characters: no template has them
_TOKEN_DATA = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])  # llama_token_data in C
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]  # a ctypes function type
def _say_nothing(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    """Take llama.cpp's log lines; what matters of them comes back as errors."""


def silence() -> None:
    """Keep llama.cpp from writing to stderr."""
    llama_cpp.llama_log_set(_say_nothing, ctypes.c_void_p(0))


@dataclass(frozen=True, slots=True)
class Weights:
    """Which files to open, and how. *repack* lets llama.cpp lay the weights out anew for this CPU.

    *threads* read the prompt. One fewer writes: threads meet some 400 times a token, and where another process takes
    a core each meeting waits for it (on 2 cores 2 threads fell from 90 to 4 tokens a second beside a busy process, 1
    keeps 57).
    """

    path: Path
    adapter: Path | None
    repack: bool
    threads: int


class LlamaModel:
    """A GGUF model in this process (port LanguageModel). Calls from several threads wait for each other."""

    def __init__(self, weights: Weights, name: str) -> None:
        """Open *weights*, whose files `gguf_file` has looked at. Raises ModelUnusable."""
        self._name = name
        self._lock = threading.Lock()
        self._cached: list[int] = []
        # All computing is done in one thread that nothing else computes in: llama.cpp sets a thread's AMX tiles up
        # once, and torch, embedding in the same thread, takes them away, which was seen to end the process.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="llama")
        silence()
        self._model = _open_model(weights)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._vocab_size = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self._context_tokens = min(CONTEXT_TOKENS, int(llama_cpp.llama_model_n_ctx_train(self._model)))
        self._context = _open_context(self._model, self._context_tokens, weights)
        self._adapter = _put_adapter(self._model, self._context, weights.adapter)
        self._template = _template(self._model)
        self._begins_with = self._beginning()
        _pieces(self._template, Prompt("", "", ""))

    @property
    def name(self) -> str:
        """What answers are attributed to."""
        return self._name

    def close(self) -> None:
        """Give the memory back. The model cannot be used afterwards."""
        self._thread.submit(self._free)
        self._thread.shutdown()

    def _free(self) -> None:
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def count_tokens(self, text: str) -> int:
        """Return how many tokens *text* takes as plain text."""
        return len(self.tokenize(text, has_marks=False))

    def tokenize(self, text: str, *, has_marks: bool) -> list[int]:
        """Return the tokens of *text*; control tokens written in it count as such only where it *has_marks*."""
        return _tokens(self._vocab, text, has_marks=has_marks)

    @property
    def end(self) -> int:
        """The token that ends an answer: ChatML's where the vocabulary has it, else the one that the file names."""
        marks = self.tokenize("<|im_end|>", has_marks=True)
        return marks[0] if len(marks) == 1 else int(llama_cpp.llama_vocab_eos(self._vocab))

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the tokens of *prompt* in the model's own chat template, foreign text never as control tokens."""
        tokens = list(self._begins_with)
        for text, is_ours in _pieces(self._template, prompt):
            tokens += self.tokenize(text, has_marks=is_ours)
        return tokens

    def _beginning(self) -> list[int]:
        """Return the token that some models want before all others."""
        wants_one = llama_cpp.llama_vocab_get_add_bos(self._vocab)
        return [int(llama_cpp.llama_vocab_bos(self._vocab))] if wants_one else []

    def complete(self, prompt: Prompt, max_tokens: int) -> Iterator[Piece]:
        """Yield the completion in pieces, greedy, within the grammar. Raises ModelFailed."""
        with self._lock:
            tokens = self.encode(prompt)
            if len(tokens) + max_tokens > self._context_tokens:
                raise ModelFailed(f"a prompt of {len(tokens)} tokens does not fit {self._context_tokens}")
            grammar = self._open_grammar(prompt.grammar)
            writing = self._write(tokens, grammar, max_tokens)
            try:
                while (piece := self._thread.submit(next, writing, None).result()) is not None:
                    yield piece
            finally:  # freed in the thread that computes, after what it may still be at when Ctrl-C comes
                if grammar is not None:
                    self._thread.submit(llama_cpp.llama_sampler_free, grammar)

    def log_probability(self, prompt: Prompt, text: str) -> float:
        """Return the natural logarithm of how likely *text* comes after *prompt*; no grammar counts.

        Raises ModelFailed.
        """
        with self._lock:
            tokens = self.encode(prompt)
            following = self.tokenize(text, has_marks=False)
            if len(tokens) + len(following) > self._context_tokens:
                raise ModelFailed(f"a prompt of {len(tokens)} tokens does not fit {self._context_tokens}")
            return self._thread.submit(self._score, tokens, following).result()

    def distributions(self, tokens: list[int], following: list[int]) -> NDArray[np.float32]:
        """Return the log probabilities at each of *following* after *tokens*, of shape (following, vocabulary).

        Both are tokens already, so that two models can be asked the very same. Raises ModelFailed.
        """
        with self._lock:
            if len(tokens) + len(following) > self._context_tokens or len(following) > BATCH_TOKENS:
                raise ModelFailed(f"{len(tokens)} tokens and {len(following)} after them do not fit the context")
            return self._thread.submit(
                lambda: np.stack(list(self._after(tokens, following))).astype(np.float32)
            ).result()

    def _score(self, tokens: list[int], following: list[int]) -> float:
        """Return the log probability of *following* after *tokens*, which alone stay in the context."""
        logs = zip(self._after(tokens, following), following, strict=True)
        return float(sum(log[token] for log, token in logs))

    def _after(self, tokens: list[int], following: list[int]) -> Iterator[NDArray[np.float64]]:
        """Yield the log probabilities at each of *following*; *tokens* alone stay in the context."""
        self._prefill(tokens)
        if following:
            yield _log_softmax(self._logits())
        if len(following) < 2:
            return
        batch = llama_cpp.llama_batch_init(len(following), 0, 1)
        try:
            batch.n_tokens = len(following) - 1
            for place, token in enumerate(following[:-1]):
                batch.token[place] = token
                batch.pos[place] = len(tokens) + place
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = 0
                batch.logits[place] = True
            self._decode_batch(batch)
        finally:
            llama_cpp.llama_batch_free(batch)
        for place in range(len(following) - 1):
            yield _log_softmax(self._logits(place))
        llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(self._context), 0, len(tokens), -1)

    def _prefill(self, tokens: list[int]) -> None:
        """Put *tokens* into the context, all but what it already begins with. Raises ModelFailed."""
        known = min(_common_length(self._cached, tokens), len(tokens) - 1)
        memory = llama_cpp.llama_get_memory(self._context)
        if not llama_cpp.llama_memory_seq_rm(memory, 0, known, -1):
            llama_cpp.llama_memory_clear(memory, True)
            known = 0
        self._cached = tokens[:known]
        for start in range(known, len(tokens), BATCH_TOKENS):
            self._decode(tokens[start : start + BATCH_TOKENS])

    def time_round(self, tokens: list[int], output_tokens: int) -> tuple[float, float]:
        """Return tokens a second of reading *tokens* afresh, and of writing *output_tokens* after them."""
        return self._thread.submit(self._time_round, tokens, output_tokens).result()

    def _time_round(self, tokens: list[int], output_tokens: int) -> tuple[float, float]:
        self._cached = []
        started = time.perf_counter()
        self._prefill(tokens)
        read = time.perf_counter()
        for token in tokens[:output_tokens]:
            self._decode([token])
            self._logits()
        ended = time.perf_counter()
        return len(tokens) / (read - started), output_tokens / (ended - read)

    def _decode(self, tokens: list[int]) -> None:
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        self._decode_batch(llama_cpp.llama_batch_get_one(array, len(tokens)))
        self._cached = self._cached + tokens

    def _decode_batch(self, batch: object) -> None:
        code = llama_cpp.llama_decode(self._context, batch)
        if code != 0:
            self._cached = []
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)
            raise ModelFailed(f"llama.cpp could not go on (llama_decode gave {code})")

    def _write(self, tokens: list[int], grammar: object | None, max_tokens: int) -> Iterator[Piece]:
        self._prefill(tokens)
        pending = b""
        for written in range(1, max_tokens + 1):
            token = self._choose(grammar)
            if llama_cpp.llama_vocab_is_eog(self._vocab, token):
                return
            if grammar is not None:
                llama_cpp.llama_sampler_accept(grammar, token)
            text, pending = _whole_characters(pending + self._piece(token))
            if text:
                yield Piece(text, len(tokens), written)
            if written < max_tokens:
                self._decode([token])

    def _choose(self, grammar: object | None) -> int:
        """Return the likeliest token that the grammar allows."""
        logits = self._logits()
        if grammar is None:
            return int(logits.argmax())
        best = np.argpartition(logits, -GRAMMAR_CANDIDATES)[-GRAMMAR_CANDIDATES:]
        token = _likeliest_allowed(grammar, best, logits[best])
        if token is None:
            token = _likeliest_allowed(grammar, np.arange(self._vocab_size), logits)
        if token is None:
            raise ModelFailed("the grammar allows no token")
        return token

    def _logits(self, place: int = -1) -> NDArray[np.float32]:
        """Return the logits after the token at *place* of the last batch, of shape (vocabulary,)."""
        pointer = llama_cpp.llama_get_logits_ith(self._context, place)
        if not pointer:
            raise ModelFailed("the model writes nothing: it is not a language model")
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, shape=(self._vocab_size,))
        if not np.isfinite(logits).all():
            raise ModelFailed("the model computes no numbers: its file may be damaged")
        return logits

    def _open_grammar(self, grammar: str) -> object | None:
        if not grammar:
            return None
        sampler: object = llama_cpp.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
        if not sampler:
            raise ModelFailed("llama.cpp cannot read the grammar")
        return sampler

    def _piece(self, token: int) -> bytes:
        room = ctypes.create_string_buffer(256)
        length = llama_cpp.llama_token_to_piece(self._vocab, token, room, len(room), 0, False)
        return room.raw[: max(0, length)]


def tokens_alone(path: Path, texts: Sequence[str]) -> list[list[int]] | None:
    """Return the tokens of plain *texts* by the vocabulary in *path*, whose weights are not read; None without one."""
    silence()
    options = llama_cpp.llama_model_default_params()
    options.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), options)
    if not model:
        return None
    try:
        vocabulary = llama_cpp.llama_model_get_vocab(model)
        return [_tokens(vocabulary, text, has_marks=False) for text in texts]
    finally:
        llama_cpp.llama_model_free(model)


def _tokens(vocabulary: object, text: str, *, has_marks: bool) -> list[int]:
    raw = text.encode("utf-8", "replace")
    room = (llama_cpp.llama_token * (len(raw) + 8))()
    count = llama_cpp.llama_tokenize(vocabulary, raw, len(raw), room, len(room), False, has_marks)
    return list(room[:count])


def _open_model(weights: Weights) -> object:
    options = llama_cpp.llama_model_default_params()
    options.use_extra_bufts = weights.repack
    options.n_gpu_layers = 0
    model: object = llama_cpp.llama_model_load_from_file(str(weights.path).encode(), options)
    if not model:
        raise ModelUnusable(f"llama.cpp cannot open {weights.path}; set FOOTNOTE_MODEL__PATH to another GGUF file.")
    return model


def _open_context(model: object, tokens: int, weights: Weights) -> object:
    options = llama_cpp.llama_context_default_params()
    options.n_ctx = tokens
    options.n_batch = BATCH_TOKENS
    options.n_ubatch = BATCH_TOKENS
    options.n_threads = max(1, weights.threads - 1)
    options.n_threads_batch = weights.threads
    options.no_perf = True
    context: object = llama_cpp.llama_init_from_model(model, options)
    if not context:
        raise ModelUnusable(f"there is not enough memory for {weights.path}; choose a smaller model.")
    return context


def _put_adapter(model: object, context: object, path: Path | None) -> ctypes.c_void_p | None:
    if path is None:
        return None
    adapter: ctypes.c_void_p | None = llama_cpp.llama_adapter_lora_init(model, str(path).encode())
    if not adapter:
        raise ModelUnusable(f"llama.cpp cannot open the adapter {path}; FOOTNOTE_MODEL__ADAPTER_PATH may be empty.")
    one = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)  # type: ignore[misc]  # the stub says c_void_p
    if llama_cpp.llama_set_adapters_lora(context, one, 1, (ctypes.c_float * 1)(1.0)) != 0:
        raise ModelUnusable(f"llama.cpp cannot use the adapter {path} with this model.")
    return adapter


def _template(model: object) -> jinja2.Template:
    raw = llama_cpp.llama_model_chat_template(model, None)
    # The sandbox: a template comes from whoever made the model file.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    try:
        return environment.from_string(raw.decode() if raw else CHATML)
    except (jinja2.TemplateError, UnicodeDecodeError) as error:
        raise ModelUnusable("the model's chat template cannot be read; set FOOTNOTE_MODEL__PATH to another.") from error


def _pieces(template: jinja2.Template, prompt: Prompt) -> list[tuple[str, bool]]:
    """Return the rendered prompt cut into the template's own pieces (True) and foreign text (False)."""
    messages = [{"role": "system", "content": _SYSTEM_MARK}, {"role": "user", "content": _USER_MARK}]
    try:
        rendered = template.render(messages=messages, add_generation_prompt=True, bos_token="", eos_token="")
        before, rest = rendered.split(_SYSTEM_MARK)
        between, after = rest.split(_USER_MARK)
    except (jinja2.TemplateError, ValueError) as error:
        raise ModelUnusable(
            "the model's chat template does not take a system and a user message; set FOOTNOTE_MODEL__PATH to another."
        ) from error
    return [(before, True), (prompt.system, False), (between, True), (prompt.user, False), (after, True)]


def _likeliest_allowed(grammar: object, tokens: NDArray[np.intp], logits: NDArray[np.float32]) -> int | None:
    view = np.empty(len(tokens), dtype=_TOKEN_DATA)
    view["id"], view["logit"] = tokens, logits
    data = view.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    array = llama_cpp.llama_token_data_array(data, len(tokens), -1, False)
    llama_cpp.llama_sampler_apply(grammar, ctypes.byref(array))
    best = int(view["logit"].argmax())
    return int(view["id"][best]) if np.isfinite(view["logit"][best]) else None


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    exact = logits.astype(np.float64)
    highest = exact.max()
    shifted: NDArray[np.float64] = exact - highest - np.log(np.exp(exact - highest).sum())
    return shifted


def _common_length(first: list[int], second: list[int]) -> int:
    pairs = zip(first, second, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _whole_characters(raw: bytes) -> tuple[str, bytes]:
    """Return the characters that are complete, and the bytes of one that is not yet."""
    for cut in range(min(4, len(raw) + 1)):
        try:
            return raw[: len(raw) - cut].decode(), raw[len(raw) - cut :]
        except UnicodeDecodeError:
            continue
    return raw.decode(errors="replace"), b""
