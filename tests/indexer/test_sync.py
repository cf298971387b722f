"""A refresh: what becomes findable, what stays, what goes, and what is left undone."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from indexer.errors import EmbedderUnusable
from indexer.pages import EVERYONE
from indexer.ports import Vectors
from indexer.sync import Sync
from tests.fakes_indexer import FakeEmbedder, FakeWiki, SilentProgress
from tests.indexer.conftest import SmallIndex, build_index


def test_new_pages_become_findable(index: SmallIndex) -> None:
    """What a wiki has is found after the first refresh, and counted."""
    index.wiki.write("vpn", "Restart the tunnel.\n\nThen log in again.")
    index.wiki.write("lunch", "Lunch is at noon.")

    refreshed = index.refresh()

    assert (refreshed.new, refreshed.passages, refreshed.generation) == (2, 2, 1)
    assert index.find("when is lunch")[0].page_id == "lunch"


def test_second_refresh_without_a_change_does_nothing(index: SmallIndex) -> None:
    """Nothing is fetched, nothing embedded, and the generation stays."""
    index.wiki.write("vpn", "Restart the tunnel.")
    index.refresh()
    index.wiki.fetched.clear()
    index.embedder.embedded.clear()

    refreshed = index.refresh()

    assert (refreshed.unchanged, refreshed.new, refreshed.changed, refreshed.generation) == (1, 0, 0, 1)
    assert index.wiki.fetched == []
    assert index.embedder.embedded == []


def test_touched_page_only_gets_its_new_stamp(index: SmallIndex) -> None:
    """Same content under another stamp is no change, and is not fetched a third time."""
    index.wiki.write("vpn", "Restart the tunnel.")
    index.refresh()
    index.wiki.touch("vpn")

    refreshed = index.refresh()
    index.wiki.fetched.clear()
    index.refresh()

    assert (refreshed.unchanged, refreshed.changed, refreshed.generation) == (1, 0, 1)
    assert index.wiki.fetched == []


def test_edit_of_one_section_embeds_only_that_one(index: SmallIndex) -> None:
    """Passages that say the same keep their row; the new text is found at once, the old one never again."""
    index.wiki.write("vpn", _section("alpha") + _section("beta") + _section("gamma"))
    index.refresh()
    before = index.passage_ids()
    index.embedder.embedded.clear()
    index.wiki.write("vpn", _section("alpha") + _section("delta") + _section("gamma"))

    refreshed = index.refresh()

    after = index.passage_ids()
    kept = {text for text in before if "alpha" in text or "gamma" in text}
    assert (refreshed.changed, refreshed.generation, len(index.embedder.embedded)) == (1, 2, 1)
    assert {text: after[text] for text in kept} == {text: before[text] for text in kept}
    assert not any("beta" in text for text in after)


def test_moved_text_is_not_embedded_again(index: SmallIndex) -> None:
    """A page deleted and created anew under another id takes its vectors from the cache."""
    index.wiki.write("old", "Restart the tunnel.", title="VPN")
    index.refresh()
    index.embedder.embedded.clear()
    index.wiki.write("new", "Restart the tunnel.", title="VPN")
    index.wiki.write("other", "Something to remain.")
    index.wiki.delete("old")

    refreshed = index.refresh()

    assert (refreshed.new, refreshed.removed) == (2, 1)
    assert index.embedder.embedded == [text for text in index.embedder.embedded if "tunnel" not in text]


def test_deleted_page_is_gone_at_once(index: SmallIndex) -> None:
    """What the wiki does not list any more is not found any more."""
    index.wiki.write("vpn", "Restart the tunnel.")
    index.wiki.write("lunch", "Lunch is at noon.")
    index.refresh()
    index.wiki.delete("vpn")

    refreshed = index.refresh()

    assert (refreshed.removed, refreshed.passages, refreshed.generation) == (1, 1, 2)
    assert index.found_pages("tunnel") == {"lunch"}


def test_loss_that_looks_like_an_outage_is_held_back(index: SmallIndex) -> None:
    """Half a wiki gone at once stays, is said with the cure, and goes once an admin accepts it."""
    _write_many(index.wiki, 60)
    index.refresh()
    index.wiki.delete(*(f"page-{number}" for number in range(30)))

    cautious = index.refresh()
    accepted = index.refresh(accept_removals=True)

    assert (cautious.removed, cautious.generation) == (0, 1)
    assert "--accept-removals" in cautious.held_back[0]
    assert (accepted.removed, accepted.held_back, accepted.passages) == (30, (), 30)


def test_wiki_that_lists_nothing_is_held_back(index: SmallIndex) -> None:
    """A folder that is not mounted looks like an empty wiki; even a small one is not believed."""
    index.wiki.write("vpn", "Restart the tunnel.")
    index.refresh()
    index.wiki.delete("vpn")

    refreshed = index.refresh()

    assert refreshed.removed == 0
    assert index.found_pages("tunnel") == {"vpn"}


def test_wiki_that_is_away_keeps_its_pages(tmp_path: Path) -> None:
    """One wiki's outage is said and removes nothing; the other wiki is refreshed all the same."""
    away, there = FakeWiki("away"), FakeWiki("there")
    index = build_index(tmp_path, wiki=away)
    sync = Sync([away, there], index.embedder, index.catalogue, index.snapshots, index.clock)
    away.write("vpn", "Restart the tunnel.")
    sync.refresh(SilentProgress())
    away.is_away = True
    there.write("lunch", "Lunch is at noon.")

    refreshed = sync.refresh(SilentProgress())

    assert refreshed.unavailable == ("away does not answer",)
    assert (refreshed.new, refreshed.removed) == (1, 0)
    assert index.found_pages("tunnel") == {"vpn", "lunch"}


