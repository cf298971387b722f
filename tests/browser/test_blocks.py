"""Block Kit as it is drawn and pressed: every block, menu, modal and the Home tab."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Ack
from slack_sdk import WebClient

from bot.workspace import Workspace
from tests.browser import gallery
from tests.browser.listening import Listening
from tests.browser.window import Keys, Window

Json = dict[str, Any]


@pytest.fixture
def bot(workspace: Workspace) -> Iterator[Listening]:
    """Run the app for one test."""
    running = Listening(workspace)
    yield running
    running.close(workspace)


def show(client: WebClient, *blocks: Json) -> None:
    """Post *blocks* to #general."""
    client.chat_postMessage(channel="C0GENERAL", text="Blocks", blocks=list(blocks))


def pressed(workspace: Workspace, bot: Listening, action_id: str) -> Json:
    """Wait for a press and return its body."""

    def found() -> Json | None:
        return next((body for body in bot.pressed if body["actions"][0]["action_id"] == action_id), None)

    return workspace.wait_for(found)


def open_form(client: WebClient, window: Window) -> None:
    """Press the button that opens the form."""
    button = {"type": "button", "action_id": "open_form", "text": gallery.plain("Open the form")}
    show(client, {"type": "actions", "elements": [button]})
    window.press("Open the form")
    window.see("#modal h2")


def test_every_block_is_drawn(workspace: Workspace, client: WebClient, window: Window) -> None:
    """Nothing of what the bot may send is shown as unknown, and each kind leaves its mark on the page."""
    for blocks in gallery.MESSAGES:
        show(client, *blocks)
    window.resize(1100, 2500)
    window.open(workspace)
    window.see(".carousel")

    assert not window.all(".unknown")
    for mark in (
        ".header",
        ".fields",
        ".context",
        "blockquote",
        "ol li",
        "pre",
        "table",
        ".container",
        ".plan",
        ".card",
    ):
        assert window.all(f"#messages {mark}"), mark
    assert window.see("#messages table").find_element("css selector", "th").get_attribute("scope") == "col"
    window.picture("blocks-light")
    window.colours("dark")
    window.picture("blocks-dark")


def test_unknown_block_is_shown_as_such(workspace: Workspace, window: Window) -> None:
    """A block that no engineer of the page has heard of is named, not dropped."""
    window.open(workspace)

    drawn = window.script(
        "return import('/page/blocks.js')"
        ".then(m => m.drawBlock({type: 'hologram', block_id: 'b'}, {place: {}}).textContent)"
    )

    assert "does not know: hologram" in drawn
    assert '"block_id": "b"' in drawn


@pytest.mark.parametrize(
    "hostile",
    ["<img src=x onerror=alert(1)>", "<javascript:alert(1)|click>", '<https://a.example/"onclick=alert(1)|x>', "<<b>>"],
)
def test_text_is_never_markup(workspace: Workspace, client: WebClient, window: Window, hostile: str) -> None:
    """Whatever stands in a message becomes text: no element, no script, no link but to the web."""
    client.chat_postMessage(channel="C0GENERAL", text=hostile)
    show(
        client,
        {"type": "section", "text": gallery.mrkdwn(hostile)},
        {"type": "markdown", "text": f"[x]({hostile}) {hostile}"},
    )
    window.open(workspace)
    window.see(".markdown")

    assert not window.script(
        "return document.querySelectorAll('.message-body img, .message-body [onclick], .message-body script').length"
    )
    addresses = window.script(
        "return [...document.querySelectorAll('.message-body a')].map(a => a.getAttribute('href'))"
    )
    assert all(address.startswith("https://a.example/") for address in addresses)


def test_button_asks_first_and_sends_what_stands_around_it(
    workspace: Workspace, client: WebClient, bot: Listening, window: Window
) -> None:
    """A confirmation can be refused; when it is given, the press carries the values of the menus beside it."""
    show(client, gallery.ACTIONS)
    window.open(workspace)

    window.press("Stop")
    window.see("#confirm", "This deletes it.")
    window.press("No", within="#confirm")
    window.gone("#confirm")
    assert not bot.pressed
    window.press("Stop")
    window.press("Yes", within="#confirm")

    body = pressed(workspace, bot, "stop")
    assert body["state"]["values"]["acts"]["day"]["selected_date"] == "2026-05-04"
    assert body["state"]["values"]["acts"]["size"]["selected_option"] is None


def test_menus_and_pickers_send_their_choice(
    workspace: Workspace, client: WebClient, bot: Listening, window: Window
) -> None:
    """A select, an overflow menu and feedback each press with the value chosen."""
    show(client, gallery.ACTIONS, gallery.FEEDBACK)
    window.open(workspace)

    window.see("select[data-action='size'] option[value='m']").click()
    window.press("More actions", within=".row")
    window.press("What was it shown?")
    window.press("A bad answer")

    size = pressed(workspace, bot, "size")["actions"][0]
    assert size["selected_option"]["text"]["text"] == "Medium"
    assert pressed(workspace, bot, "more")["actions"][0]["selected_option"]["value"] == "audit"
    assert pressed(workspace, bot, "feedback")["actions"][0]["value"] == "bad"
    window.see("[aria-label='A bad answer'][aria-pressed='true']")


