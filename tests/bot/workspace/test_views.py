"""Modals and Home tabs over the Web API, with triggers from a slash command nobody answers in time."""

import pytest
from slack_sdk import WebClient

from bot.workspace import Workspace
from bot.workspace.people import TEAM_ID
from tests.bot.workspace.asking import Json, answer, error, modal, section, text_input


@pytest.fixture
def trigger(workspace: Workspace, ears: None) -> str:
    """Return a fresh trigger_id from Maya's command."""
    del ears
    return command(workspace)


@pytest.fixture
def ears(workspace: Workspace) -> None:
    """Open a connection that hears everything and acknowledges nothing."""
    frames: list[Json] = []
    with workspace._shared.changing() as exchange:
        exchange.delivery.connect(frames.append, lambda: None)


def command(workspace: Workspace) -> str:
    """Send a command as Maya and return its trigger_id."""
    workspace.command("Maya", "#general", "/advise")
    return str(workspace.envelopes()[-1].payload["trigger_id"])


def test_trigger_opens_one_view(workspace: Workspace, client: WebClient, trigger: str) -> None:
    """The person who made the command sees the modal; the trigger is then used."""
    view = answer(client, "views.open", trigger_id=trigger, view=modal(section("x")))["view"]

    (shown,) = workspace.modals("Maya")
    assert (shown.id, view["team_id"]) == (view["id"], TEAM_ID)
    assert error(client, "views.open", trigger_id=trigger, view=modal()) == "exchanged_trigger_id"


def test_trigger_lives_three_seconds(workspace: Workspace, client: WebClient, trigger: str) -> None:
    """A bot that thinks first opens nothing."""
    workspace.advance(3.5)

    assert error(client, "views.open", trigger_id=trigger, view=modal()) == "expired_trigger_id"
    assert error(client, "views.open", trigger_id="made.up", view=modal()) == "invalid_trigger_id"


def test_view_must_be_sound(client: WebClient, trigger: str) -> None:
    """Title, number of blocks, size, submit button and kind are checked before the trigger is spent."""
    long_title = modal(title={"type": "plain_text", "text": "x" * 25})
    huge = modal(*[section("x" * 2900)] * 90)

    assert error(client, "views.open", trigger_id=trigger, view=long_title) == "invalid_arguments"
    assert error(client, "views.open", trigger_id=trigger, view=modal(*[section("x")] * 101)) == "invalid_arguments"
    assert error(client, "views.open", trigger_id=trigger, view=huge) == "view_too_large"
    assert error(client, "views.open", trigger_id=trigger, view=modal(text_input("name"))) == "invalid_arguments"
    assert error(client, "views.open", trigger_id=trigger, view={"type": "home", "blocks": []}) == "invalid_arguments"
    assert answer(client, "views.open", trigger_id=trigger, view=modal())["ok"]


def test_three_modals_may_stand_on_each_other(workspace: Workspace, client: WebClient, trigger: str) -> None:
    """A fourth is refused, and so is a push from outside a modal."""
    button = {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "x"}}],
    }
    assert error(client, "views.push", trigger_id=command(workspace), view=modal(button)) == "not_found"
    answer(client, "views.open", trigger_id=trigger, view=modal(button))

    for _ in range(2):
        answer(client, "views.push", trigger_id=pressed(workspace), view=modal(button))

    assert error(client, "views.push", trigger_id=pressed(workspace), view=modal(button)) == "push_limit_reached"
    assert len(workspace.modals("Maya")) == 3


def pressed(workspace: Workspace) -> str:
    """Press the button of the topmost modal and return the trigger_id."""
    workspace.press_in_view(workspace.modals("Maya")[-1].id, "more")
    return str(workspace.envelopes()[-1].payload["trigger_id"])


def test_update_with_an_old_hash_is_refused(workspace: Workspace, client: WebClient, trigger: str) -> None:
    """Two updates cannot overtake each other unseen."""
    view = answer(client, "views.open", trigger_id=trigger, view=modal(external_id="form"))["view"]

    answer(
        client, "views.update", external_id="form", hash=view["hash"], view=modal(section("new"), external_id="form")
    )

    assert workspace.modals("Maya")[0].blocks[0]["text"]["text"] == "new"
    assert error(client, "views.update", view_id=view["id"], hash=view["hash"], view=modal()) == "hash_conflict"
    assert error(client, "views.update", view_id="V1", view=modal()) == "not_found"


def test_home_is_published_for_one_person(workspace: Workspace, client: WebClient) -> None:
    """Each person has a Home tab of their own, of type home."""
    client.views_publish(user_id="U0MAYA", view={"type": "home", "blocks": [section("Hello Maya")]})

    home = workspace.home("Maya")
    assert home is not None
    assert home.blocks[0]["text"]["text"] == "Hello Maya"
    assert workspace.home("Sam") is None
    assert error(client, "views.publish", user_id="U0MAYA", view=modal()) == "invalid_arguments"
    assert error(client, "views.publish", user_id="U0NOBODY", view={"type": "home", "blocks": []}) == "user_not_found"