def test_wiki_that_goes_away_midway_keeps_what_was_stored(index: SmallIndex) -> None:
    """Whole batches before the outage stay, nothing is removed, and the next refresh does the rest."""
    _write_many(index.wiki, 80)
    index.wiki.fails_after = 70

    broken = index.refresh()
    index.wiki.fails_after = None
    whole = index.refresh()

    assert (broken.new, broken.removed, len(broken.unavailable)) == (64, 0, 1)
    assert (whole.new, whole.unchanged, whole.unavailable) == (16, 64, ())


def test_unreadable_page_that_was_good_before_stays(index: SmallIndex) -> None:
    """A page that cannot be read keeps its last good passages, is counted, and is found in the failures."""
    index.wiki.write("vpn", "Restart the tunnel.")
    index.wiki.write("lunch", "Lunch is at noon.")
    index.refresh()
    index.wiki.touch("vpn")
    index.wiki.unreadable = {"vpn": "not UTF-8"}  # type: ignore[dict-item]  # a plain literal for a page id

    refreshed = index.refresh()

    with index.catalogue.reading() as reading:
        failures = reading.failures()
    assert (refreshed.failed, refreshed.unchanged, refreshed.generation) == (1, 1, 1)
    assert [(failure.page_id, failure.why) for failure in failures] == [("vpn", "not UTF-8")]
    assert "vpn" in index.found_pages("tunnel")


def test_unreadable_page_waits_for_its_next_try(index: SmallIndex) -> None:
    """It is not tried at every refresh, stays counted as failed, and its failure is forgotten once it can be read."""
    index.wiki.write("vpn", "Restart the tunnel.")
    index.wiki.unreadable = {"vpn": "not UTF-8"}  # type: ignore[dict-item]  # a plain literal for a page id
    index.refresh()
    index.wiki.unreadable = {}

    soon = index.refresh()
    index.clock.forward(timedelta(minutes=16))
    later = index.refresh()

    assert (soon.failed, soon.new) == (1, 0)
    assert (later.failed, later.new) == (0, 1)
    assert index.refresh().failed == 0


