"""From an answer to the words it quotes, and from an edited page to another answer."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.shelves import FolderShelf, Shelved
from bot.workspace import Person, Workspace
from bot.workspace.shelf import IndexHealth
from indexer.pages import EVERYONE, EVERYONE_READS, Audience, Principal, readers
from indexer.wikis.folder import Folder
from indexer.wikis.links import with_quote
from tests.browser import scenes
from tests.browser.serving import ROOT, START_SECONDS, footnote, free_port
from tests.browser.window import Window, left

SAMPLE = ROOT / "tests" / "golden" / "wiki"
TABLE_QUOTE = "| Completed years | Days a year |\n| --- | --- |\n| 0 to 4 | 20 |\n| 5 or more | 23 |"

LOST_BADGES = "# Lost badges\n\n## What it costs\n\nA lost badge costs 15 pounds, which is taken from the next pay.\n"


def audience(person: Person | None) -> Audience:
    """Count a person as everyone and as themselves."""
    return frozenset({EVERYONE} | ({Principal(person.email)} if person else set()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy some pages of the sample wiki."""
    shutil.copytree(SAMPLE / "people", tmp_path / "wiki" / "people")
    shutil.copytree(SAMPLE / "workplace", tmp_path / "wiki" / "workplace")
    return tmp_path / "wiki"


@pytest.fixture
def workspace(folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """Start a workspace with those pages for everyone, and one page for Maya alone."""
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "salaries.md").write_text("# Salaries\n\nClosed.\n")
    everyone, maya = EVERYONE_READS, readers([Principal("maya@harbourline.example")])
    shelved = [
        Shelved(Folder("handbook", folder, "", everyone), folder),
        Shelved(Folder("board", tmp_path / "board", "", maya), tmp_path / "board"),
    ]
    health = IndexHealth(4, 32, 210, "2026-05-04T09:30:00+00:00", ())
    with Workspace.start(shelf=FolderShelf(shelved, audience, lambda: health, lambda: "Done in 0.1 s.")) as running:
        yield running


def cite(workspace: Workspace, path: str, quote: str, label: str) -> None:
    """Let Maya write a link as the bot cites: the section's address with the quoted words."""
    workspace.say("Maya", "#general", f"<{with_quote(f'{workspace.address}/wiki/handbook/{path}', quote)}|{label}>")


def rewrite(window: Window, before: str, after: str) -> None:
    """Change some words in the page's source."""
    code = "const s = document.querySelector('#source'); s.value = s.value.replace(arguments[0], arguments[1])"
    window.script(code, before, after)


@pytest.mark.parametrize(
    ("path", "quote", "marked"),
    [
        (
            "people/annual-leave-us#carrying-days-over",
            "Carried PTO must be used by June 30.",
            "must be used by June 30.",
        ),
        ("people/annual-leave-us#how-much-you-get", TABLE_QUOTE, "5 or more"),
        ("workplace/parking", "Parking", "Parking"),
    ],
)
def test_citation_leads_to_the_quoted_words(
    workspace: Workspace, window: Window, path: str, quote: str, marked: str
) -> None:
    """In a sentence, in a table, on a page that was HTML: the words are marked and in sight, at their heading."""
    cite(workspace, path, quote, "[1]")
    window.open(workspace)

    window.press("[1]")
    window.newest_tab()

    window.see("#page mark")
    assert marked in "".join(each.text for each in window.all("#page mark"))
    assert window.script(
        "const r = document.querySelector('mark').getBoundingClientRect(); return r.top > 0 && r.bottom < innerHeight"
    )
    window.picture(f"quote-{path.rpartition('/')[2].partition('#')[0]}")


def test_quote_that_was_edited_away_is_said(workspace: Workspace, window: Window) -> None:
    """The page opens at its section all the same."""
    cite(workspace, "people/annual-leave-us#leaving", "Words that nobody ever wrote there.", "[1]")
    window.open(workspace)

    window.press("[1]")
    window.newest_tab()

    window.see("#said", "not on the page any more")
    assert window.see("#page h2:target").text == "Leaving"


