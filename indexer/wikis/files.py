"""Files of text in whatever encoding, and pages named by their path: what a folder and a git repository share."""

import codecs
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote, urlsplit

from indexer.pages import FailureKind, Page, PageFailure, PageId, PageRef, SectionLink
from indexer.wikis.html import read_html
from indexer.wikis.markdown import read_markdown
from indexer.wikis.reading import Reading

PAGE_ENDINGS = (".md", ".markdown", ".html", ".htm", ".md.erb")
MAX_PAGE_BYTES = 5_000_000
INDEX_NAMES = frozenset({"index", "readme", "_index"})
MAX_SHARE_BEYOND_ASCII = 0.3  # of a text in a Western language; Cyrillic or Greek read as cp1252 has more

_ALL_ENDINGS = re.compile(r"(?:\.(?:md|markdown|html|htm|erb))+$", re.IGNORECASE)
_HTML_ENDING = re.compile(r"\.html?$", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class UnreadableFile(Exception):
    """A file is no text that can be read; the message says why, for an admin."""


class FileGone(UnreadableFile):
    """There is no such file any more."""


def each(refs: Iterable[PageRef], page_of: Callable[[PageRef], Page]) -> Iterator[Page | PageFailure]:
    """Yield each page, or why *page_of* could not read it, in the order asked for."""
    for ref in refs:
        try:
            yield page_of(ref)
        except FileGone as reason:
            yield PageFailure(ref.page_id, ref.stamp, str(reason), FailureKind.GONE)
        except UnreadableFile as reason:
            yield PageFailure(ref.page_id, ref.stamp, str(reason))


def is_page(path: str) -> bool:
    """Whether a file at *path* is a page, by its ending."""
    return path.lower().endswith(PAGE_ENDINGS)


def without_ending(path: str) -> str:
    """Return *path* without `.md`, `.html.md.erb` and their like."""
    return _ALL_ENDINGS.sub("", path)


def title_from(path: str) -> str:
    """Return a title made from the file's name, or its folder's where the name is only "index".

    >>> title_from("engineering/on-call/index.md")
    'On call'
    """
    parts = without_ending(path).split("/")
    named = [part for part in parts if part and part.lower() not in INDEX_NAMES] or parts
    words = re.sub(r"[-_\s]+", " ", named[-1]).strip() or named[-1]
    return words[:1].upper() + words[1:]


def section_links(addresses: Iterable[str], page_id: str) -> tuple[SectionLink, ...]:
    """Return those of a page's links that lead to a section of a page named by its path.

    >>> section_links(["#b", "../vpn.md#set-up", "leave", "https://x.example/#y"], "it/a.md")
    (SectionLink(page_id='it/a.md', anchor='b'), SectionLink(page_id='vpn.md', anchor='set-up'))
    """
    found = []
    for address in addresses:
        parts = urlsplit(address)
        if not parts.fragment or parts.scheme or parts.netloc or parts.path.startswith("/"):
            continue
        folder = posixpath.dirname(page_id)
        path = posixpath.normpath(posixpath.join(folder, unquote(parts.path))) if parts.path else page_id
        found.append(SectionLink(PageId(path), unquote(parts.fragment)))
    return tuple(dict.fromkeys(found))


def read_page(content: bytes, path: str) -> Reading:
    """Return what a reader of the file sees, by the ending of *path*. Raises UnreadableFile."""
    text = decode(content)
    if _HTML_ENDING.search(path.removesuffix(".erb")):
        return read_html(text, title_from(path))
    return read_markdown(text, title_from(path))


def decode(content: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 with its mark, or plainly cp1252. Raises UnreadableFile."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded_as("utf-16", content)
    if b"\0" in content:
        raise UnreadableFile(f"The file is not text: it has a NUL byte at offset {content.index(0)}.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not _is_plausible_cp1252(content):
            raise UnreadableFile(
                f"The file is not UTF-8: byte {error.start} (0x{content[error.start]:02x})."
            ) from error
        return _decoded_as("cp1252", content)


def _decoded_as(encoding: str, content: bytes) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"The file is not {encoding.upper()}: byte {error.start}.") from error


def _is_plausible_cp1252(content: bytes) -> bool:
    """Whether this is Western text of the years before UTF-8, and not damaged UTF-8 or something else again."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    has_utf8 = not content.decode(errors="ignore").isascii()
    beyond_ascii = sum(not character.isascii() for character in text)
    return not has_utf8 and not _CONTROLS.search(text) and beyond_ascii <= MAX_SHARE_BEYOND_ASCII * len(text)
