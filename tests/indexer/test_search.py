"""Finding: two rankings in one, for whoever may read, at any moment."""

import random
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.compacting import MOST_NEWER
from indexer.pages import EVERYONE, PageId, Principal
from indexer.passages import PassageId
from indexer.ports import Vector, Vectors
from indexer.search import MAXSIM_DEPTH, VERIFIED_DEPTH, Fusion, blend, fuse, verified
from tests.fakes import WordsVerifier
from tests.fakes_indexer import FakeEmbedder, FakeWiki
from tests.indexer.conftest import SmallIndex, build_index
from tests.samples import hit

RANKINGS = st.dictionaries(st.integers(1, 40).map(PassageId), st.floats(-1, 30, allow_nan=False), max_size=20).map(
    lambda scores: sorted(scores.items(), key=lambda scored: -scored[1])
)


@given(near=RANKINGS, worded=RANKINGS, fusion=st.sampled_from(Fusion), weight=st.floats(0, 1))
def test_fusing_keeps_every_passage_once(
    near: list[tuple[PassageId, float]], worded: list[tuple[PassageId, float]], fusion: Fusion, weight: float
) -> None:
    """Nothing is lost or doubled, scores are 0 to 1, and the best come first."""
    fused = fuse(near, worded, fusion, weight)

    scores = [score for _, score in fused]
    assert sorted(passage_id for passage_id, _ in fused) == sorted({passage_id for passage_id, _ in [*near, *worded]})
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("fusion", Fusion)
def test_what_both_rankings_put_first_is_first(fusion: Fusion) -> None:
    """Agreement wins in either way of fusing."""
    near = [(PassageId(1), 0.9), (PassageId(2), 0.6), (PassageId(3), 0.5)]
    worded = [(PassageId(1), 9.0), (PassageId(4), 8.0)]

    passage_id, score = fuse(near, worded, fusion)[0]
    assert (passage_id, round(score, 6)) == (1, 1.0)


@given(
    fused=RANKINGS.map(lambda near: fuse(near, [])),
    alike=st.dictionaries(st.integers(1, 40).map(PassageId), st.floats(-9, 9)),
)
def test_blending_keeps_every_passage_once(fused: list[tuple[PassageId, float]], alike: dict[PassageId, float]) -> None:
    """Whatever is known of their tokens, no passage is lost, scores are 0 to 1, and the best come first."""
    known = {passage_id: alike[passage_id] for passage_id, _ in fused if passage_id in alike}

    blended = blend(fused, known)

    scores = [score for _, score in blended]
    assert sorted(passage_id for passage_id, _ in blended) == sorted(passage_id for passage_id, _ in fused)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert scores == sorted(scores, reverse=True)


def test_passages_below_those_looked_at_stay_below() -> None:
    """The hundredth is not moved past the fiftieth because nobody looked at its tokens."""
    fused = [(PassageId(number), 1 - number / 100) for number in range(100)]
    alike = {passage_id: float(passage_id) for passage_id, _ in fused[:MAXSIM_DEPTH]}

    blended = [passage_id for passage_id, _ in blend(fused, alike)]

    assert set(blended[:MAXSIM_DEPTH]) == set(alike)
    assert blended[MAXSIM_DEPTH:] == list(range(MAXSIM_DEPTH, 100))


def test_passages_are_told_apart_by_their_tokens(tmp_path: Path) -> None:
    """What both rankings find alike is ordered token by token, and not where the index keeps no token vectors."""
    for keeps_tokens, order in ((True, ["lunch", "tunnel"]), (False, ["tunnel", "lunch"])):
        index = build_index(tmp_path / order[0], Thesaurus(), keeps_tokens=keeps_tokens)
        index.wiki.write("tunnel", "Tunnel is down.")
        index.wiki.write("lunch", "Lunch is late.")
        index.refresh()

        hits = index.find("meal")

        assert [hit.page_id for hit in hits] == order
        assert hits[0].score == pytest.approx(0.8 if keeps_tokens else 0.6)
        index.catalogue.close()


class Thesaurus(FakeEmbedder):
    """An embedder to whom all texts mean the same as a whole, and lunch is a meal."""

    def embed_question(self, text: str) -> Vector:  # noqa: ARG002 - the port's words
        """Return the same for every text."""
        return super().embed_question("")

    def _words(self, text: str) -> Vectors:
        words = text.lower().replace("lunch", "meal").split()
        return np.array([FakeEmbedder().embed_question(word) for word in words], np.float32)


