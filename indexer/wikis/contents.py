"""Finds tables of contents written into a page: they name every section, and say nothing themselves.

Only lists that are called so: others that lead to the page's own sections often answer, as "The steps are:" does.
"""

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

LEAST_LINKS = 2

_CALLED_CONTENTS = re.compile(
    r"(?:table of )?contents|toc|(?:on|in) this page|inhalt(?:sverzeichnis)?|auf dieser seite|table des matières"
    r"|sommaire|índice|indice|inhoud(?:sopgave)?",
    re.IGNORECASE,
)


def without_contents(tokens: Sequence[Token]) -> list[Token]:
    """Return a page's *tokens* without each list of nothing but links to its own sections that is called "Contents"."""
    kept: list[list[Token]] = []
    for block in _outermost(tokens):
        if kept and _is_called_contents(kept[-1]) and _leads_within(block):
            kept.pop()
        else:
            kept.append(block)
    return [token for block in kept for token in block]


def _outermost(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    block: list[Token] = []
    for token in tokens:
        block.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield block
            block = []


def _is_called_contents(block: Sequence[Token]) -> bool:
    if block[0].type not in {"paragraph_open", "heading_open"}:
        return False
    shown = "".join(child.content for child in block[1].children or () if child.type == "text")
    return _CALLED_CONTENTS.fullmatch(shown.strip(" :\t")) is not None


def _leads_within(block: Sequence[Token]) -> bool:
    if block[0].type not in {"bullet_list_open", "ordered_list_open"}:
        return False
    items = [token for token in block if token.type == "inline"]
    holds_more = any(token.type in {"fence", "code_block", "html_block"} for token in block)
    return len(items) >= LEAST_LINKS and not holds_more and all(_is_link_within(item) for item in items)


def _is_link_within(item: Token) -> bool:
    """Whether *item* is one link to a section of its own page, and no more."""
    children = [child for child in item.children or () if child.content.strip() or child.type != "text"]
    links = [child for child in children if child.type == "link_open"]
    is_all = len(links) == 1 and children[0] is links[0] and children[-1].type == "link_close"
    return is_all and str(links[0].attrs.get("href", "")).startswith("#")
