"""Reads Markdown into the normal form: what a reader of the rendered page sees, block by block.

    text ─► front matter off ─► leftovers out ─► markdown-it tokens ─► pieces ─► a Reading
                                                        ▲     │
                                       HTML blocks, as Markdown

Code and tables inside a list or a quotation become blocks of their own, so that code is kept byte for byte.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.pages import BlockKind
from indexer.wikis.contents import without_contents
from indexer.wikis.frontmatter import find_review_date, split_front_matter
from indexer.wikis.leftovers import without_leftovers
from indexer.wikis.reading import PROTECTED, Piece, Reading, assemble, readable, without_anchor
from indexer.wikis.tags import block_as_markdown, is_placeholder

MAX_NESTING_LEVELS = 60  # markdown-it drops what is nested deeper, silently
MOST_LABEL_WORDS = 3  # of a box: "Note", "Please be careful"
MOST_NAME_WORDS = 6  # of a column
MAX_HTML_ROUNDS = 3  # HTML that turns into Markdown with HTML in it, and so on

_parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING_LEVELS}).enable(["table", "strikethrough"])
_PROTECTED = str.maketrans(PROTECTED)
_CONTAINER_MARKS = re.compile(r"^(?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])))+[ \t]*|^[ \t]+", re.MULTILINE)
_SPACES = re.compile(r"[^\S\n]+")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_TAG_NAME = re.compile(r"</?([A-Za-z][\w-]*)")
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_TASK = re.compile(r"\[([ xX])\][ \t]+")
_MARKER = re.compile(r"(?:-|\d+\.) |> ")
_BREAKING_TAGS = frozenset("br p div li ul ol tr td th table hr dl dt dd h1 h2 h3 h4 h5 h6 pre blockquote".split())
_UNSEEN_TAGS = frozenset("script style iframe video audio object".split())


def read_markdown(text: str, fallback_title: str) -> Reading:
    r"""Return what a reader of the rendered *text* sees; its title is *fallback_title* if it names none itself.

    >>> read_markdown("# Leave\n\nSee [the *form*](x.md).", "leave").text
    '# Leave\n\nSee the form.'
    """
    front, body = split_front_matter(readable(text))
    tokens = _tokens_of(without_leftovers(body))
    pieces = list(_pieces(without_contents(tokens), MAX_HTML_ROUNDS))
    reviewed_at = front.reviewed_at or find_review_date([piece.text for piece in pieces[:4]])
    reading = assemble(pieces, front.title, fallback_title, reviewed_at)
    return replace(reading, links=tuple(_addresses(tokens)))


def pieces_of_markdown(text: str) -> list[Piece]:
    """Return the pieces of Markdown that was made from HTML and has neither front matter nor leftovers."""
    return list(_pieces(without_contents(_tokens_of(text)), MAX_HTML_ROUNDS))


def _tokens_of(text: str) -> list[Token]:
    tokens = _parser.parse(text)
    if any(token.level >= MAX_NESTING_LEVELS - 2 for token in tokens):
        tokens = _parser.parse(_CONTAINER_MARKS.sub("", text))
    return _with_html_joined(tokens)


def _with_html_joined(tokens: Sequence[Token]) -> list[Token]:
    """Join the parts of an HTML block with blank lines in it: a table is one table, however its source is spaced."""
    joined: list[Token] = []
    for token in tokens:
        before = joined[-1] if joined else None
        if before is None or before.type != "html_block" or not _goes_on_as_html(token):
            joined.append(token)
        else:
            joined[-1] = before.copy(content=f"{before.content}\n{token.content}")
    return joined


def _goes_on_as_html(token: Token) -> bool:
    return token.type == "html_block" or (token.type == "code_block" and token.content.lstrip().startswith("<"))


def _blocks(tokens: Sequence[Token]) -> Iterator[tuple[Token, Sequence[Token]]]:
    """Yield each outermost token with the tokens inside it."""
    at = 0
    while at < len(tokens):
        end = at + 1
        if tokens[at].nesting == 1:
            while tokens[end].level > tokens[at].level:
                end += 1
            end += 1
        yield tokens[at], tokens[at + 1 : max(end - 1, at + 1)]
        at = end


def _pieces(tokens: Sequence[Token], html_rounds: int) -> Iterator[Piece]:
    for token, inside in _blocks(tokens):
        match token.type:
            case "heading_open":
                text = _one_line(_inline(inside[0]))
                yield Piece(BlockKind.HEADING, text, int(token.tag[1:]))
            case "paragraph_open":
                yield Piece(BlockKind.PARAGRAPH, _inline(inside[0]))
            case "fence" | "code_block":
                yield _code(token)
            case "table_open":
                yield _table(inside)
            case "html_block" if html_rounds:
                yield from _pieces(_tokens_of(block_as_markdown(token.content)), html_rounds - 1)
            case "bullet_list_open" | "ordered_list_open" | "blockquote_open":
                yield from _container(token, inside, html_rounds)
            case _:
                pass  # thematic breaks; comments


def _container(token: Token, inside: Sequence[Token], html_rounds: int) -> Iterator[Piece]:
    """Yield the pieces of a list or a quotation; what follows code inside it starts again at the margin."""
    kind = BlockKind.QUOTE if token.type == "blockquote_open" else BlockKind.LIST
    lines = _container_lines(token, inside, html_rounds)
    for is_piece, group in groupby(lines, key=lambda line: isinstance(line, Piece)):
        if is_piece:
            yield from (line for line in group if isinstance(line, Piece))
        else:
            yield from _run_of_lines(kind, [line for line in group if isinstance(line, str)])


def _run_of_lines(kind: BlockKind, lines: Sequence[str]) -> Iterator[Piece]:
    shown = [line.rstrip() for line in lines if line.strip(" >")]
    goes_on = list(takewhile(lambda line: line.startswith(" ") and not _MARKER.match(line.lstrip()), shown))
    if goes_on:
        yield Piece(BlockKind.PARAGRAPH, _at_margin(goes_on))
    if rest := shown[len(goes_on) :]:
        yield Piece(kind, _at_margin(rest))


def _container_lines(token: Token, inside: Sequence[Token], html_rounds: int) -> Iterator[str | Piece]:
    if token.type == "blockquote_open":
        for line in _lines(inside, html_rounds):
            yield f"> {line}" if isinstance(line, str) else line
        return
    number = int(token.attrs.get("start", 1))
    for _, item in _blocks(inside):
        marker = "- " if token.type == "bullet_list_open" else f"{number}. "
        yield from _item_lines(marker, item, html_rounds)
        number += 1


def _item_lines(marker: str, item: Sequence[Token], html_rounds: int) -> Iterator[str | Piece]:
    is_first = True
    for line in _lines(item, html_rounds):
        if isinstance(line, Piece):
            if is_first:
                yield marker.rstrip()
            yield line
        else:
            yield f"{marker}{line}" if is_first else f"  {line}"
        is_first = False


def _lines(tokens: Sequence[Token], html_rounds: int) -> Iterator[str | Piece]:
    """Yield the lines inside a list item or a quotation, and whole pieces for the code and tables there."""
    for token, inside in _blocks(tokens):
        match token.type:
            case "heading_open":
                yield without_anchor(_one_line(_inline(inside[0])))
            case "paragraph_open":
                yield from _task(_inline(inside[0])).split("\n")
            case "fence" | "code_block":
                yield _code(token)
            case "table_open":
                yield _table(inside)
            case "html_block" if html_rounds:
                yield from _lines(_tokens_of(block_as_markdown(token.content)), html_rounds - 1)
            case "bullet_list_open" | "ordered_list_open" | "blockquote_open":
                yield from _container_lines(token, inside, html_rounds)
            case _:
                pass


def _at_margin(lines: Sequence[str]) -> str:
    indent = min(len(line) - len(line.lstrip(" ")) for line in lines)
    return "\n".join(line[indent:] for line in lines)


def _task(text: str) -> str:
    match = _TASK.match(text)
    return text if match is None else f"[{match[1].lower()}] {text[match.end() :]}"


def _code(token: Token) -> Piece:
    content = token.content.translate(_PROTECTED).removesuffix("\n")
    if not content.strip():
        return Piece(BlockKind.CODE, "")
    longest = max((len(ticks) for ticks in re.findall(r"`{3,}", content)), default=2)
    fence = "`" * max(3, longest + 1)
    language = token.info.split(maxsplit=1)[0].translate(_PROTECTED) if token.info.strip() else ""
    return Piece(BlockKind.CODE, f"{fence}{language}\n{content}\n{fence}")


def _table(tokens: Sequence[Token]) -> Piece:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_one_line(_inline(token)))
    said = [row for row in rows if any(row)]
    if len(said) == 1 and any(len(cell.split()) > MOST_NAME_WORDS for cell in said[0]):
        return Piece(BlockKind.PARAGRAPH, _box([cell for cell in said[0] if cell]))
    lines = [f"| {' | '.join(row)} |" for row in rows if any(row)]
    if rows and any(rows[0]):
        lines.insert(1, f"| {' | '.join('---' for _ in rows[0])} |")
    return Piece(BlockKind.TABLE, "\n".join(lines))


def _box(cells: Sequence[str]) -> str:
    """Return what a table of one row says, which names no columns: a note in a box, or things side by side."""
    is_labelled = len(cells) == 2 and len(cells[0].split()) <= MOST_LABEL_WORDS
    return f"{cells[0].rstrip(':')}: {cells[1]}" if is_labelled else "\n".join(cells)


def _addresses(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield where the links in *tokens* lead to."""
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                yield str(child.attrs.get("href", ""))


