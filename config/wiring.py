"""The one composition root: Settings become objects. Swap an adapter here."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import finetune
from bot import prompt
from bot.advice.figures import Tally
from bot.answering import Answerer, GivenPassages, Limits, Trust
from bot.channels import Tone
from bot.confidence import Scales, read_scales
from bot.errors import ModelUnusable
from bot.gguf_file import ADAPTER_SETTING, MODEL_SETTING
from bot.index_desk import JobProgress, LocalIndexDesk, QueueingDesk, Work
from bot.index_queue import CatalogueQueue, summary
from bot.llama import LlamaModel
from bot.ports import IndexHealth, IndexJob, JobKind, LanguageModel, PassageFinder, WikiHealth
from bot.preparing import Prepared, Report, packaged_model, prepare
from bot.questions import Question
from bot.records import Records
from bot.rooms import Answerings
from bot.spelling import Spelling
from bot.synthesising import Synthesiser
from bot.terminal import GivenPassage
from bot.workspace.shelf import IndexHealth as ShelfHealth
from config.local import wikis_of
from config.settings import SHIPPED, Settings
from config.wikis import adapter
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.locking import working
from indexer.pages import EVERYONE, Audience, PageId
from indexer.passages import Hit, PageKey, PassageId
from indexer.planning import NO_WISHES
from indexer.ports import Embedder, Verifier, Wiki
from indexer.search import Search
from indexer.status import IndexStatus, index_status
from indexer.store.catalogue import Catalogue
from indexer.store.history import RolledBack
from indexer.store.vectors import Snapshots
from indexer.sync import Habits, Sync
from indexer.threads import numpy_on_one_core
from indexer.verifying import CrossEncoderVerifier
from indexer.wording import findings_text, request_text

SHIPPED_FOLDER = Path(finetune.__file__).with_name("shipped")
CALIBRATION = "calibration.json"
EMBEDDED_TOKENS = 254  # all-MiniLM-L6-v2 takes 256 with its two marks; a model that takes less is asked for less

HUB_NAME = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+):(?P<file>[\w./-]+\.gguf)")


@dataclass(frozen=True, slots=True)
class Indexing:
    """What the indexer works with."""

    wikis: Sequence[Wiki]
    embedder: Embedder
    catalogue: Catalogue
    snapshots: Snapshots
    search: Search
    verifier: Verifier | None
    data_dir: Path
    minutes_between: Mapping[str, float]
    habits: Habits
    health_port: int


def indexing(settings: Settings) -> Indexing:
    """Open the catalogue in the data folder; raises CatalogueUnusable, WikiMisconfigured."""
    numpy_on_one_core()
    catalogue = Catalogue(settings.data_dir / "wiki.db")
    embedder = searching_embedder(settings)
    snapshots = Snapshots(settings.data_dir / "snapshots")
    verifier = _verifier(settings)
    return Indexing(
        wikis=[adapter(one, settings.data_dir) for one in wikis_of(settings)],
        embedder=embedder,
        catalogue=catalogue,
        snapshots=snapshots,
        search=Search(catalogue, embedder, snapshots, verifier),
        verifier=verifier,
        data_dir=settings.data_dir,
        minutes_between=_minutes_between(settings),
        habits=Habits(
            keeps_tokens=settings.search.maxsim,
            listing_every=timedelta(hours=settings.hours_between_listings),
            generations_kept=settings.generations_kept,
        ),
        health_port=settings.health_port,
    )


def sync(parts: Indexing) -> Sync:
    """Return what refreshes the index."""
    return Sync(
        parts.wikis,
        parts.embedder,
        parts.catalogue,
        parts.snapshots,
        clock=lambda: datetime.now(UTC),
        habits=parts.habits,
    )


def index_health(settings: Settings) -> Callable[[], ShelfHealth]:
    """Return what tells the local workspace how the index is doing, without its models."""
    catalogue, snapshots = Catalogue(settings.data_dir / "wiki.db"), Snapshots(settings.data_dir / "snapshots")
    minutes = _minutes_between(settings)
    return lambda: _shelf_health(index_status(catalogue, snapshots, minutes, datetime.now(UTC)))


def _shelf_health(status: IndexStatus) -> ShelfHealth:
    problems = [wiki.problem for wiki in status.wikis if wiki.problem]
    problems += [f"{failure.page_id}: {failure.why}" for failure in status.failures]
    refreshed_at = status.last_refresh.ended_at if status.last_refresh else ""
    return ShelfHealth(status.generation, status.pages, status.passages, refreshed_at, problems)


def _minutes_between(settings: Settings) -> dict[str, float]:
    return {one.name: one.minutes or settings.minutes_between_refreshes for one in settings.wikis}


def prepared_model(settings: Settings, report: Report) -> Prepared:
    """Return the model made ready for this CPU, measured now if it was not yet. Raises ModelUnusable."""
    source = model_file(settings)
    adapter = adapter_in_use(settings)
    if adapter is not None and not adapter.is_file():
        raise ModelUnusable(f"{ADAPTER_SETTING}: there is no file {adapter}; leave it empty for no adapter.")
    threads = settings.model.threads or len(os.sched_getaffinity(0))
    return prepare(source, adapter, settings.data_dir / "models", threads, report)


def language_model(settings: Settings, report: Report) -> LlamaModel:
    """Return the language model, open. Raises ModelUnusable."""
    weights = prepared_model(settings, report).weights
    adapter = adapter_in_use(settings)
    return LlamaModel(weights, model_file(settings).stem + (f" + {adapter.stem}" if adapter else ""))


def answerer(
    settings: Settings,
    parts: Indexing,
    model: LanguageModel,
    finder: PassageFinder | None = None,
    judged_by: Scales | None = None,
) -> Answerer:
    """Return the use case over *finder* and *judged_by*; where these are None, over the index and the fitted scales."""
    trust = Trust(judged_by or scales(settings), parts.verifier)
    limits = _limits(settings)
    if isinstance(finder, GivenPassages):
        limits = replace(limits, read_passages=settings.search.passages)  # nobody ranked them
    return Answerer(finder or parts.search, model, trust, limits)


def spelling(parts: Indexing) -> Spelling:
    """Return what puts the spelling of questions right, by the words of the pages that everyone may read."""
    return Spelling(partial(parts.search.holds_word, audience=frozenset({EVERYONE})))


def synthesiser(
    settings: Settings,
    parts: Indexing,
    model: LanguageModel,
    finder: PassageFinder | None = None,
    judged_by: Scales | None = None,
) -> Synthesiser:
    """Return the same, which takes several steps where a question needs several pages."""
    trust = Trust(judged_by or scales(settings), parts.verifier)
    return Synthesiser(finder or parts.search, model, trust, _limits(settings))


def _limits(settings: Settings) -> Limits:
    return Limits(
        hits=settings.search.hits,
        passages=settings.search.passages,
        passage_tokens=settings.search.passage_tokens,
        answer_tokens=settings.model.answer_tokens,
        synthesis_seconds=settings.model.synthesis_seconds,
        read_passages=settings.search.read_passages,
    )


def answerings(settings: Settings, parts: Indexing, model: LanguageModel, records: Records) -> Answerings:
    """Return what answers each channel's questions from the wikis set for it, sparing the model where it can."""
    judged_by = scales(settings)
    return Answerings(
        answerer_over=lambda finder: synthesiser(settings, parts, model, finder, judged_by),
        finder=parts.search,
        writer=model.name,
        records=records,
        gate=judged_by.gate,
        may_read=parts.search.may_read,
        may_open=partial(_may_open, parts.catalogue),
    )


