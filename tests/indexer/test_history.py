"""Going back to an earlier generation and forward again: texts do, rights and removals never."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from indexer.errors import GenerationForgotten, LeaseLost
from tests.fakes_indexer import TELLS_ALL, FakeEmbedder, FakeWiki
from tests.indexer.conftest import SmallIndex, build_index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SmallIndex]:
    """Give an index of a wiki that tells all, with two pages in generation 1 and an edit and a page in 2."""
    built = build_index(tmp_path, wiki=FakeWiki(abilities=TELLS_ALL))
    built.wiki.write("vpn", "page vpn: good")
    built.wiki.write("pay", "page pay: good")
    built.refresh()
    built.wiki.write("vpn", "page vpn: spoiled")
    built.wiki.write("new", "page new: spoiled")
    built.refresh()
    yield built
    built.catalogue.close()


def test_former_texts_are_found_and_only_they(index: SmallIndex) -> None:
    """What was edited is as it was, what was added is hidden; forward again, all is as before the rollback."""
    before = index.texts()

    back = index.show(None)
    while_back = index.texts()
    shown = index.search.generation()
    forward = index.show(2)

    assert before == {"page vpn: spoiled", "page pay: good", "page new: spoiled"}
    assert while_back == {"page vpn: good", "page pay: good"}
    assert (back.generation, back.restored, back.hidden, shown) == (1, 1, 1, 1)
    assert (forward.generation, index.search.generation(), index.texts()) == (2, 2, before)


def test_nothing_is_embedded_for_it(index: SmallIndex) -> None:
    """Vectors of former passages are kept by content, and token vectors too."""
    index.embedder.embedded.clear()

    index.show(1)
    index.show(2)

    assert index.embedder.embedded == []
    assert all(hit.cosine != 0 for hit in index.find("page", 10))
    assert index.catalogue.pages_without_tokens("handbook") == set()


def test_any_of_several_generations_can_be_shown(index: SmallIndex) -> None:
    """Back two, forward one, back to the newest."""
    index.wiki.write("vpn", "page vpn: third")
    index.refresh()

    seen = []
    for generation in (1, 2, 1, 3, 2, 3):
        index.show(generation)
        seen.append(sorted(text for text in index.texts() if "vpn" in text or "new" in text))

    first, second, third = ["page vpn: good"], ["page new: spoiled", "page vpn: spoiled"], ["page new: spoiled"]
    assert seen == [first, second, first, [*third, "page vpn: third"], second, [*third, "page vpn: third"]]


def test_rehearsal_writes_nothing(index: SmallIndex) -> None:
    """It says what would be restored."""
    before = index.texts()

    rehearsed = index.catalogue.rehearse_show(None, index.clock())

    assert (rehearsed.restored, rehearsed.hidden) == (1, 1)
    assert (index.texts(), index.search.generation()) == (before, 2)


def test_removed_page_does_not_come_back(index: SmallIndex) -> None:
    """Why it went nobody can tell: perhaps it was closed to us, or should never have been seen."""
    index.wiki.delete("vpn")
    index.refresh()

    index.show(1)

    assert index.texts() == {"page pay: good"}
    with index.catalogue._database.reading() as connection:
        kept = connection.execute("SELECT count(*) FROM past JOIN page ON page.id = past.page").fetchone()
        assert kept == connection.execute("SELECT count(*) FROM past").fetchone()


def test_revoked_right_stays_revoked(index: SmallIndex) -> None:
    """A page closed since is closed in every generation."""
    index.wiki.restrict("vpn", ["staff"])
    index.refresh()

    index.show(1)

    assert index.texts() == {"page pay: good"}
    assert index.texts(["everyone", "staff"]) == {"page pay: good", "page vpn: good"}


def test_former_text_is_not_opened_by_rights_of_today(index: SmallIndex) -> None:
    """A page rewritten to be shown to all does not show to all what it said when it was closed."""
    index.wiki.write("plan", "page plan: we fire everybody", readers=["board"])
    index.refresh()
    index.wiki.write("plan", "page plan: we like everybody", readers=["everyone"])
    index.refresh()

    index.show(3)

    assert not any("plan" in text for text in index.texts())
    assert "page plan: we fire everybody" in index.texts(["everyone", "board"])
    index.show(4)
    assert "page plan: we like everybody" in index.texts()


def test_rights_and_removals_act_while_an_old_generation_is_shown(index: SmallIndex) -> None:
    """New texts wait and the cursor with them; what is closed or deleted now goes at once."""
    index.show(1)
    index.wiki.write("vpn", "page vpn: mended")
    index.wiki.write("late", "page late")
    index.wiki.restrict("pay", ["hr"])
    index.wiki.write("old", "page old")
    index.refresh()
    closed = index.texts()
    index.wiki.delete("vpn")
    waiting = index.refresh()
    deleted = index.texts(["everyone", "hr"])

    index.show(index.catalogue.rehearse_show(2, index.clock()).newest)
    index.refresh()

    assert closed == {"page vpn: good"}
    assert deleted == {"page pay: good"}
    assert "rollback --to newest" in waiting.held_back[-1]
    assert index.texts() == {"page new: spoiled", "page late", "page old"}


def test_new_text_with_wider_rights_opens_nothing_while_it_waits(index: SmallIndex) -> None:
    """Whether references tell the readers or only a fetch does."""
    for tells_readers in (True, False):
        index.wiki.tells_readers = tells_readers
        index.wiki.write("plan", "page plan: we fire everybody", readers=["board"])
        newest = index.refresh().generation
        index.wiki.write("vpn", f"page vpn: once more, {tells_readers}")
        index.refresh()
        index.show(newest)
        index.wiki.write("plan", "page plan: we like everybody", readers=["everyone"])

        index.refresh()

        assert not any("plan" in text for text in index.texts())
        index.show(newest + 1)
        index.refresh()
        assert "page plan: we like everybody" in index.texts()


def test_old_generations_are_forgotten_within_the_limit(tmp_path: Path) -> None:
    """By number and by age; asking for one says which there are."""
    index = build_index(tmp_path, wiki=FakeWiki(abilities=TELLS_ALL), generations_kept=2)
    for version in range(1, 7):
        index.wiki.write("vpn", f"page {version}")
        index.refresh()

    with pytest.raises(GenerationForgotten, match="generation 3 to show: those from 4 to 6 are kept, and 6 is shown"):
        index.show(3)
    index.show(4)
    assert index.texts() == {"page 4"}
    index.show(6)
    index.clock.forward(timedelta(days=31))
    index.refresh()
    with pytest.raises(GenerationForgotten, match="those from 6 to 6"):
        index.show(5)
    index.catalogue.close()


def test_there_is_nothing_before_the_first_generation(tmp_path: Path) -> None:
    """The sentence says so, and an empty index has none at all."""
    index = build_index(tmp_path)
    with pytest.raises(GenerationForgotten):
        index.show(None)
    index.wiki.write("vpn", "page")
    index.refresh()
    with pytest.raises(GenerationForgotten):
        index.show(None)
    assert index.texts() == {"page"}
    index.catalogue.close()


def test_one_without_the_lease_cannot_roll_back(index: SmallIndex) -> None:
    """It writes pages, as a refresh does."""
    with pytest.raises(LeaseLost):
        index.catalogue.show(1, index.clock())


def test_rollback_of_another_embedders_pages_keeps_their_words(tmp_path: Path) -> None:
    """Vectors of the former model are no use to the present one, so they are found by words until forward again."""
    old = build_index(tmp_path)
    old.wiki.write("vpn", "page vpn")
    old.refresh()
    new = build_index(tmp_path, FakeEmbedder("another"), old.wiki)
    new.refresh()

    new.show(1)

    assert new.texts() == {"page vpn"}
    new.show(2)
    assert new.find("page")[0].cosine != 0
    old.catalogue.close()
    new.catalogue.close()
