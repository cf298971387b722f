"""What the fake MediaWiki imitates, the real one does: the same stories on Debian's MediaWiki 1.39."""

import html
import random
from collections.abc import Iterator

import pytest

from indexer.comparing import whole
from indexer.errors import WikiRefused
from indexer.pages import EVERYONE_READS, FailureKind, Page, PageFailure, PageId, PageRef
from indexer.ports import Cursor
from indexer.wikis import mediawiki
from indexer.wikis.http import Http
from indexer.wikis.mediawiki import MediaWiki
from indexer.wikis.mediawiki_api import Account, MediaWikiApi
from indexer.wikis.patience import Patience
from tests.indexer.wikis.real_mediawiki import BOT, CURE, PASSWORD, RealMediaWiki, free_port, is_there

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_there(), reason=CURE)]


class Followed:
    """The real wiki, and what a catalogue would know of it."""

    def __init__(self, real: RealMediaWiki, account: Account | None = None) -> None:
        api = MediaWikiApi("handbook", real.url, account or Account(), self._http)
        self.wiki = MediaWiki("handbook", api, (), EVERYONE_READS)
        self.known: dict[PageId, str] = {}
        self.cursor: Cursor | None = None

    def poll(self) -> tuple[set[str], set[str]]:
        """Follow the feed; return the ids changed and removed."""
        changed: set[str] = set()
        removed: set[str] = set()
        for batch in self.wiki.changes(self.cursor):
            changed |= {ref.page_id for ref in batch.changed}
            removed |= set(batch.removed)
            self.known |= {ref.page_id: ref.stamp for ref in batch.changed}
            self.known = {page_id: stamp for page_id, stamp in self.known.items() if page_id not in batch.removed}
            self.cursor = batch.next
        return changed, removed

    def listed(self) -> dict[PageId, str]:
        """Return the stamps of a listing."""
        return {ref.page_id: ref.stamp for ref in whole(self.wiki.listing())}

    def read(self, page_id: str) -> Page:
        """Return one page."""
        [page] = self.wiki.fetch([PageRef(PageId(page_id), "stamp")])
        assert isinstance(page, Page), page
        return page

    def _http(self, base_url: str) -> Http:
        return Http("handbook", base_url, {}, patience=Patience(lambda _: None))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealMediaWiki]:
    """Give a wiki that was just installed."""
    made = RealMediaWiki(tmp_path_factory.mktemp("mediawiki"), free_port())
    made.install()
    with made.serving():
        yield made


@pytest.fixture
def followed(real: RealMediaWiki) -> Followed:
    """Give the wiki, with all there is told already."""
    made = Followed(real)
    made.poll()
    return made


ARTICLE = """'''Remote access''' for everybody.

== Set up ==
Install the [[client]].<ref>Ask IT.</ref>

== Linux & co ==
<pre>
sudo vpn up \\
    --fast
</pre>

{| class="wikitable"
! Office !! Gateway
|-
| Bristol || gw-1
|}

== Set up ==
* once
* twice

<references/>
"""


def test_page_is_read_as_people_see_it(real: RealMediaWiki, followed: Followed) -> None:
    """Text, tables, code and anchors; every anchor is in the page that the link opens."""
    page = followed.read(real.edit("VPN", ARTICLE))

    assert page.title == "VPN"
    assert page.text.startswith("Remote access for everybody.\n\n## Set up\n\nInstall the client.\n\n## Linux & co")
    assert "```\nsudo vpn up \\\n    --fast\n```" in page.text
    assert "| Office | Gateway |\n| --- | --- |\n| Bristol | gw-1 |" in page.text
    assert "↑" not in page.text
    anchors = list(dict.fromkeys(block.anchor for block in page.blocks if block.anchor))
    assert anchors == ["Set_up", "Linux_&_co", "Set_up_2"]
    shown = real.read(followed.wiki.link(page.page_id, "Set_up_2", "twice"))
    assert all(f'id="{html.escape(anchor)}"' in shown for anchor in anchors)
    assert page.updated_at is not None


def test_edit_is_told_once_and_cited_anew(real: RealMediaWiki, followed: Followed) -> None:
    """The newcomer's story: edit a page, and the next refresh has the new text."""
    number = real.edit("Lunch", "At noon.")
    followed.poll()
    real.edit("Lunch", "At one.")

    changed, removed = followed.poll()

    assert (changed, removed) == ({number}, set())
    assert followed.read(number).text == "At one."
    assert followed.poll() == (set(), set())
    assert followed.known == followed.listed()


