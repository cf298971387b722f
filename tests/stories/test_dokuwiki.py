"""People edit a real DokuWiki, and at each refresh Footnote answers from what the wiki shows, to those it shows it.

The real DokuWiki over real sockets, through the real settings, wiring, sync, catalogue and search.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from config.wiki_settings import WikiSettings
from config.wikis import adapter
from indexer.pages import EVERYONE, Principal
from indexer.search import Search
from indexer.store.catalogue import Catalogue
from indexer.store.vectors import Snapshots
from indexer.sync import Refreshed, Sync
from tests.fakes_indexer import FakeEmbedder, SilentProgress, SteadyClock
from tests.indexer.wikis.real_dokuwiki import BOT, CURE, RealDokuWiki, is_there
from tests.indexer.wikis.real_mediawiki import free_port

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_there(), reason=CURE)]

EVERYBODY = frozenset({EVERYONE})
STAFF = frozenset({EVERYONE, Principal("staff")})


@dataclass(frozen=True, slots=True)
class Followed:
    """A DokuWiki that is *real*, and the index over it."""

    real: RealDokuWiki
    sync: Sync
    search: Search
    clock: SteadyClock

    def refresh(self) -> Refreshed:
        """Look at the wiki, ten minutes after the last time."""
        self.clock.forward(timedelta(minutes=10))
        return self.sync.refresh(SilentProgress())

    def found(self, audience: frozenset[Principal]) -> dict[str, str]:
        """Return the text of every page that *audience* is answered from, by the page's name."""
        return {str(hit.page_id): hit.text for hit in self.search.find("kettle", audience, 1000)}


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    """Give an empty wiki that guests may read, and an index whose account reads more, for the staff."""
    real = RealDokuWiki(tmp_path / "dokuwiki", free_port())
    (tmp_path / "dokuwiki").mkdir()
    real.install()
    user, password = BOT
    setting = {"kind": "dokuwiki", "url": f"{real.url}/doku.php?id=start", "user": user, "password": password}
    one: WikiSettings = TypeAdapter[WikiSettings](WikiSettings).validate_python(setting | {"readers": ["staff"]})
    embedder, clock, catalogue = FakeEmbedder(), SteadyClock(), Catalogue(tmp_path / "wiki.db")
    snapshots = Snapshots(tmp_path / "snapshots")
    sync = Sync([adapter(one, tmp_path)], embedder, catalogue, snapshots, clock)
    with real.serving():
        real.let_guests_ask()
        yield Followed(real, sync, Search(catalogue, embedder, snapshots), clock)
    catalogue.close()


def test_edits_deletions_and_new_names_are_answered_from_at_the_next_refresh(followed: Followed) -> None:
    """A page is written, edited, deleted, restored and given another name; a refresh without news fetches nothing."""
    real = followed.real
    real.edit("start", "The kettle boils at 96 degrees.")
    real.edit("kitchen:tea", "Fill the kettle first.")
    first = followed.refresh()
    real.edit("start", "The kettle boils at 81 degrees.")
    real.delete("kitchen:tea")
    second, after = followed.refresh(), followed.found(EVERYBODY)
    real.restore("kitchen:tea")
    real.rename("start", "kitchen:kettle")
    third, at_last = followed.refresh(), followed.found(EVERYBODY)
    quiet = followed.refresh()

    assert (first.new, second.changed, second.removed) == (2, 1, 1)
    assert after == {"start": "The kettle boils at 81 degrees."}
    assert (third.new, third.removed) == (2, 1)
    assert at_last == {"kitchen:kettle": "The kettle boils at 81 degrees.", "kitchen:tea": "Fill the kettle first."}
    assert (quiet.new, quiet.changed, quiet.removed, quiet.unchanged) == (0, 0, 0, 2)


def test_namespace_made_private_is_answered_from_no_more(followed: Followed) -> None:
    """Thirty pages at once: for those who are named while the bot may read them, then for nobody; and open again."""
    real = followed.real
    real.edit("start", "The kettle is for everybody.")
    for number in range(30):
        real.edit(f"board:kettle_{number}", f"The kettle {number} is secret.")
    followed.refresh()
    everything = followed.found(EVERYBODY)
    real.close_to_guests("board")
    followed.refresh()
    for_guests, for_staff = followed.found(EVERYBODY), followed.found(STAFF)
    real.close("board")
    closed = followed.refresh()
    for_nobody = followed.found(STAFF)
    real.open("board")
    for _ in range(3):
        followed.refresh()

    assert len(everything) == 31
    assert for_guests == for_nobody == {"start": "The kettle is for everybody."}
    assert for_staff == everything
    assert closed.held_back  # they may come back, so they are kept: for nobody
    assert followed.found(EVERYBODY) == everything


def test_catalogue_equals_the_wiki_whatever_people_do(followed: Followed) -> None:
    """Eighty deeds at random, with a look now and then: everybody is answered from just what guests may read."""
    real, chance = followed.real, random.Random(7)
    there = {"start": "The kettle is always there."}
    real.edit("start", there["start"])
    closed: set[str] = set()
    deleted: dict[str, str] = {}
    looks = 0
    for number in range(80):
        namespace = chance.choice(["a", "b", "c"])
        name, other = f"{namespace}:page", f"{chance.choice(['a', 'b', 'c'])}:moved"
        deed = chance.choice(["edit", "edit", "delete", "restore", "rename", "close", "open", "look"])
        if deed == "edit":
            there[name] = f"The kettle {number}."
            real.edit(name, there[name])
            deleted.pop(name, None)
        elif deed == "delete" and name in there:
            real.delete(name)
            deleted[name] = there.pop(name)
        elif deed == "restore" and name in deleted:
            real.restore(name)
            there[name] = deleted.pop(name)
        elif deed == "rename" and name in there and other not in there:
            real.rename(name, other)
            there[other] = deleted[name] = there.pop(name)
        elif deed == "close":
            real.close_to_guests(namespace)
            closed.add(namespace)
        elif deed == "open":
            real.open(namespace)
            closed.discard(namespace)
        elif deed == "look":
            looks += 1
            assert not followed.refresh().unavailable
            open_to_all = {one: text for one, text in there.items() if one.split(":")[0] not in closed}
            assert followed.found(STAFF) == there
            assert followed.found(EVERYBODY) == open_to_all
    assert looks > 5
