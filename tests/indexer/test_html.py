"""An HTML page is read without the site around it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.pages import BlockKind
from indexer.wikis.html import read_html

PAGE = """<!DOCTYPE html><html><head><title>Leave | Handbook</title><style>p {color: red}</style></head>
<body><nav><a href="/">Home</a></nav><header>Site name</header>
<main><h1>Leave</h1><p>Ask <b>early</b>,
   then <a href="x">book</a>.</p>
<h2 id="sick-days">Sick&nbsp;days <a class="headerlink" href="#sick-days">¶</a></h2><p>Call in.</p></main>
<footer>© us</footer><script>track()</script></body></html>"""


def test_only_the_main_part_is_read() -> None:
    """Menus, headers, footers, scripts and style sheets would be found instead of the text."""
    reading = read_html(PAGE, "page")

    assert reading.text == "# Leave\n\nAsk early, then book.\n\n## Sick days\n\nCall in."
    assert reading.title == "Leave"


def test_headings_keep_the_ids_they_were_given() -> None:
    """A citation's link leads to the section, whatever made the ids."""
    source = '<h1>T</h1><h2 id="a_b.c">One</h2><p>x</p><h2><span class="mw-headline" id="Two_2">Two</span></h2><p>y</p>'

    reading = read_html(source, "page")

    assert [(block.headings, block.anchor) for block in reading.blocks if block.kind is BlockKind.PARAGRAPH] == [
        (("One",), "a_b.c"),
        (("Two",), "Two_2"),
    ]


@pytest.mark.parametrize(
    ("section", "anchor"),
    [
        ('<section id="a-b"><h2>1.1 One</h2>', "a-b"),
        ('<section id="a-b">\n<span id="old"></span><h2>One</h2>', "a-b"),
        ('<div class="section" id="a-b"><h2 class="t">One</h2>', "a-b"),
        ('<section id="a-b"><h2 id="own">One</h2>', "own"),
        ('<section id="a-b"><h2><a id="own"></a>One</h2>', "own"),
        ('<section data-id="a-b"><h2>One</h2>', "one"),
    ],
)
def test_a_heading_without_an_id_has_the_one_of_the_section_it_opens(section: str, anchor: str) -> None:
    """Sphinx and its like name the section, not its heading: a slug of the heading would lead to the page's top."""
    reading = read_html(f"<h1>T</h1>{section}<p>x</p>", "page")

    assert reading.blocks[-1].anchor == anchor


@pytest.mark.parametrize(
    "mark",
    [
        '<a class="footnote-reference brackets" href="#id7" id="id1">1</a>',
        '<a href="#fn1" role="doc-noteref">1</a>',
        '<a href="#ftn.x" class="footnote"><sup class="footnote">[1]</sup></a>',
        '<sup class="reference"><a href="#cite_note-1">[1]</a></sup>',
    ],
)
def test_a_footnotes_number_is_no_number_of_its_sentence(mark: str) -> None:
    """Quoted, "split into areas 1 based on" reads as if there were one area; what the note says stays."""
    notes = '<dl><dt class="label"><a class="fn-backref" href="#id1">1</a></dt><dd><p>Also called parts.</p></dd></dl>'

    reading = read_html(f"<p>It has 3 areas {mark} by licence.</p>{notes}", "page")

    assert reading.text == "It has 3 areas by licence.\n\nAlso called parts."


def test_a_term_is_in_one_block_with_its_definition() -> None:
    """A passage that ended after "--all" would leave its meaning to the next, without its name."""
    source = (
        "<dl><dt>-a</dt><dt>--all</dt><dd><p>Stages <b>files</b>.</p><p>New ones not.</p></dd>"
        "<dt>-q</dt>\n<dd>Is quiet.</dd><dt>Others</dt><dd><ul><li>-x</li></ul></dd></dl><p>End.</p>"
    )

    reading = read_html(source, "page")

    assert reading.text == "-a\n--all\nStages files.\n\nNew ones not.\n\n-q\nIs quiet.\n\nOthers\n\n- -x\n\nEnd."


def test_the_ways_to_the_next_page_are_no_text() -> None:
    """DocBook writes them as tables above and below the text."""
    way = '<div class="nav{}"><table><tr><td><a href="x">Prev</a></td><td><a href="y">Next</a></td></tr></table></div>'

    reading = read_html(f"<body>{way.format('header')}<h1>T</h1><p>x</p>{way.format('footer')}</body>", "page")

    assert reading.text == "# T\n\nx"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<p>a * b_c *d* # e [f](g) &lt;h&gt; 1. i `j` ~~k~~ \\l</p>", "a * b_c *d* # e [f](g) <h> 1. i `j` ~~k~~ \\l"),
        ("<p># no heading</p><p>- no list</p><p>1. neither</p>", "# no heading\n\n- no list\n\n1. neither"),
        ("<pre><code class='language-sh'>if a\n    b &lt; c</code></pre>", "```sh\nif a\n    b < c\n```"),
        (
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2<br>3</td></tr></table>",
            "| A | B |\n| --- | --- |\n| 1 | 2 3 |",
        ),
        (
            "<table><tr><td>Note</td><td><p>One row is a box around a note.</p></td></tr></table>",
            "Note: One row is a box around a note.",
        ),
        ("<ol start=3><li>c<ul><li>d</li></ul></li><li>e</li></ol>", "3. c\n  - d\n4. e"),
        ("<p>10<sup>6</sup> <img src=x alt='A map'></p>", "10^6 A map"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> b"),
        ("no tags at all", "no tags at all"),
        ("<article><header><h1>T</h1></header><p>x</p></article><aside>y</aside>", "# T\n\nx"),
        ("<body><header><h1>T</h1></header><p>x</p><footer>y</footer></body>", "# T\n\nx"),
        ("<main></main><p>outside</p>", "outside"),
    ],
)
def test_what_is_shown_is_what_a_reader_sees(source: str, shown: str) -> None:
    """Text that looks like Markdown stays as it is; tags become the normal form."""
    assert read_html(source, "page").text == shown


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("<title>A &amp; B</title><p>x</p>", "A & B"),
        ("<title>Site</title><h1>Leave</h1>", "Leave"),
        ("<p>x</p>", "fallback"),
        ("<title> </title><p>x</p>", "fallback"),
    ],
)
def test_title_is_the_h1_or_the_title_or_the_files(source: str, title: str) -> None:
    """What stands above the text is nearer the truth than what stands in the tab."""
    assert read_html(source, "fallback").title == title


def test_words_survive_nesting_deeper_than_the_converter_goes() -> None:
    """Html-to-markdown drops silently what is nested too deep; then the bare text is read."""
    assert read_html("<div>" * 5000 + "deep words" + "</div>" * 5000, "page").text == "deep words"


@given(
    st.lists(
        st.one_of(st.text(max_size=20), st.sampled_from("<p> </p> <h2 <td> <table> <li> <pre> <!-- &lt; < >".split()))
    )
)
@settings(deadline=None, max_examples=100)
def test_any_text_can_be_read_and_its_blocks_are_exact(parts: list[str]) -> None:
    """Blocks are in order, a blank line apart, and hold all there is, whatever a program wrote."""
    reading = read_html("".join(parts), "page")

    assert "\n\n".join(reading.text[block.start : block.end] for block in reading.blocks) == reading.text


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=60))
@settings(deadline=None, max_examples=100)
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    """No character of a paragraph is taken for Markdown on its way."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    assert read_html(f"<p>x {escaped} x</p>", "page").text == " ".join(f"x {text} x".split())
