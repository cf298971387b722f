"""Reads an HTML page into the normal form: its main part, without the site around it."""

import html
import re

from indexer.wikis.frontmatter import find_review_date, split_front_matter
from indexer.wikis.markdown import pieces_of_markdown
from indexer.wikis.reading import Piece, Reading, assemble, readable
from indexer.wikis.tags import page_as_markdown, without_tags, without_unseen

_TITLE = re.compile(r"<title\b[^<>]*>([^<]*)</title", re.IGNORECASE)
_FIRST_HEADING = re.compile(r"<h1[\s>]", re.IGNORECASE)
_MAIN_PARTS = ("main", "article", "body")


def read_html(text: str, fallback_title: str) -> Reading:
    """Return what a reader of the page sees of its main part; its title is *fallback_title* if it names none itself.

    The title is the first `<h1>`, else `<title>`; headings keep the ids they were given.
    """
    front, source = split_front_matter(readable(text))
    source = without_unseen(source)
    pieces = _main_pieces(source)
    named = _TITLE.search(source)
    if not front.title and named and not any(piece.level == 1 for piece in pieces):
        fallback_title = " ".join(html.unescape(named[1]).split()) or fallback_title
    reviewed_at = front.reviewed_at or find_review_date([piece.text for piece in pieces[:4]])
    return assemble(pieces, front.title, fallback_title, reviewed_at)


def read_body(source: str, title: str, leave_out: tuple[str, ...] = ()) -> Reading:
    """Return what a reader sees of a page called *title* whose wiki rendered *source*, less what *leave_out* selects.

    *leave_out* are CSS selectors of what the wiki adds around the text.
    """
    pieces = pieces_of_markdown(page_as_markdown(without_unseen(readable(source)), leave_out))
    reviewed_at = find_review_date([piece.text for piece in pieces[:4]])
    return assemble(pieces, title, title, reviewed_at)


def _main_pieces(source: str) -> list[Piece]:
    """Return the pieces of `<main>`, else of `<article>`, else of the body less its header and footer, else all."""
    for name in _MAIN_PARTS:
        part = _part(source, name)
        pieces = pieces_of_markdown(page_as_markdown(part, _around(part) if name == "body" else ())) if part else []
        if pieces:
            return pieces
    pieces = pieces_of_markdown(page_as_markdown(source, ("title",)))
    return pieces or pieces_of_markdown(without_tags(source))


def _part(source: str, name: str) -> str:
    """Return what is between the first `<name>` and the last `</name>`, or empty if there is no such element."""
    opening = re.search(rf"<{name}(?:\s[^<>]*)?>", source, re.IGNORECASE)
    if opening is None:
        return ""
    end = source.lower().rfind(f"</{name}")
    return source[opening.end() : end if end > opening.end() else len(source)]


def _around(body: str) -> tuple[str, ...]:
    """Return what is left out around a page's text: its header too, unless the first heading is in there."""
    header_end = body.lower().find("</header")
    return ("footer",) if _FIRST_HEADING.search(body, 0, max(header_end, 0)) else ("footer", "header")
