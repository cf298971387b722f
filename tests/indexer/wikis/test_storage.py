"""Confluence's storage format is read as people see the page, code byte for byte and other pages left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.pages import BlockKind
from indexer.wikis.html import read_body
from indexer.wikis.reading import Reading
from indexer.wikis.storage import CloudAnchors, DataCenterAnchors, NotStorage, storage_as_html


def read(storage: str, title: str = "Page") -> Reading:
    """Read a page of Confluence Cloud."""
    return read_body(storage_as_html(storage, CloudAnchors().of), title)


def macro(name: str, body: str = "", **parameters: str) -> str:
    """Return a macro."""
    given = "".join(f'<ac:parameter ac:name="{key}">{value}</ac:parameter>' for key, value in parameters.items())
    return f'<ac:structured-macro ac:name="{name}" ac:schema-version="1">{given}{body}</ac:structured-macro>'


def rich(body: str) -> str:
    """Return a macro's body of storage format."""
    return f"<ac:rich-text-body>{body}</ac:rich-text-body>"


def plain(body: str) -> str:
    """Return a macro's body of plain text."""
    return f"<ac:plain-text-body><![CDATA[{body}]]></ac:plain-text-body>"


CODE = "def f(a):\n    if a < 1 && b:\n\n        return '&nbsp;'  # <!-- kept -->\n\ttab"


@pytest.mark.parametrize(
    ("storage", "text"),
    [
        ("<p>Caf&eacute;&nbsp;&amp; bar &unknown; &lt;x&gt;</p>", "Café & bar &unknown; <x>"),
        (macro("code", plain(CODE), language="python"), f"```python\n{CODE}\n```"),
        (macro("code", plain("ls"), title="List"), "List\n\n```\nls\n```"),
        (macro("noformat", plain("a  b")), "```\na  b\n```"),
        (macro("warning", rich("<p>Hot.</p>"), title="Careful"), "Warning: Careful\n\nHot."),
        (macro("info", rich("<p>One.</p><p>Two.</p>")), "Info\n\nOne.\n\nTwo."),
        (macro("panel", rich("<p>Boxed.</p>")), "Boxed."),
        (macro("expand", rich("<p>Hidden.</p>"), title="More"), "More\n\nHidden."),
        (macro("excerpt", rich("<p>Kept.</p>")), "Kept."),
        (macro("toc") + "<p>Text.</p>", "Text."),
        (f"<p>It is {macro('status', title='DONE', colour='Green')}.</p>", "It is DONE."),
        (f"<p>See {macro('jira', key='OPS-7')}.</p>", "See OPS-7."),
        ('<p>On <time datetime="2026-03-01"/> at noon.</p>', "On 2026-03-01 at noon."),
        ("<blockquote><p>Said.</p></blockquote>", "> Said."),
        (
            "<ac:layout><ac:layout-section><ac:layout-cell><p>In.</p></ac:layout-cell></ac:layout-section></ac:layout>",
            "In.",
        ),
        ("<p>a</p><ac:placeholder>Type here</ac:placeholder><!-- note --><p>b</p>", "a\n\nb"),
        (
            (
                '<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="panel-type">note</ac:adf-attribute>'
                "<ac:adf-content><p>Once.</p></ac:adf-content></ac:adf-node><ac:adf-fallback><p>Once.</p></ac:adf-fallback>"
                "</ac:adf-extension>"
            ),
            "Once.",
        ),
        ('<ol start="3"><li>c<ul><li>deep</li></ul></li><li>d</li></ol>', "3. c\n  - deep\n4. d"),
        (
            (
                "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status>"
                "<ac:task-body>Order it</ac:task-body></ac:task><ac:task><ac:task-status>incomplete</ac:task-status>"
                "<ac:task-body><span>Set it up</span></ac:task-body></ac:task></ac:task-list>"
            ),
            "- [x] Order it\n- [ ] Set it up",
        ),
        (
            (
                "<table><colgroup><col/></colgroup><tbody><tr><th>Office</th><th><p>Desks</p></th></tr>"
                "<tr><td>Bristol</td><td><p>84 | 85</p></td></tr></tbody></table>"
            ),
            "| Office | Desks |\n| --- | --- |\n| Bristol | 84 | 85 |",
        ),
    ],
)
def test_readers_see(storage: str, text: str) -> None:
    """Each element by what stands on the rendered page."""
    assert read(storage).text == text