def test_page_is_edited_and_reindexed(workspace: Workspace, window: Window, folder: Path) -> None:
    """The edit shows at once, the file holds it, and the button reports what the indexer did."""
    window.chrome.get(workspace.page_url)
    window.chrome.get(f"{workspace.address}/wiki/handbook/people/annual-leave-us?as=U0SAM")
    window.press("Edit")
    rewrite(window, "up to 4 unused", "up to 9 unused")

    window.press("Save the page")

    window.see("#said", "after the next reindex")
    assert "up to 9 unused days" in window.see("#page").text
    assert "up to 9 unused days" in (folder / "people" / "annual-leave-us.md").read_text(encoding="utf-8")
    window.press("Reindex")
    window.see("#refreshed", "Done in 0.1 s.")


def test_save_is_said_even_where_it_took_the_quoted_words(workspace: Workspace, window: Window) -> None:
    """Whoever follows a citation and edits the very words it quotes hears that the page was saved, and no riddle."""
    cite(workspace, "people/annual-leave-us", "Anything above 4 days on December 31 is forfeited.", "[1]")
    window.open(workspace)
    window.press("[1]")
    window.newest_tab()
    window.see("#page mark")
    window.press("Edit")
    rewrite(window, "above 4 days", "above 9 days")

    window.press("Save the page")

    window.see("#said", "after the next reindex")
    assert not window.all("#page mark")


def test_closed_wiki_is_there_for_its_readers_alone(workspace: Workspace, window: Window) -> None:
    """The wiki opens from the sidebar as the person one is."""
    window.open(workspace, person="Sam Lee")
    window.press("Pages and index")
    window.newest_tab()
    assert "Salaries" not in window.script("return document.querySelector('#pages').textContent")

    window.chrome.switch_to.window(window.chrome.window_handles[0])
    window.be("Maya Okafor")
    window.press("Pages and index")
    window.newest_tab()

    window.see(".note", "as Maya Okafor")
    assert "Salaries" in window.script("return document.querySelector('#pages').textContent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_wiki_has_no_barriers(workspace: Workspace, window: Window, scheme: str) -> None:
    """Reading and editing."""
    window.colours(scheme)
    window.chrome.get(workspace.page_url)
    window.chrome.get(f"{workspace.address}/wiki/handbook/people/annual-leave-us")
    window.see("#health dd")

    assert window.barriers() == []
    window.picture(f"wiki-{scheme}")
    window.press("Edit")
    assert window.barriers() == []


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(900)  # it makes the model ready and indexes twice
def test_edit_changes_the_answer(window: Window, folder: Path, tmp_path: Path) -> None:
    """The whole product: ask, follow the source to its words, edit them, reindex, ask again, get the new words.

    The page says one thing in one sentence, so whatever words the model chooses, that sentence is what they rest on.
    """
    (folder / "workplace" / "lost-badges.md").write_text(LOST_BADGES, encoding="utf-8")
    wikis = f'[{{"name": "handbook", "path": "{folder}"}}]'
    window.seconds = START_SECONDS
    with footnote(tmp_path, WIKIS=wikis, WORKSPACE__PORT=str(free_port())) as address, left(window):
        window.chrome.get(address)
        window.see("#connection", "the bot is connected")
        window.go("general")
        scenes.ask(window, "How much does a lost badge cost?")
        before = scenes.open_source(window, "Lost badges")
        window.picture("answer")
        window.click(lambda: window.see("#replies a[href*='lost-badges'][href*='quote=']"))
        window.newest_tab()
        window.see("#page mark")
        window.picture("answer-source")

        window.press("Edit")
        rewrite(window, "costs 15 pounds", "costs 35 pounds")
        window.press("Save the page")
        window.see("#said", "after the next reindex")
        window.press("Reindex")
        window.see("#refreshed", "1 changed")
        window.chrome.switch_to.window(window.chrome.window_handles[0])
        window.press("Close the thread")
        scenes.ask(window, "How much does a lost badge cost?")

        after = scenes.open_source(window, "Lost badges")
        window.picture("answer-after-edit")
    assert "15 pounds" in before
    assert "35 pounds" in after
