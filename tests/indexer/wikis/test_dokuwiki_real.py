"""What the fake DokuWiki imitates, the real one does: the same stories on Debian's DokuWiki 2022-07-31."""

import html
import random
import re
from collections.abc import Iterator
from functools import partial

import pytest

from indexer.comparing import whole
from indexer.errors import WikiMisconfigured, WikiRefused
from indexer.pages import EVERYONE_READS, FailureKind, Page, PageFailure, PageId, PageRef, Principal, Readers, readers
from indexer.wikis.dokuwiki import DokuWiki
from indexer.wikis.dokuwiki_api import DokuWikiApi
from indexer.wikis.http import Http
from indexer.wikis.patience import Patience
from tests.indexer.wikis.real_dokuwiki import BOT, CURE, RealDokuWiki, is_there
from tests.indexer.wikis.real_mediawiki import free_port

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_there(), reason=CURE)]

STAFF = readers([Principal("staff")])
GUEST = ("", "")

ARTICLE = """====== Remote access ======
**Remote access** for everybody.((Ask IT.))

===== Set up =====
Install the [[client]].

===== Linux & co =====
<code bash>
sudo vpn up \\
    --fast
</code>

^ Office  ^ Gateway ^
| Bristol | gw-1    |

===== Set up =====
  * once
  * twice

<file php start.php>
<?php echo "<b>";
</file>
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealDokuWiki]:
    """Give a wiki that was just installed, with DokuWiki's own manual in it."""
    made = RealDokuWiki(tmp_path_factory.mktemp("dokuwiki"), free_port())
    made.install(with_manual=True)
    with made.serving():
        made.let_guests_ask()
        yield made


def wiki_at(real: RealDokuWiki, account: tuple[str, str] = BOT, *namespaces: str) -> DokuWiki:
    """Return the adapter."""
    http = partial(Http, "handbook", headers={}, patience=Patience(lambda _: None))
    api = DokuWikiApi("handbook", real.url, *account, lambda base_url: http(base_url=base_url))
    return DokuWiki("handbook", api, namespaces, STAFF)


def listed(wiki: DokuWiki) -> dict[str, PageRef]:
    """Return every page there is, by its name."""
    return {str(ref.page_id): ref for ref in whole(wiki.listing())}


def rights(wiki: DokuWiki) -> dict[str, Readers | None]:
    """Return who may read each page there is."""
    return {name: ref.readers for name, ref in listed(wiki).items()}


def read(wiki: DokuWiki, name: str) -> Page | PageFailure:
    """Return one page, or why it cannot be read."""
    [fetched] = wiki.fetch([PageRef(PageId(name), "stamp", EVERYONE_READS)])
    return fetched


def test_page_is_read_as_people_see_it(real: RealDokuWiki) -> None:
    """Text, tables, code and anchors; every anchor is in the page that the link opens."""
    wiki = wiki_at(real)
    page = read(wiki, real.edit("it:vpn", ARTICLE))

    assert isinstance(page, Page)
    assert page.title == "Remote access"
    assert page.text.startswith(
        "# Remote access\n\nRemote access for everybody.\n\n## Set up\n\nInstall the client.\n\n## Linux & co"
    )
    assert "sudo vpn up \\\n    --fast\n```" in page.text
    assert "| Office | Gateway |\n| --- | --- |\n| Bristol | gw-1 |" in page.text
    assert "- once\n- twice" in page.text
    assert '<?php echo "<b>";' in page.text
    assert page.text.endswith("Ask IT.")
    assert "EDIT" not in page.text
    anchors = list(dict.fromkeys(block.anchor for block in page.blocks if block.anchor))
    assert anchors == ["set_up", "linux_co", "set_up1"]
    shown = real.read(wiki.link(page.page_id, "set_up1", "twice"))
    assert all(f'id="{anchor}"' in shown for anchor in anchors)
    assert page.updated_at is not None


