"""The Web API: every method the workspace knows, with its scopes and its rate. Any other is ``unknown_method``."""

from collections.abc import Mapping

from bot.workspace.methods import assistant, chat, connections, conversations, files, people, reactions, streams, views
from bot.workspace.methods.table import Method
from bot.workspace.rates import Tier

_WRITE = ("chat:write",)
_ASSIST = ("assistant:write",)
_READ = ("*:read",)
_PEOPLE = ("users:read",)
_GROUPS = ("usergroups:read",)

METHODS: Mapping[str, Method] = {
    "agents.sessions.setStatus": Method(assistant.set_session_status, Tier.THREE, _ASSIST),
    "apps.connections.open": Method(connections.open_connection, Tier.TWO, ("connections:write",), is_app_level=True),
    "assistant.threads.setStatus": Method(assistant.set_status, Tier.THREE, _ASSIST),
    "assistant.threads.setSuggestedPrompts": Method(assistant.set_suggested_prompts, Tier.THREE, _ASSIST),
    "assistant.threads.setTitle": Method(assistant.set_title, Tier.THREE, _ASSIST),
    "auth.test": Method(people.auth_test, Tier.FREE),
    "blocks.validate": Method(connections.validate, Tier.THREE),
    "bots.info": Method(people.bots_info, Tier.THREE, _PEOPLE),
    "chat.appendStream": Method(streams.append, Tier.FOUR, _WRITE),
    "chat.delete": Method(chat.delete, Tier.THREE, _WRITE),
    "chat.getPermalink": Method(chat.get_permalink, Tier.FREE),
    "chat.postEphemeral": Method(chat.post_ephemeral, Tier.FOUR, _WRITE),
    "chat.postMessage": Method(chat.post_message, Tier.POSTING, _WRITE),
    "chat.scheduleMessage": Method(chat.schedule_message, Tier.THREE, _WRITE),
    "chat.startStream": Method(streams.start, Tier.TWO, _WRITE),
    "chat.stopStream": Method(streams.stop, Tier.TWO, _WRITE),
    "chat.update": Method(chat.update, Tier.THREE, _WRITE),
    "conversations.history": Method(conversations.history, Tier.THREE, ("*:history",)),
    "conversations.info": Method(conversations.info, Tier.THREE, _READ),
    "conversations.join": Method(conversations.join, Tier.THREE, ("channels:join",)),
    "conversations.list": Method(conversations.list_channels, Tier.TWO, _READ),
    "conversations.members": Method(conversations.members, Tier.FOUR, _READ),
    "conversations.open": Method(conversations.open_direct, Tier.THREE, ("im:write",)),
    "conversations.replies": Method(conversations.replies, Tier.THREE, ("*:history",)),
    "files.completeUploadExternal": Method(files.complete_upload, Tier.FOUR, ("files:write",)),
    "files.getUploadURLExternal": Method(files.get_upload_url, Tier.FOUR, ("files:write",)),
    "files.info": Method(files.info, Tier.FOUR, ("files:read",)),
    "reactions.add": Method(reactions.add, Tier.THREE, ("reactions:write",)),
    "reactions.get": Method(reactions.get, Tier.THREE, ("reactions:read",)),
    "reactions.remove": Method(reactions.remove, Tier.TWO, ("reactions:write",)),
    "team.info": Method(people.team_info, Tier.THREE, ("team:read",)),
    "usergroups.list": Method(people.groups_list, Tier.TWO, _GROUPS),
    "usergroups.users.list": Method(people.group_people, Tier.TWO, _GROUPS),
    "users.info": Method(people.users_info, Tier.FOUR, _PEOPLE),
    "users.list": Method(people.users_list, Tier.TWO, _PEOPLE),
    "users.lookupByEmail": Method(people.lookup_by_email, Tier.THREE, ("users:read.email",)),
    "views.open": Method(views.open_view, Tier.FOUR),
    "views.publish": Method(views.publish, Tier.FOUR),
    "views.push": Method(views.push, Tier.FOUR),
    "views.update": Method(views.update, Tier.FOUR),
}
