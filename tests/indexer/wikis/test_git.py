"""A repository's newest commit is the wiki, and two commits tell exactly what changed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.comparing import whole
from indexer.errors import CursorExpired, WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.pages import EVERYONE_READS, Page, PageFailure, PageId, PageRef, SectionLink
from indexer.ports import Batch, Cursor
from indexer.wikis import git
from indexer.wikis.git import Git, web_of
from indexer.wikis.mirror import Mirror, Remote
from indexer.wikis.patience import MAX_TRIES, Patience
from tests.indexer.wikis.repositories import Host, Repository, hosted

# dulwich leaves the connection of an answer it does not want to whoever collects garbage
left_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """Give a repository with two pages in one commit."""
    made = Repository(tmp_path / "handbook.git")
    made.write("docs/vpn.md", "# VPN\n\nRestart it.")
    made.write("docs/lunch.md", "# Lunch\n\nAt noon.")
    made.commit()
    yield made
    made.close()


def wiki_of(
    repository: Repository | str,
    mirrors: Path,
    *,
    folder: str = "",
    branch: str = "",
    token: str = "",
    url: str = "https://github.com/acme/handbook/blob/{commit}",
) -> Git:
    """Return the adapter over a repository on disk, or at an address."""
    where = repository if isinstance(repository, str) else str(repository.path)
    remote = Remote(where, branch=branch, token=token)
    mirror = Mirror("handbook", remote, mirrors / "mirrors" / "handbook.git", Patience(lambda _: None))
    return Git("handbook", mirror, web_of(where, url, folder), folder, EVERYONE_READS)


def ids(wiki: Git) -> list[str]:
    """Return the ids of all pages there are."""
    return [ref.page_id for ref in whole(wiki.listing())]


def read(wiki: Git, page_id: str) -> Page | PageFailure:
    """Return one page, or why it cannot be read."""
    [fetched] = wiki.fetch([PageRef(PageId(page_id), "stamp")])
    return fetched


def cursor_after(wiki: Git) -> Cursor:
    """Return the cursor at which everything is told."""
    return list(wiki.changes(None))[-1].next


def told(batches: list[Batch]) -> tuple[list[str], list[str]]:
    """Return the ids changed, in order, and those removed, sorted."""
    changed = [str(ref.page_id) for batch in batches for ref in batch.changed]
    return changed, sorted(str(page_id) for batch in batches for page_id in batch.removed)


def test_pages_are_files_by_their_ending(repository: Repository, tmp_path: Path) -> None:
    """Hidden folders, packages, images and links to elsewhere are none; nor are names that are no text."""
    for path in (".github/x.md", "node_modules/y.md", "logo.png", "a.html", "caf\udce9.md"):
        repository.write(path, "text")
    repository.links["etc.md"] = b"/etc/passwd"
    repository.commit()

    assert ids(wiki_of(repository, tmp_path)) == ["a.html", "docs/lunch.md", "docs/vpn.md"]


def test_page_has_all_that_a_citation_needs(repository: Repository, tmp_path: Path) -> None:
    """Its address names the commit that last wrote it, so it never rots; its date is that commit's."""
    repository.write("docs/vpn.md", "# VPN\n\nLeave it.")
    commit = repository.commit()
    repository.write("docs/lunch.md", "# Lunch\n\nAt one.")
    repository.commit()

    page = read(wiki_of(repository, tmp_path), "docs/vpn.md")

    assert isinstance(page, Page)
    assert (page.wiki, page.title, page.text) == ("handbook", "VPN", "# VPN\n\nLeave it.")
    assert page.url == f"https://github.com/acme/handbook/blob/{commit}/docs/vpn.md"
    assert page.updated_at == datetime(2023, 11, 16, 22, 13, 20, tzinfo=UTC)
    assert page.stamp.startswith(page.revision)
    assert page.readers == EVERYONE_READS


def test_links_to_sections_are_told(repository: Repository, tmp_path: Path) -> None:
    """So that dead ones can be reported; those to elsewhere are not."""
    repository.write("docs/vpn.md", "# VPN\n\nSee [lunch](lunch.md#menu) and [more](https://x.example/#y).")
    repository.commit()

    page = read(wiki_of(repository, tmp_path), "docs/vpn.md")

    assert isinstance(page, Page)
    assert page.links == (SectionLink(PageId("docs/lunch.md"), "menu"),)


def test_only_one_folder_is_the_wiki_where_one_is_named(repository: Repository, tmp_path: Path) -> None:
    """Ids are paths in it, and what changes elsewhere is not told."""
    wiki = wiki_of(repository, tmp_path, folder="docs")
    cursor = cursor_after(wiki)
    repository.write("README.md", "# Code")
    repository.write("docs/vpn.md", "# VPN\n\nLeave it.")
    repository.commit()

    assert told(list(wiki.changes(cursor))) == (["vpn.md"], [])
    assert ids(wiki) == ["lunch.md", "vpn.md"]
    page = read(wiki, "vpn.md")
    assert isinstance(page, Page)
    assert page.updated_at == datetime(2023, 11, 16, 22, 13, 20, tzinfo=UTC)


