"""Wiki pages as HTML: harmless, with the index's anchors, linked to each other."""

from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from bot.workspace.sheets import drawn
from bot.workspace.shelf import Heading, Sheet, SheetRef

REF = SheetRef("sample", "people/leave", "Leave")


def sheet(markdown: str, *headings: Heading, ways: dict[str, str] | None = None) -> Sheet:
    """Return a page of that text."""
    return Sheet(REF, markdown, headings, markdown, "r1", "", ways or {})


def test_headings_carry_the_anchors_that_citations_name() -> None:
    """Same words, same order; a heading the index left out has none, and those after it keep theirs."""
    page = sheet(
        "# Leave\n\n## How `much`\n\n## \n\n## Notice\n\n## Notice\n",
        Heading("Leave", ""),
        Heading("How much", "how-much"),
        Heading("Notice", "notice"),
        Heading("Notice", "notice-1"),
    )

    found = html.fromstring(drawn(page, "")).xpath("//h2/@id")

    assert found == ["how-much", "notice", "notice-1"]


def test_links_lead_to_pages_as_the_same_reader() -> None:
    """Relative to the page's folder, with or without the ending; a page one may not read is no link."""
    ways = {"people/sick.md": "people/sick", "money/pay.md": "money/pay"}
    text = "[a](sick.md#uk) [b](../money/pay.md) [c](secret.md) [d](#notice) [e](https://x.example/) [f](javascript:x)"

    links = html.fromstring(drawn(sheet(text, ways=ways), "U0SAM")).xpath("//a")

    assert [link.get("href") for link in links] == [
        "/wiki/sample/people/sick?as=U0SAM#uk",
        "/wiki/sample/money/pay?as=U0SAM",
        None,
        "#notice",
        "https://x.example/",
    ]
    assert links[4].get("rel") == "noopener noreferrer"


def test_pictures_are_named_and_not_loaded() -> None:
    """The page asks nobody else for anything."""
    page = drawn(sheet("![A map](https://elsewhere.example/map.png)"), "")

    assert "[image: A map]" in page
    assert "<img" not in page


@given(st.text(alphabet=st.sampled_from(list("<>&\"'=/ablscript:on()[]!#`|\n x")), max_size=80))
def test_no_text_becomes_an_element_that_acts(text: str) -> None:
    """Whatever is written in a page: no script, no handler, no style, no frame, no address but to the web or a page."""
    page = html.fragment_fromstring(drawn(sheet(text), ""), create_parent="div")

    for element in page.iter():
        assert element.tag not in {"script", "style", "iframe", "object", "img", "form", "svg"}
        assert not any(name.startswith("on") or name in {"style", "src"} for name in element.attrib)
        assert (
            element.get("href", "#").split(":")[0] in {"http", "https", "mailto"} or element.get("href", "#")[0] in "#/"
        )