@pytest.mark.parametrize("name", ["wiki:syntax", "wiki:welcome", "wiki:dokuwiki", "playground:playground"])
def test_dokuwikis_own_manual_is_read_whole(real: RealDokuWiki, name: str) -> None:
    """Every kind of markup there is: each heading is at the anchor that the page shown has."""
    wiki = wiki_at(real)
    page = read(wiki, name)

    assert isinstance(page, Page)
    shown = real.read(page.url)
    anchors = {block.anchor for block in page.blocks if block.anchor}
    assert f">{html.escape(page.title)}</h1>" in shown
    assert all(f'id="{html.escape(anchor)}"' in shown for anchor in anchors)
    assert len(anchors) == len(re.findall(r'<h[2-5](?: class="sectionedit\d+")? id="', shown))
    assert page.text.strip()


def test_page_with_an_odd_name_is_fetched(real: RealDokuWiki) -> None:
    """Letters of any script, digits, dots: listed and linked as the wiki has them."""
    names = [real.edit(name, f"text of {name}") for name in ("büro:café", "2026.plan", "日本:東京", "a-b_c.d")]
    wiki = wiki_at(real)

    assert set(names) <= set(listed(wiki))
    for name in names:
        page = read(wiki, name)
        assert isinstance(page, Page)
        assert f"text of {name}" in page.text
        assert f"text of {name}" in real.read(wiki.link(page.page_id, "", ""))


def test_page_that_breaks_the_wiki_stops_no_other(real: RealDokuWiki) -> None:
    """A feed needs a library that is not there: DokuWiki shows its page for errors, with status 200."""
    real.edit("news", "{{rss>http://127.0.0.1:9/}}")
    wiki = wiki_at(real)

    broken, other = wiki.fetch([PageRef(PageId("news"), ""), PageRef(PageId("wiki:welcome"), "")])

    real.delete("news")
    assert isinstance(broken, PageFailure)
    assert broken.kind is FailureKind.UNREADABLE
    assert "no answer of XML-RPC" in broken.why
    assert isinstance(other, Page)


def test_edit_shows_in_the_stamp_even_within_a_second(real: RealDokuWiki) -> None:
    """By the hash of the source; and only of the page that was edited."""
    wiki = wiki_at(real)
    real.edit("lunch", "At noon.")
    before = listed(wiki)

    for text in ("At one.", "At two.", "At ten."):
        real.edit("lunch", text)
        after = listed(wiki)
        page = read(wiki, "lunch")
        assert isinstance(page, Page)
        assert page.text == text
        assert {name for name in before if after[name] != before[name]} == {"lunch"}
        before = after


def test_delete_restore_and_rename_are_seen(real: RealDokuWiki) -> None:
    """A page saved with nothing in it is gone; under another name it is another page."""
    wiki = wiki_at(real)
    real.edit("expenses", "Keep receipts.")
    real.delete("expenses")
    deleted, gone = set(listed(wiki)), read(wiki, "expenses")
    real.restore("expenses")
    restored, again = set(listed(wiki)), read(wiki, "expenses")
    real.rename("expenses", "money:expenses")
    renamed = set(listed(wiki))

    assert "expenses" not in deleted
    assert isinstance(gone, PageFailure)
    assert gone.kind is FailureKind.GONE
    assert restored - deleted == {"expenses"}
    assert isinstance(again, Page)
    assert again.text == "Keep receipts."
    assert (renamed - restored, restored - renamed) == ({"money:expenses"}, {"expenses"})