def test_the_verifier_moves_what_it_reads_and_nothing_else() -> None:
    """The best are put in order again, with what it thought of each; what stands below them stays below."""
    hits = [replace(hit(f"Passage {n}.", passage_id=n), score=1 - n / 100) for n in range(VERIFIED_DEPTH + 3)]
    hits[VERIFIED_DEPTH - 1] = replace(hits[VERIFIED_DEPTH - 1], title="Annual leave")

    found = verified("annual leave", hits, WordsVerifier(), weight=0.5)

    assert found[0].title == "Annual leave"
    assert found[0].verified is not None
    assert found[0].verified > 0.9
    assert [one.passage_id for one in found[VERIFIED_DEPTH:]] == [one.passage_id for one in hits[VERIFIED_DEPTH:]]
    assert all(one.verified is None for one in found[VERIFIED_DEPTH:])
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_nothing_is_found_before_the_first_refresh(index: SmallIndex) -> None:
    """An empty index answers with nothing, and so does an empty question."""
    assert index.find("anything") == []
    assert index.search.generation() == 0
    index.wiki.write("vpn", "Restart the tunnel.")
    index.refresh()
    assert index.find("  \n") == []


def test_hit_says_where_it_stands_and_why(index: SmallIndex) -> None:
    """The address is that of the section; both raw scores are there."""
    index.wiki.write("vpn", "# Set up & go\n\nRestart the tunnel.", title="VPN")
    index.wiki.write("lunch", "Lunch is at noon.")
    index.refresh()

    hit = index.find("restart tunnel")[0]

    assert (hit.title, hit.headings, hit.text) == ("VPN", ("Set up & go",), "Restart the tunnel.")
    assert hit.url == "https://wiki.test/vpn#set-up-%26-go"
    assert hit.updated_at == "2026-01-01T00:00:00+00:00"
    assert hit.score == pytest.approx(1.0)
    assert 0 < hit.cosine <= 1.001
    assert hit.words > 0


def test_a_code_is_found_where_it_is_written(index: SmallIndex) -> None:
    """Pages that are more like the question, and hold other codes like it, come behind; closed pages do not come."""
    for number in range(30):
        index.wiki.write(
            f"code-{number}", f"Error ERR-40{number + 20}: error of the tunnel.", title="Errors of tunnels"
        )
    index.wiki.write("lunch", "Lunch is at noon, but for ERR-4012.")
    index.wiki.write("closed", "ERR-4012 is a secret.", readers=["hr"])
    index.refresh()

    for question in ("ERR-4012", "err4012", "which error of the tunnel is ERR-4012?"):
        assert index.find(question)[0].page_id == "lunch"
    assert index.find("ERR-4012 secret")[0].page_id == "lunch"
    assert {hit.page_id for hit in index.find("ERR-4012", 2, ["hr", EVERYONE])} == {"lunch", "closed"}


def test_rights_never_starve_a_search(index: SmallIndex) -> None:
    """The few pages that an asker may read are found behind hundreds of nearer ones that are closed."""
    for number in range(1200):
        index.wiki.write(f"secret-{number}", "Tunnel tunnel tunnel.", readers=["hr"])
    for number in range(15):
        index.wiki.write(f"open-{number}", f"Nothing of the kind, part {number}.")
    index.refresh()

    hits = index.find("tunnel", 10)

    assert len(hits) == 10
    assert all(hit.page_id.startswith("open") for hit in hits)
    assert len(index.find("tunnel", 2000, ["hr", EVERYONE])) == 1215
    assert index.find("tunnel", 10, []) == []


def test_who_may_read_what_was_found_is_asked_of_the_catalogue(tmp_path: Path) -> None:
    """Only who may read every passage, as it is now."""
    index = build_index(tmp_path)
    index.wiki.write("open", "tunnel one")
    index.wiki.write("closed", "tunnel two", readers=["hr"])
    index.refresh()
    found = [hit.passage_id for hit in index.find("tunnel", 10, ["hr", EVERYONE])]

    assert index.search.may_read(found, frozenset({Principal("hr"), EVERYONE}))
    assert not index.search.may_read(found, frozenset({EVERYONE}))
    assert not index.search.may_read([*found, PassageId(999)], frozenset({Principal("hr"), EVERYONE}))
    index.catalogue.close()


