"""A folder is listed whole or not at all, and each of its files is a page or a reason."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.comparing import whole
from indexer.errors import WikiMisconfigured, WikiUnavailable
from indexer.pages import EVERYONE_READS, FailureKind, Page, PageFailure, PageId, PageRef
from indexer.wikis.files import MAX_PAGE_BYTES
from indexer.wikis.folder import Folder


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """Act as a user without rights: root, as which some machines test, may read everything."""
    if os.geteuid() != 0:
        yield
        return
    for above in folder.parents[:3]:
        if above != Path(tempfile.gettempdir()):
            above.chmod(0o755)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def folder_at(path: Path, url: str = "https://wiki.example/") -> Folder:
    """Return a wiki over *path*."""
    return Folder("handbook", path, url, EVERYONE_READS)


def write(root: Path, page_id: str, content: str | bytes = "# Page\n\nText.") -> Path:
    """Write a file, and the folders it needs."""
    path = root / page_id
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def listed(folder: Folder) -> list[PageRef]:
    """Return every page there is."""
    return whole(folder.listing())


def ids(folder: Folder) -> list[str]:
    """Return the ids of all pages there are."""
    return [ref.page_id for ref in listed(folder)]


def fetched(folder: Folder, page_id: str) -> Page | PageFailure:
    """Return the one page, or why it cannot be read."""
    [fetched] = folder.fetch([PageRef(PageId(page_id), "stamp")])
    return fetched


def failure(folder: Folder, page_id: str) -> str:
    """Return why the page cannot be read."""
    found = fetched(folder, page_id)
    assert isinstance(found, PageFailure)
    return found.why


def test_every_page_is_listed_in_the_order_of_ids(tmp_path: Path) -> None:
    """Pages are known by their endings; hidden folders and installed packages are none of the wiki's."""
    for page_id in (
        "b/a.md",
        "b.markdown",
        "a.html",
        "c.html.md.erb",
        "d.htm",
        ".git/x.md",
        "node_modules/y.md",
        "z.png",
    ):
        write(tmp_path, page_id)

    assert ids(folder_at(tmp_path)) == ["a.html", "b.markdown", "b/a.md", "c.html.md.erb", "d.htm"]


def test_stamp_differs_when_a_file_was_written_again(tmp_path: Path) -> None:
    """Same size, same second: the nanoseconds or the inode tell."""
    page = write(tmp_path, "a.md", "one")
    folder = folder_at(tmp_path)
    before = listed(folder)

    os.utime(page, ns=(1, 1))

    assert listed(folder) != before
    assert listed(folder) == listed(folder)


def test_symbolic_links_are_followed_inside_only_and_never_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Loops end, nothing outside is published, and a page is known by its own path."""
    wiki, outside = tmp_path / "wiki", tmp_path / "outside"
    write(outside, "secret.md")
    write(wiki, "real/page.md")
    write(wiki, ".data/hidden.md")
    (wiki / "real/loop").symlink_to(wiki)
    (wiki / "self").symlink_to("self")
    (wiki / "a-link").symlink_to("real")
    (wiki / "again.md").symlink_to("real/page.md")
    (wiki / "mounted.md").symlink_to(".data/hidden.md")
    (wiki / "gone.md").symlink_to("nowhere.md")
    (wiki / "out").symlink_to(outside)
    (wiki / "secret.md").symlink_to(outside / "secret.md")

    listed = ids(folder_at(wiki))

    assert listed == ["mounted.md", "real/page.md"]
    assert [record.message for record in caplog.records] == ["link out of the folder not followed"] * 2


def test_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    """Deployments often are."""
    write(tmp_path, "v1/a.md")
    (tmp_path / "current").symlink_to("v1")
    folder = folder_at(tmp_path / "current")

    assert ids(folder) == ["a.md"]
    assert isinstance(fetched(folder, "a.md"), Page)


def test_vanished_folder_is_an_outage_and_not_an_empty_wiki(tmp_path: Path) -> None:
    """An unmounted disk must not look like a mass deletion."""
    with pytest.raises(WikiUnavailable, match="cannot be listed"):
        listed(folder_at(tmp_path / "unmounted"))


def test_folder_listed_in_part_is_an_error(tmp_path: Path) -> None:
    """What cannot be seen is not gone."""
    write(tmp_path, "open/a.md")
    write(tmp_path, "closed/b.md")
    (tmp_path / "closed").chmod(0)
    tmp_path.chmod(0o755)

    with without_rights(tmp_path), pytest.raises(WikiUnavailable, match="closed"):
        listed(folder_at(tmp_path))


def test_file_with_a_name_that_is_not_utf8_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It could be neither stored nor linked; the log says so."""
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    write(tmp_path, "a.md")

    assert ids(folder_at(tmp_path)) == ["a.md"]
    assert "not UTF-8" in caplog.text