def test_form_is_filled_in_refused_and_accepted(
    workspace: Workspace, client: WebClient, bot: Listening, window: Window
) -> None:
    """What is missing is named before anything is sent; then the bot's own errors are shown."""
    heard: list[Json] = []

    @bot.app.view("form")
    def submitted(ack: Ack, view: Json) -> None:
        heard.append(view["state"]["values"])
        if view["state"]["values"]["title"]["it"]["value"] == "wrong":
            ack(response_action="errors", errors={"title": "This name is taken."})
        else:
            ack()

    window.resize(1100, 1000)
    window.open(workspace)
    open_form(client, window)
    window.picture("modal")
    window.press("Save", within="#modal")
    window.see("#modal .error", "Please fill this in.")
    assert not heard
    window.type_keys("wrong")  # the focus is on the first field that needs it
    window.press("Choose", within="#modal")
    window.see("#modal .choices label", "Large").click()
    window.press("Save", within="#modal")
    window.see("#modal .error", "This name is taken.")
    window.picture("modal-error")
    box = window.see("#modal [data-block='title']")
    box.clear()
    window.write("#modal [data-block='title']", "right")
    window.press("Save", within="#modal")
    window.gone("#modal")

    values = heard[-1]
    assert values["title"]["it"]["value"] == "right"
    assert [each["value"] for each in values["sizes"]["it"]["selected_options"]] == ["l"]
    assert values["people"]["it"]["selected_users"] == ["U0MAYA", "U0SAM"]
    assert values["size"]["it"]["selected_option"]["value"] == "m"
    assert (values["day"]["it"]["selected_date"], values["count"]["it"]["value"]) == ("2026-05-04", "3")


def test_one_may_write_on_after_a_form(workspace: Workspace, bot: Listening, window: Window) -> None:
    """The composer has the focus again and takes the next key, also where something in the form was clicked."""

    @bot.app.command("/wiki")
    def opened(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=gallery.form(gallery.INPUTS[1]))

    @bot.app.view("form")
    def submitted(ack: Ack) -> None:
        ack()

    window.open(workspace)
    window.say("/wiki settings")
    window.see("#modal h2").click()
    window.press("Save", within="#modal")
    window.gone("#modal")

    window.type_keys("Thanks!", Keys.ENTER)

    window.see("#messages .message", "Thanks!")


def test_views_are_stacked_and_come_back_as_they_were(
    workspace: Workspace, client: WebClient, bot: Listening, window: Window
) -> None:
    """A pushed view covers the first, which keeps what was written; Escape closes one at a time."""

    @bot.app.view("form")
    def submitted(ack: Ack) -> None:
        ack(response_action="push", view=gallery.form(gallery.INPUTS[1], title="And why?", callback_id="second"))

    bot.form = gallery.form(gallery.INPUTS[0], title="What?")
    window.open(workspace)
    open_form(client, window)
    window.write("#modal [data-block='title']", "A title")
    window.press("Save", within="#modal")
    window.see("#modal h2", "And why?")
    window.see("#modal [aria-label='Back']")

    window.type_keys(Keys.ESCAPE)

    window.see("#modal h2", "What?")
    assert window.see("#modal [data-block='title']").get_attribute("value") == "A title"


def test_external_menu_asks_the_bot(workspace: Workspace, client: WebClient, bot: Listening, window: Window) -> None:
    """What is written is sent, what comes back is offered, and what was chosen is submitted."""
    typed: list[str] = []
    heard: list[Json] = []

    @bot.app.options("it")
    def offer(ack: Ack, body: Json) -> None:
        typed.append(body["value"])
        ack(options=[gallery.option("leave", "Annual leave"), gallery.option("level", "Level of service")])

    @bot.app.view("form")
    def submitted(ack: Ack, view: Json) -> None:
        heard.append(view["state"]["values"])
        ack()

    bot.form = gallery.form(next(block for block in gallery.INPUTS if block["block_id"] == "page"))
    window.open(workspace)
    open_form(client, window)
    window.press("Any page", within="#modal")
    window.write("#modal input[type='search']", "le")
    window.see("#modal .choices label", "Level of service").click()
    window.see("#modal summary", "Level of service")
    window.press("Save", within="#modal")
    window.gone("#modal")

    assert typed == ["l", "le"]
    assert heard[-1]["page"]["it"]["selected_option"]["value"] == "level"


def test_home_is_published_and_pressed(workspace: Workspace, client: WebClient, bot: Listening, window: Window) -> None:
    """The Home tab shows what the bot published for this person, at once, and its buttons work."""
    window.open(workspace, "Footnote home")
    window.see("#home", "The bot has published nothing here for you.")

    client.views_publish(user_id="U0MAYA", view=gallery.HOME)
    window.see("#home .header", "How the index is doing")
    window.picture("home")
    window.press("Reindex")

    assert pressed(workspace, bot, "reindex")["view"]["type"] == "home"


def test_message_that_changes_keeps_what_was_opened(workspace: Workspace, client: WebClient, window: Window) -> None:
    """A source that a person opened stays open while the bot edits its message."""
    container = {**gallery.CONTAINER, "block_id": "source", "default_collapsed": True}
    ts = str(client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[container])["ts"])
    window.open(workspace)
    window.press("Annual leave")
    window.see(".container[open]")

    changed = {"type": "section", "text": gallery.plain("Now with feedback")}
    client.chat_update(channel="C0GENERAL", ts=ts, text="x", blocks=[container, changed])

    window.see(".message", "Now with feedback")
    assert window.all(".container[open]")
