"""Who may read the pages of a folder or a repository: the wiki's own readers, less whom `.readers` files leave out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.comparing import whole
from indexer.errors import CursorExpired
from indexer.pages import EVERYONE_READS, Page, PageId, PageRef, Readers
from indexer.ports import Wiki
from indexer.wikis.folder import Folder
from indexer.wikis.git import Git, web_of
from indexer.wikis.mirror import Mirror, Remote
from indexer.wikis.patience import Patience
from tests.fakes_indexer import as_readers
from tests.indexer.wikis.repositories import Repository

Files = dict[str, str | bytes]

BOARD = as_readers(["board"])
PAGES: Files = {"index.md": "# Home", "people/leave.md": "# Leave", "people/pay/bands.md": "# Bands"}
NO_TEXT = b"\xff\xfe\xfa board"


def folder_of(root: Path, files: Files, readers: Readers = EVERYONE_READS) -> Folder:
    """Return a wiki over *files*, written into a folder."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return Folder("handbook", root, "", readers)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """Give an empty repository."""
    made = Repository(tmp_path / "handbook.git")
    yield made
    made.close()


def git_of(repository: Repository, readers: Readers = EVERYONE_READS, folder: str = "") -> Git:
    """Return a wiki over what is committed."""
    mirrors = repository.path.parent / "mirrors" / "handbook.git"
    mirror = Mirror("handbook", Remote(str(repository.path)), mirrors, Patience(lambda _: None))
    return Git("handbook", mirror, web_of(str(repository.path), "", folder), folder, readers)


def committed(repository: Repository, files: Files, readers: Readers = EVERYONE_READS) -> Git:
    """Return a wiki over *files*, committed."""
    for path, content in files.items():
        repository.write(path, content)
    repository.commit()
    return git_of(repository, readers)


MakeWiki = Callable[[Files, Readers], Wiki]


@pytest.fixture(params=["folder", "git"])
def made(request: pytest.FixtureRequest, tmp_path: Path, repository: Repository) -> MakeWiki:
    """Give what makes a wiki of files, of either kind."""
    if request.param == "folder":
        return lambda files, readers: folder_of(tmp_path / "wiki", files, readers)
    return lambda files, readers: committed(repository, files, readers)


def told(wiki: Wiki) -> dict[str, Readers | None]:
    """Return who may read what by the listing; what a fetch says must be the same."""
    refs = whole(wiki.listing())
    pages = [page for page in wiki.fetch(refs) if isinstance(page, Page)]
    assert {page.page_id: page.readers for page in pages} == {ref.page_id: ref.readers for ref in refs}
    return {str(ref.page_id): ref.readers for ref in refs}


def test_wiki_is_read_by_whom_its_setting_names(made: MakeWiki) -> None:
    """Every page of it."""
    assert told(made(PAGES, BOARD)) == dict.fromkeys(PAGES, BOARD)


def test_nobody_reads_a_wiki_whose_setting_names_nobody(made: MakeWiki) -> None:
    """An empty list is no mistake that opens it."""
    assert told(made(PAGES, as_readers([]))) == dict.fromkeys(PAGES, as_readers([]))


def test_readers_file_restricts_its_folder_and_what_is_below(made: MakeWiki) -> None:
    """Each one further: whoever reads the innermost is let in by all of them."""
    wiki = made(
        PAGES | {"people/.readers": "# Those of People\nhr\n board \n", "people/pay/.readers": "board"}, EVERYONE_READS
    )

    assert told(wiki) == {
        "index.md": EVERYONE_READS,
        "people/leave.md": as_readers(["everyone"], ["hr", "board"]),
        "people/pay/bands.md": as_readers(["everyone"], ["hr", "board"], ["board"]),
    }


@pytest.mark.parametrize("content", ["", "# nobody yet\n", NO_TEXT])
def test_readers_file_that_names_nobody_lets_nobody_in(made: MakeWiki, content: str | bytes) -> None:
    """Empty, forgotten or damaged: unknown means nobody."""
    wiki = made(PAGES | {"people/.readers": content}, EVERYONE_READS)

    assert told(wiki)["people/leave.md"] == as_readers(["everyone"], [])


def test_readers_file_that_leads_nowhere_lets_nobody_in(tmp_path: Path) -> None:
    """A link that broke, or a folder of that name, does not open what it closed."""
    wiki = folder_of(tmp_path, PAGES)
    (tmp_path / "people" / ".readers").symlink_to("gone")
    (tmp_path / "people" / "pay" / ".readers").mkdir()

    assert told(wiki) == {
        "index.md": EVERYONE_READS,
        "people/leave.md": as_readers(["everyone"], []),
        "people/pay/bands.md": as_readers(["everyone"], []),
    }


def test_readers_file_that_is_a_link_in_a_repository_lets_nobody_in(repository: Repository) -> None:
    """Links are not followed there."""
    repository.links["people/.readers"] = b"../board"

    assert told(committed(repository, PAGES))["people/leave.md"] == as_readers(["everyone"], [])


def test_link_to_a_restricted_page_opens_nothing(tmp_path: Path) -> None:
    """What closes the folder where a page really is holds wherever it is shown."""
    files = PAGES | {".kept/secret.md": "# Secret", ".kept/.readers": "board"}
    wiki = folder_of(tmp_path, files)
    (tmp_path / "open.md").symlink_to(".kept/secret.md")

    assert told(wiki)["open.md"] == as_readers(["everyone"], ["board"])


def test_other_readers_are_told_without_the_page_being_written(repository: Repository) -> None:
    """A `.readers` file that comes, changes or goes tells of the pages below it, and of no others."""
    wiki = committed(repository, PAGES)
    cursor = list(wiki.changes(None))[-1].next
    seen = []
    for content in ("board", "hr", None):
        if content is None:
            del repository.files["people/pay/.readers"]
        else:
            repository.write("people/pay/.readers", content)
        repository.commit()
        [batch] = wiki.changes(cursor)
        cursor = batch.next
        seen.append({str(ref.page_id): ref.readers for ref in batch.changed})

    assert seen == [
        {"people/pay/bands.md": as_readers(["everyone"], ["board"])},
        {"people/pay/bands.md": as_readers(["everyone"], ["hr"])},
        {"people/pay/bands.md": EVERYONE_READS},
    ]


def test_readers_above_the_folder_that_is_the_wiki_do_not_count(repository: Repository) -> None:
    """The wiki begins at its folder; what is there counts."""
    committed(repository, PAGES | {".readers": "board", "people/.readers": "hr"})

    assert told(git_of(repository, folder="people"))["leave.md"] == as_readers(["everyone"], ["hr"])


def test_other_readers_in_the_setting_act_at_the_next_refresh(repository: Repository) -> None:
    """A cursor that was told under others has expired, so that every page is told anew."""
    cursor = list(committed(repository, PAGES).changes(None))[-1].next

    with pytest.raises(CursorExpired, match="other readers"):
        list(git_of(repository, BOARD).changes(cursor))


def test_cursor_of_before_there_were_readers_goes_on(repository: Repository) -> None:
    """An upgrade reads nothing anew."""
    wiki = committed(repository, PAGES)
    cursor = list(wiki.changes(None))[-1].next
    older = type(cursor)(cursor.replace(',"readers":"everyone"', ""))

    assert older != cursor
    assert list(wiki.changes(older)) == []
    assert [page.page_id for page in wiki.fetch([PageRef(PageId("index.md"), "s")]) if isinstance(page, Page)] == [
        "index.md"
    ]
