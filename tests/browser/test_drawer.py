"""The developer's drawer: what went over the wire, and faults by a press."""

from slack_sdk import WebClient

from bot.workspace import FaultKind, Workspace
from tests.bot.workspace.asking import error
from tests.browser.listening import Listening
from tests.browser.window import Window


def open_drawer(workspace: Workspace, window: Window) -> None:
    """Open the page with its drawer."""
    window.open(workspace)
    window.press("Developer: calls, events, faults")
    window.see("#drawer")


def test_call_is_listed_with_slacks_reason(workspace: Workspace, client: WebClient, window: Window) -> None:
    """A call that broke a rule is red, and its entry explains which, beside what was sent."""
    open_drawer(workspace, window)

    blocks = [{"type": "section", "text": {"type": "plain_text", "text": "x" * 4000}}]
    assert error(client, "chat.postMessage", channel="C0GENERAL", text="x", blocks=blocks) == "invalid_blocks"
    client.chat_postMessage(channel="C0GENERAL", text="fine")

    window.see("#log .entry.bad", "invalid_blocks")
    assert "ms" in window.see("#log .entry", "ok").text
    window.press("invalid_blocks", within="#log")
    window.see("#detail .error", "/blocks/0/text")
    assert "chat.postMessage" in window.see("#detail h3").text
    window.picture("drawer")
    assert window.barriers() == []


def test_event_is_listed_with_its_ack(workspace: Workspace, window: Window) -> None:
    """A lost ack is red until the event came again; filters show one kind at a time."""
    bot = Listening(workspace)
    bot.app.event("message")(lambda: None)
    open_drawer(workspace, window)

    window.press("Lost ack", within="#faults")
    workspace.say("Maya", "#general", "x")
    window.see("#log .entry.bad", "no ack yet")
    workspace.advance(4)

    window.see("#log .entry", "acked, try 2")
    window.see("#filters label", "calls").click()
    window.wait(lambda: "message" not in window.see("#log").text)
    assert "apps.connections.open" in window.see("#log").text
    bot.close(workspace)


def test_fault_waits_until_it_happens(workspace: Workspace, client: WebClient, window: Window) -> None:
    """A press injects a 429, which is listed as waiting, meets the next call, and is gone; calm forgets the rest."""
    open_drawer(workspace, window)

    window.press("429", within="#faults")
    window.see("#waiting", "rate limited ×1")
    assert error(client, "auth.test") == "ratelimited"
    window.see("#waiting", "No fault waits.")
    window.see("#log .entry.bad", "ratelimited")

    window.press("Slow network", within="#faults")
    window.see("#waiting", "slow")
    window.press("Calm", within="#faults")
    window.see("#waiting", "No fault waits.")


def test_drawer_stays_as_it_was_left(workspace: Workspace, window: Window) -> None:
    """Open over a reload, closed again by its button."""
    open_drawer(workspace, window)
    window.chrome.refresh()
    window.see("#drawer")

    window.press("Close the drawer")

    window.gone("#drawer")
    assert window.focused() == "Developer: calls, events, faults"


def test_every_fault_has_its_button(workspace: Workspace, window: Window) -> None:
    """What the buttons ask for is what the workspace knows."""
    open_drawer(workspace, window)

    for name in ("500", "Lost reply", "Lost ack", "Twin event"):
        window.press(name, within="#faults")
    window.wait(lambda: window.see("#waiting").text.count("×1") == 4)

    with workspace._shared.reading() as exchange:
        kinds = {fault.kind for fault in exchange.faults.waiting()}
    assert kinds == {FaultKind.SERVER_ERROR, FaultKind.DROPPED_AFTER, FaultKind.IGNORED_ACK, FaultKind.DUPLICATE_EVENT}
    window.press("Redeliver", within="#faults")
    window.see("#trouble", "nobody has written anything yet")
