"""Slack's rich_text blocks, whose text Slack never reads as markup. Every text passes through mrkdwn on its way in."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from bot.slack import mrkdwn

Element = dict[str, object]
Block = dict[str, object]

MAX_URL_CHARACTERS = 3000  # Slack's limit for a button's address

_CODE = re.compile(r"`([^`\n]+)`")
_USER_ID = re.compile(r"[UW][A-Z0-9]{1,19}")
_UNSAFE_IN_URL = re.compile(r"[\s\x00-\x20\x7f-\xa0<>|\"\\`{}\u2000-\u206f\ufeff]")


def text(words: str, **style: bool) -> Element:
    """Return *words* as a text element. Slack refuses an empty one: give at least one visible character."""
    element: Element = {"type": "text", "text": words}
    return element | {"style": style} if style else element


def with_code(words: str) -> list[Element]:
    """Return *words*, with what stands between backticks as code.

    >>> with_code("Run `make run`.")[1]
    {'type': 'text', 'text': 'make run', 'style': {'code': True}}
    """
    parts = _CODE.split(words)  # every second one was between backticks
    return [text(part, **{"code": True} if place % 2 else {}) for place, part in enumerate(parts) if part]


def link(url: str, label: str) -> Element:
    """Return *label* linked to *url*, or in bold where *url* is nothing a browser should open."""
    address = web_address(url)
    if address is None:
        return text(label, bold=True)
    return {"type": "link", "url": address, "text": label}


def section(elements: Sequence[Element]) -> Element:
    """Return a paragraph."""
    return {"type": "rich_text_section", "elements": list(elements)}


def user(user_id: str) -> Element:
    """Return a mention of a person of the workspace, who is notified; an id that is none is shown as its text."""
    return {"type": "user", "user_id": user_id} if _USER_ID.fullmatch(user_id) else text("somebody")


def quote(words: str) -> Element:
    """Return quoted words."""
    return {"type": "rich_text_quote", "elements": [text(words)]}


def bullets(lines: Iterable[Sequence[Element]]) -> Element:
    """Return a list with a bullet before each line."""
    return {"type": "rich_text_list", "style": "bullet", "elements": [section(line) for line in lines]}


def numbered(lines: Iterable[Sequence[Element]]) -> Element:
    """Return a list with a number before each line."""
    return {"type": "rich_text_list", "style": "ordered", "elements": [section(line) for line in lines]}


def preformatted(words: str) -> Element:
    """Return lines in letters of one width, as they are."""
    return {"type": "rich_text_preformatted", "elements": [text(words)]}


def block(*parts: Element) -> Block:
    """Return one rich_text block of sections, lists and quotes."""
    return {"type": "rich_text", "elements": list(parts)}


def words_of(words: str, max_characters: int, if_empty: str = "") -> str:
    r"""Return *words* on as many lines as they have, safe to show and cut to *max_characters*, or *if_empty*.

    >>> words_of("\u202e\x00", 10, if_empty="untitled")
    'untitled'
    """
    return mrkdwn.shorten(mrkdwn.visible(words).strip(), max_characters) or if_empty


def web_address(url: str) -> str | None:
    """Return *url* if it is an http or https address that Slack will take, None otherwise.

    >>> web_address("https://wiki.example.org/a#b")
    'https://wiki.example.org/a#b'
    >>> web_address("javascript:alert(1)") is None
    True
    """
    if len(url) > MAX_URL_CHARACTERS or _UNSAFE_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return None
    return url if is_web and url.isprintable() else None