def _one_line(text: str) -> str:
    return text.replace("\n", " ")


def _inline(token: Token) -> str:
    """Return the visible text of an inline token, a line feed for each hard break."""
    text = "".join(_inline_parts(token.children or [], token.content)).translate(_PROTECTED)
    lines = (_SPACES.sub(" ", line).strip() for line in _INVISIBLE.sub("", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _inline_parts(tokens: Sequence[Token], source: str) -> Iterator[str]:
    unseen = ""  # the name of the element we are in, if readers do not see what is in it
    for token in tokens:
        if token.type != "html_inline":
            yield "" if unseen else _seen(token)
            continue
        name = _tag_name(token.content)
        if unseen:
            unseen = "" if token.content.startswith(f"</{unseen}") else unseen
        elif name in _UNSEEN_TAGS and f"</{name}" in source:
            unseen = name
        else:
            yield _seen_of_tag(name, token.content, source)


def _seen(token: Token) -> str:
    match token.type:
        case "text" | "code_inline":
            return token.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "image":
            return _inline(token)
        case "s_open" | "s_close":
            return "~~"
        case _:
            return ""


def _tag_name(tag: str) -> str:
    match = _TAG_NAME.match(tag)
    return match[1].lower() if match else ""


def _seen_of_tag(name: str, tag: str, source: str) -> str:
    if name in _BREAKING_TAGS:
        return "\n"
    if name == "img" and (alt := _ALT.search(tag)):
        return alt[1] or alt[2] or ""
    return tag if is_placeholder(tag, source) else ""
