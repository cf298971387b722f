"""The contract of the port Wiki, over the fake and over every real adapter that can be edited here.

An adapter joins by an `Editable` of its own in `WIKIS`.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from indexer.comparing import whole
from indexer.errors import WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.pages import EVERYONE_READS, FailureKind, Page, PageFailure, PageId
from indexer.ports import Batch, Cursor, Wiki
from indexer.wikis.bookstack import BookStack
from indexer.wikis.confluence import Confluence
from indexer.wikis.confluence_api import ConfluenceApi, Edition
from indexer.wikis.dokuwiki import DokuWiki
from indexer.wikis.dokuwiki_api import DokuWikiApi
from indexer.wikis.folder import Folder
from indexer.wikis.git import Git, Web
from indexer.wikis.http import Http
from indexer.wikis.mediawiki import MediaWiki
from indexer.wikis.mediawiki_api import Account, MediaWikiApi
from indexer.wikis.mirror import Mirror, Remote
from indexer.wikis.patience import Patience
from tests.fakes_indexer import TELLS_ALL, TELLS_EDITS, FakeWiki
from tests.indexer.wikis.fake_bookstack import TOKEN, FakeBookStack
from tests.indexer.wikis.fake_confluence import BASIC, FakeConfluence
from tests.indexer.wikis.fake_dokuwiki import BOT, FakeDokuWiki
from tests.indexer.wikis.fake_mediawiki import FakeMediaWiki
from tests.indexer.wikis.repositories import Repository
from tests.indexer.wikis.serving import Asked, Reply, transport_to


class Editable(Protocol):
    """A wiki under test, and what people do to it."""

    @property
    def wiki(self) -> Wiki:
        """The adapter."""

    def write(self, name: str, text: str) -> PageId:
        """Create or edit the page of that name, whose text is one paragraph; return its id."""

    def delete(self, name: str) -> None:
        """Delete the page of that name."""

    def vanish(self) -> None:
        """Take the whole wiki away."""


class EditableFolder:
    """A folder of Markdown files."""

    def __init__(self, path: Path) -> None:
        self._path = path / "wiki"
        self._path.mkdir()
        self.wiki: Wiki = Folder("handbook", self._path, "https://wiki.test/", EVERYONE_READS)

    def write(self, name: str, text: str) -> PageId:
        """Write a file beside, then put it in its place, so that even the same text has another inode."""
        beside = self._path / f".{name}"
        beside.write_text(f"{text}\n")
        beside.replace(self._path / f"{name}.md")
        return PageId(f"{name}.md")

    def delete(self, name: str) -> None:
        """Delete the file."""
        (self._path / f"{name}.md").unlink()

    def vanish(self) -> None:
        """Move the folder away."""
        self._path.rename(self._path.with_name("elsewhere"))


class EditableGit:
    """A repository of Markdown files, a commit each time."""

    def __init__(self, path: Path) -> None:
        self._repository = Repository(path / "handbook.git")
        self._repository.write("README", "no page")
        self._repository.commit()
        remote = Remote(str(self._repository.path))
        mirror = Mirror("handbook", remote, path / "mirrors" / "handbook.git", Patience(lambda _: None))
        self.wiki: Wiki = Git("handbook", mirror, Web("https://git.test/{commit}"), "", EVERYONE_READS)

    def write(self, name: str, text: str) -> PageId:
        """Commit a file."""
        self._repository.write(f"{name}.md", f"{text}\n")
        self._repository.commit()
        return PageId(f"{name}.md")

    def delete(self, name: str) -> None:
        """Commit without the file."""
        del self._repository.files[f"{name}.md"]
        self._repository.commit()

    def vanish(self) -> None:
        """Remove the repository."""
        self._repository.forget()


class EditableMediaWiki:
    """A fake MediaWiki, whose clock goes on an hour with each edit."""

    def __init__(self, _: Path) -> None:
        self._fake = FakeMediaWiki()
        http = partial(
            Http, "handbook", headers={}, patience=Patience(lambda _: None), transport=transport_to(self._answer)
        )
        api = MediaWikiApi("handbook", "http://wiki.test/w/", Account(), lambda base_url: http(base_url=base_url))
        self.wiki: Wiki = MediaWiki("handbook", api, (), EVERYONE_READS)
        self._is_away = False

    def write(self, name: str, text: str) -> PageId:
        """Edit a page."""
        self._fake.now += timedelta(hours=1)
        return PageId(str(self._fake.edit(name, text)))

    def delete(self, name: str) -> None:
        """Delete a page, which is written anew under another number."""
        self._fake.now += timedelta(hours=1)
        self._fake.delete(name)

    def vanish(self) -> None:
        """Answer nothing but that one should come later."""
        self._is_away = True

    def _answer(self, asked: Asked) -> Reply:
        return Reply(b"Back soon", 503) if self._is_away else self._fake.answer(asked)


class EditableBookStack:
    """A fake BookStack."""

    def __init__(self, _: Path) -> None:
        self._fake = FakeBookStack()
        transport = transport_to(self._answer)
        http = Http(
            "handbook",
            "http://wiki.test",
            {"Authorization": TOKEN},
            patience=Patience(lambda _: None),
            transport=transport,
        )
        self.wiki: Wiki = BookStack("handbook", "http://wiki.test", http, EVERYONE_READS)
        self._is_away = False

    def write(self, name: str, text: str) -> PageId:
        """Edit a page."""
        return PageId(str(self._fake.edit(name, text)))

    def delete(self, name: str) -> None:
        """Put a page into the recycle bin."""
        self._fake.delete(name)

    def vanish(self) -> None:
        """Answer nothing but that one should come later."""
        self._is_away = True

    def _answer(self, asked: Asked) -> Reply:
        return Reply(b"Back soon", 503) if self._is_away else self._fake.answer(asked)


class EditableDokuWiki:
    """A fake DokuWiki whose pages guests may read, a second from edit to edit."""

    def __init__(self, *, is_modern: bool) -> None:
        self._fake = FakeDokuWiki(is_modern=is_modern)
        http = partial(
            Http, "handbook", headers={}, patience=Patience(lambda _: None), transport=transport_to(self._answer)
        )
        api = DokuWikiApi("handbook", "http://wiki.test", *BOT, lambda base_url: http(base_url=base_url))
        self.wiki: Wiki = DokuWiki("handbook", api, (), EVERYONE_READS)
        self._is_away = False

    def write(self, name: str, text: str) -> PageId:
        """Save a page."""
        self._fake.now += 1
        return PageId(self._fake.edit(name, text))

    def delete(self, name: str) -> None:
        """Save a page with nothing in it."""
        self._fake.delete(name)

    def vanish(self) -> None:
        """Answer nothing but that one should come later."""
        self._is_away = True

    def _answer(self, asked: Asked) -> Reply:
        return Reply(b"Back soon", 503) if self._is_away else self._fake.answer(asked)


class EditableConfluence:
    """A fake Confluence whose one space is open to everyone, a minute from edit to edit."""

    def __init__(self, edition: Edition) -> None:
        self._fake = FakeConfluence(edition)
        transport = transport_to(self._answer)
        http = Http(
            "handbook",
            "http://wiki.test",
            {"Authorization": BASIC},
            patience=Patience(lambda _: None),
            transport=transport,
        )
        api = ConfluenceApi("handbook", edition, http)
        self.wiki: Wiki = Confluence("handbook", "http://wiki.test", api, ("OPS",), everyone_sees_spaces=True)
        self._is_away = False

    def write(self, name: str, text: str) -> PageId:
        """Edit a page."""
        self._fake.now += timedelta(minutes=1)
        return PageId(self._fake.edit(name, f"<p>{text}</p>"))

    def delete(self, name: str) -> None:
        """Put a page into the trash, and its name with it."""
        self._fake.set_status(name, "trashed")

    def vanish(self) -> None:
        """Answer nothing but that one should come later."""
        self._is_away = True

    def _answer(self, asked: Asked) -> Reply:
        return Reply(b"Back soon", 503) if self._is_away else self._fake.answer(asked)


class EditableFake:
    """The fake, which is edited as it is."""

    def __init__(self, wiki: FakeWiki) -> None:
        self._fake = wiki
        self.wiki: Wiki = wiki

    def write(self, name: str, text: str) -> PageId:
        """Write a page."""
        self._fake.write(name, text)
        return PageId(name)

    def delete(self, name: str) -> None:
        """Delete a page."""
        self._fake.delete(name)

    def vanish(self) -> None:
        """Be away."""
        self._fake.is_away = True


WIKIS: dict[str, Callable[[Path], Editable]] = {
    "fake that lists": lambda _: EditableFake(FakeWiki()),
    "fake that tells all": lambda _: EditableFake(FakeWiki(abilities=TELLS_ALL)),
    "fake that tells edits": lambda _: EditableFake(FakeWiki(abilities=TELLS_EDITS)),
    "folder": EditableFolder,
    "git": EditableGit,
    "mediawiki": EditableMediaWiki,
    "bookstack": EditableBookStack,
    "dokuwiki of 2022": lambda _: EditableDokuWiki(is_modern=False),
    "newer dokuwiki": lambda _: EditableDokuWiki(is_modern=True),
    "confluence cloud": lambda _: EditableConfluence(Edition.CLOUD),
    "confluence data center": lambda _: EditableConfluence(Edition.DATA_CENTER),
}
LISTED = {"fake that lists", "folder", "bookstack", "dokuwiki of 2022", "newer dokuwiki"}
TELLING = [name for name in WIKIS if name not in LISTED]


@pytest.fixture(params=list(WIKIS))
def editable(request: pytest.FixtureRequest, tmp_path: Path) -> Editable:
    """Give each wiki in turn, empty."""
    return WIKIS[request.param](tmp_path)


@pytest.fixture(params=TELLING)
def telling(request: pytest.FixtureRequest, tmp_path: Path) -> Editable:
    """Give each wiki that tells its changes, empty."""
    return WIKIS[request.param](tmp_path)


def test_complete_listing_names_every_page(editable: Editable) -> None:
    """Each once; the same pages have the same stamps as long as nobody writes."""
    written = {editable.write("vpn", "Restart it."), editable.write("lunch", "At noon.")}

    editable.wiki.validate()
    listed = whole(editable.wiki.listing())

    assert len(listed) == 2
    assert {ref.page_id for ref in listed} == written
    assert {ref.page_id: ref for ref in whole(editable.wiki.listing())} == {ref.page_id: ref for ref in listed}


def test_edit_shows_in_the_stamp(editable: Editable) -> None:
    """Of the page that was edited, and of no other."""
    vpn, lunch = editable.write("vpn", "Restart it."), editable.write("lunch", "At noon.")
    before = _stamps(editable)

    editable.write("vpn", "Leave it.")

    after = _stamps(editable)
    assert (after[vpn] != before[vpn], after[lunch] == before[lunch]) == (True, True)


def test_deleted_page_is_not_listed(editable: Editable) -> None:
    """The complete listing after it has the others."""
    editable.write("vpn", "Restart it.")
    lunch = editable.write("lunch", "At noon.")

    editable.delete("vpn")

    assert set(_stamps(editable)) == {lunch}


def test_vanished_wiki_is_an_error_and_no_empty_listing(editable: Editable) -> None:
    """Nothing can be concluded from it."""
    editable.write("vpn", "Restart it.")
    editable.vanish()

    with pytest.raises((WikiMisconfigured, WikiRefused, WikiUnavailable)):
        editable.wiki.validate()
    with pytest.raises((WikiMisconfigured, WikiRefused, WikiUnavailable)):
        whole(editable.wiki.listing())


def test_each_page_is_fetched_once(editable: Editable) -> None:
    """With all that a citation needs, under the stamp that was asked for; its blocks stand where they say."""
    editable.write("vpn", "Restart it.")
    editable.write("lunch", "At noon.")
    refs = whole(editable.wiki.listing())

    pages = list(editable.wiki.fetch(refs))

    assert sorted(page.page_id for page in pages) == sorted(ref.page_id for ref in refs)
    stamps = {ref.page_id: ref.stamp for ref in refs}
    for page in pages:
        assert isinstance(page, Page)
        assert (page.wiki, page.stamp) == (editable.wiki.name, stamps[page.page_id])
        assert page.readers == EVERYONE_READS
        assert page.revision
        assert page.title
        assert [page.text[block.start : block.end] for block in page.blocks][-1] in {"Restart it.", "At noon."}
        assert page.updated_at is None or page.updated_at.tzinfo is not None


def test_page_that_is_gone_is_said_to_be(editable: Editable) -> None:
    """A fetch of it is a failure of that kind, and the page after it is fetched all the same."""
    editable.write("vpn", "Restart it.")
    editable.write("lunch", "At noon.")
    refs = whole(editable.wiki.listing())
    editable.delete("vpn")

    fetched = list(editable.wiki.fetch(refs))

    kinds = sorted(one.kind if isinstance(one, PageFailure) else "page" for one in fetched)
    assert kinds == [FailureKind.GONE, "page"]


def test_link_leads_to_the_page_and_its_section(editable: Editable) -> None:
    """The anchor is in it, and pages have different ones."""
    vpn, lunch = editable.write("vpn", "Restart it."), editable.write("lunch", "At noon.")

    assert editable.wiki.link(vpn, "set-up", "").endswith("#set-up")
    assert editable.wiki.link(vpn, "", "") != editable.wiki.link(lunch, "", "")


def test_changes_without_a_cursor_are_all_there_is(telling: Editable) -> None:
    """So that a first refresh needs nothing else; with the cursor they give, nothing is left to tell."""
    written = {telling.write("vpn", "Restart it."), telling.write("lunch", "At noon.")}

    batches = list(telling.wiki.changes(None))

    assert _changed(batches) == written
    assert not any(batch.removed for batch in batches)
    assert _after(telling, batches[-1].next)[0] <= written  # an overlap may tell them again


def test_changes_since_a_cursor_are_told(telling: Editable) -> None:
    """Edits and new pages by their refs, which a fetch takes; removals where the wiki is able to."""
    telling.write("vpn", "Restart it.")
    telling.write("old", "Was here.")
    cursor = list(telling.wiki.changes(None))[-1].next
    vpn, new = telling.write("vpn", "Leave it."), telling.write("new", "Is here.")
    telling.delete("old")

    changed, removed = _after(telling, cursor)

    assert changed >= {vpn, new}
    assert len(removed) == (1 if telling.wiki.abilities.removals else 0)
    batches = list(telling.wiki.changes(cursor))
    refs = [ref for batch in batches for ref in batch.changed if ref.page_id == vpn]
    [page] = telling.wiki.fetch(refs[:1])
    assert isinstance(page, Page)
    assert "Leave it." in page.text


def test_stamps_of_changes_are_those_of_the_listing(telling: Editable) -> None:
    """Or every listing would fetch every page again."""
    telling.write("vpn", "Restart it.")

    told = {ref.page_id: ref.stamp for batch in telling.wiki.changes(None) for ref in batch.changed}

    assert told == _stamps(telling)


def test_page_that_comes_back_is_told(telling: Editable) -> None:
    """A page deleted and written again between two looks is there."""
    telling.write("vpn", "Restart it.")
    cursor = list(telling.wiki.changes(None))[-1].next
    telling.delete("vpn")
    vpn = telling.write("vpn", "Restart it again.")

    changed, removed = _after(telling, cursor)

    assert vpn in changed
    assert vpn not in removed


def test_listing_in_part_is_never_taken_for_whole() -> None:
    """One that was capped ends without a complete part, and is refused."""
    wiki = FakeWiki()
    for name in "abc":
        wiki.write(name, "text")
    wiki.lists_at_most = 2

    with pytest.raises(WikiUnavailable, match="after 2 pages before it was complete"):
        whole(wiki.listing())


def _stamps(editable: Editable) -> dict[PageId, str]:
    return {ref.page_id: ref.stamp for ref in whole(editable.wiki.listing())}


def _changed(batches: list[Batch]) -> set[PageId]:
    return {ref.page_id for batch in batches for ref in batch.changed}


def _after(telling: Editable, cursor: Cursor) -> tuple[set[PageId], set[PageId]]:
    """Return the ids changed and removed since *cursor*."""
    batches = list(telling.wiki.changes(cursor))
    return _changed(batches), {page_id for batch in batches for page_id in batch.removed}
