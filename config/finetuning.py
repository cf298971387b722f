"""The composition root of fine-tuning: the bot's prompt, tokens and answers in fine-tuning's own words."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot import citing, prompt
from bot.answers import Answer, Refusal, ShownPassage
from bot.confidence import Scale, Scales
from bot.errors import BotError
from bot.feedback import FeedbackRow, Reason, Verdict
from bot.llama import LlamaModel
from bot.ports import Answering, Prompt
from bot.questions import clean
from bot.terminal import GivenPassage
from config import wiring
from config.settings import Settings, SettingsWrong
from finetune import corpora, feedback, public
from finetune.errors import FinetuneError
from finetune.feedback import Judged
from finetune.ports import Finder, Piece, Reply
from indexer.embedding import packaged_model_path
from indexer.errors import IndexerError
from indexer.pages import EVERYONE, EVERYONE_READS, PageId
from indexer.passages import Hit, PassageId
from indexer.ports import Embedder, Progress
from indexer.wikis.folder import Folder

SAMPLE_WIKI = Path(__file__).resolve().parent.parent / "tests" / "golden" / "wiki"
GOLDEN_QUESTIONS = SAMPLE_WIKI.parent / "questions.jsonl"
FAILURES = (SettingsWrong, FinetuneError, IndexerError, BotError)
"""All errors whose message is a sentence for whoever started the command."""


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


def embedder_folder() -> Path:
    """Return the folder of the embedding model that the verifier begins from. Raises EmbedderUnusable."""
    return packaged_model_path()


def untrained_embedder(settings: Settings) -> Path:
    """Return the folder of the embedding model that is trained. Raises EmbedderUnusable."""
    return Path(settings.embedder.path) if settings.embedder.path else packaged_model_path()


def wiki_corpora(wikis: Mapping[str, Path], embedder_: Embedder, folder: Path, progress: Progress) -> dict[str, Finder]:
    """Return each wiki of *wikis*, indexed in a folder of its own below *folder*. Raises IndexerError."""
    found: dict[str, Finder] = {}
    for name, path in wikis.items():
        wiki = Folder(name, path, "", EVERYONE_READS)
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


class BotAnswering:
    """The bot as it is, with *model* (port Answering): search, gate, model, check and judge.

    *scales* stand in for the fitted ones where they are given.
    """

    def __init__(self, settings: Settings, model: LlamaModel, scales: Scales | None = None) -> None:
        # given passages are all shown, however many
        wide = settings.search.model_copy(update={"passages": 8, "passage_tokens": 3000})
        self._given = settings.model_copy(update={"search": wide})
        self._settings = settings
        self._model = model
        self._scales = scales
        self._indexing = wiring.indexing(settings)
        self._spelling = wiring.spelling(self._indexing)

    def answer(self, question: str, pieces: Sequence[Piece] | None) -> Reply:
        """Answer from *pieces*, or from the bot's own search where that is None."""
        if pieces is None:
            question = self._spelling.corrected(question)
            answering: Answering = wiring.synthesiser(
                self._settings, self._indexing, self._model, judged_by=self._scales
            )
        else:
            given = [GivenPassage(title=one.title, headings=one.headings, text=one.text) for one in pieces]
            finder = wiring.given_passages(given, question, self._indexing)
            answering = wiring.answerer(self._given, self._indexing, self._model, finder, self._scales)
        *_, outcome = answering.steps(question, frozenset({EVERYONE}))
        assert isinstance(outcome, Answer | Refusal), "steps end in an answer or a refusal"
        sentences = outcome.sentences if isinstance(outcome, Answer) else ()
        return Reply(
            is_refusal=isinstance(outcome, Refusal),
            text=outcome.text,
            citations=tuple(one.citations for one in sentences),
            sentences=tuple(one.text for one in sentences),
            passages=tuple(_piece(shown.hit) for shown in outcome.passages),
            total_ms=outcome.timings.total_ms,
            signals=outcome.signals,
        )


