"""Markdown is read as a reader of the rendered page sees it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.pages import BlockKind
from indexer.wikis.markdown import read_markdown

ANY_MARKDOWN = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            ["\n", "\n\n", "    ", "\ud800", "\0", "\ue000", "title: x\n", "---\n", "|---|---|\n", "```\n"]
        ),
        st.sampled_from("# ,## ,- ,1. ,> ,~~~,| a | b |,<div>,</div>,<!--,-->,<td>,<x-y>,**,`,&lt;".split(",")),
        st.sampled_from("[a](b),![a](b),[^1],[^1]: ,<% x %>,<%,{: .x},!!! note,:::,> [!NOTE]".split(",")),
    ),
    max_size=25,
).map("".join)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("See [the *form*](https://x.example/f).", "See the form."),
        ("![A chart](chart.png) of costs", "A chart of costs"),
        ("**Never** use `rm -rf` *here*, ~~ever~~ `a*b`", "Never use rm -rf here, ~~ever~~ a*b"),
        ("<https://x.example/a>", "https://x.example/a"),
        ("5 &lt; 6 &amp; &copy;", "5 < 6 & ©"),
        ("one\ntwo", "one two"),
        ("one  \ntwo<br>three", "one\ntwo\nthree"),
        ("a <span class='x'>b</span> <!-- c --> d", "a b d"),
        ("ssh <user-name>@host", "ssh <user-name>@host"),
        ("10<sup>6</sup> m", "10^6 m"),
        ("[[On call]] and [[ -f x ]]", "On call and [[ -f x ]]"),
        ("a\u00a0b\u200bc", "a bc"),
        ("one\n\n---\n\ntwo", "one\n\ntwo"),
        ("- a\n    - b\n\n      more\n- [X] c\n- [ ] d", "- a\n  - b\n    more\n- [x] c\n- [ ] d"),
        ("3. a\n4. b\n   - c", "3. a\n4. b\n  - c"),
        ("> one\n> two\n>\n> - three", "> one two\n> - three"),
        ("| a | b \\| c |\n|:--|--:|\n| `x` | **y**<br>z |", "| a | b | c |\n| --- | --- |\n| x | y z |"),
        ("```python title=x\nif x:\n\n    y  \n```", "```python\nif x:\n\n    y  \n```"),
        ("    one\n      two", "```\none\n  two\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("Title\n=====", "# Title"),
    ],
)
def test_what_is_shown_is_what_a_reader_sees(source: str, shown: str) -> None:
    """Links are their label, emphasis is gone, lists, tables and code keep their look."""
    assert read_markdown(source, "page").text == shown


def test_code_inside_a_list_is_kept_byte_for_byte() -> None:
    """A command can be copied from a passage: it does not carry the list's indentation."""
    source = "1. Run this:\n\n   ```sh\n   ls\n     -la\n   ```\n\n   and wait\n2. Done"

    reading = read_markdown(source, "page")

    assert reading.text == "1. Run this:\n\n```sh\nls\n  -la\n```\n\nand wait\n\n2. Done"
    assert [block.kind for block in reading.blocks] == [
        BlockKind.LIST,
        BlockKind.CODE,
        BlockKind.PARAGRAPH,
        BlockKind.LIST,
    ]


def test_html_table_with_blank_lines_is_one_table() -> None:
    """However the source is spaced, a reader sees one table."""
    source = (
        "<table>\n\n    <tr><th>Day</th><th>Who</th></tr>\n\n    <tr><td>Mon</td><td>a &lt; b</td></tr>\n\n</table>"
    )

    assert read_markdown(source, "page").text == "| Day | Who |\n| --- | --- |\n| Mon | a < b |"


def test_markdown_inside_html_is_read_as_markdown() -> None:
    """Authors mean it so, although CommonMark would show the asterisks."""
    source = "<details>\n<summary>More</summary>\n**bold** &lt;tag&gt; and `&lt;x&gt;`\n</details>"

    assert read_markdown(source, "page").text == "More\n\nbold <tag> and <x>"


def test_what_the_page_does_not_show_is_not_read() -> None:
    """Scripts, styles and embedded players have no words for a reader."""
    source = "<style>\np {}\n</style>\n\n<script>let x</script>\n\n<video><p>no video</p></video>\n\nText."

    assert read_markdown(source, "page").text == "Text."


