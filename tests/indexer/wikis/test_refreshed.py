"""From a line of settings to a passage that is found: each kind of wiki through the real wiring, sync and search."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from config.wiki_settings import WikiSettings
from config.wikis import adapter
from indexer.pages import EVERYONE
from indexer.planning import Wishes
from indexer.search import Search
from indexer.store.catalogue import Catalogue
from indexer.store.vectors import Snapshots
from indexer.sync import Refreshed, Sync
from tests.fakes_indexer import FakeEmbedder, SilentProgress, SteadyClock
from tests.indexer.wikis.fake_bookstack import FakeBookStack
from tests.indexer.wikis.fake_confluence import ACCOUNT, FakeConfluence
from tests.indexer.wikis.fake_dokuwiki import BOT, FakeDokuWiki
from tests.indexer.wikis.fake_mediawiki import FakeMediaWiki
from tests.indexer.wikis.repositories import Host, Repository, hosted
from tests.indexer.wikis.serving import serving


@dataclass(frozen=True, slots=True)
class Lived:
    """A wiki that is served: its *setting*, and what people do to it."""

    setting: dict[str, object]
    write: Callable[[str, str], object]
    delete: Callable[[str], object]


@contextmanager
def a_git(folder: Path) -> Iterator[Lived]:
    """Serve a repository."""
    repository = Repository(folder / "handbook.git")
    repository.write("README.md", "# Handbook")
    repository.commit()

    def write(name: str, text: str) -> None:
        repository.write(f"{name}.md", text)
        repository.commit()

    def delete(name: str) -> None:
        del repository.files[f"{name}.md"]
        repository.commit()

    with hosted(Host(repository)) as address:
        yield Lived({"name": "docs", "kind": "git", "repository": f"{address}/handbook.git"}, write, delete)
    repository.close()


@contextmanager
def a_mediawiki(_: Path) -> Iterator[Lived]:
    """Serve a MediaWiki: two settings are enough."""
    fake = FakeMediaWiki()
    fake.edit("Main Page", "Welcome.")

    def write(name: str, text: str) -> None:
        fake.now += timedelta(hours=1)
        fake.edit(name, text)

    def delete(name: str) -> None:
        fake.now += timedelta(hours=1)
        fake.delete(name)

    with serving(fake.answer) as server:
        yield Lived({"kind": "mediawiki", "url": server.url}, write, delete)


@contextmanager
def a_bookstack(_: Path) -> Iterator[Lived]:
    """Serve a BookStack."""
    fake = FakeBookStack()
    fake.edit("Welcome", "Welcome.")
    with serving(fake.answer) as server:
        yield Lived({"kind": "bookstack", "url": server.url, "token": "id:secret"}, fake.edit, fake.delete)


@contextmanager
def a_dokuwiki(_: Path) -> Iterator[Lived]:
    """Serve a DokuWiki."""
    fake = FakeDokuWiki()
    fake.edit("start", "Welcome.")
    user, password = BOT

    def write(name: str, text: str) -> None:
        fake.now += 1
        fake.edit(name.lower(), text)

    with serving(fake.answer) as server:
        setting: dict[str, object] = {"kind": "dokuwiki", "url": f"{server.url}/doku.php?id=start"}
        yield Lived(setting | {"user": user, "password": password}, write, lambda name: fake.delete(name.lower()))


@contextmanager
def a_confluence(_: Path) -> Iterator[Lived]:
    """Serve a Confluence Cloud."""
    fake = FakeConfluence()
    fake.edit("Welcome", "<p>Welcome.</p>")
    user, token = ACCOUNT

    def write(name: str, text: str) -> None:
        fake.now += timedelta(hours=1)
        fake.edit(name, f"<p>{text}</p>")

    with serving(fake.answer) as server:
        setting: dict[str, object] = {"kind": "confluence", "edition": "cloud", "url": server.url}
        setting |= {"user": user, "token": token, "spaces": ["OPS"], "readers": "everyone"}
        yield Lived(setting, write, lambda name: fake.set_status(name, "trashed"))


@pytest.mark.parametrize("kind", [a_git, a_mediawiki, a_bookstack, a_dokuwiki, a_confluence])
def test_edit_is_found_at_the_next_refresh_and_a_deletion_ends_it(
    kind: Callable[[Path], AbstractContextManager[Lived]], tmp_path: Path
) -> None:
    """A newcomer points at a wiki, edits a page, and the new text is found; a refresh without news embeds nothing."""
    with ExitStack() as stack:
        lived = stack.enter_context(kind(tmp_path))
        one: WikiSettings = TypeAdapter[WikiSettings](WikiSettings).validate_json(json.dumps(lived.setting))
        embedder, clock = FakeEmbedder(), SteadyClock()
        catalogue = Catalogue(tmp_path / "wiki.db")
        stack.callback(catalogue.close)
        snapshots = Snapshots(tmp_path / "snapshots")
        search = Search(catalogue, embedder, snapshots)

        def refresh() -> Refreshed:
            clock.forward(timedelta(minutes=10))
            sync = Sync([adapter(one, tmp_path)], embedder, catalogue, snapshots, clock)
            return sync.refresh(SilentProgress(), Wishes())

        def found() -> list[str]:
            return [hit.text for hit in search.find("gateway", frozenset({EVERYONE}), 10) if "gateway" in hit.text]

        lived.write("VPN", "The gateway is gw-1.")
        first, before = refresh(), found()
        lived.write("VPN", "The gateway is gw-2.")
        second, after = refresh(), found()
        embedder.embedded.clear()
        third, embedded = refresh(), list(embedder.embedded)
        lived.delete("VPN")
        last = refresh()

        assert (before, after, found()) == (["The gateway is gw-1."], ["The gateway is gw-2."], [])
        assert [(one.new, one.changed, one.removed) for one in (first, second, third, last)] == [
            (2, 0, 0),
            (0, 1, 0),
            (0, 0, 0),
            (0, 0, 1),
        ]
        assert embedded == []
        assert not first.unavailable
