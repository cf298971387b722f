"""The one composition root: Settings become objects. Swap an adapter here."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.answering import Answerer, GivenPassages, Limits
from bot.confidence import Gate, read_gate
from bot.doctor import Examined
from bot.errors import ModelUnusable, SlackRefused
from bot.gguf_file import ADAPTER_SETTING, MODEL_SETTING, read_adapter, read_model
from bot.llama import LlamaModel
from bot.ports import PassageFinder
from bot.preparing import Prepared, Report, packaged_model, prepare
from bot.records import Records
from bot.slack.app import check_tokens, client_for, missing_scopes
from bot.terminal import GivenPassage
from config.settings import Settings, WikiSettings
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.pages import EVERYONE, PageId
from indexer.passages import Hit, PassageId
from indexer.ports import Embedder, Wiki
from indexer.search import Search
from indexer.store.catalogue import Catalogue
from indexer.store.vectors import Snapshots
from indexer.sync import Sync
from indexer.wikis.folder import Folder

EMBEDDED_TOKENS = 254  # all-MiniLM-L6-v2 takes 256 with its two marks; a model that takes less is asked for less

_HUB_NAME = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+):(?P<file>[\w./-]+\.gguf)")


@dataclass(frozen=True, slots=True)
class Indexing:
    """What the indexer works with."""

    wikis: Sequence[Wiki]
    embedder: Embedder
    catalogue: Catalogue
    snapshots: Snapshots
    search: Search
    data_dir: Path
    minutes_between_refreshes: float
    keeps_tokens: bool


def indexing(settings: Settings) -> Indexing:
    """Open the catalogue in the data folder; raises CatalogueUnusable, WikiMisconfigured."""
    catalogue = Catalogue(settings.data_dir / "wiki.db")
    embedder = SentenceTransformerEmbedder(settings.embedder.path or str(packaged_model_path()), EMBEDDED_TOKENS)
    snapshots = Snapshots(settings.data_dir / "snapshots")
    return Indexing(
        wikis=[wiki(one) for one in settings.wikis],
        embedder=embedder,
        catalogue=catalogue,
        snapshots=snapshots,
        search=Search(catalogue, embedder, snapshots),
        data_dir=settings.data_dir,
        minutes_between_refreshes=settings.minutes_between_refreshes,
        keeps_tokens=settings.search.maxsim,
    )


def sync(parts: Indexing) -> Sync:
    """Return what refreshes the index."""
    return Sync(
        parts.wikis,
        parts.embedder,
        parts.catalogue,
        parts.snapshots,
        clock=lambda: datetime.now(UTC),
        keeps_tokens=parts.keeps_tokens,
    )


def wiki(one: WikiSettings) -> Wiki:
    """Return the adapter of one wiki; everyone may read a folder's pages."""
    return Folder(one.name, one.path, one.url, frozenset({EVERYONE}))


def prepared_model(settings: Settings, report: Report) -> Prepared:
    """Return the model made ready for this CPU, measured now if it was not yet. Raises ModelUnusable."""
    source = _model_file(settings)
    adapter = Path(settings.model.adapter_path) if settings.model.adapter_path else None
    if adapter is not None and not adapter.is_file():
        raise ModelUnusable(f"{ADAPTER_SETTING}: there is no file {adapter}; leave it empty for no adapter.")
    threads = settings.model.threads or len(os.sched_getaffinity(0))
    return prepare(source, adapter, settings.data_dir / "models", threads, report)


def language_model(settings: Settings, report: Report) -> LlamaModel:
    """Return the language model, open. Raises ModelUnusable."""
    weights = prepared_model(settings, report).weights
    name = weights.path.stem + (f" + {weights.adapter.stem}" if weights.adapter else "")
    return LlamaModel(weights, name)


def answerer(settings: Settings, finder: PassageFinder, model: LlamaModel) -> Answerer:
    """Return the use case over *finder*."""
    limits = Limits(
        hits=settings.search.hits,
        passages=settings.search.passages,
        passage_tokens=settings.search.passage_tokens,
        answer_tokens=settings.model.answer_tokens,
    )
    return Answerer(finder, model, gate(), limits)


def gate() -> Gate:
    """Return the confidence gate that was fitted for the default embedder."""
    return read_gate()


def given_passages(passages: Sequence[GivenPassage], question: str, embedder: Embedder) -> GivenPassages:
    """Return *passages* as a finder, each scored against *question* so that the gate can judge them."""
    texts = ["\n".join((" > ".join((one.title, *one.headings)), one.text)) for one in passages]
    if not texts or not question.strip():
        return GivenPassages([])
    cosines = embedder.embed_passages(texts) @ embedder.embed_question(question)
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
            )
            for place, (one, cosine) in enumerate(zip(passages, cosines, strict=True), start=1)
        ]
    )


def records(settings: Settings) -> Records:
    """Open the bot's records. Raises RecordsUnusable."""
    return Records(settings.data_dir / "bot.db", lambda: datetime.now(UTC))


def _model_file(settings: Settings) -> Path:
    named = settings.model.path
    if not named:
        return packaged_model()
    hub_name = _HUB_NAME.fullmatch(named)
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


def examined(settings: Settings) -> Examined:
    """Return what `doctor` looks at."""
    return Examined(
        data_dir=settings.data_dir,
        wikis=lambda: _wikis_found(settings),
        index=lambda: f"generation {indexing(settings).search.generation()}; `python -m indexer status` says more",
        embedder=lambda: indexing(settings).embedder.name,
        model=lambda: _model_found(settings),
        slack=lambda: _slack_found(settings),
        hosts=_hosts(settings),
    )


def _wikis_found(settings: Settings) -> str:
    found = [wiki(one) for one in settings.wikis]
    for one in found:
        one.validate()
    return ", ".join(f"{one.name} with {len(one.listing())} pages" for one in found)


def _model_found(settings: Settings) -> str:
    header = read_model(_model_file(settings))
    if not settings.model.adapter_path:
        return f"{header.path.name}, no adapter"
    return f"{header.path.name} with {read_adapter(Path(settings.model.adapter_path), header).path.name}"


def _slack_found(settings: Settings) -> str:
    bot_token, app_token = settings.slack.bot_token, settings.slack.app_token
    if bot_token is None or app_token is None:
        return "no token is set, so the local workspace is used"
    client = client_for(bot_token.get_secret_value(), settings.slack.api_url)
    check_tokens(client, app_token.get_secret_value())
    missing = missing_scopes(client)
    if missing:
        raise SlackRefused(f"the app lacks the scopes {', '.join(missing)}; add them and install it again.")
    return "both tokens are accepted, and the bot has every scope it needs"


def _hosts(settings: Settings) -> list[str]:
    slack = [settings.slack.api_url.split("/")[2]] if settings.slack.bot_token is not None else []
    names_model = _HUB_NAME.fullmatch(settings.model.path) is not None
    names_embedder = bool(settings.embedder.path) and not Path(settings.embedder.path).exists()
    hub = ["huggingface.co (once, for the model named)"] if names_model or names_embedder else []
    return slack + hub
