"""The manifest that makes the Slack app."""

import json
from collections.abc import Callable

import pytest

from bot.slack import manifest
from bot.slack.app import SCOPES
from bot.workspace import DEFAULT_SCOPES


@pytest.mark.parametrize(("name", "url"), [("socket", ""), ("http", "https://bot.example.org/")])
def test_manifest_is_as_it_was_read_and_agreed(name: str, url: str, golden: Callable[[str, str], None]) -> None:
    """What the app may do changes only together with its golden file."""
    golden(f"manifest/{name}.json", manifest.as_json(url) + "\n")


def test_scopes_are_those_the_bot_needs_and_no_more() -> None:
    """The local workspace grants them too, or it would prove nothing."""
    asked = json.loads(manifest.as_json())["oauth_config"]["scopes"]["bot"]

    assert set(asked) == SCOPES
    assert set(asked) <= DEFAULT_SCOPES


def test_every_address_is_the_proxys_over_http() -> None:
    """And there is none with Socket Mode."""
    posted = json.loads(manifest.as_json("https://bot.example.org/"))
    url = "https://bot.example.org/slack/events"

    assert posted["settings"]["event_subscriptions"]["request_url"] == url
    assert posted["settings"]["interactivity"]["request_url"] == url
    assert {command["url"] for command in posted["features"]["slash_commands"]} == {url}
    assert posted["settings"]["socket_mode_enabled"] is False
    assert "http" not in manifest.as_json().replace("https://api.slack.com", "")
