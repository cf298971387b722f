"""The ranking by words: whatever is typed, and what it finds."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.codes import codes_in
from indexer.pages import EVERYONE, Audience
from indexer.store.words import RARE_COUNT, terms_of
from tests.indexer.conftest import SmallIndex, build_index


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallIndex:
    """Give an index of a few pages about computers."""
    index = build_index(tmp_path_factory.mktemp("words"))
    index.wiki.write("errors", "If you see ERR-4012, restart kube_proxy on the box.", title="Trouble")
    index.wiki.write("other", "If you see ERR-4013, call somebody about 4012 things.", title="Calls")
    index.wiki.write("names", "The function getUserName of v1.2.3 returns a name.", title="Code")
    index.wiki.write("cafe", "The café serves crêpes.", title="Lunch")
    index.wiki.write("title", "Nothing is said here.", title="Holiday allowance")
    index.wiki.write("body", "The holiday allowance is named in passing, among other long things said.", title="Other")
    index.refresh()
    return index


def best(index: SmallIndex, question: str) -> list[str]:
    """Return the texts found by words alone, best first."""
    with index.catalogue.reading() as reading:
        ids = [passage_id for passage_id, _ in reading.best_by_words(question, frozenset({EVERYONE}), 10)]
        found = reading.passages(ids)
    return [found[passage_id].page_id for passage_id in ids]


@given(question=st.text(max_size=200))
@example(question='"')
@example(question='"" OR "')
@example(question="NEAR(a b) AND col:x* ^y")
@example(question="\x00 a\x00b")
@example(question="\ud800 lone surrogate")
@example(question="🦓 ما هو؟ 你好 é\u0301 _ __ - .")
@example(question="a-" * 500)
@example(question="no" * 20_000)
@example(question=" ".join(f"word{number}" for number in range(2_000)))
@settings(max_examples=300, deadline=None)
def test_no_question_is_an_error(small: SmallIndex, question: str) -> None:
    """Whatever is typed is looked for, never read as SQL or as FTS5's own language; scores are 0 or more."""
    with small.catalogue.reading() as reading:
        ranked = reading.best_by_words(question, frozenset({EVERYONE}), 5)

    assert all(score >= 0 for _, score in ranked)
    assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)


def test_a_code_is_found_as_it_is_written(small: SmallIndex) -> None:
    """`ERR-4012` finds the page that has it before the one that has only its parts."""
    assert best(small, "what is ERR-4012?") == ["errors", "other"]


def test_a_part_of_a_name_finds_the_name(small: SmallIndex) -> None:
    """A piece of a longer name is enough."""
    assert best(small, "UserName") == ["names"]
    assert best(small, "v1.2") == ["names"]


def test_accents_and_endings_do_not_matter(small: SmallIndex) -> None:
    """People type without accents, and in the singular."""
    assert best(small, "cafe crepe serving") == ["cafe"]


def test_a_word_of_the_title_counts_for_more(small: SmallIndex) -> None:
    """Breadcrumbs weigh twice as much as the body."""
    assert best(small, "holiday allowance")[0] == "title"


def test_stop_words_are_left_out_unless_there_are_only_those() -> None:
    """They stand everywhere and tell nothing, until they are all there is."""
    assert terms_of("how do I get a new badge") == ["new", "badge"]
    assert terms_of("who are they") == ["who", "are", "they"]


def test_words_that_stand_everywhere_are_pruned_only_where_others_remain(tmp_path: Path) -> None:
    """In a large wiki a word of more than 5 % of the passages finds nothing beside a rarer one, and all alone does."""
    index = build_index(tmp_path)
    for number in range(2_100):
        index.wiki.write(f"page-{number}", "A common thing." if number else "A zebra.")
    index.refresh()

    assert best(index, "common zebra") == ["page-0"]
    assert len(best(index, "common thing")) == 10
    index.catalogue.close()


def holders(index: SmallIndex, question: str, audience: Audience = frozenset({EVERYONE})) -> dict[str, float]:
    """Return the pages that hold codes of *question*, each with its share."""
    with index.catalogue.reading() as reading:
        found = reading.holding_codes(question, audience)
        passages = reading.passages(found)
    return {passages[passage_id].page_id: share for passage_id, share in found.items()}


def test_codes_are_held_by_the_pages_that_write_them(small: SmallIndex) -> None:
    """However they are separated, whole, and for each its share of the question's codes."""
    assert holders(small, "what is ERR-4012?") == holders(small, "err4012") == {"errors": 1.0}
    assert holders(small, "ERR-4012 or ERR-4013 or ERR-4999") == {"errors": 0.5, "other": 0.5}
    assert holders(small, "ERR-401 and the holiday allowance") == {}
    assert holders(small, "ERR-4012", audience=frozenset()) == {}


def test_a_word_is_held_as_it_is_written(tmp_path: Path) -> None:
    """In the plural too, but not where only its stem is, nor in a closed page."""
    index = build_index(tmp_path)
    index.wiki.write("desk", "The front desk lets guests in.", title="Reception")
    index.wiki.write("closed", "The merger.", readers=["hr"])
    index.refresh()
    everybody = frozenset({EVERYONE})

    held = ("guest", "Guests", "FRONT", "reception")
    assert all(index.search.holds_word(word, everybody) for word in held)
    assert not any(index.search.holds_word(word, everybody) for word in ("fronted", "merger", "gues", '"', "", "a-b"))
    index.catalogue.close()


def test_a_code_that_stands_everywhere_says_nothing(tmp_path: Path) -> None:
    """Where many pages hold it, which one is meant is for the rest of the question to say."""
    index = build_index(tmp_path)
    for number in range(RARE_COUNT + 1):
        index.wiki.write(f"page-{number}", f"Page {number} of ISO-27001, and KEY_{number:02}.")
    index.refresh()

    assert holders(index, "ISO-27001") == {}
    assert holders(index, "KEY_03 of ISO-27001") == {"page-3": 1.0}
    index.catalogue.close()


@given(text=st.text())
@settings(max_examples=200)
def test_codes_are_pieces_of_the_text(text: str) -> None:
    """Nothing is made up, and nothing is given twice."""
    codes = codes_in(text)

    assert all(code in text for code in codes)
    assert len(codes) == len(set(codes))