def test_nothing_is_told_where_nothing_changed(repository: Repository, tmp_path: Path) -> None:
    """The remote is asked for its newest commit and for no more."""
    wiki = wiki_of(repository, tmp_path)

    assert list(wiki.changes(cursor_after(wiki))) == []


def test_rename_is_a_page_gone_and_a_page_new(repository: Repository, tmp_path: Path) -> None:
    """In one batch, so that it is never missing; a copy is one page more."""
    wiki = wiki_of(repository, tmp_path)
    cursor = cursor_after(wiki)
    repository.write("docs/remote-access.md", repository.files.pop("docs/vpn.md"))
    repository.write("docs/menu.md", repository.files["docs/lunch.md"])
    repository.commit()

    batches = list(wiki.changes(cursor))

    assert told(batches) == (["docs/menu.md", "docs/remote-access.md"], ["docs/vpn.md"])
    assert len(batches) == 1


def test_file_that_becomes_a_folder_or_a_link_is_gone(repository: Repository, tmp_path: Path) -> None:
    """What is no file is no page, whatever stood at that path before."""
    wiki = wiki_of(repository, tmp_path)
    cursor = cursor_after(wiki)
    del repository.files["docs/vpn.md"]
    repository.links["docs/vpn.md"] = b"lunch.md"
    repository.write("docs/lunch.md/friday.md", repository.files.pop("docs/lunch.md"))
    repository.commit()

    assert told(list(wiki.changes(cursor))) == (["docs/lunch.md/friday.md"], ["docs/lunch.md", "docs/vpn.md"])


def test_force_push_is_told_exactly(repository: Repository, tmp_path: Path) -> None:
    """The old commit is no ancestor of the new one, and still the difference is what it is."""
    wiki = wiki_of(repository, tmp_path)
    repository.write("docs/secret.md", "# Oops")
    repository.commit()
    cursor = cursor_after(wiki)
    del repository.files["docs/secret.md"]
    repository.write("docs/vpn.md", "# VPN\n\nRewritten.")
    repository.commit(parents=[])

    assert told(list(wiki.changes(cursor))) == (["docs/vpn.md"], ["docs/secret.md"])


def test_cursor_of_a_lost_commit_has_expired(repository: Repository, tmp_path: Path) -> None:
    """A deleted copy and a force-push together leave nothing to compare with."""
    cursor = cursor_after(wiki_of(repository, tmp_path / "first"))
    repository.write("docs/vpn.md", "# VPN\n\nRewritten.")
    repository.commit(parents=[])
    again = wiki_of(repository, tmp_path / "second")

    with pytest.raises(CursorExpired):
        list(again.changes(cursor))


@pytest.mark.parametrize("cursor", ["", "17", "{}", '{"folder":"","end":"x"}', '{"folder":"docs","end":""}'])
def test_cursor_that_is_not_ours_has_expired(repository: Repository, tmp_path: Path, cursor: str) -> None:
    """One of another kind of wiki, of another folder or of no commit: everything is compared anew."""
    with pytest.raises(CursorExpired):
        list(wiki_of(repository, tmp_path).changes(Cursor(cursor)))


