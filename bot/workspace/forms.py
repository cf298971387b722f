"""The workspace's objects in the form Slack sends them."""

import re
from collections.abc import Iterator, Mapping

from bot.workspace.messages import Message
from bot.workspace.people import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID, Channel, Person, UserGroup
from bot.workspace.views import View
from bot.workspace.wire import Json

_TOKEN = re.compile(r"<([^<>\n]+)>")
_AT_NAME = re.compile(r"(?<![\w@])@([\w.-]*\w)")
_HASH_NAME = re.compile(r"(?<![\w#&])#([\w-]*\w)")


def message_form(message: Message) -> Json:
    """Return *message* as history and events carry it."""
    form: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text, "team": TEAM_ID}
    optional: Json = {
        "blocks": [*message.chunks, *message.blocks],
        "attachments": list(message.attachments),
        "thread_ts": message.thread_ts,
        "client_msg_id": message.client_msg_id,
        "subtype": message.subtype,
        "metadata": message.metadata,
        "files": [{"id": file_id} for file_id in message.files],
        "edited": {"user": message.user, "ts": message.edited_ts} if message.edited_ts else None,
        "reactions": [
            {"name": each.name, "users": list(each.people), "count": len(each.people)} for each in message.reactions
        ],
    }
    if message.bot_id:
        form |= {
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "bot_profile": {"id": BOT_ID, "app_id": APP_ID, "name": "Footnote"},
        }
    return form | {name: value for name, value in optional.items() if value}


def parent_form(parent: Message, replies: list[Message]) -> Json:
    """Return a message with what Slack says about the thread below it."""
    form = message_form(parent)
    if not replies:
        return form
    people = list(dict.fromkeys(reply.user for reply in replies))
    return form | {
        "thread_ts": parent.ts,
        "reply_count": len(replies),
        "reply_users": people,
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
    }


def channel_form(channel: Channel) -> Json:
    """Return *channel* as conversations.* answer it."""
    form: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_channel": channel.kind == "channel",
        "is_group": False,
        "is_im": channel.kind == "im",
        "is_mpim": False,
        "is_private": channel.kind != "channel",
    }
    if channel.kind == "im":
        return form | {"user": next(iter(channel.members - {BOT_USER_ID})), "is_open": True}
    return form | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_member": BOT_USER_ID in channel.members,
        "num_members": len(channel.members),
        "is_general": channel.name == "general",
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def person_form(person: Person) -> Json:
    """Return *person* as users.* answer it, without the address, which needs a scope of its own."""
    return {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": False,
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "tz": "Europe/London",
        "tz_offset": 0,
        "profile": {"real_name": person.real_name, "display_name": person.name, "team": TEAM_ID},
    }


def group_form(group: UserGroup) -> Json:
    """Return *group* as usergroups.list answers it."""
    return {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "handle": group.handle,
        "name": group.name,
        "user_count": len(group.people),
        "date_delete": 0,
    }


def view_form(view: View) -> Json:
    """Return *view* as views.* answer it and interactions carry it, without the state of its inputs."""
    defaults: Json = {
        "title": None,
        "submit": None,
        "close": None,
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
    }
    return {
        **defaults,
        "clear_on_close": False,
        "notify_on_close": False,
        **view.body,
        "id": view.id,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "app_installed_team_id": TEAM_ID,
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "state": {"values": {}},
    }


def rich_text(text: str) -> Json:
    """Return the block Slack makes of what a person typed.

    >>> [part["type"] for part in rich_text("<@U0FOOTNOTE> hello")["elements"][0]["elements"]]
    ['user', 'text']
    """
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(_rich_parts(text))}],
    }


def escape(text: str) -> str:
    """Return *text* with Slack's three control characters escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Undo `escape`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(text: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Return what Slack's composer sends for *text*: escaped, with the names of *people* and *channels* as mentions.

    >>> typed("@Footnote see #general & ask @nobody", {"footnote": "U1"}, {"general": "C1"})
    '<@U1> see <#C1|general> &amp; ask @nobody'
    """

    def mention(match: re.Match[str]) -> str:
        person = people.get(match[1].lower())
        return f"<@{person}>" if person else match[0]

    def channel(match: re.Match[str]) -> str:
        found = channels.get(match[1].lower())
        return f"<#{found}|{match[1].lower()}>" if found else match[0]

    return _HASH_NAME.sub(channel, _AT_NAME.sub(mention, escape(text)))


def mentions_bot(text: str) -> bool:
    """Tell whether *text* calls the bot."""
    return re.search(rf"<@{BOT_USER_ID}(\|[^>]*)?>", text) is not None


def _rich_parts(text: str) -> Iterator[Json]:
    place = 0
    for match in _TOKEN.finditer(text):
        if match.start() > place:
            yield {"type": "text", "text": unescape(text[place : match.start()])}
        yield _rich_token(match[1])
        place = match.end()
    if place < len(text):
        yield {"type": "text", "text": unescape(text[place:])}


def _rich_token(token: str) -> Json:
    target, _, label = token.partition("|")
    if target.startswith("@"):
        return {"type": "user", "user_id": target[1:]}
    if target.startswith("#"):
        return {"type": "channel", "channel_id": target[1:]}
    if target.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("!subteam^")}
    if target.startswith("!"):
        return {"type": "broadcast", "range": target[1:]}
    return {"type": "link", "url": unescape(target)} | ({"text": unescape(label)} if label else {})
