"""The real Bolt and the real Socket Mode client against the workspace."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from bot.workspace import GestureRefused, Workspace
from tests.bot.workspace.asking import Json, button, modal, section, text_input

Say = Callable[..., Any]
Ack = Callable[..., None]


def test_mention_is_answered_in_its_thread(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """A question in a channel gets its reply, and every envelope its ack."""
    del connected

    @app.event("app_mention")
    def reply(event: Json, say: Say) -> None:
        say(text="Here you are", thread_ts=event["ts"])

    @app.event("message")
    def ignore() -> None:
        """Let the twin event be acknowledged."""

    ts = workspace.say("Maya", "#ask-people", f"<@{workspace.bot_user_id}> how much leave?")

    question, answer = workspace.wait_for(
        lambda: found if len(found := workspace.thread("#ask-people", ts)) == 2 else None
    )
    assert (question.user, answer.text) == (workspace.person_id("Maya"), "Here you are")
    workspace.wait_for(workspace.is_quiet)
    assert all(envelope.is_acked for envelope in workspace.envelopes())


def test_unhandled_event_is_never_acknowledged(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """Bolt acks with status 200 only, so Slack delivers again."""
    del app, connected

    workspace.say("Maya", "#general", "no listener for this")
    workspace.advance(3)

    first, second = workspace.wait_for(lambda: sent if len(sent := workspace.envelopes()) == 2 else None)
    assert (first.is_acked, second.attempt, second.reason) == (False, 1, "timeout")


def test_edit_and_deletion_reach_the_bot(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """A changed message names the old and the new text."""
    del connected
    heard: list[Json] = []

    @app.event("message")
    def remember(event: Json) -> None:
        heard.append(event)

    ts = workspace.say("Maya", "#general", "frist")
    workspace.edit("#general", ts, "first")
    workspace.delete("#general", ts)
    workspace.wait_for(lambda: workspace.is_quiet() and len(heard) == 3)

    by_kind = {event.get("subtype"): event for event in heard}
    assert by_kind["message_changed"]["previous_message"]["text"] == "frist"
    assert by_kind["message_changed"]["message"]["text"] == "first"
    assert by_kind["message_deleted"]["deleted_ts"] == ts


def test_button_brings_its_value_and_answers_by_response_url(
    workspace: Workspace, app: App, connected: SocketModeHandler
) -> None:
    """A press carries action, value and message; respond() replaces the message."""
    del connected
    pressed: list[Json] = []

    @app.action("more")
    def more(ack: Ack, body: Json, respond: Say) -> None:
        ack()
        pressed.append(body)
        respond(text="Pressed", replace_original=True)

    block = {"type": "actions", "block_id": "row", "elements": [button("more", value="7")]}
    ts = app.client.chat_postMessage(channel="C0GENERAL", text="Question", blocks=[block])["ts"]
    workspace.press("Jonas", "#general", ts, "more")
    workspace.wait_for(lambda: workspace.messages("#general")[0].text == "Pressed")

    (body,) = pressed
    assert (body["actions"][0]["value"], body["actions"][0]["block_id"], body["user"]["id"]) == ("7", "row", "U0JONAS")
    assert (body["message"]["ts"], body["container"]["is_ephemeral"]) == (ts, False)


def test_feedback_buttons_bring_the_chosen_side(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """Thumbs up and down are one element with two values."""
    del connected
    values: list[str] = []

    @app.action("feedback")
    def remember(ack: Ack, action: Json) -> None:
        ack()
        values.append(action["value"])

    sides = {
        f"{side}_button": {"text": {"type": "plain_text", "text": side}, "value": side[0]}
        for side in ("positive", "negative")
    }
    feedback = {"type": "feedback_buttons", "action_id": "feedback", **sides}
    ts = app.client.chat_postMessage(
        channel="C0GENERAL", text="x", blocks=[{"type": "context_actions", "elements": [feedback]}]
    )["ts"]
    workspace.press("Jonas", "#general", ts, "feedback", value="negative")

    workspace.wait_for(workspace.is_quiet)
    assert values == ["n"]
    with pytest.raises(GestureRefused):
        workspace.press("Jonas", "#general", ts, "feedback", value="perhaps")


def test_command_opens_a_form_whose_errors_come_back(
    workspace: Workspace, app: App, connected: SocketModeHandler
) -> None:
    """Command, modal, a refused submission and an accepted one."""
    del connected
    name = text_input("name")
    form = modal(name, callback_id="form", submit={"type": "plain_text", "text": "Send"})

    @app.command("/advise")
    def advise(ack: Ack, body: Json, client: WebClient) -> None:
        ack(text="One moment")
        client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.view("form")
    def submitted(ack: Ack, view: Json) -> None:
        value = view["state"]["values"]["name"]["text"]["value"]
        if value == "wrong":
            ack(response_action="errors", errors={"name": "Try another"})
        else:
            ack()

    workspace.command("Priya", "#general", "/advise", "us")
    (view,) = workspace.wait_for(lambda: workspace.modals("Priya"))
    with pytest.raises(GestureRefused, match="filled in"):
        workspace.submit(view.id, {})
    workspace.submit(view.id, {"name": "wrong"})
    (refused,) = workspace.wait_for(lambda: [shown for shown in workspace.modals("Priya") if shown.errors])
    workspace.submit(view.id, {"name": "right"})
    workspace.wait_for(lambda: not workspace.modals("Priya"))

    assert dict(refused.errors) == {"name": "Try another"}
    assert [message.text for message in workspace.messages("#general", seen_by="Priya")] == ["One moment"]
    assert workspace.messages("#general", seen_by="Sam") == []


def test_home_is_published_when_it_is_opened(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """app_home_opened names the tab, and a press in the tab carries its view."""
    del connected
    pressed: list[Json] = []

    @app.event("app_home_opened")
    def opened(event: Json, client: WebClient) -> None:
        blocks = [section("Hello", accessory=button("refresh"))]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.action("refresh")
    def refresh(ack: Ack, body: Json) -> None:
        ack()
        pressed.append(body)

    workspace.open_home("Sam")
    home = workspace.wait_for(lambda: workspace.home("Sam"))
    workspace.press_in_view(home.id, "refresh")
    workspace.wait_for(workspace.is_quiet)

    assert (pressed[0]["view"]["id"], pressed[0]["container"]["type"]) == (home.id, "view")


def test_response_url_works_five_times(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """Late answers are few: five uses, then it is used up."""
    del connected
    urls: list[str] = []

    @app.command("/advise")
    def advise(ack: Ack, body: Json) -> None:
        ack()
        urls.append(body["response_url"])

    workspace.command("Maya", "#general", "/advise")
    workspace.wait_for(workspace.is_quiet)
    hook = WebhookClient(urls[0])
    statuses = [hook.send(text="x", response_type="in_channel").status_code for _ in range(6)]

    assert statuses == [200] * 5 + [404]
    assert len(workspace.messages("#general", seen_by="Sam")) == 5


def test_response_url_lives_thirty_minutes(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """After half an hour it has expired; unsound blocks are refused before that."""
    del connected
    urls: list[str] = []

    @app.command("/advise")
    def advise(ack: Ack, body: Json) -> None:
        ack()
        urls.append(body["response_url"])

    workspace.command("Maya", "#general", "/advise")
    workspace.wait_for(workspace.is_quiet)
    hook = WebhookClient(urls[0])
    unsound = hook.send(text="x", blocks=[{"type": "poem"}])
    workspace.advance(1801)
    expired = hook.send(text="x")

    assert (unsound.status_code, "invalid_blocks" in unsound.body) == (400, True)
    assert (expired.status_code, "expired_url" in expired.body) == (404, True)


def test_client_comes_back_after_a_disconnect(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """Asked to refresh, the SDK opens a new connection, and the next question is answered there."""
    del connected
    heard = threading.Event()

    @app.event("message")
    def remember() -> None:
        heard.set()

    workspace.disconnect("refresh_requested")
    workspace.wait_for(lambda: len(workspace.calls("apps.connections.open")) == 2 and workspace.connections)
    workspace.say("Maya", "#general", "still there?")

    assert heard.wait(10)
    workspace.wait_for(workspace.is_quiet, 10)
    assert workspace.envelopes()[0].connection == 2


def test_message_shortcut_carries_its_message(workspace: Workspace, app: App, connected: SocketModeHandler) -> None:
    """A shortcut chosen from a message's menu reaches the app with the message and a fresh trigger."""
    del connected
    heard: list[Json] = []

    @app.shortcut("answer_this")
    def answer_this(ack: Ack, shortcut: Json) -> None:
        ack()
        heard.append(shortcut)

    ts = workspace.say("Sam", "#general", "How many days?")
    workspace.shortcut("Maya", "#general", ts, "answer_this")
    workspace.wait_for(lambda: heard)

    (body,) = heard
    assert (body["type"], body["message"]["text"], body["user"]["id"]) == ("message_action", "How many days?", "U0MAYA")
    assert body["trigger_id"]


