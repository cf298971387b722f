"""What a person's message says, wherever Slack has put the words: its text, its rich text, a message passed on in it.

Pure, and no payload, however odd, makes it fail.
"""

from collections.abc import Iterator, Mapping

from bot.slack import mrkdwn

Fields = Mapping[str, object]

_LINES = {"rich_text_section", "rich_text_preformatted", "rich_text_quote"}


def words_in(message: Fields, bot_user_id: str) -> str:
    """Return what *message* says, without mentions of the bot.

    Where it says nothing itself, as when somebody passes another's message on, it is what that one says.

    >>> words_in({"text": "<@U0BOT>", "attachments": [{"is_share": True, "text": "how many days?"}]}, "U0BOT")
    'how many days?'
    """
    places = (str(message.get("text") or ""), "".join(_rich_text(message)), "\n".join(_passed_on(message)))
    return next((words for markup in places if (words := mrkdwn.read_text(markup, bot_user_id))), "")


def markup_in(message: Fields) -> str:
    """Return what *message* itself says as Slack's markup; some clients and apps send rich text without a `text`.

    >>> markup_in({"blocks": [{"type": "rich_text", "elements": [{"type": "user", "user_id": "U1"}]}]})
    '<@U1>'
    """
    text = str(message.get("text") or "")
    return text if text.strip() else "".join(_rich_text(message)).strip()


def is_empty(message: Fields) -> bool:
    """Return whether there is nothing in *message*, not even a file or another's message without words."""
    return not (markup_in(message).strip() or _listed(message, "files") or _listed(message, "attachments"))


def _passed_on(message: Fields) -> Iterator[str]:
    """Yield the messages that somebody passed on with *message*; the preview of a web page is none."""
    for attachment in _listed(message, "attachments"):
        if attachment.get("is_share") or attachment.get("is_msg_unfurl"):
            yield str(attachment.get("text") or "")


def _rich_text(message: Fields) -> Iterator[str]:
    for block in _listed(message, "blocks"):
        if block.get("type") == "rich_text":
            for part in _listed(block, "elements"):
                yield from _parts(part)


def _parts(element: Fields) -> Iterator[str]:
    """Yield the markup of *element* and of all that is in it, a line for each paragraph or point."""
    inner = _listed(element, "elements")
    if not inner:
        yield _leaf(element)
        return
    for part in inner:
        yield from _parts(part)
    if str(element.get("type")) in _LINES:
        yield "\n"


def _leaf(element: Fields) -> str:
    """Return one piece as Slack would write it in a message's `text`."""

    def said(name: str) -> str:
        return mrkdwn.escape(str(element.get(name) or ""))

    match element.get("type"):
        case "link":
            return f"<{said('url')}|{said('text')}>" if element.get("text") else f"<{said('url')}>"
        case "user":
            return f"<@{said('user_id')}>"
        case "channel":
            return f"<#{said('channel_id')}>"
        case "emoji":
            return f":{said('name')}:"
        case "date":
            return said("fallback")
        case _:
            return said("text")


def _listed(fields: Fields, name: str) -> list[Fields]:
    value = fields.get(name)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