def test_edit_of_an_unreadable_page_is_tried_at_once(index: SmallIndex) -> None:
    """Another stamp is reason enough for another try."""
    index.wiki.write("vpn", "\ufffd")
    index.wiki.unreadable = {"vpn": "not UTF-8"}  # type: ignore[dict-item]  # a plain literal for a page id
    index.refresh()
    index.wiki.unreadable = {}
    index.wiki.write("vpn", "Restart the tunnel.")

    assert index.refresh().new == 1


def test_revoked_right_acts_without_embedding(index: SmallIndex) -> None:
    """A page closed to everyone is not found by everyone after the refresh, and nothing is embedded for it."""
    index.wiki.write("pay", "Salaries are secret.")
    index.refresh()
    index.embedder.embedded.clear()
    index.wiki.write("pay", "Salaries are secret.", readers=["hr"])

    refreshed = index.refresh()

    assert (refreshed.changed, refreshed.generation) == (1, 2)
    assert index.found_pages("salaries") == set()
    assert index.found_pages("salaries", ["hr", EVERYONE]) == {"pay"}
    assert index.embedder.embedded == []


def test_full_refresh_reads_every_page(index: SmallIndex) -> None:
    """With `full` no stamp is believed, yet what is the same stays unchanged."""
    _write_many(index.wiki, 3)
    index.refresh()
    index.wiki.fetched.clear()

    refreshed = index.refresh(full=True)

    assert (len(index.wiki.fetched), refreshed.unchanged, refreshed.generation) == (3, 3, 1)


def test_rehearsal_decides_the_same_and_writes_nothing(index: SmallIndex) -> None:
    """A dry run counts as the refresh would, embeds nothing and leaves the file as it was."""
    _write_many(index.wiki, 40)
    index.refresh()
    index.wiki.write("page-1", "Something else.")
    index.wiki.write("more", "New here.")
    index.wiki.delete("page-2")
    index.wiki.touch("page-3")
    index.embedder.embedded.clear()
    before = _content(index)

    rehearsed = index.sync.rehearse(SilentProgress())

    assert (rehearsed.new, rehearsed.changed, rehearsed.removed, rehearsed.unchanged) == (1, 1, 1, 38)
    assert index.embedder.embedded == []
    assert _content(index) == before
    refreshed = index.refresh()
    assert (refreshed.new, refreshed.changed, refreshed.removed, refreshed.unchanged) == (1, 1, 1, 38)


def test_wiki_dropped_from_the_settings_is_removed(tmp_path: Path) -> None:
    """A wiki that is not named any more is not answered from."""
    index = build_index(tmp_path, wiki=FakeWiki("old"))
    index.wiki.write("vpn", "Restart the tunnel.")
    index.refresh()
    sync = Sync([FakeWiki("new")], index.embedder, index.catalogue, index.snapshots, index.clock)

    refreshed = sync.refresh(SilentProgress())

    assert (refreshed.removed, refreshed.passages, refreshed.generation) == (1, 0, 2)


def test_another_embedder_embeds_every_page_anew(tmp_path: Path) -> None:
    """Vectors of two models are never compared: the pages are cut and embedded again under the new name."""
    index = build_index(tmp_path)
    index.wiki.write("vpn", "Restart the tunnel.")
    index.refresh()
    other = build_index(tmp_path, FakeEmbedder("another"), index.wiki)

    assert other.find("tunnel")[0].cosine == 0.0
    assert other.refresh().changed == 1
    assert other.find("tunnel")[0].cosine > 0.0


def test_token_vectors_come_and_go_with_the_setting(tmp_path: Path) -> None:
    """Switched on, every page is embedded once more; switched off, what is kept is forgotten and nothing is read."""
    without = build_index(tmp_path, keeps_tokens=False)
    _write_many(without.wiki, 40)
    without.refresh()
    assert without.tokens_kept() == 0

    kept = build_index(tmp_path, wiki=without.wiki)
    assert kept.sync.rehearse(SilentProgress()).changed == 40
    assert kept.refresh().changed == 40
    assert (kept.tokens_kept(), len(kept.embedder.embedded)) == (40, 40)
    assert kept.refresh().unchanged == 40
    assert kept.passage_ids() == without.passage_ids()

    assert without.refresh().unchanged == 40
    assert without.tokens_kept() == 0
    assert len(without.embedder.embedded) == 40


