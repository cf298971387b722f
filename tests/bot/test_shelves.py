"""The shelf over folders: who reads what, what an edit does, and how the index is asked."""

import os
from pathlib import Path
from typing import cast

import pytest

from bot.ports import IndexDesk, IndexJob, IndexProgress, JobId, JobKind, JobState, NotBegun
from bot.shelves import FolderShelf, Shelved, copied, refreshing
from bot.workspace import Person
from bot.workspace.shelf import IndexHealth, ShelfRefused
from indexer.errors import CatalogueUnusable
from indexer.pages import EVERYONE, EVERYONE_READS, Audience, Principal, readers
from indexer.wikis.folder import Folder

MAYA = Person("U0MAYA", "maya", "Maya Okafor", "maya@harbourline.example", is_admin=True)
SAM = Person("U0SAM", "sam", "Sam Lee", "sam@harbourline.example")
HEALTH = IndexHealth(3, 2, 5, "2026-05-04T09:30:00+00:00", ())
LEAVE = "---\ntitle: Leave\nreviewed: 2026-05-03\n---\n\n# Leave\n\n## How much\n\n28 **days**.\n"


def audience(person: Person | None) -> Audience:
    """Count a person as everyone and as themselves."""
    return frozenset({EVERYONE} | ({Principal(person.email)} if person else set()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a wiki everyone may read and one for Maya alone."""
    (tmp_path / "open" / "people").mkdir(parents=True)
    (tmp_path / "open" / "people" / "leave.md").write_text(LEAVE)
    (tmp_path / "open" / "index.md").write_text("# Welcome\n\nSee [leave](people/leave.md).\n")
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "pay.md").write_text("# Pay\n\nA secret.\n")
    return tmp_path


@pytest.fixture
def shelf(folder: Path) -> FolderShelf:
    """Put both on a shelf."""
    everyone, maya = EVERYONE_READS, readers([Principal(MAYA.email)])
    wikis = [("open", everyone), ("closed", maya)]
    shelved = [Shelved(Folder(name, folder / name, "", allowed), folder / name) for name, allowed in wikis]
    return FolderShelf(shelved, audience, lambda: HEALTH, lambda: "Done.")


def test_everyone_sees_what_they_may_read(shelf: FolderShelf) -> None:
    """Maya sees both wikis; Sam and somebody unknown only the open one, and no page of the other by its address."""
    assert {ref.wiki for ref in shelf.sheets(MAYA)} == {"open", "closed"}
    assert [(ref.path, ref.title) for ref in shelf.sheets(SAM)] == [("", "Welcome"), ("people/leave", "Leave")]
    assert shelf.sheets(None) == shelf.sheets(SAM)
    assert shelf.sheet(SAM, "closed", "pay") is None
    assert shelf.sheet(MAYA, "closed", "pay") is not None
    assert shelf.sheet(MAYA, "open", "../closed/pay") is None


def test_right_that_is_taken_away_acts_at_once(shelf: FolderShelf, folder: Path) -> None:
    """Though the page, which was looked at before, is the same."""
    before = shelf.sheet(SAM, "open", "people/leave")

    (folder / "open" / "people" / ".readers").write_text("nobody we know\n")

    assert before is not None
    assert shelf.sheet(SAM, "open", "people/leave") is None
    assert [ref.path for ref in shelf.sheets(SAM)] == [""]


def test_page_comes_with_its_anchors_source_and_ways(shelf: FolderShelf) -> None:
    """What is drawn has no front matter; what is edited has it."""
    sheet = shelf.sheet(SAM, "open", "people/leave")

    assert sheet is not None
    assert (sheet.source, sheet.updated) == (LEAVE, "3 May 2026")
    assert sheet.markdown.strip().startswith("# Leave")
    assert [(heading.text, heading.anchor) for heading in sheet.headings][1:] == [("How much", "how-much")]
    assert sheet.ways["people/leave.md"] == "people/leave"


def test_edit_is_saved_and_shows_at_once(shelf: FolderShelf, folder: Path) -> None:
    """The file is replaced whole and keeps its rights; nothing is left beside it."""
    file = folder / "open" / "people" / "leave.md"
    file.chmod(0o640)
    before = shelf.sheet(SAM, "open", "people/leave")
    assert before is not None

    shelf.save(SAM, "open", "people/leave", LEAVE.replace("28", "30").replace("\n", "\r\n"), before.revision)

    after = shelf.sheet(SAM, "open", "people/leave")
    assert after is not None
    assert "30 **days**" in after.markdown
    assert "\r" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["leave.md"]


def test_edit_over_another_edit_is_refused(shelf: FolderShelf, folder: Path) -> None:
    """Nobody's words are lost to somebody who opened the page earlier."""
    before = shelf.sheet(SAM, "open", "people/leave")
    assert before is not None
    (folder / "open" / "people" / "leave.md").write_text("# Leave\n\nNew.\n")

    with pytest.raises(ShelfRefused, match="Somebody changed this page"):
        shelf.save(SAM, "open", "people/leave", "mine", before.revision)

    assert (folder / "open" / "people" / "leave.md").read_text() == "# Leave\n\nNew.\n"


def test_only_pages_one_may_read_can_be_written(shelf: FolderShelf, folder: Path) -> None:
    """Neither a closed page, nor a new one, nor a file outside."""
    sheet = shelf.sheet(MAYA, "closed", "pay")
    assert sheet is not None

    for wiki, path in (("closed", "pay"), ("open", "new"), ("open", "../../etc/passwd"), ("nowhere", "x")):
        with pytest.raises(ShelfRefused, match="no such page"):
            shelf.save(SAM, wiki, path, "mine", sheet.revision)

    assert "A secret" in (folder / "closed" / "pay.md").read_text()


def test_page_too_large_is_refused(shelf: FolderShelf) -> None:
    """A paste by accident does not become a page."""
    sheet = shelf.sheet(SAM, "open", "people/leave")
    assert sheet is not None

    with pytest.raises(ShelfRefused, match="1 MB"):
        shelf.save(SAM, "open", "people/leave", "x" * 1_000_001, sheet.revision)


def test_missing_folder_is_said(shelf: FolderShelf, folder: Path) -> None:
    """A wiki that cannot be listed is a sentence, not a crash."""
    (folder / "closed" / "pay.md").unlink()
    (folder / "closed").rmdir()

    with pytest.raises(ShelfRefused, match="closed"):
        shelf.sheets(MAYA)


def test_unusable_index_is_said() -> None:
    """So is an index that cannot be opened."""

    def broken() -> IndexHealth:
        raise CatalogueUnusable("wiki.db is no database")

    with pytest.raises(ShelfRefused, match="no database"):
        FolderShelf([], audience, broken, lambda: "").health()


class Turns:
    """Two looks at a refresh: it waits, then it has ended (port IndexDesk, as far as a refresh needs it)."""

    def __init__(self, *looks: IndexProgress | None) -> None:
        self._looks = list(looks)

    def begin(self, _job: IndexJob) -> JobId | NotBegun:
        """Begin it, where it can end."""
        return JobId("here-1") if self._looks else NotBegun("Another job on the index is under way.")

    def progress(self, _job_id: JobId) -> IndexProgress | None:
        """Give the next look."""
        return self._looks.pop(0)


def refreshed(*looks: IndexProgress | None, is_ending: bool = False) -> str:
    """Return what a refresh says that is looked at so often."""
    desk = cast("IndexDesk", Turns(*looks))
    return refreshing(lambda: desk, lambda _seconds: is_ending)()


JOB = IndexJob(JobKind.REINDEX)
WAITS = IndexProgress(JOB, JobState.WAITING)
DONE = IndexProgress(JOB, JobState.ENDED, seconds=2.04, came_to=("0 new, 1 changed.", "1 page not readable."))


def test_refresh_waits_its_turn_and_tells_what_it_came_to() -> None:
    """It joins the queue as an admin's does, so an indexer at work is waited for."""
    assert refreshed(WAITS, DONE) == "Done in 2.0 s: 0 new, 1 changed. 1 page not readable."


@pytest.mark.parametrize(
    ("looks", "is_ending", "said"),
    [((), False, "under way"), ((None,), False, "replaced"), ((WAITS, DONE), True, "is ending")],
)
def test_refresh_that_does_not_end_is_said(looks: tuple[IndexProgress | None, ...], is_ending: bool, said: str) -> None:  # noqa: FBT001 - a case
    """What stands in its way is a sentence, and nothing hangs when the bot ends."""
    with pytest.raises(ShelfRefused, match=said):
        refreshed(*looks, is_ending=is_ending)


def test_refresh_while_the_bot_starts_is_refused() -> None:
    """The index is not open yet."""
    with pytest.raises(ShelfRefused, match="still starting"):
        refreshing(lambda: None, lambda _seconds: False)()


def test_copy_follows_the_original_but_keeps_edits(tmp_path: Path) -> None:
    """Newer pages of the original come over, an edit made later stays, and times are kept."""
    original, copy = tmp_path / "original", tmp_path / "copy"
    (original / "people").mkdir(parents=True)
    for name in ("people/leave.md", "index.md"):
        (original / name).write_text("old")
        os.utime(original / name, (1_000, 1_000))
    copied(original, copy)
    (copy / "index.md").write_text("edited")
    (original / "people" / "leave.md").write_text("new")

    copied(original, copy)

    assert (copy / "people" / "leave.md").read_text() == "new"
    assert (copy / "index.md").read_text() == "edited"
    assert sorted(path.name for path in copy.rglob("*")) == ["index.md", "leave.md", "people"]