def test_headings_carry_their_path_and_githubs_anchors() -> None:
    """The title is in no path; equal headings get -1, -2; an id in braces wins."""
    source = "# Guide\n\nx\n\n## Set up & go\n\n### Linux\n\n## Set up & go\n\n## Own {#mine}\n\ny"

    headings = [block for block in read_markdown(source, "page").blocks if block.kind is BlockKind.HEADING]

    assert [(block.headings, block.anchor, block.level) for block in headings] == [
        ((), "", 1),
        (("Set up & go",), "set-up--go", 2),
        (("Set up & go", "Linux"), "linux", 3),
        (("Set up & go",), "set-up--go-1", 2),
        (("Own",), "mine", 2),
    ]


@pytest.mark.parametrize(
    ("source", "title", "first_path"),
    [
        ("---\ntitle: Expenses\n---\n# Expenses\n\nx", "Expenses", ()),
        ("---\ntitle: Money\n---\n# Expenses\n\nx", "Money", ("Expenses",)),
        ("Intro\n\n# Expenses\n\nx", "Expenses", ()),
        ("## Expenses\n\nx", "fallback", ("Expenses",)),
        ("x", "fallback", ()),
        ("# \n\nx", "fallback", ()),
    ],
)
def test_title_is_the_front_matters_or_the_first_h1_or_the_files(
    source: str, title: str, first_path: tuple[str, ...]
) -> None:
    """An H1 that only repeats the title is not a section."""
    reading = read_markdown(source, "fallback")

    assert reading.title == title
    assert reading.blocks[-1].headings == first_path


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("## Leave\n\n**Table of contents**\n- [One](#one)\n  - [`Two`](#two)\n\ntext", "## Leave\n\ntext"),
        ("## Contents:\n\n1. [One](#one)\n2. [Two](#two)\n\n## One\n\ntext", "## One\n\ntext"),
        ("The steps are:\n\n- [Ask](#ask)\n- [Wait](#wait)", "The steps are:\n\n- Ask\n- Wait"),
        ("## Contents\n\n- [One](#one) is first\n- [Two](#two)", "## Contents\n\n- One is first\n- Two"),
        ("## Contents\n\n- [One](one.md)\n- [Two](two.md)", "## Contents\n\n- One\n- Two"),
    ],
)
def test_a_list_of_the_pages_own_sections_is_left_out_where_it_is_called_contents(source: str, shown: str) -> None:
    """It has the words of every section and answers nothing; what says more, or is called otherwise, may answer."""
    assert read_markdown(source, "page").text == shown


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("| Note | Ask in the channel before you change this. |", "Note: Ask in the channel before you change this."),
        ("| Ask in the channel before you change this. |", "Ask in the channel before you change this."),
        ("| Country | Days |", "| Country | Days |\n| --- | --- |"),
    ],
)
def test_a_table_of_one_row_of_text_is_a_box_around_it(row: str, shown: str) -> None:
    """Read as names of columns, what it says could never be quoted."""
    columns = row.count("|") - 1

    assert read_markdown(f"{row}\n{'|---' * columns}|", "page").text == shown


def test_words_survive_nesting_deeper_than_the_parser_goes() -> None:
    """Markdown-it drops silently what is nested too deep; then the nesting is dropped instead."""
    deep_list = "".join(f"{'  ' * depth}- item{depth}\n" for depth in range(200))

    assert "deep words" in read_markdown(">" * 3000 + " deep words", "page").text
    assert "item199" in read_markdown(deep_list, "page").text


@given(ANY_MARKDOWN)
@settings(deadline=None, max_examples=150)
def test_any_text_can_be_read_and_its_blocks_are_exact(source: str) -> None:
    """Blocks are in order, a blank line apart, and hold all there is, whatever somebody wrote."""
    reading = read_markdown(source, "page")

    assert "\n\n".join(reading.text[block.start : block.end] for block in reading.blocks) == reading.text
    assert all(reading.text[block.start : block.end].strip() for block in reading.blocks)
    assert reading.title


@given(st.lists(st.lists(st.from_regex(r"[^\W_]{1,12}[.,]?", fullmatch=True), min_size=1), min_size=1))
@settings(deadline=None)
def test_no_word_of_a_plain_paragraph_is_lost(paragraphs: list[list[str]]) -> None:
    """What is plain text in the source is in the text, in the same order."""
    source = "\n\n".join("Say " + " ".join(words) for words in paragraphs)

    assert re.findall(r"\w+", read_markdown(source, "page").text) == re.findall(r"\w+", source)