def _may_open(catalogue: Catalogue, pages: Iterable[PageKey], audience: Audience) -> bool:
    with catalogue.reading() as reading:
        return reading.may_open(pages, audience)


def warm_up(parts: Indexing, model: LanguageModel) -> None:
    """Load what is loaded at its first use, so that the first question does not wait for it."""
    parts.embedder.embed_question_by_token("Ready?")
    if parts.verifier is not None:
        parts.verifier.scores("Ready?", ["Ready."])
    model.log_probability(prompt.write("Ready?", ()), "")  # the rules stay in the model's cache


def index_desk(parts: Indexing) -> QueueingDesk:
    """Return an admin's desk for the index: refreshes join the indexer's queue, the rest is done here at once."""
    catalogue, refreshing = parts.catalogue, sync(parts)

    def roll_back(_job: IndexJob, _progress: JobProgress) -> tuple[str, ...]:
        with working(catalogue, _now):
            return _rolled_back(catalogue.show(None, _now()))

    def go_forward(_job: IndexJob, _progress: JobProgress) -> tuple[str, ...]:
        with catalogue.reading() as reading:
            newest = reading.newest_generation()
        with working(catalogue, _now):
            return _rolled_back(catalogue.show(newest, _now()))

    works: dict[JobKind, Work] = {
        JobKind.REHEARSE: lambda job, progress: summary(refreshing.rehearse(progress, NO_WISHES, job.wiki)),
        JobKind.ROLL_BACK: roll_back,
        JobKind.GO_FORWARD: go_forward,
    }
    local = LocalIndexDesk(tuple(wiki.name for wiki in parts.wikis), lambda: _health(parts), works)
    return QueueingDesk(local, CatalogueQueue(catalogue, refreshing, _now))


def _now() -> datetime:
    return datetime.now(UTC)


def _rolled_back(rolled: RolledBack) -> tuple[str, ...]:
    if rolled.generation == rolled.newest:
        return (f"Generation {rolled.newest}, the newest, is shown: {rolled.restored:,} pages have their text again.",)
    shown = f"Generation {rolled.generation} is shown instead of {rolled.newest}"
    pages = f"{rolled.restored:,} pages with their former text, {rolled.hidden:,} newer ones hidden"
    return (f"{shown}: {pages}.", "New texts wait until `/wiki rollback --to newest`.")