def test_external_menu_is_offered_and_chosen(
    workspace: Workspace, client: WebClient, app: App, connected: SocketModeHandler
) -> None:
    """What the app offers for what was typed can be chosen and submitted; what it did not offer cannot."""
    del connected
    heard: list[Json] = []
    menu = {"type": "external_select", "action_id": "page", "min_query_length": 1}
    label = {"type": "plain_text", "text": "Page"}
    form = modal(
        {"type": "input", "block_id": "page", "label": label, "element": menu}, callback_id="form", submit=label
    )
    offer = {"text": {"type": "plain_text", "text": "Leave"}, "value": "leave"}

    @app.command("/form")
    def open_form(ack: Ack, body: Json) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.options("page")
    def offers(ack: Ack) -> None:
        ack(options=[offer])

    @app.view("form")
    def submitted(ack: Ack, view: Json) -> None:
        ack()
        heard.append(view["state"]["values"])

    workspace.command("Maya", "#general", "/form")
    view = workspace.wait_for(lambda: workspace.modals("Maya"))[-1]
    with pytest.raises(GestureRefused):
        workspace.submit(view.id, {"page": "leave"})
    workspace.look_up("Maya", view.id, "page", "le")
    workspace.wait_for(workspace.is_quiet)
    workspace.submit(view.id, {"page": "leave"})
    workspace.wait_for(lambda: heard)

    assert heard[0]["page"]["page"]["selected_option"] == offer


def test_press_in_a_form_carries_what_is_filled_in(
    workspace: Workspace, client: WebClient, app: App, connected: SocketModeHandler
) -> None:
    """A button in a modal tells the app the values of the inputs around it, as Slack does."""
    del connected
    pressed: list[Json] = []
    title = {"type": "plain_text", "text": "Title"}
    name = {"type": "plain_text_input", "action_id": "it"}
    more = {"type": "actions", "elements": [button("more")]}
    form = modal({"type": "input", "block_id": "name", "label": title, "element": name}, more, submit=title)

    @app.command("/form")
    def open_form(ack: Ack, body: Json) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.action("more")
    def noted(ack: Ack, body: Json) -> None:
        ack()
        pressed.append(body)

    workspace.command("Maya", "#general", "/form")
    view = workspace.wait_for(lambda: workspace.modals("Maya"))[-1]
    workspace.press_in_view(view.id, "more", state={"name": {"it": "Half a tit"}})
    workspace.wait_for(lambda: pressed)

    assert pressed[0]["view"]["state"]["values"]["name"]["it"]["value"] == "Half a tit"
