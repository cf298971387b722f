"""Who uses a keyboard or a screen reader, or needs contrast, gets the same page: axe-core finds no barrier."""

import pytest
from slack_sdk import WebClient

from bot.workspace import Workspace
from tests.browser import gallery
from tests.browser.window import Keys, Window


@pytest.fixture
def busy(workspace: Workspace, client: WebClient) -> Workspace:
    """Give a workspace with every block, a thread, an ephemeral message and a Home tab."""
    ts = workspace.say("Maya", "#general", "Everything, please")
    for blocks in gallery.MESSAGES:
        client.chat_postMessage(channel="C0GENERAL", thread_ts=ts, text="Blocks", blocks=blocks)
    client.chat_postEphemeral(channel="C0GENERAL", user="U0MAYA", text="Shall I answer?")
    workspace.react("Sam", "#general", ts, "eyes")
    client.views_publish(user_id="U0MAYA", view=gallery.HOME)
    return workspace


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chat_has_no_barriers(busy: Workspace, window: Window, scheme: str) -> None:
    """Channel, thread with every block, and Home, in both schemes."""
    window.colours(scheme)
    window.open(busy)
    window.press("5 replies")
    window.see("#replies .carousel")

    assert window.barriers() == []
    window.picture(f"thread-{scheme}")
    window.go("Footnote home")
    window.see("#home .header")
    assert window.barriers() == []


def test_small_targets_are_large_enough(busy: Workspace, window: Window) -> None:
    """Every button that stands alone is at least 24 by 24 pixels, as WCAG 2.2 asks and axe-core 4.4 does not."""
    window.open(busy)
    window.press("5 replies")
    window.see("#replies .carousel")

    sizes = window.script(
        "return [...document.querySelectorAll('button, select, summary, .button')].filter(e => e.checkVisibility())"
        ".map(e => [e.outerHTML.slice(0, 80), e.offsetWidth, e.offsetHeight])"
    )

    assert [each for each in sizes if min(each[1:]) < 24] == []


def test_keyboard_reaches_everything_in_order(busy: Workspace, window: Window) -> None:
    """From the sidebar to the composer by Tab alone; Enter goes to a channel."""
    window.open(busy)
    window.script("document.querySelector('#channels button').focus()")

    window.type_keys(Keys.TAB, Keys.TAB, Keys.ENTER)

    window.wait(lambda: window.see("#title").text == "#it-help")
    assert window.focused() == "it-help"
