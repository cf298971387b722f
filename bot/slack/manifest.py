"""The app's manifest: pasted once at https://api.slack.com/apps, it makes the Slack app with all it needs."""

import json

from bot.slack.advising import COMMAND as ADVISE_COMMAND
from bot.slack.app import SCOPES
from bot.slack.desk import COMMAND as WIKI_COMMAND
from bot.slack.incoming import ANSWER_SHORTCUT, ASK_COMMAND
from bot.slack.web import PATH

_EVENTS = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
)
_COMMANDS = (
    (ASK_COMMAND, "Ask the wiki; only you see the answer", "how many days of leave do I get?"),
    (ADVISE_COMMAND, "Fine-tune, search, both or neither? Advice for your own case", "edited daily, 300 examples, …"),
    (WIKI_COMMAND, "Look after the index and this channel's settings (admins)", "status | reindex | gaps | settings"),
)


def as_json(base_url: str = "") -> str:
    """Return the manifest: for Socket Mode, or for signed HTTP at *base_url*, the proxy's own `https://…`."""
    address = f"{base_url.rstrip('/')}{PATH}" if base_url else ""
    url = {"url": address} if address else {}
    request_url = {"request_url": address} if address else {}
    manifest = {
        "display_information": {
            "name": "Footnote",
            "description": "Answers from your team's wiki, with its sources",
            "background_color": "#1d3a4c",
        },
        "features": {
            "agent_view": {"agent_description": "Answers your questions from the team's wiki and shows the passages."},
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Footnote", "always_online": True},
            "shortcuts": [
                {
                    "name": "Answer this from the wiki",
                    "type": "message",
                    "callback_id": ANSWER_SHORTCUT,
                    "description": "Answers this message in its thread",
                }
            ],
            "slash_commands": [
                {"command": command, "description": description, "usage_hint": hint, "should_escape": True} | url
                for command, description, hint in _COMMANDS
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(_EVENTS)} | request_url,
            "interactivity": {"is_enabled": True} | request_url,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not address,
            "token_rotation_enabled": False,
        },
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False)
