"""How sources are shown: page › section, its revision's date, a link to the very heading, the quoted words."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.answers import Citation, ShownPassage
from bot.slack import buttons
from bot.slack.rich_text import Block, Element, block, bullets, link, quote, section, text, web_address, words_of
from indexer.passages import Hit

MAX_FOUND = 5
MAX_SOURCES = 8
MAX_NEAREST = 3
MAX_LABEL_CHARACTERS = 150  # Slack's limit for a container's title
MAX_QUOTE_CHARACTERS = 400


def one_per_number(citations: Iterable[Citation]) -> list[Citation]:
    """Return the first citation of each number, by number, at most MAX_SOURCES."""
    first = {c.number: c for c in reversed(list(citations))}
    return [first[number] for number in sorted(first)][:MAX_SOURCES]


def collapsed(citation: Citation) -> Block:
    """Return a source that opens to the words it says, with a button to its heading.

    A container takes no rich_text (Slack's validator was seen to refuse it), so its words are plain text.
    """
    shown = words_of(citation.quote, MAX_QUOTE_CHARACTERS, if_empty="(no words)")
    children: list[Block] = [{"type": "section", "text": buttons.plain(f"“{shown}”")}]
    if web_address(citation.hit.url):
        children.append(
            buttons.actions(buttons.opening(f"source_{citation.number}", "Open the page", citation.hit.url))
        )
    container: Block = {
        "type": "container",
        "title": buttons.plain(words_of(f"[{citation.number}] {breadcrumb(citation.hit)}", MAX_LABEL_CHARACTERS)),
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": children,
    }
    date = as_of(citation.hit.updated_at)
    return container | {"subtitle": buttons.plain(date)} if date else container


def spread_out(citations: Sequence[Citation]) -> list[Block]:
    """Return sources with their words below them, and a row of buttons, for where Slack takes no containers."""
    blocks = [block(*_with_quote(citation)) for citation in citations]
    opening = [
        buttons.opening(f"source_{c.number}", f"[{c.number}] {title(c.hit)}", c.hit.url)
        for c in citations
        if web_address(c.hit.url)
    ]
    return [*blocks, buttons.actions(*opening)] if opening else blocks


def listed(citations: Sequence[Citation]) -> list[Block]:
    """Return sources as links alone."""
    return [block(bullets(_line(citation) for citation in citations))] if citations else []


def titles(passages: Sequence[ShownPassage]) -> list[Element]:
    """Return the passages found, a line each, at most MAX_FOUND."""
    if not passages:
        return []
    lines = [[text(f"[{p.number}] "), link(p.hit.url, breadcrumb(p.hit))] for p in passages[:MAX_FOUND]]
    left_out = len(passages) - len(lines)
    return [bullets([*lines, [text(f"and {left_out} more")]] if left_out else lines)]


def nearest_pages(passages: Iterable[ShownPassage]) -> list[Hit]:
    """Return the first passage of each page, at most MAX_NEAREST."""
    pages = {(p.hit.wiki, p.hit.page_id): p.hit for p in reversed(list(passages))}
    return list(reversed(pages.values()))[:MAX_NEAREST]


def title(hit: Hit) -> str:
    """Return the page's title, on one line."""
    return words_of(hit.title.replace("\n", " "), MAX_LABEL_CHARACTERS, if_empty="Untitled page")


def breadcrumb(hit: Hit) -> str:
    """Return `Page title › Section › Subsection`, on one line."""
    path = " › ".join(p for p in (title(hit), *hit.headings) if p.strip())
    return words_of(path.replace("\n", " "), MAX_LABEL_CHARACTERS, if_empty="Untitled page")


def as_of(updated_at: str) -> str:
    """Return the revision's date in words; empty where the wiki does not say.

    >>> as_of("2026-05-03T08:00:00+00:00")
    'as of 3 May 2026'
    """
    try:
        date = datetime.fromisoformat(updated_at)
    except ValueError:
        return ""
    return f"as of {date.day} {date:%B} {date.year}"


def _with_quote(citation: Citation) -> list[Element]:
    words = words_of(citation.quote, MAX_QUOTE_CHARACTERS)
    parts = [section(_line(citation))]
    return [*parts, quote(words)] if words else parts


def _line(citation: Citation) -> list[Element]:
    date = as_of(citation.hit.updated_at)
    line = [link(citation.hit.url, f"[{citation.number}] {breadcrumb(citation.hit)}")]
    return [*line, text(f" — {date}")] if date else line
