"""What the local workspace makes of the settings: where folder wikis are read, by whom, and the shelf they stand on."""

from collections.abc import Callable, Iterable
from pathlib import Path

from bot.shelves import FolderShelf, Shelved, copied
from bot.slack.audiences import Identities
from bot.workspace.people import Person
from bot.workspace.shelf import IndexHealth
from config.settings import CLOSED_SAMPLE_WIKI, SAMPLE_GROUP, SAMPLE_WIKI, Settings
from config.wiki_settings import DokuWikiWiki, FolderWiki, GitWiki, WikiSettings
from indexer.pages import Principal, Readers, readers
from indexer.wikis.folder import Folder

_COPIES = {SAMPLE_WIKI: "sample-wiki", CLOSED_SAMPLE_WIKI: "sample-people-team-wiki"}
_SAMPLE_PEOPLE = ("maya@harbourline.example", "jonas@harbourline.example")
_SAMPLE_CHANNEL = "C0LEADERSHIP"
"""A private channel of those two alone; the bot can be invited."""


def wikis_of(settings: Settings) -> list[WikiSettings]:
    """Return the wikis. In the local workspace a folder without an address is read and edited in the workspace's wiki.

    The sample wikis are then copies in the data folder, so that trying them out changes nothing of the project.
    """
    if not _is_local(settings) or settings.workspace.port == 0:
        return list(settings.wikis)
    base = f"http://127.0.0.1:{settings.workspace.port}/wiki"
    return [_in_workspace(one, base, settings.data_dir) for one in settings.wikis]


def folder(one: FolderWiki) -> Folder:
    """Return the adapter of a folder wiki."""
    return Folder(one.name, one.path, one.url, readers_of(one))


def readers_of(one: DokuWikiWiki | FolderWiki | GitWiki) -> Readers:
    """Return who may read a wiki by its setting."""
    return readers(_principals(one.readers))


def identities(settings: Settings) -> Identities:
    """Return who counts as whom in wikis with rights; in the local workspace two people read its closed sample wiki."""
    told = settings.readers
    people, channels = dict(told.people), dict(told.channels)
    if _is_local(settings) and any(_path_of(one) == CLOSED_SAMPLE_WIKI for one in settings.wikis):
        people = dict.fromkeys(_SAMPLE_PEOPLE, (SAMPLE_GROUP,)) | people
        channels = {_SAMPLE_CHANNEL: (SAMPLE_GROUP,)} | channels
    return Identities(
        people={email.lower(): _principals(names) for email, names in people.items()},
        patterns=frozenset(told.by_email),
        channels={channel: _principals(names) for channel, names in channels.items()},
    )


def shelf(settings: Settings, health: Callable[[], IndexHealth], refresh: Callable[[], str]) -> FolderShelf:
    """Return the folder wikis for people to read and edit in the local workspace; *health* tells of the index."""
    folders = [one for one in wikis_of(settings) if isinstance(one, FolderWiki)]
    known = identities(settings)

    def email_of(person: Person | None) -> str:
        return person.email if person is not None else ""

    return FolderShelf(
        [Shelved(folder(one), one.path) for one in folders],
        audience=lambda person: known.of(email_of(person)),
        health=health,
        refresh=refresh,
    )


def _is_local(settings: Settings) -> bool:
    return settings.slack.bot_token is None


def _in_workspace(one: WikiSettings, base: str, data_dir: Path) -> WikiSettings:
    if not isinstance(one, FolderWiki):
        return one
    path = copied(one.path, data_dir / _COPIES[one.path]) if one.path in _COPIES else one.path
    return one.model_copy(update={"path": path, "url": one.url or f"{base}/{one.name}/"})


def _path_of(one: WikiSettings) -> Path | None:
    return one.path if isinstance(one, FolderWiki) else None


def _principals(names: Iterable[str]) -> frozenset[Principal]:
    return frozenset(Principal(name) for name in names)