@pytest.mark.parametrize(
    ("link", "label"),
    [
        (
            '<ri:page ri:content-title="R" /><ac:plain-text-link-body><![CDATA[a <rota>]]></ac:plain-text-link-body>',
            "a <rota>",
        ),
        ('<ri:page ri:content-title="On call" /><ac:link-body>the <em>rota</em></ac:link-body>', "the rota"),
        ('<ri:page ri:space-key="OPS" ri:content-title="On call" />', "On call"),
        ('<ri:attachment ri:filename="plan.pdf" />', "plan.pdf"),
        ('<ri:user ri:account-id="557058:secret" />', ""),
    ],
)
def test_link_is_its_label(link: str, label: str) -> None:
    """Or what it leads to; a person is not named by a number."""
    assert read(f"<p>See <ac:link>{link}</ac:link>.</p>").text == f"See {label}."


@pytest.mark.parametrize("name", ["include", "excerpt-include"])
def test_other_pages_are_left_out(name: str) -> None:
    """They have readers of their own; neither their names nor a copy of their text is taken along."""
    included = macro(name, rich("<p>secret copy</p>"), title="Secret plan")
    named = '<ac:parameter ac:name=""><ac:link><ri:page ri:content-title="Secret plan" /></ac:link></ac:parameter>'

    text = read(f"<p>Before.</p>{included}{included.replace('<ac:rich', named + '<ac:rich')}<p>After.</p>").text

    assert text == "Before.\n\nAfter."


def test_code_in_a_list_is_a_block_of_its_own() -> None:
    """With its indentation."""
    code = macro("code", plain("if x:\n    y"))

    reading = read(f"<ol><li><p>Run:</p>{code}</li><li>Done.</li></ol>")

    assert [block.kind for block in reading.blocks] == [BlockKind.LIST, BlockKind.CODE, BlockKind.LIST]
    assert "if x:\n    y" in reading.text


def test_headings_have_clouds_anchors() -> None:
    """Hyphens for spaces, a number for the second of a name; markup does not count."""
    reading = read(
        "<h2>Set  <strong>up</strong></h2><p>a</p><h2>Set up</h2><p>b</p><h3>R&amp;D: 50%</h3><p>c</p><h2> </h2>"
    )

    assert [block.anchor for block in reading.blocks if block.level] == ["Set-up", "Set-up.1", "R&D:-50%"]
    assert reading.blocks[-1].headings == ("Set up", "R&D: 50%")


def test_headings_have_data_centers_anchors() -> None:
    """The page's title comes first, and no spaces."""
    anchors = DataCenterAnchors("On call").of

    assert [anchors(heading) for heading in ("Set up", "Set up", "A & B")] == [
        "Oncall-Setup",
        "Oncall-Setup.1",
        "Oncall-A&B",
    ]


@pytest.mark.parametrize(
    "storage",
    ["<p>open", "</page>", "<p>a</b></p>", "<!DOCTYPE x [<!ENTITY a 'b'>]><p>&a;</p>", "<p>" * 300 + "</p>" * 300],
)
def test_what_is_not_whole_is_a_failure(storage: str) -> None:
    """Half a page is not read as if it were all, and nothing is expanded."""
    with pytest.raises(NotStorage):
        storage_as_html(storage, CloudAnchors().of)


def test_page_without_end_is_a_failure() -> None:
    """It does not take the indexer's memory."""
    with pytest.raises(NotStorage, match="characters"):
        storage_as_html("x" * 5_000_001, CloudAnchors().of)


@given(st.text(max_size=60).filter(lambda text: "]]>" not in text))
def test_code_is_kept_whatever_is_in_it(code: str) -> None:
    """Every line of it, in order."""
    text = read(macro("code", plain(code))).text

    for line in code.splitlines():
        if line.strip() and line.isprintable():
            assert line.rstrip() in text


@given(st.text(alphabet="<>&;/=\"' ap:clink![]CDATA", max_size=60))
def test_any_text_is_read_or_refused(storage: str) -> None:
    """Nothing else happens."""
    try:
        read(storage)
    except NotStorage:
        return
