"""Reads what Slack would make of a text: whom it notifies and where it leads.

Slack's tokens are ``<!channel>``, ``<@U…>``, ``<!subteam^S…>``, ``<#C…>`` and ``<url|label>``. It is not documented
whether they also act inside Markdown and inside code; here they do, so that a test fails before a channel is woken.
Not read: bare domains without a scheme, although Slack's window turns some of them into links.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"<([^<>\n]+)>")
_BARE_URL = re.compile(r"\b(?:https?|ftp)://[^\s<>|\"'`)\]]+", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"\]\(\s*<?([^\s)>]+)")
_MARKDOWN_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)", re.MULTILINE)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PLAIN_BROADCAST = re.compile(r"(?<![\w.])@(channel|here|everyone|group)\b", re.IGNORECASE)
_BROADCASTS = {"channel", "here", "everyone", "group"}
_ADDRESS_FIELDS = {"url", "image_url", "title_url", "video_url", "thumbnail_url", "title_link", "from_url", "thumb_url"}


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a text notifies, as tokens without labels, and where it links to; both in order and without repeats."""

    pings: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def read_mrkdwn(text: str) -> Reach:
    """Read Slack's own markup.

    >>> read_mrkdwn("<!channel> see <https://a.example/b|the page>, not &lt;!here&gt;")
    Reach(pings=('<!channel>',), links=('https://a.example/b',))
    """
    tokens = [match[1] for match in _TOKEN.finditer(text)]
    outside = _TOKEN.sub(" ", text)
    return Reach(_pings(tokens), _unique([*_linked(tokens), *_BARE_URL.findall(outside)]))


def read_markdown(text: str) -> Reach:
    """Read Markdown as Slack's ``markdown`` block and ``markdown_text`` take it.

    >>> read_markdown("[the page](https://a.example/b) <!here>")
    Reach(pings=('<!here>',), links=('https://a.example/b',))
    """
    linked = [*_MARKDOWN_LINK.findall(text), *_MARKDOWN_REFERENCE.findall(text)]
    reach = read_mrkdwn(_MARKDOWN_LINK.sub("](", text))
    return Reach(reach.pings, _unique([*linked, *reach.links]))


def read_plain_broadcasts(text: str) -> Reach:
    """Read what ``parse=full`` or ``link_names`` would add: a bare ``@channel``."""
    return Reach(_unique(f"<!{name.lower()}>" for name in _PLAIN_BROADCAST.findall(text)))


def read_blocks(blocks: Iterable[object]) -> Reach:
    """Read every text, rich text element and address in *blocks*, however deep."""
    return join(_read(block) for block in blocks)


def read_attachments(attachments: Iterable[object]) -> Reach:
    """Read legacy attachments, whose every string is taken for mrkdwn."""
    return join(read_mrkdwn(words) for attachment in attachments for words in _strings(attachment))


def join(reaches: Iterable[Reach]) -> Reach:
    """Add up *reaches* in order."""
    known = list(reaches)
    return Reach(
        _unique(ping for reach in known for ping in reach.pings),
        _unique(link for reach in known for link in reach.links),
    )


def _read(value: object) -> Reach:
    if isinstance(value, Mapping):
        return join([_read_own(value), *(_read(inner) for inner in value.values())])
    if isinstance(value, Sequence) and not isinstance(value, str):
        return join(_read(inner) for inner in value)
    return Reach()


def _read_own(part: Mapping[str, object]) -> Reach:
    links = tuple(str(part[name]) for name in sorted(_ADDRESS_FIELDS & part.keys()) if part[name])
    text = part.get("text")
    match part.get("type"):
        case "mrkdwn" if isinstance(text, str):
            return join([Reach(links=links), read_mrkdwn(text)])
        case "markdown" | "markdown_text" if isinstance(text, str):
            return join([Reach(links=links), read_markdown(text)])
        case "task_update" | "plan_update":
            return join([Reach(links=links), *(read_markdown(words) for words in _strings(part))])
        case _:
            return Reach(_rich_pings(part), links)


def _rich_pings(part: Mapping[str, object]) -> tuple[str, ...]:
    match part.get("type"):
        case "user":
            return (f"<@{part.get('user_id')}>",)
        case "usergroup":
            return (f"<!subteam^{part.get('usergroup_id')}>",)
        case "broadcast":
            return (f"<!{part.get('range')}>",)
        case _:
            return ()


def _pings(tokens: Iterable[str]) -> tuple[str, ...]:
    bare = (token.split("|")[0] for token in tokens)
    return _unique(f"<{token}>" for token in bare if _notifies(token))


def _notifies(token: str) -> bool:
    if token.startswith("@"):
        return True
    return token.startswith("!subteam^") or (token.startswith("!") and token[1:].strip().lower() in _BROADCASTS)


def _linked(tokens: Iterable[str]) -> Iterator[str]:
    for token in tokens:
        target = token.split("|")[0]
        if target.startswith("!date^"):
            parts = target.split("^")
            target = parts[3] if len(parts) > 3 else ""
        if _SCHEME.match(target):
            yield target


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _strings(inner)


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