def test_namespace_made_private_is_for_those_named(real: RealDokuWiki) -> None:
    """At the next listing; and for everyone again once guests may read it."""
    real.edit("hr:leave", "25 days.")
    wiki, guest = wiki_at(real), wiki_at(real, GUEST)
    before = rights(wiki)
    real.close_to_guests("hr")
    after, for_guests, closed, kept = rights(wiki), rights(guest), read(guest, "hr:leave"), read(wiki, "hr:leave")
    real.close("hr")
    lost, denied = rights(wiki), read(wiki, "hr:leave")
    real.open("hr")

    assert before["hr:leave"] == EVERYONE_READS
    assert {name for name in before if after[name] != before[name]} == {"hr:leave"}
    assert after["hr:leave"] == STAFF
    assert "hr:leave" not in for_guests.keys() | lost.keys()
    assert isinstance(kept, Page)
    for failure in (closed, denied):
        assert isinstance(failure, PageFailure)
        assert failure.kind is FailureKind.CLOSED
    assert rights(wiki) == before


def test_lost_session_hides_no_page(real: RealDokuWiki) -> None:
    """The wiki would show a guest's listing, with status 200."""
    real.edit("board:minutes", "Confidential.")
    real.close_to_guests("board")
    wiki = wiki_at(real)
    before = rights(wiki)
    real.forget_sessions()
    after = rights(wiki)
    real.forget_sessions()
    page = read(wiki, "board:minutes")

    assert before["board:minutes"] == STAFF
    assert after == before
    assert isinstance(page, Page)


def test_namespaces_are_those_asked_for(real: RealDokuWiki) -> None:
    """DokuWiki takes `WIKI` for `wiki`, and `-` for everything: we do not."""
    assert set(listed(wiki_at(real, BOT, "wiki"))) == {"wiki:dokuwiki", "wiki:syntax", "wiki:welcome"}
    for name in ("WIKI", "-"):
        with pytest.raises(WikiMisconfigured, match="namespaces"):
            listed(wiki_at(real, BOT, name))


def test_who_may_not_use_the_api_is_told_why(real: RealDokuWiki) -> None:
    """Guests where only accounts may, a wrong password, an API that is switched off: each with its cure."""
    real.edit("open", "text")
    try:
        real.let_accounts_ask()
        with pytest.raises(WikiRefused, match="remoteuser"):
            wiki_at(real, GUEST).validate()
        closed = rights(wiki_at(real))
        with pytest.raises(WikiRefused, match='"password"'):
            wiki_at(real, (BOT[0], "wrong")).validate()
        real.switch_off()
        with pytest.raises(WikiMisconfigured, match="switched off"):
            wiki_at(real).validate()
    finally:
        real.let_guests_ask()

    assert set(closed.values()) == {STAFF}  # what guests may read cannot be told, so nobody is presumed to
    assert rights(wiki_at(real))["open"] == EVERYONE_READS


def test_listing_is_always_what_may_be_read_and_by_whom(real: RealDokuWiki) -> None:
    """Forty deeds at random: whatever people do, the listing says what a guest's browser is shown."""
    chance = random.Random(4)
    wiki = wiki_at(real)
    there: dict[str, str] = {}
    closed: set[str] = set()
    for number in range(40):
        namespace = chance.choice(["r1", "r2", "r3"])
        name, other = f"{namespace}:page", f"{chance.choice(['r1', 'r2', 'r3'])}:moved"
        deed = chance.choice(["edit", "edit", "delete", "rename", "close", "open"])
        if deed == "edit":
            there[name] = f"text {number}"
            real.edit(name, there[name])
        elif deed == "delete" and name in there:
            real.delete(name)
            del there[name]
        elif deed == "rename" and name in there:
            real.rename(name, other)
            there[other] = there.pop(name)
        elif deed == "close" and namespace not in closed:
            real.close_to_guests(namespace)
            closed.add(namespace)
        elif deed == "open" and namespace in closed:
            real.open(namespace)
            closed.remove(namespace)
        if number % 10 == 9:
            said = {one: told for one, told in rights(wiki).items() if one.startswith(("r1:", "r2:", "r3:"))}
            assert said == {one: STAFF if one.split(":")[0] in closed else EVERYONE_READS for one in there}
    for name, text in there.items():
        page = read(wiki, name)
        assert isinstance(page, Page)
        assert page.text == text
        assert (text in real.read(page.url)) == (name.split(":")[0] not in closed)