def test_move_delete_and_restore_are_told(real: RealMediaWiki, followed: Followed) -> None:
    """The number survives all three; a move into what is read, and out of it, counts."""
    number = real.edit("Expenses", "Keep receipts.")
    followed.poll()
    real.move("Expenses", "Handbook:Expenses")
    moved = followed.poll()
    real.move("Handbook:Expenses", "User:Admin/Expenses", leaves_redirect=False)
    hidden = followed.poll()
    real.move("User:Admin/Expenses", "Handbook:Money")
    shown = followed.poll()
    real.delete("Handbook:Money")
    deleted = followed.poll()
    [gone] = followed.wiki.fetch([PageRef(PageId(number), "stamp")])
    real.restore("Handbook:Money")
    restored = followed.poll()

    assert number in moved[0]
    assert number in hidden[1]
    assert number in shown[0]
    assert number in deleted[1]
    assert isinstance(gone, PageFailure)
    assert gone.kind is FailureKind.GONE
    assert number in restored[0]
    assert followed.read(number).title == "Handbook:Money"
    assert followed.known == followed.listed()


def test_page_shows_its_template_anew(real: RealMediaWiki, followed: Followed) -> None:
    """The feed names the template only; the next listing has another stamp for the page."""
    real.edit("Template:Gateway", "gw-1")
    number = real.edit("Gateways", "Use {{Gateway}}.")
    followed.poll()
    before = followed.listed()[PageId(number)]
    real.wait_for_the_next_second()
    real.edit("Template:Gateway", "gw-2, in Bristol")
    real.run_jobs()

    assert followed.listed()[PageId(number)] != before
    assert followed.read(number).text == "Use gw-2, in Bristol."


def test_listing_comes_in_pieces(real: RealMediaWiki, followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for two at a time, it is the same listing; a crawl goes on from any batch."""
    for number in range(5):
        real.edit(f"Piece {number}", f"text {number}")
    listing = followed.listed()
    monkeypatch.setitem(mediawiki._EVERY_PAGE, "gaplimit", "2")
    first, *_ = followed.wiki.changes(None)
    again = Followed(real)
    again.known = {ref.page_id: ref.stamp for ref in first.changed}
    again.cursor = first.next

    again.poll()

    assert followed.listed() == listing
    assert again.known == listing


def test_private_wiki_needs_a_bot_password(real: RealMediaWiki) -> None:
    """Without one it is refused, with a wrong one too; with one everything is there."""
    real.close_to_the_public()
    try:
        for account in (Account(), Account(BOT, "x" * 32)):
            with pytest.raises(WikiRefused, match="FOOTNOTE_WIKIS"):
                Followed(real, account).wiki.validate()
        member = Followed(real, Account(BOT, PASSWORD))
        member.wiki.validate()
        listed = member.listed()
    finally:
        real.open_to_the_public()

    assert len(listed) >= 1
    assert listed == Followed(real).listed()


def test_told_changes_add_up_to_the_wiki(real: RealMediaWiki, followed: Followed) -> None:
    """Sixty deeds at random, polled at random: the last poll knows just what a listing has."""
    chance = random.Random(4)
    there: set[str] = set()
    deleted: set[str] = set()
    for number in range(60):
        title = chance.choice(["R1", "R2", "Handbook:R3", "User:Admin/R4"])
        other = chance.choice(["R5", "Handbook:R6", "User:Admin/R7"])
        deed = chance.choice(["edit", "edit", "delete", "restore", "move", "redirect", "poll"])
        if deed == "edit":
            real.edit(title, f"text {number}")
            there.add(title)
        elif deed == "redirect":
            real.edit(title, "#REDIRECT [[VPN]]")
            there.add(title)
        elif deed == "delete" and title in there:
            real.delete(title)
            there.remove(title)
            deleted.add(title)
        elif deed == "restore" and title in deleted - there:
            real.restore(title)
            there.add(title)
            deleted.remove(title)
        elif deed == "move" and title in there and other not in there:
            real.move(title, other, leaves_redirect=False)
            there.remove(title)
            there.add(other)
        elif deed == "poll":
            followed.poll()

    followed.poll()

    assert followed.known == followed.listed()
