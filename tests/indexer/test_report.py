"""What is said about pages that make answers worse, and what is not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from indexer import wording
from indexer.locking import working
from indexer.pages import EVERYONE_READS, PageId, SectionLink
from indexer.report import FindingKind, ReportedPage, findings, sketched
from indexer.status import IndexStatus, index_status
from indexer.wikis.folder import Folder
from tests.fakes_indexer import FakeWiki
from tests.indexer.conftest import SmallIndex, build_index

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROSE = " ".join(f"Sentence {number} is about thing {number * 7}." for number in range(40))


def page(page_id: str, text: str = PROSE, **particulars: object) -> ReportedPage:
    """Return a sound page but for what is given."""
    sound: dict[str, object] = {
        "updated_at": NOW,
        "passages": 1,
        "anchors": frozenset({"set-up"}),
        "links": (),
    }
    made = ReportedPage("handbook", PageId(page_id), page_id.title(), sketch=sketched(text), **(sound | particulars))  # type: ignore[arg-type]  # a test's own words
    TEXTS[made.page_id] = text
    return made


TEXTS: dict[PageId, str] = {}
"""What the pages made last say."""


def text_of(page: ReportedPage) -> str:
    """Return it."""
    return TEXTS[page.page_id]


def said(*pages: ReportedPage) -> list[tuple[str, str, str]]:
    """Return the findings as plain words."""
    return [(one.kind.value, one.page_id, one.detail) for one in findings(pages, text_of, NOW)]


def test_sound_page_is_passed_over() -> None:
    """A short page that was touched lately, with a table in it and a link that leads somewhere."""
    link = SectionLink(PageId("vpn"), "set-up")

    assert said(page("vpn", f"{PROSE}\n\n| a | b |\n| --- | --- |", links=(link,))) == []


def test_empty_page_is_said_once() -> None:
    """Its age does not matter then."""
    assert said(page("vpn", "", passages=0, updated_at=NOW - timedelta(days=999))) == [
        ("empty", "vpn", "nothing to find in it")
    ]


def test_page_not_touched_for_a_year_is_stale() -> None:
    """On the day after; one whose wiki does not say is not judged."""
    assert said(page("old", updated_at=NOW - timedelta(days=366))) == [("stale", "old", "not touched since 2025-02-28")]
    assert said(page("young", updated_at=NOW - timedelta(days=365)), page("unknown", "Short.", updated_at=None)) == []


def test_page_too_long_or_all_table_is_said() -> None:
    """Both make passages that look alike."""
    table = "\n".join("| a | b |" for _ in range(9)) + "\nx"

    assert [kind for kind, _, _ in said(page("long", passages=61), page("table", table))] == ["too long", "all table"]


def test_nearly_the_same_page_is_said_with_the_other() -> None:
    """A copy with a changed sentence; a page about something else, or two short ones, are none."""
    copy = PROSE.replace("thing 7.", "matter 7.")
    other = " ".join(f"Chapter {number} tells of place {number * 3}." for number in range(40))

    found = said(page("first"), page("copy", copy), page("other", other), page("a", "Hi all."), page("b", "Hi all."))

    assert [(kind, page_id) for kind, page_id, _ in found] == [("near-duplicate", "copy")]
    assert found[0][2].endswith("% as handbook first")


def test_many_copies_are_one_finding_each() -> None:
    """And not one for each pair of them."""
    found = findings([page(f"copy-{number}") for number in range(30)], text_of, NOW)

    assert {one.page_id for one in found} == {f"copy-{number}" for number in range(1, 30)}
    assert len(found) == 29


def test_link_to_a_section_that_is_not_there_is_said() -> None:
    """Of a page that is known; its top and its title are always there, and punctuation is each generator's own."""
    names = ["set-up", "gone", "", "top", "vpn", "set_up", "Setup"]
    links = tuple(SectionLink(PageId("vpn"), name) for name in names)

    found = said(page("vpn"), page("lunch", "Short.", links=(*links, SectionLink(PageId("elsewhere"), "x"))))

    assert found == [("dead section link", "lunch", "vpn#gone")]


