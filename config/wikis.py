"""From a wiki's settings to its adapter, with its address, account and readers."""

from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from config.local import folder, readers_of, wikis_of
from config.settings import Settings
from config.wiki_settings import (
    BookStackWiki,
    ConfluenceWiki,
    DokuWikiWiki,
    FolderWiki,
    GitWiki,
    MediaWikiWiki,
    WikiSettings,
)
from indexer.pages import EVERYONE_READS, PageId
from indexer.ports import Wiki
from indexer.wikis.bookstack import BookStack
from indexer.wikis.confluence import Confluence
from indexer.wikis.confluence_api import ConfluenceApi, Edition
from indexer.wikis.dokuwiki import DokuWiki
from indexer.wikis.dokuwiki_api import DokuWikiApi
from indexer.wikis.folder import Folder
from indexer.wikis.git import Git, web_of
from indexer.wikis.http import Http
from indexer.wikis.mediawiki import MediaWiki
from indexer.wikis.mediawiki_api import Account, MediaWikiApi
from indexer.wikis.mirror import Mirror, Remote
from indexer.wikis.patience import Patience


def adapter(one: WikiSettings, data_dir: Path) -> Wiki:
    """Return the adapter of one wiki; everyone may read the pages of one that has no rights of its own."""
    match one:
        case FolderWiki() | GitWiki():
            return _of_files(one, data_dir)
        case MediaWikiWiki():
            account = Account(one.user, _shown(one.password))
            api = MediaWikiApi(one.name, one.url, account, partial(_http, one.name))
            return MediaWiki(one.name, api, one.namespaces, EVERYONE_READS)
        case BookStackWiki():
            headers = {"Authorization": f"Token {_shown(one.token)}"}
            return BookStack(one.name, one.url, Http(one.name, one.url, headers, patience=Patience()), EVERYONE_READS)
        case DokuWikiWiki():
            doku = DokuWikiApi(one.name, one.url, one.user, _shown(one.password), partial(_http, one.name))
            return DokuWiki(one.name, doku, one.namespaces, readers_of(one))
        case ConfluenceWiki():
            return _confluence(one)


def _of_files(one: FolderWiki | GitWiki, data_dir: Path) -> Folder | Git:
    if isinstance(one, FolderWiki):
        return folder(one)
    web = web_of(one.repository, one.url, one.folder)
    return Git(one.name, _mirror(one, data_dir), web, one.folder.strip("/"), readers_of(one))


def page_owners(settings: Settings) -> Callable[[str, PageId], str]:
    """Return what tells the e-mail of whoever looks after a page of a wiki; empty where nobody is named."""
    named = {one.name: one.owner for one in wikis_of(settings)}
    of_files = {
        one.name: _of_files(one, settings.data_dir)
        for one in wikis_of(settings)
        if isinstance(one, FolderWiki | GitWiki)
    }

    def owner(name: str, page_id: PageId) -> str:
        on_page = of_files[name].owner(page_id) if name in of_files else ""
        return on_page or named.get(name, "")

    return owner


def _confluence(one: ConfluenceWiki) -> Confluence:
    url = one.url.rstrip("/")
    if one.is_cloud and not url.endswith("/wiki"):
        url += "/wiki"
    token = _shown(one.token)
    basic = b64encode(f"{one.user}:{token}".encode()).decode()
    http = Http(
        one.name, url, {"Authorization": f"Basic {basic}" if one.user else f"Bearer {token}"}, patience=Patience()
    )
    api = ConfluenceApi(one.name, Edition.CLOUD if one.is_cloud else Edition.DATA_CENTER, http)
    return Confluence(one.name, url, api, one.spaces, everyone_sees_spaces=one.readers == "everyone")


def _http(name: str, base_url: str) -> Http:
    return Http(name, base_url, {}, patience=Patience())


def _mirror(one: GitWiki, data_dir: Path) -> Mirror:
    remote = Remote(one.repository, one.branch, one.user, _shown(one.token))
    return Mirror(one.name, remote, data_dir / "mirrors" / f"{one.name}.git", Patience())


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