def test_page_has_all_that_a_citation_needs(tmp_path: Path) -> None:
    """Title, address, revision, date, readers and the normal form."""
    write(tmp_path, "it/vpn.md", "---\nreviewed: 2026-03-16\n---\n# VPN\n\nUse [it](x).")

    page = fetched(folder_at(tmp_path), "it/vpn.md")

    assert isinstance(page, Page)
    assert (page.wiki, page.page_id, page.title, page.stamp) == ("handbook", "it/vpn.md", "VPN", "stamp")
    assert page.text == "# VPN\n\nUse it."
    assert page.url == "https://wiki.example/it/vpn"
    assert page.updated_at == datetime(2026, 3, 16, tzinfo=UTC)
    assert re.fullmatch(r"[0-9a-f]{12}", page.revision)
    assert page.readers == EVERYONE_READS


def test_page_that_names_no_date_is_as_old_as_its_file(tmp_path: Path) -> None:
    """The file's time is all there is."""
    os.utime(write(tmp_path, "a.html", "<h1>A</h1>"), (86_400, 86_400))

    page = fetched(folder_at(tmp_path), "a.html")

    assert isinstance(page, Page)
    assert page.updated_at == datetime(1970, 1, 2, tzinfo=UTC)


def test_empty_file_is_an_empty_page(tmp_path: Path) -> None:
    """Nothing went wrong; there is only nothing to find."""
    write(tmp_path, "on-call.md", "")

    page = fetched(folder_at(tmp_path), "on-call.md")

    assert isinstance(page, Page)
    assert (page.title, page.text, page.blocks) == ("On call", "", ())


def test_file_that_is_too_big_is_not_read(tmp_path: Path) -> None:
    """A database dump in the wiki does not take the indexer's memory."""
    with write(tmp_path, "dump.md").open("wb") as dump:
        dump.truncate(MAX_PAGE_BYTES + 1)

    assert failure(folder_at(tmp_path), "dump.md") == "The file has 5.0 MB, more than the 5 MB a page may have."


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"GIF\x00", "The file is not text: it has a NUL byte at offset 3."),
        (b"caf\x81", "The file is not UTF-8: byte 3 (0x81)."),
    ],
)
def test_file_that_is_no_text_is_a_failure_with_a_reason(tmp_path: Path, content: bytes, why: str) -> None:
    """The admin reads which byte is wrong."""
    write(tmp_path, "a.md", content)

    assert failure(folder_at(tmp_path), "a.md") == why


def test_one_bad_page_does_not_stop_the_others(tmp_path: Path) -> None:
    """What was asked for comes back in its order, page or failure."""
    write(tmp_path, "a.md")
    write(tmp_path, "c.md", b"\x00")
    (tmp_path / "d.md").mkdir()
    refs = [PageRef(PageId(name), "s") for name in ("c.md", "gone.md", "d.md", "a.md", "../x.md")]

    found = list(folder_at(tmp_path).fetch(refs))

    assert [type(page) for page in found] == [PageFailure, PageFailure, PageFailure, Page, PageFailure]
    assert [page.page_id for page in found] == [ref.page_id for ref in refs]
    kinds = [page.kind for page in found if isinstance(page, PageFailure)]
    assert kinds == [FailureKind.UNREADABLE, FailureKind.GONE, FailureKind.UNREADABLE, FailureKind.UNREADABLE]


def test_page_outside_the_folder_is_never_read(tmp_path: Path) -> None:
    """Whatever id somebody managed to store."""
    write(tmp_path, "secret.md")
    (tmp_path / "wiki").mkdir()

    assert failure(folder_at(tmp_path / "wiki"), "../secret.md") == "The file is outside the wiki's folder."


@pytest.mark.parametrize(
    ("url", "page_id", "address"),
    [
        ("https://w.example/", "it/vpn.md", "https://w.example/it/vpn#set-up"),
        ("https://w.example", "it/vpn.html.md.erb", "https://w.example/it/vpn#set-up"),
        ("https://w.example/", "it/index.md", "https://w.example/it/#set-up"),
        ("https://w.example/", "README.md", "https://w.example/#set-up"),
        ("https://w.example/", "it/Wi-Fi & co?.md", "https://w.example/it/Wi-Fi%20%26%20co%3F#set-up"),
        ("", "it/vpn.md", ""),
    ],
)
def test_link_is_the_base_address_and_the_path_without_its_ending(url: str, page_id: str, address: str) -> None:
    """As static site generators publish it; no base address, no link."""
    assert folder_at(Path("unused"), url).link(PageId(page_id), "set-up", "") == address


def test_wrong_path_is_told_with_its_cure(tmp_path: Path) -> None:
    """The operator reads which setting to change."""
    not_a_folder = write(tmp_path, "a.md")

    for path in (not_a_folder, tmp_path / "missing"):
        with pytest.raises(WikiMisconfigured, match=f"handbook.*{path}.*FOOTNOTE_WIKIS"):
            folder_at(path).validate()


def test_folder_that_cannot_be_read_is_told_with_its_cure(tmp_path: Path) -> None:
    """Rights are the usual reason, and the message says so."""
    tmp_path.chmod(0)

    with without_rights(tmp_path), pytest.raises(WikiMisconfigured, match=r"Permission denied.*FOOTNOTE_WIKIS"):
        folder_at(tmp_path).validate()


def test_sound_folder_is_valid(tmp_path: Path) -> None:
    """Nothing is raised."""
    folder_at(tmp_path).validate()