def test_text_that_moves_is_not_embedded_again(index: SmallIndex) -> None:
    """The same words on another page have their vectors from the first; a month after the last page they are gone."""
    index.wiki.write("old", "Restart the tunnel.", title="VPN")
    index.wiki.write("lunch", "Lunch is at noon.")
    index.refresh()
    index.wiki.write("new", "Restart the tunnel.", title="VPN")
    index.wiki.delete("old")
    index.refresh()
    assert (len(index.embedder.embedded), index.tokens_kept()) == (2, 2)

    index.wiki.delete("lunch")
    index.refresh()
    assert index.tokens_kept() == 2
    index.clock.forward(timedelta(days=31))
    index.refresh()

    assert index.tokens_kept() == 1


def test_another_address_of_the_wiki_reaches_every_page(tmp_path: Path) -> None:
    """A new base address in the settings shows in the hits after the next refresh."""
    wiki = FakeWiki(url="https://old.test/")
    build_index(tmp_path, wiki=wiki).wiki.write("vpn", "Restart the tunnel.")
    build_index(tmp_path, wiki=wiki).refresh()
    moved = FakeWiki(url="https://new.test/")
    moved.write("vpn", "Restart the tunnel.")

    index = build_index(tmp_path, wiki=moved)
    index.refresh()

    assert index.find("tunnel")[0].url == "https://new.test/vpn"


class InterruptedEmbedder(FakeEmbedder):
    """An embedder during whose third batch somebody presses Ctrl-C."""

    def embed_passages(self, texts: Iterable[str]) -> Vectors:
        """Return vectors, or be interrupted."""
        wanted = list(texts)
        if len(self.embedded) >= 64:
            raise KeyboardInterrupt
        return super().embed_passages(wanted)


def test_ctrl_c_loses_no_finished_batch(tmp_path: Path) -> None:
    """What was stored before stays findable, the generation has moved, and the next refresh goes on."""
    index = build_index(tmp_path, InterruptedEmbedder())
    _write_many(index.wiki, 100)

    with pytest.raises(KeyboardInterrupt):
        index.refresh()

    again = build_index(tmp_path, wiki=index.wiki)
    assert (len(again.found_pages("page")), again.search.generation()) == (64, 1)
    refreshed = again.refresh()
    assert (refreshed.new, refreshed.unchanged, refreshed.passages) == (36, 64, 100)


def test_unusable_embedder_leaves_the_catalogue_as_it_was(tmp_path: Path) -> None:
    """The sentence with the cure reaches the caller; no page is stored without its vectors."""

    class Unusable(FakeEmbedder):
        def embed_passages(self, texts: Iterable[str]) -> Vectors:
            raise EmbedderUnusable(f"no model for {len(list(texts))} texts")

    index = build_index(tmp_path, Unusable())
    index.wiki.write("vpn", "Restart the tunnel.")

    with pytest.raises(EmbedderUnusable):
        index.refresh()

    assert index.search.generation() == 0


def _content(index: SmallIndex) -> bytes:
    """Return the catalogue as its files have it."""
    return b"".join(
        path.read_bytes() for path in sorted(index.catalogue.path.parent.glob("wiki.db*")) if path.suffix != ".db-shm"
    )


def _write_many(wiki: FakeWiki, count: int) -> None:
    """Write pages of one passage each."""
    for number in range(count):
        wiki.write(f"page-{number}", f"This page is number {number}.")


def _section(word: str) -> str:
    """Return a section that becomes one passage."""
    return f"# {word}\n\nAll about {word}.\n\n"
