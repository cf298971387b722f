"""The one door for text to and from Slack.

Going out: visible() for every text, then escape() last, where Slack would read markup. Coming in: read_text().
Nothing is decoded, replaced or converted after escape().
"""

import re
import unicodedata

ELLIPSIS = "…"

_WORD_JOINER = "\u2060"  # no width, no line break: what it stands in is no longer a token or a name
_KEPT_FORMATS = {"\u200c", "\u200d"}  # needed inside words of some scripts and inside emoji
_KEPT_CONTROLS = {"\n", "\t"}
_GROUP_PING = re.compile(r"([@＠﹫])(?=channel|here|everyone)", re.IGNORECASE)
_TOKEN = re.compile(r"<(?=!(?:here|channel|everyone|group|subteam|date)|[@#][A-Z])", re.IGNORECASE)
_SCHEME = re.compile(r"\b((?:https?|ftp|mailto|javascript|data|file|slack):)(?=\S)", re.IGNORECASE)
_MARKDOWN_MARKS = frozenset("\\`*_~[]()#|")
_MARKDOWN_STANDINS = {"<": "‹", ">": "›", "&": "＆"} | {c: c + _WORD_JOINER for c in "@＠﹫:.!"}  # tokens, addresses
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_INCOMING = re.compile(r"<([^<>]*)>|&(?:lt|gt|amp);")


def visible(text: str) -> str:
    r"""Return *text* as people may read it: nothing invisible that turns or hides it, and nothing that pings.

    >>> visible("ask\u202e @here")
    'ask @\u2060here'
    >>> visible(r"C:\new\table and ^\d+$")
    'C:\\new\\table and ^\\d+$'
    """
    shown = "".join(c for c in text if _is_shown(c))
    return _TOKEN.sub(f"<{_WORD_JOINER}", _GROUP_PING.sub(rf"\1{_WORD_JOINER}", shown))


def escape(text: str) -> str:
    """Return *text* with Slack's three control characters written as entities.

    >>> escape("a < b & c")
    'a &lt; b &amp; c'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, max_characters: int) -> str:
    """Return *text*, cut and ended with an ellipsis if it has more than *max_characters* once it is escaped.

    >>> shorten("four words of text", 11)
    'four words…'
    """
    if len(escape(text)) <= max_characters:
        return text
    left = max_characters - len(ELLIPSIS)
    for position, character in enumerate(text):
        left -= len(escape(character))
        if left < 0:
            return text[:position].rstrip() + ELLIPSIS
    raise AssertionError("a text over the limit has a character at which it passes the limit")


def fallback_text(text: str, max_characters: int) -> str:
    r"""Return *text* for a message's top-level `text`, which is mrkdwn: escaped, and without addresses to follow.

    Slack shows it in notifications and reads it aloud; the blocks are what people see.

    >>> fallback_text("see https://evil.example <!here>", 100)
    'see https:\u2060//evil.example &lt;\u2060!here&gt;'
    """
    return escape(shorten(_SCHEME.sub(rf"\1{_WORD_JOINER}", visible(text)), max_characters))


def markdown(text: str) -> str:
    r"""Return *text* for a stream, which Slack reads as Markdown: as it is written, with nothing in it that acts.

    Each character stands for itself whatever follows it, so a text that has grown begins as it began before: a token
    cannot be put together from two pieces of a stream.

    >>> markdown("see [it](https://evil.example) <!here>")
    'see \\[it\\]\\(https:\u2060//evil.\u2060example\\) \u2039!\u2060here\u203a'
    """
    return "".join(_as_markdown(c) for c in text if _is_shown(c))


def _as_markdown(character: str) -> str:
    if character in _MARKDOWN_MARKS:
        return f"\\{character}"
    return _MARKDOWN_STANDINS.get(character, character)


def read_text(text: str, bot_user_id: str) -> str:
    """Return the words of a Slack message's `text`, without mentions of the bot.

    A link becomes its label, or its address where it has none; a person without a label becomes "someone";
    `@here` and its like disappear.

    >>> read_text("<@U0BOT> is <https://w.example|the wiki> &lt;up&gt;?", "U0BOT")
    'is the wiki <up>?'
    """
    whole = text.encode("utf-8", "replace").decode()  # half a character, possible in JSON, can be kept nowhere
    return _INCOMING.sub(lambda found: _word(found, bot_user_id), whole).strip()


def _word(found: re.Match[str], bot_user_id: str) -> str:
    if found[1] is None:
        return _ENTITIES[found[0]]
    target, _, label = found[1].partition("|")
    if target == f"@{bot_user_id}":
        return ""
    if label:
        return _unescape(label).removeprefix("@")
    if target.startswith("@"):
        return "someone"
    if target.startswith(("!", "#")):
        return ""
    return _unescape(target).removeprefix("mailto:")


def _unescape(text: str) -> str:
    return re.sub("&(?:lt|gt|amp);", lambda found: _ENTITIES[found[0]], text)


def _is_shown(character: str) -> bool:
    if character in _KEPT_FORMATS or character in _KEPT_CONTROLS:
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