def test_work_goes_on_after_the_batch_that_was_kept(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill costs one batch: from any cursor on, the rest is told, and what was pushed meanwhile."""
    monkeypatch.setattr(git, "BATCH", 3)
    for number in range(10):
        repository.write(f"page-{number}.md", f"# {number}")
    repository.commit()
    wiki = wiki_of(repository, tmp_path)
    first, *_ = wiki.changes(None)
    repository.write("page-0.md", "# Nought")
    del repository.files["page-9.md"]
    repository.commit()

    changed, removed = told(list(wiki_of(repository, tmp_path).changes(first.next)))

    assert told([first])[0] == ["docs/lunch.md", "docs/vpn.md", "page-0.md"]
    assert changed == [*(f"page-{number}.md" for number in range(1, 10)), "page-0.md"]
    assert removed == ["page-9.md"]


def test_page_is_read_as_the_newest_commit_has_it(repository: Repository, tmp_path: Path) -> None:
    """What is gone meanwhile is said to be gone, however old the reference."""
    wiki = wiki_of(repository, tmp_path)
    refs = whole(wiki.listing())
    repository.write("docs/lunch.md", "# Lunch\n\nAt one.")
    del repository.files["docs/vpn.md"]
    repository.commit()

    lunch, vpn = wiki.fetch(refs)

    assert isinstance(lunch, Page)
    assert lunch.text.endswith("At one.")
    assert (lunch.stamp != refs[0].stamp, type(vpn)) == (True, PageFailure)


@pytest.mark.parametrize(
    ("content", "why"), [(b"GIF\x00", "NUL byte"), (b" " * 5_000_001, "5.0 MB, more than the 5 MB")]
)
def test_file_that_cannot_be_read_is_a_failure(
    repository: Repository, tmp_path: Path, content: bytes, why: str
) -> None:
    """And the others are read."""
    repository.write("docs/a.md", content)
    repository.commit()
    wiki = wiki_of(repository, tmp_path)

    failure, *pages = wiki.fetch(whole(wiki.listing()))

    assert isinstance(failure, PageFailure)
    assert why in failure.why
    assert all(isinstance(page, Page) for page in pages)


def test_merge_is_as_old_as_the_commit_it_brought(repository: Repository, tmp_path: Path) -> None:
    """A merge writes nothing of its own, so it changes no page's date or address."""
    base = repository.commit()
    repository.write("docs/vpn.md", "# VPN\n\nOn a branch.")
    side = repository.commit()
    repository.write("docs/vpn.md", "# VPN\n\nRestart it.")
    main = repository.commit(parents=[base])
    repository.write("docs/vpn.md", "# VPN\n\nOn a branch.")
    repository.commit(parents=[main, side])

    page = read(wiki_of(repository, tmp_path), "docs/vpn.md")

    assert isinstance(page, Page)
    assert side in page.url


@pytest.mark.parametrize(
    ("repository", "url", "page_id", "address"),
    [
        ("https://github.com/o/r.wiki.git", "", "ops/On-call rota.md", "https://github.com/o/r/wiki/On-call-rota"),
        ("https://gitlab.com/g/p.wiki.git", "", "ops/rota.md", "https://gitlab.com/g/p/-/wikis/ops/rota"),
        ("https://git.example/o/r.wiki.git", "", "Home.md", "https://git.example/o/r/wiki/Home"),
        ("https://github.com/o/r.git", "", "ops/a b.md", "https://github.com/o/r/blob/HEAD/docs/ops/a%20b.md"),
        ("https://gitlab.example/g/p.git", "", "a.md", "https://gitlab.example/g/p/-/blob/HEAD/docs/a.md"),
        ("https://git.example/o/r.git", "", "a.md", ""),
        ("/srv/handbook.git", "", "a.md", ""),
        ("/srv/handbook.git", "https://docs.example/", "it/index.md", "https://docs.example/it/"),
        (
            "https://git.example/r.git",
            "https://git.example/r/src/commit/{commit}/docs/",
            "index.md",
            "https://git.example/r/src/commit/HEAD/docs/index.md",
        ),
    ],
)
def test_address_is_where_the_host_shows_the_page(repository: str, url: str, page_id: str, address: str) -> None:
    """Wikis by their pages, repositories by their files, sites by the configured address."""
    assert web_of(repository, url, "docs").address(PageId(page_id)) == address


def test_what_frames_every_page_of_a_wiki_is_no_page(repository: Repository, tmp_path: Path) -> None:
    """Sidebars and footers say nothing themselves."""
    for path in ("Home.md", "_Sidebar.md", "_Footer.md"):
        repository.write(path, "text")
    repository.commit()
    moved = repository.path.rename(tmp_path / "handbook.wiki.git")

    assert ids(wiki_of(str(moved), tmp_path)) == ["Home.md", "docs/lunch.md", "docs/vpn.md"]


def test_repository_is_read_over_http(repository: Repository, tmp_path: Path) -> None:
    """With a token where it asks for one; the second fetch brings only what is new."""
    host = Host(repository)
    host.token = "secret"
    with hosted(host) as address:
        wiki = wiki_of(f"{address}/handbook.git", tmp_path, token="secret")
        cursor = cursor_after(wiki)
        repository.write("docs/vpn.md", "# VPN\n\nLeave it.")
        repository.commit()

        changed = told(list(wiki.changes(cursor)))
        page = read(wiki, "docs/vpn.md")

    assert changed == (["docs/vpn.md"], [])
    assert isinstance(page, Page)
    assert page.text == "# VPN\n\nLeave it."


@left_open
def test_wrong_token_is_told_and_not_shown(repository: Repository, tmp_path: Path) -> None:
    """The operator reads which setting to change."""
    host = Host(repository)
    host.token = "secret"
    with hosted(host) as address:
        wiki = wiki_of(f"{address}/handbook.git", tmp_path, token="wrong-one")

        with pytest.raises(WikiRefused, match="FOOTNOTE_WIKIS") as raised:
            wiki.validate()

    assert "wrong-one" not in str(raised.value)


@left_open
def test_what_passes_is_waited_out(repository: Repository, tmp_path: Path) -> None:
    """A busy host is asked again."""
    host = Host(repository)
    host.fails = ["503 Busy", "429 Too Many Requests"]
    with hosted(host) as address:
        assert ids(wiki_of(f"{address}/handbook.git", tmp_path)) == ["docs/lunch.md", "docs/vpn.md"]


@left_open
def test_host_that_stays_away_is_an_outage_and_not_an_empty_wiki(repository: Repository, tmp_path: Path) -> None:
    """Whatever was fetched before is not taken for the newest."""
    host = Host(repository)
    with hosted(host) as address:
        wiki = wiki_of(f"{address}/handbook.git", tmp_path)
        cursor = cursor_after(wiki)
        host.fails = ["503 Busy"] * (3 * MAX_TRIES)

        for ask in (lambda: list(wiki.listing()), lambda: list(wiki.changes(cursor)), wiki.validate):
            with pytest.raises(WikiUnavailable):
                ask()


@pytest.mark.parametrize(
    ("folder", "branch", "says"), [("dcos", "", "no folder dcos"), ("", "mian", "no branch mian"), ("img", "", "img")]
)
def test_wrong_setting_is_told_and_never_an_empty_wiki(
    repository: Repository, tmp_path: Path, folder: str, branch: str, says: str
) -> None:
    """A typing mistake, or a folder that was renamed, does not delete the index."""
    repository.write("img/logo.png", b"PNG")
    repository.commit()
    wiki = wiki_of(repository, tmp_path, folder=folder, branch=branch)

    with pytest.raises(WikiMisconfigured, match=f"{says}.*FOOTNOTE_WIKIS"):
        wiki.validate()


def test_missing_repository_is_told_with_its_cure(tmp_path: Path) -> None:
    """By path, or by an address at which there is none."""
    with pytest.raises(WikiMisconfigured, match=r"nowhere\.git.*FOOTNOTE_WIKIS"):
        wiki_of(str(tmp_path / "nowhere.git"), tmp_path).validate()


def test_named_branch_is_read(repository: Repository, tmp_path: Path) -> None:
    """And not the repository's own."""
    repository.repo.refs[b"refs/heads/old"] = repository.repo.refs[b"refs/heads/main"]  # type: ignore[index]
    del repository.files["docs/vpn.md"]
    repository.commit()

    assert ids(wiki_of(repository, tmp_path, branch="old")) == ["docs/lunch.md", "docs/vpn.md"]


def test_copy_left_half_made_is_made_anew(repository: Repository, tmp_path: Path) -> None:
    """A kill while it was made costs nothing."""
    (tmp_path / "mirrors/handbook.git/objects").mkdir(parents=True)

    assert ids(wiki_of(repository, tmp_path)) == ["docs/lunch.md", "docs/vpn.md"]


@pytest.mark.parametrize("ending", [".pack", ".idx"])
def test_damaged_copy_is_never_a_short_listing(repository: Repository, tmp_path: Path, ending: str) -> None:
    """Whatever is cut short in it, the copy is made anew, at the next refresh at the latest."""
    host = Host(repository)
    with hosted(host) as address:
        url = f"{address}/handbook.git"
        wiki_of(url, tmp_path).validate()
        [damaged] = (tmp_path / "mirrors/handbook.git/objects/pack").glob(f"*{ending}")
        damaged.chmod(0o644)
        damaged.write_bytes(damaged.read_bytes()[:40])
        try:
            listed = ids(wiki_of(url, tmp_path))
        except WikiUnavailable:
            listed = ids(wiki_of(url, tmp_path))

    assert listed == ["docs/lunch.md", "docs/vpn.md"]


CHANGES = st.lists(
    st.lists(st.tuples(st.sampled_from(["a.md", "b.md", "d/a.md", "d/b.md", "x.png"]), st.integers(-1, 3)), max_size=4),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commits=CHANGES, force=st.integers(0, 5))
def test_told_changes_add_up_to_the_wiki(
    commits: list[list[tuple[str, int]]], force: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is pushed, the pages known from the changes are those that a listing names, with the same stamps."""
    folder = tmp_path_factory.mktemp("told")
    repository = Repository(folder / "handbook.git")
    repository.write("z.md", "always there")
    wiki = wiki_of(repository, folder)
    known: dict[str, str] = {}
    cursor: Cursor | None = None
    for number, commit in enumerate(commits):
        for path, content in commit:
            if content < 0:
                repository.files.pop(path, None)
            else:
                repository.write(path, f"content {content}")
        repository.commit(parents=[] if number == force else None)
        for batch in wiki.changes(cursor):
            known |= {str(ref.page_id): ref.stamp for ref in batch.changed}
            known = {page_id: stamp for page_id, stamp in known.items() if page_id not in batch.removed}
            cursor = batch.next

    assert known == {str(ref.page_id): ref.stamp for ref in whole(wiki.listing())}
    repository.close()