def _health(parts: Indexing) -> IndexHealth:
    status = index_status(parts.catalogue, parts.snapshots, parts.minutes_between, _now())
    return IndexHealth(
        generation=status.generation,
        pages=status.pages,
        passages=status.passages,
        wikis=tuple(WikiHealth(w.name, w.pages, w.passages, w.last_success, w.problem) for w in status.wikis),
        unreadable=len(status.failures),
        refreshed_at=status.last_refresh.ended_at if status.last_refresh else "",
        to_mend=findings_text(status.findings, status.findings_before),
        under_way=tuple(request_text(request) for request in status.requests),
    )


def tones(records: Records) -> Callable[[Question], Tone]:
    """Return what tells how much an answer says in the channel of a question."""
    return lambda question: records.channels.settings(question.thread.team, question.thread.channel).tone


def scales(settings: Settings) -> Scales:
    """Return the scales beside the adapter in use, or beside the model that has it merged; else those shipped."""
    tuned = adapter_in_use(settings) or model_file(settings)
    own = tuned.with_name(CALIBRATION)
    return read_scales(own if own.is_file() else SHIPPED_FOLDER / CALIBRATION)


def adapter_in_use(settings: Settings) -> Path | None:
    """Return the adapter's file, None for none."""
    named = settings.model.adapter_path
    if named == SHIPPED:
        return None if settings.model.path else SHIPPED_FOLDER / "adapter.gguf"
    return Path(named) if named else None


def searching_embedder(settings: Settings) -> Embedder:
    """Return the embedder that wikis are searched with."""
    model = settings.embedder.path or str(packaged_model_path())
    return SentenceTransformerEmbedder(model, EMBEDDED_TOKENS, _embedder_weights(settings))


def _embedder_weights(settings: Settings) -> Path | None:
    """Return the folder of what is added to the embedding model, None for nothing."""
    named = settings.embedder.weights_path
    if named == SHIPPED:
        return None if settings.embedder.path else SHIPPED_FOLDER  # those that are shipped fit our own model alone
    return Path(named) if named else None


def _verifier(settings: Settings) -> Verifier | None:
    named = settings.search.verifier_path
    if not named:
        return None
    return CrossEncoderVerifier(SHIPPED_FOLDER if named == SHIPPED else Path(named), packaged_model_path())


def given_passages(passages: Sequence[GivenPassage], question: str, parts: Indexing) -> GivenPassages:
    """Return *passages* as a finder, each scored against *question* so that it can be judged by them."""
    texts = ["\n".join((" > ".join((one.title, *one.headings)), one.text)) for one in passages]
    if not texts or not question.strip():
        return GivenPassages([])
    cosines = parts.embedder.embed_passages(texts) @ parts.embedder.embed_question(question)
    sure = parts.verifier.scores(question, texts).tolist() if parts.verifier else [None] * len(texts)
    return GivenPassages(
        [
            Hit(
                passage_id=PassageId(place),
                wiki="given",
                page_id=PageId(one.title),
                title=one.title,
                headings=one.headings,
                anchor="",
                url=one.url,
                revision="",
                updated_at="",
                text=one.text,
                score=float(cosine),
                cosine=float(cosine),
                words=0.0,
                verified=one_sure,
            )
            for place, (one, cosine, one_sure) in enumerate(zip(passages, cosines, sure, strict=True), start=1)
        ]
    )


def records(settings: Settings) -> Records:
    """Open the bot's records. Raises RecordsUnusable."""
    return Records(settings.data_dir / "bot.db", lambda: datetime.now(UTC))


def tally(settings: Settings) -> Tally:
    """Return what the bot counted so far; nothing where it has no records yet. Raises RecordsUnusable."""
    if not (settings.data_dir / "bot.db").is_file():
        return Tally()
    with closing(records(settings)) as opened:
        return opened.tally()


def model_file(settings: Settings) -> Path:
    """Return the model's file, downloaded where a repository of the hub is named. Raises ModelUnusable."""
    named = settings.model.path
    if not named:
        return packaged_model()
    hub_name = HUB_NAME.fullmatch(named)
    if hub_name is None or Path(named).exists():
        return Path(named)
    return _from_hub(hub_name["repository"], hub_name["file"], settings.data_dir / "models")


def _from_hub(repository: str, file: str, folder: Path) -> Path:
    """Return *file* of a Hugging Face repository, downloaded once and looked for nowhere else afterwards."""
    kept = folder / repository.replace("/", "--")
    if (kept / file).is_file():
        return kept / file
    from huggingface_hub import hf_hub_download  # here: 0.5 s that a start without a hub name need not spend
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(repository, file, local_dir=kept))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ModelUnusable(
            f"{MODEL_SETTING}: {repository}:{file} cannot be downloaded ({type(error).__name__}); check the name and "
            "the network, or set the path of a GGUF file."
        ) from error
