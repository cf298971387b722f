"""Who looks after a page of a folder or a repository."""

from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.comparing import whole
from indexer.pages import EVERYONE_READS, PageId
from indexer.wikis.folder import Folder
from indexer.wikis.git import Git
from indexer.wikis.owners import owner_of
from tests.indexer.wikis.repositories import Repository
from tests.indexer.wikis.test_restrictions import Files, committed, folder_of, git_of, repository

__all__ = ["repository"]  # a fixture

FILES: Files = {
    ".owner": "# whoever keeps the handbook\nhandbook@example.org\n",
    "index.md": "# Home",
    "it/vpn.md": "---\nowner: Ann Lee <ann@example.org>\n---\n# VPN",
    "it/wifi.md": "---\nowner: platform-team\n---\n# Wifi",
    "it/.owner": "it@example.org",
    "it/old/fax.md": "# Fax",
}
OWNERS = {
    "index.md": "handbook@example.org",
    "it/vpn.md": "ann@example.org",
    "it/wifi.md": "it@example.org",
    "it/old/fax.md": "it@example.org",
}

MakeWiki = Callable[[Files], Folder | Git]


@pytest.fixture(params=["folder", "git"])
def made(request: pytest.FixtureRequest, tmp_path: Path, repository: Repository) -> MakeWiki:
    """Give what makes a wiki of files, of either kind, that was listed once."""

    def of_folder(files: Files) -> Folder:
        return folder_of(tmp_path / "wiki", files)

    def of_repository(files: Files) -> Git:
        wiki = committed(repository, files)
        whole(wiki.listing())
        return wiki

    return of_folder if request.param == "folder" else of_repository


def test_nearest_word_decides(made: MakeWiki) -> None:
    """The page's own, then that of its folder, then of those above; a word that is no e-mail decides nothing."""
    wiki = made(FILES)

    assert {page: wiki.owner(PageId(page)) for page in OWNERS} == OWNERS


def test_without_a_word_nobody_is_named(made: MakeWiki) -> None:
    """Nor on a page that is no longer there."""
    wiki = made({"index.md": "# Home\n\nWrite to ann@example.org."})

    assert wiki.owner(PageId("index.md")) == ""
    assert wiki.owner(PageId("gone.md")) == ""


def test_files_are_no_pages(made: MakeWiki) -> None:
    """`.owner` is not indexed."""
    assert {ref.page_id for ref in whole(made(FILES).listing())} == set(OWNERS)


def test_repository_that_was_never_fetched_names_nobody(repository: Repository) -> None:
    """Looking makes no copy: that is the indexer's."""
    wiki = git_of(repository)

    assert wiki.owner(PageId("index.md")) == ""
    assert not (repository.path.parent / "mirrors").exists()


def test_folder_of_a_repository_is_looked_through_alone(repository: Repository) -> None:
    """What stands above the wiki's folder says nothing of it."""
    for path, content in (
        {".owner": "above@example.org", "docs/a.md": "# A", "docs/b/.owner": "b@example.org"}
    ).items():
        repository.write(path, content)
    repository.commit()
    wiki = git_of(repository, folder="docs")
    whole(wiki.listing())

    assert (wiki.owner(PageId("a.md")), wiki.owner(PageId("b/c.md"))) == ("", "b@example.org")


def test_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    """A file elsewhere on the machine stays unread."""
    (tmp_path / "secret").write_text("root@example.org", encoding="utf-8")
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "index.md").write_text("# Home", encoding="utf-8")
    (tmp_path / "wiki" / ".owner").symlink_to(tmp_path / "secret")

    assert Folder("handbook", tmp_path / "wiki", "", EVERYONE_READS).owner(PageId("index.md")) == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"@channel", b"<!channel>", b"ann@", b"@example.org", b"ann@localhost", b"a" * 5_000_000],
)
def test_file_that_names_nobody_is_as_if_it_were_not_there(content: bytes) -> None:
    """Whatever is in it, and however much."""
    files = {"it/.owner": content, ".owner": b"ann@example.org"}

    assert owner_of("it/vpn.md", files.get) == "ann@example.org"