def test_links_and_anchors_of_a_folder_reach_the_report(tmp_path: Path) -> None:
    """From Markdown to the finding, through the catalogue."""
    (tmp_path / "it").mkdir()
    (tmp_path / "vpn.md").write_text("# VPN\n\n## Set up\n\nRestart it.\n")
    (tmp_path / "it" / "lunch.md").write_text("# Lunch\n\nSee [one](../vpn.md#set-up), [two](../vpn.md#tear-down).\n")
    folder = Folder("handbook", tmp_path, "", EVERYONE_READS)
    index = build_index(tmp_path / "data", wiki=folder)  # type: ignore[arg-type]  # a real wiki will do as well
    index.refresh()

    with index.catalogue.reading() as reading:
        found = findings(reading.reported_pages(), reading.text_of, datetime.now(UTC))

    assert [(one.kind, one.page_id, one.detail) for one in found] == [
        (FindingKind.DEAD_SECTION_LINK, "it/lunch.md", "vpn.md#tear-down")
    ]
    index.catalogue.close()


def test_each_refresh_sums_up_what_is_wrong(index: SmallIndex) -> None:
    """In numbers, beside those of the refresh before."""
    index.wiki.write("blank", "")
    index.wiki.write("vpn", PROSE)
    index.refresh()
    index.wiki.write("void", "")
    index.wiki.write("copy", PROSE)
    index.refresh()

    status = status_of(index)

    assert (status.findings, status.findings_before) == ({"empty": 2, "near-duplicate": 1}, {"empty": 1})
    assert wording.status_text(status).splitlines()[-1] == (
        "To mend: 2 empty pages (+1), 1 near-duplicate (+1); in brackets, since the refresh before. "
        "python -m indexer report names them."
    )


def test_refresh_without_a_change_judges_no_page_again(index: SmallIndex) -> None:
    """It repeats the last summary; on another day pages may have become stale, so they are judged."""
    index.wiki.write("vpn", PROSE)
    index.refresh()
    with index.catalogue._database.writing() as connection:
        connection.execute("UPDATE page SET updated_at = ''")  # seen only by whoever looks again
        connection.execute("UPDATE refresh SET summary = replace(summary, '{}', '{\"stale\": 7}')")

    index.refresh()
    repeated = status_of(index).findings
    index.clock.forward(timedelta(days=1))
    index.refresh()

    assert (repeated, status_of(index).findings) == ({"stale": 7}, {})


def test_text_is_sketched_once(index: SmallIndex) -> None:
    """Another page's edit leaves its sketch; a text that is gone takes its own along."""
    index.wiki.write("vpn", PROSE)
    index.wiki.write("lunch", "At noon.")
    index.refresh()
    before = kept_sketches(index)
    index.wiki.write("lunch", "At one.")

    index.refresh()

    assert len(before) == len(kept_sketches(index)) == 2
    assert len(before & kept_sketches(index)) == 1


def test_status_says_nothing_of_a_report_before_the_first(index: SmallIndex) -> None:
    """There is none to tell of."""
    status = status_of(index)

    assert status.findings is None
    assert "To mend" not in wording.status_text(status)


def test_status_tells_how_far_a_refresh_is(index: SmallIndex) -> None:
    """While it runs, in whatever process; it has no end yet."""
    with working(index.catalogue, index.clock):
        number = index.catalogue.begin_refresh(index.clock())
        index.catalogue.note_progress(number, 4, 10)

        assert "  4 of 10 pages looked at" in wording.status_text(status_of(index)).splitlines()


def test_nothing_to_mend_is_said() -> None:
    """So is that something was mended."""
    assert wording.findings_text({}, {}) == "To mend: nothing."
    assert wording.findings_text({}, {"stale": 1}).startswith("To mend: 0 stale pages (-1)")


def status_of(index: SmallIndex) -> IndexStatus:
    """Return how the index is doing."""
    return index_status(index.catalogue, index.snapshots, {"handbook": 10.0}, index.clock())


def kept_sketches(index: SmallIndex) -> set[str]:
    """Return the contents that are sketched."""
    with index.catalogue._database.reading() as connection:
        return {row[0] for row in connection.execute("SELECT sha FROM sketch")}


def test_empty_page_of_a_wiki_is_found(tmp_path: Path) -> None:
    """It has no passage in the catalogue."""
    wiki = FakeWiki()
    wiki.write("blank", "")
    index = build_index(tmp_path, wiki=wiki)
    index.refresh()

    with index.catalogue.reading() as reading:
        assert [one.kind for one in findings(reading.reported_pages(), reading.text_of, NOW)] == [FindingKind.EMPTY]
    index.catalogue.close()
