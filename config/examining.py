"""What `python -m bot doctor` looks at, and which hosts these settings dial."""

from pathlib import Path

from bot.doctor import Examined
from bot.errors import SlackRefused
from bot.gguf_file import read_adapter, read_model
from bot.slack.app import check_tokens, client_for, what_is_lacking
from config import wiring
from config.local import wikis_of
from config.settings import Settings
from config.wiki_settings import FolderWiki, GitWiki
from config.wikis import adapter
from indexer.comparing import whole


def examined(settings: Settings) -> Examined:
    """Return what `doctor` looks at."""
    return Examined(
        data_dir=settings.data_dir,
        wikis=lambda: _wikis_found(settings),
        index=lambda: (
            f"generation {wiring.indexing(settings).search.generation()}; `python -m indexer status` says more"
        ),
        embedder=lambda: wiring.indexing(settings).embedder.name,
        model=lambda: _model_found(settings),
        slack=lambda: _slack_found(settings),
        hosts=_hosts(settings),
    )


def _wikis_found(settings: Settings) -> str:
    found = [adapter(one, settings.data_dir) for one in wikis_of(settings)]
    for one in found:
        one.validate()
    return ", ".join(f"{one.name} with {len(whole(one.listing()))} pages" for one in found)


def _model_found(settings: Settings) -> str:
    header = read_model(wiring.model_file(settings))
    adapter = wiring.adapter_in_use(settings)
    if adapter is None:
        return f"{header.path.name}, no adapter"
    return f"{header.path.name} with {read_adapter(adapter, header).path.name}"


def _slack_found(settings: Settings) -> str:
    bot_token, app_token = settings.slack.bot_token, settings.slack.app_token
    if bot_token is None:
        return "no token is set, so the local workspace is used"
    client = client_for(bot_token.get_secret_value(), settings.slack.api_url)
    if app_token is not None and settings.slack.http_port is None:
        check_tokens(client, app_token.get_secret_value())
    if lacking := what_is_lacking(client):
        raise SlackRefused(lacking)
    return "what Slack gave is accepted, and the bot has every scope it needs"


def _hosts(settings: Settings) -> list[str]:
    slack = [settings.slack.api_url.split("/")[2]] if settings.slack.bot_token is not None else []
    names_model = wiring.HUB_NAME.fullmatch(settings.model.path) is not None
    names_embedder = bool(settings.embedder.path) and not Path(settings.embedder.path).exists()
    hub = ["huggingface.co (once, for the model named)"] if names_model or names_embedder else []
    return slack + _wiki_hosts(settings) + hub


def _wiki_hosts(settings: Settings) -> list[str]:
    dialled = [one for one in settings.wikis if not isinstance(one, FolderWiki)]
    addresses = [one.repository if isinstance(one, GitWiki) else one.url for one in dialled]
    return sorted({address.split("/")[2] for address in addresses if "://" in address})
