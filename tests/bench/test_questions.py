"""The golden questions are what they claim to be."""

from collections import Counter
from pathlib import Path

import pytest

from config.settings import SAMPLE_WIKI
from indexer.comparing import whole
from indexer.cutting import cut
from indexer.embedding import SentenceTransformerEmbedder, packaged_model_path
from indexer.pages import EVERYONE_READS, Page
from indexer.wikis.folder import Folder
from tests.bench import questions

PAGES_AT_LEAST = 40
QUESTIONS_AT_LEAST = 120
KINDS = {"keyword", "paraphrase", "plain", "yes-no", "how-to", "two-pages", "near-miss", "off-topic"}


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    """Read the sample wiki as the indexer does."""
    wiki = Folder("sample", SAMPLE_WIKI, "", EVERYONE_READS)
    read = list(wiki.fetch(whole(wiki.listing())))
    assert all(isinstance(page, Page) for page in read)
    return {page.page_id: page for page in read if isinstance(page, Page)}


def test_there_are_enough_of_every_kind(pages: dict[str, Page]) -> None:
    """A few of each kind at least, ids used once."""
    asked = questions.read()
    kinds = Counter(one.kind for one in asked)

    assert len(pages) >= PAGES_AT_LEAST
    assert len(asked) >= QUESTIONS_AT_LEAST
    assert set(kinds) == KINDS
    assert min(kinds.values()) >= 10
    assert len({one.id for one in asked}) == len(asked)


@pytest.mark.parametrize("asked", [one for one in questions.read() if one.is_answered], ids=lambda one: one.id)
def test_a_quote_is_verbatim_and_findable(asked: questions.Golden, pages: dict[str, Page]) -> None:
    """It stands in the page's file as it is written, and in its normal form, as people read it."""
    assert asked.must_contain
    for page, quote in zip(asked.pages, asked.quotes, strict=True):
        assert quote in " ".join((SAMPLE_WIKI / Path(page)).read_text(encoding="utf-8").split("\n"))
        assert " ".join(quote.split()) in " ".join(pages[page].text.split())


@pytest.mark.parametrize("asked", [one for one in questions.read() if not one.is_answered], ids=lambda one: one.id)
def test_an_unanswered_question_has_no_gold(asked: questions.Golden) -> None:
    """What the wiki does not say has neither page nor words."""
    assert (asked.pages, asked.quotes, asked.must_contain) == ((), (), ())


def test_every_quote_is_whole_in_some_passage(pages: dict[str, Page]) -> None:
    """Cutting breaks none of the sentences, rows and items that answer."""
    embedder = SentenceTransformerEmbedder(str(packaged_model_path()), 254)
    passages = {
        page_id: [" ".join(passage.text.split()) for passage in cut(page, embedder.count_tokens, embedder.max_tokens)]
        for page_id, page in pages.items()
    }
    golds = [
        (page, " ".join(quote.split()))
        for one in questions.read()
        for page, quote in zip(one.pages, one.quotes, strict=True)
    ]

    assert [(page, quote) for page, quote in golds if not any(quote in text for text in passages[page])] == []