def test_who_may_open_a_page_is_asked_of_the_catalogue(tmp_path: Path) -> None:
    """An edit changes nothing, a closed or removed page is nobody's; every page asked for counts."""
    index = build_index(tmp_path)
    for page, readers in (("open", [EVERYONE]), ("closed", ["hr"]), ("gone", [EVERYONE])):
        index.wiki.write(page, f"tunnel {page}", readers=readers)
    index.refresh()
    pages = {hit.page_id: hit.page for hit in index.find("tunnel", 10, ["hr", EVERYONE])}
    index.wiki.write("open", "another text")
    index.wiki.delete("gone")
    index.refresh()

    def may_open(*names: str) -> bool:
        with index.catalogue.reading() as reading:
            return reading.may_open([pages[PageId(name)] for name in names], frozenset({EVERYONE}))

    assert [may_open(name) for name in ("open", "closed", "gone")] == [True, False, False]
    assert not may_open("open", "closed")
    assert may_open()
    with index.catalogue.reading() as reading:
        assert not reading.may_open([("another wiki", PageId("open"))], frozenset({EVERYONE}))
    index.catalogue.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of an index that is large enough for a snapshot, without token vectors, which would turn ties."""
    folder = tmp_path_factory.mktemp("large")
    index = build_index(folder, wiki=large_wiki(), keeps_tokens=False)
    index.refresh()
    index.catalogue.close()
    return folder


def large_wiki() -> FakeWiki:
    """Return a wiki of one passage more than needs a snapshot, always the same."""
    wiki = FakeWiki()
    words = [f"word{number}" for number in range(400)]
    chance = random.Random(1)
    for number in range(MOST_NEWER + 1):
        wiki.write(f"page-{number}", " ".join(chance.choices(words, k=8)))
    return wiki


@pytest.fixture
def with_snapshot(large: Path, tmp_path: Path) -> SmallIndex:
    """Give a copy of the large index."""
    shutil.copytree(large, tmp_path / "data")
    return build_index(tmp_path / "data", wiki=large_wiki(), keeps_tokens=False)


def test_large_index_is_searched_by_snapshot(with_snapshot: SmallIndex) -> None:
    """The snapshot gives the passages that the catalogue's own vectors give."""
    by_snapshot = [(hit.page_id, round(hit.cosine, 2)) for hit in with_snapshot.find("word1 word2 word3", 30)]
    assert with_snapshot.search._vectors._snapshot is not None

    shutil.rmtree(with_snapshot.snapshots.folder)
    again = build_index(with_snapshot.catalogue.path.parent)
    by_catalogue = [(hit.page_id, round(hit.cosine, 2)) for hit in again.find("word1 word2 word3", 30)]

    assert again.search._vectors._snapshot is None
    assert len(set(by_snapshot) & set(by_catalogue)) >= 28  # float16 may turn ties, and round otherwise


def test_changes_act_before_any_new_snapshot(with_snapshot: SmallIndex) -> None:
    """An edit, a deletion and a closed page show at once, in a search that has had its snapshot open all the time."""
    index = with_snapshot
    index.find("word1")
    snapshot = index.snapshots.current_name()
    index.wiki.write("edited", "word7 aardvark")
    index.wiki.write("deleted", "word7 buffalo")
    index.wiki.write("closed", "word7 caribou")
    index.refresh()
    assert {"edited", "deleted", "closed"} <= index.found_pages("aardvark buffalo caribou")

    index.wiki.write("edited", "word7 dormouse")
    index.wiki.write("closed", "word7 caribou", readers=["hr"])
    index.wiki.delete("deleted")
    index.refresh()

    assert index.snapshots.current_name() == snapshot
    texts = {hit.text for hit in index.find("aardvark buffalo caribou dormouse", 200)}
    assert "word7 dormouse" in texts
    assert not texts & {"word7 aardvark", "word7 buffalo", "word7 caribou"}


@pytest.mark.parametrize("damage", ["cut", "missing", "nonsense"])
def test_damaged_snapshot_is_searched_around_then_replaced(with_snapshot: SmallIndex, damage: str) -> None:
    """Searches go on over the catalogue's own vectors; the next refresh publishes again without embedding."""
    index = with_snapshot
    expected = {hit.page_id for hit in build_index(index.catalogue.path.parent).find("word1 word2", 10)}
    _damage(index, damage)

    found = {hit.page_id for hit in index.find("word1 word2", 10)}
    index.refresh()

    assert len(found & expected) >= 9  # float16 may turn a tie
    assert index.embedder.embedded == []
    assert index.snapshots.current_name() == "g-000002"
    index.find("word1 word2", 10)
    assert index.search._vectors._snapshot is not None


def test_snapshot_shrinks_with_the_wiki(with_snapshot: SmallIndex) -> None:
    """When a tenth of it is gone, a snapshot without the dead is published."""
    with_snapshot.wiki.delete(*(f"page-{number}" for number in range(100, MOST_NEWER + 1)))

    with_snapshot.refresh(accept_removals=True)

    assert with_snapshot.snapshots.current_name() == "g-000002"
    assert len(with_snapshot.find("word1", 1000)) == 100


def test_several_threads_search_while_the_wiki_changes(index: SmallIndex) -> None:
    """Every reader sees whole generations: a page's two passages are there together or not at all."""
    index.wiki.write("pair", "# a\n\nfirst zebra 0\n\n# b\n\nsecond zebra 0")
    index.refresh()
    problems: list[str] = []
    is_over = threading.Event()

    def search() -> None:
        while not is_over.is_set():
            versions = {hit.text.rsplit(" ", 1)[1] for hit in index.find("zebra", 10)}
            if len(versions) != 1:
                problems.append(str(versions))

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for version in range(1, 25):
        index.wiki.write("pair", f"# a\n\nfirst zebra {version}\n\n# b\n\nsecond zebra {version}")
        index.refresh()
    is_over.set()
    for thread in threads:
        thread.join()

    assert problems == []


def _damage(index: SmallIndex, damage: str) -> None:
    """Damage the present snapshot."""
    file = index.snapshots.folder / index.snapshots.current_name() / "vectors.usearch"
    if damage == "missing":
        shutil.rmtree(file.parent)
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    else:
        file.write_bytes(b"x" * file.stat().st_size)
