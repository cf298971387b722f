"""Draws a wiki page as HTML: harmless whatever stands in it, with the anchors of the index and links between pages."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from urllib.parse import quote, unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.workspace.shelf import Heading, Sheet

_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_WORDS = re.compile(r"\w+")


def drawn(sheet: Sheet, reader: str) -> str:
    """Return the page as HTML. Links to other pages keep *reader*, the id of the person who looks."""
    tokens = _parser.parse(sheet.markdown)
    _give_anchors(tokens, sheet.headings)
    for token in tokens:
        if token.type == "inline":
            token.children = list(_harmless(token.children or [], sheet, reader))
        elif token.type in {"fence", "code_block"}:
            token.attrSet("tabindex", "0")
    return str(_parser.renderer.render(tokens, _parser.options, {}))


def address(wiki: str, path: str, reader: str = "") -> str:
    """Return where a page is shown, from the root of the workspace.

    >>> address("sample", "people/annual leave", "U0MAYA")
    '/wiki/sample/people/annual%20leave?as=U0MAYA'
    """
    return f"/wiki/{quote(wiki)}/{quote(path)}" + (f"?as={quote(reader)}" if reader else "")


def _give_anchors(tokens: Sequence[Token], headings: Sequence[Heading]) -> None:
    """Give each heading the anchor of the next one with the same words; one the index does not know gets none."""
    left = list(headings)
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        wanted = _WORDS.findall(_visible(inline))
        place = next((at for at, heading in enumerate(left) if _WORDS.findall(heading.text) == wanted), None)
        if place is not None:
            if left[place].anchor:
                opening.attrSet("id", left[place].anchor)
            del left[: place + 1]


def _visible(inline: Token) -> str:
    return "".join(child.content for child in inline.children or [] if child.type in {"text", "code_inline"})


def _harmless(children: Sequence[Token], sheet: Sheet, reader: str) -> Iterator[Token]:
    for token in children:
        if token.type == "image":  # the page loads nothing from elsewhere
            yield Token("text", "", 0, content=f"[image: {token.content}]")
            continue
        if token.type == "link_open":
            _lead(token, sheet, reader)
        yield token


def _lead(token: Token, sheet: Sheet, reader: str) -> None:
    """Let a link lead to another page here, or to the web in a tab of its own; any other leads nowhere."""
    target = urlsplit(str(token.attrGet("href") or ""))
    if target.scheme in {"http", "https", "mailto"}:
        token.attrs = {"href": target.geturl(), "target": "_blank", "rel": "noopener noreferrer"}
        return
    fragment = f"#{target.fragment}" if target.fragment else ""
    if not target.path and not target.scheme:
        token.attrs = {"href": fragment}
        return
    folder = posixpath.dirname(sheet.ref.path)
    meant = posixpath.normpath(posixpath.join(folder, unquote(target.path))).lstrip("/")
    path = sheet.ways.get(meant)
    token.attrs = {"class": "no-page", "title": "There is no such page, or you may not read it"}
    if path is not None and not target.scheme:
        token.attrs = {"href": address(sheet.ref.wiki, path, reader) + fragment}


def contents(sheet: Sheet) -> str:
    """Return links to the sections of the page."""
    items = [f'<li><a href="#{quote(h.anchor)}">{escape(h.text)}</a></li>' for h in sheet.headings if h.anchor]
    return f"<ul>{''.join(items)}</ul>" if items else ""
