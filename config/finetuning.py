"""The composition root of fine-tuning: the bot's prompt, tokens and answers in fine-tuning's own words."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot import citing, prompt
from bot.answers import Answer, Refusal, ShownPassage
from bot.gguf_file import read_adapter, read_model
from bot.llama import LlamaModel, Weights
from bot.ports import Prompt
from bot.preparing import packaged_model
from bot.questions import clean
from config import wiring
from config.settings import Settings
from finetune import corpora, public, rows
from finetune.ports import Finder, Piece, Reply
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.pages import EVERYONE, PageId
from indexer.passages import Hit, PassageId
from indexer.ports import Embedder, Progress
from indexer.wikis.folder import Folder

SAMPLE_WIKI = Path(__file__).resolve().parent.parent / "tests" / "golden" / "wiki"
GOLDEN_QUESTIONS = SAMPLE_WIKI.parent / "questions.jsonl"


class BotPrompting:
    """The bot's prompt (port Prompting)."""

    @property
    def system(self) -> str:
        """The rules that come first."""
        return prompt.RULES

    @property
    def refusal(self) -> str:
        """The one sentence that says that the passages do not answer."""
        return prompt.REFUSAL_SENTENCE

    def clean(self, question: str) -> str:
        """Return *question* as the bot cleans it."""
        return clean(question)

    def user(self, question: str, pieces: Sequence[Piece]) -> str:
        """Return the passages, numbered from 1 in their order, and the question."""
        return prompt.write(question, _shown(pieces)).user

    def flaws(self, answer: str, pieces: Sequence[Piece]) -> list[str]:
        """Return why the bot's check would drop sentences of *answer*."""
        return [dropped.flaw.value for dropped in citing.check(answer, _shown(pieces)).dropped]


class LlamaVocabulary:
    """The tokens of a GGUF model, by llama.cpp itself (port Vocabulary). Raises ModelUnusable."""

    def __init__(self, path: Path) -> None:
        read_model(path)
        self._model = LlamaModel(Weights(path, None, repack=False, threads=1), path.stem)
        self._name = hashlib.sha256(path.read_bytes()).hexdigest()

    @property
    def name(self) -> str:
        """The sha256 of the model's file."""
        return self._name

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        (token,) = self._model.tokenize("<|im_end|>", has_marks=True)
        return token

    def encode(self, system: str, user: str) -> list[int]:
        """Return the tokens of a prompt in the model's chat template."""
        return self._model.encode(Prompt(system, user, ""))

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of plain *text*."""
        return self._model.tokenize(text, has_marks=False)


def base_model(settings: Settings) -> Path:
    """Return the base model's GGUF file. Raises ModelUnusable."""
    return Path(settings.model.path) if settings.model.path else packaged_model()


def embedder(settings: Settings) -> Embedder:
    """Return the embedder that the bot searches with."""
    return SentenceTransformerEmbedder(settings.embedder.path or str(packaged_model_path()), wiring.EMBEDDED_TOKENS)


def wiki_corpora(wikis: Mapping[str, Path], embedder_: Embedder, folder: Path, progress: Progress) -> dict[str, Finder]:
    """Return each wiki of *wikis*, indexed in a folder of its own below *folder*. Raises IndexerError."""
    found: dict[str, Finder] = {}
    for name, path in wikis.items():
        wiki = Folder(name, path, "", frozenset({EVERYONE}))
        wiki.validate()
        found[name] = corpora.opened(wiki, embedder_, folder / name, progress)
    return found


def public_corpora(
    sets: Sequence[public.PublicSet], embedder_: Embedder, folder: Path, progress: Progress
) -> dict[str, Finder]:
    """Return the pages of each public set as a searched corpus."""
    return {
        one.name: corpora.opened(corpora.MarkdownPages(one.name, one.pages), embedder_, folder / one.name, progress)
        for one in sets
    }


def golden_questions() -> list[str]:
    """Return the questions of the sample wiki that are held back for testing; none where they are not installed."""
    if not GOLDEN_QUESTIONS.is_file():
        return []
    lines = GOLDEN_QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [str(json.loads(line)["question"]) for line in lines if line.strip()]


def _shown(pieces: Sequence[Piece]) -> list[ShownPassage]:
    return [ShownPassage(number, _hit(number, piece)) for number, piece in enumerate(pieces, start=1)]


def _hit(number: int, piece: Piece) -> Hit:
    return Hit(
        passage_id=PassageId(number),
        wiki="",
        page_id=PageId(piece.page_id),
        title=piece.title,
        headings=piece.headings,
        anchor="",
        url="",
        revision="",
        updated_at="",
        text=piece.text,
        score=0.0,
        cosine=0.0,
        words=0.0,
    )