class ModelAlone:
    """What *model* writes of itself, with no grammar, gate, check or judge (port Answering)."""

    def __init__(self, settings: Settings, model: LlamaModel) -> None:
        self._settings = settings
        self._model = model
        self._search = wiring.indexing(settings).search

    def answer(self, question: str, pieces: Sequence[Piece] | None) -> Reply:
        """Answer from *pieces*, or from the bot's own search where that is None."""
        began = time.monotonic()
        limits = self._settings.search
        if pieces is None:
            hits = self._search.find(question, frozenset({EVERYONE}), limits.hits)
            shown = prompt.fit(hits, self._model.count_tokens, limits.passages, limits.passage_tokens)
        else:
            shown = tuple(_shown(pieces))
        asked = prompt.write(clean(question), shown)
        free = Prompt(asked.system, asked.user, "")
        draft = "".join(piece.text for piece in self._model.complete(free, self._settings.model.answer_tokens))
        is_refusal = draft.strip().startswith(prompt.REFUSAL_SENTENCE)
        written = [] if is_refusal else citing.read_citations(draft)
        return Reply(
            is_refusal=is_refusal,
            text=draft,
            citations=tuple(one.citations for one in written),
            sentences=tuple(one.text for one in written),
            passages=tuple(_piece(one.hit) for one in shown),
            total_ms=(time.monotonic() - began) * 1000,
        )


def keep_judge(adapter: Path, scale: Mapping[str, object]) -> None:
    """Keep *scale* as the judge beside *adapter*, by rename; the gate is the one there, or the shipped one."""
    path = adapter.with_name(wiring.CALIBRATION)
    known = path if path.is_file() else wiring.SHIPPED_FOLDER / wiring.CALIBRATION
    kept = json.loads(known.read_text(encoding="utf-8")) | {"judge": dict(scale)}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def open_scales() -> Scales:
    """Return scales that let everything through, so that every question has a draft to judge."""
    is_open = Scale(weights={}, means={}, bias=0.0, threshold=0.0)
    return Scales(is_open, is_open)


class BotSearching:
    """What the bot would show, without a model (port Answering, of whose replies only the passages are used)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._indexing = wiring.indexing(settings)

    def answer(self, question: str, pieces: Sequence[Piece] | None) -> Reply:
        """Return the passages found, in a reply that says nothing."""
        count = self._settings.search.passages
        hits = [] if pieces is not None else self._indexing.search.find(question, frozenset({EVERYONE}), count)
        shown = tuple(pieces) if pieces is not None else tuple(_piece(hit) for hit in hits)
        return Reply(is_refusal=True, text="", citations=(), sentences=(), passages=shown, total_ms=0.0)


def naming(settings: Settings, base: Path, adapter: Path | None) -> Settings:
    """Return *settings* of a bot that has *base* and *adapter* in use, with what was calibrated beside that."""
    named = settings.model.model_copy(update={"path": str(base), "adapter_path": str(adapter or "")})
    return settings.model_copy(update={"model": named})


def opened_model(settings: Settings) -> LlamaModel:
    """Return the model in use, made ready for this CPU as the bot does. Raises ModelUnusable."""
    return wiring.language_model(settings, lambda _what, _done, _of: None)


def judged_answers(settings: Settings) -> list[Judged]:
    """Return what people said of the bot's answers, newest first. Raises RecordsUnusable."""
    records = wiring.records(settings)
    try:
        given = records.feedback_rows()
    finally:
        records.close()
    return [_judged(row) for row in reversed(given)]


def _judged(row: FeedbackRow) -> Judged:
    is_missing = row.reason is Reason.MISSING and not row.correction
    wrong = feedback.Verdict.NOT_IN_THE_WIKI if is_missing else feedback.Verdict.WRONG
    return Judged(
        id=f"{row.question_id}-{hashlib.sha256(row.person.encode()).hexdigest()[:8]}",
        person=row.person,
        question=row.question,
        pieces=tuple(_piece(shown.hit) for shown in row.passages),
        answer=row.answer,
        is_refusal=row.is_refusal,
        verdict=feedback.Verdict.RIGHT if row.verdict is Verdict.GOOD else wrong,
        correction=row.correction,
    )


def golden_questions() -> list[str]:
    """Return the questions of the sample wiki that are held back for testing; none where they are not installed."""
    if not GOLDEN_QUESTIONS.is_file():
        return []
    lines = GOLDEN_QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [str(json.loads(line)["question"]) for line in lines if line.strip()]


def _piece(hit: Hit) -> Piece:
    return Piece(str(hit.page_id), hit.title, hit.headings, hit.text)


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
