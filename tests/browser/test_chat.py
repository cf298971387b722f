"""The chat as a person uses it: writing, threads, people, completion, live updates."""

from slack_sdk import WebClient

from bot.workspace import Workspace
from tests.browser.window import Keys, Window


def test_what_is_written_is_said(workspace: Workspace, window: Window) -> None:
    """Enter sends, a mention becomes Slack's, and the message appears without loading the page again."""
    window.open(workspace, "it-help")

    window.say("@Footnote how *old* is the <b>wiki</b>?")

    message = window.see("#messages .message", "@Footnote how old is the <b>wiki</b>?")
    assert [each.text for each in message.find_elements("css selector", "b")][1:] == ["old"]
    assert workspace.messages("#it-help")[0].text.startswith(f"<@{workspace.bot_user_id}> how *old* is the &lt;b&gt;")


def test_thread_is_followed_up(workspace: Workspace, client: WebClient, window: Window) -> None:
    """A reply of the bot is a line below the question; the thread opens, and what is written there stays there."""
    window.open(workspace)
    ts = workspace.say("Maya", "#general", "How many days?")
    client.chat_postMessage(channel="C0GENERAL", thread_ts=ts, text="28 days.")

    window.press("1 reply")
    window.see("#replies .message", "28 days.")
    window.say("And in Germany?", "#reply-text")

    window.see("#replies .message", "And in Germany?")
    window.see("#messages .replies", "2 replies")
    assert workspace.messages("#general")[-1].thread_ts == ts


def test_people_see_what_is_theirs(workspace: Workspace, client: WebClient, window: Window) -> None:
    """Sam is not in #leadership, and does not see what only Maya can see."""
    client.chat_postEphemeral(channel="C0GENERAL", user="U0MAYA", text="Shall I answer?")
    window.open(workspace)
    window.see(".message.ephemeral", "Only visible to you")
    assert "leadership" in window.see("#channels").text

    window.be("Sam Lee")

    window.gone(".message.ephemeral")
    assert "leadership" not in window.see("#channels").text


def test_person_and_place_survive_a_reload(workspace: Workspace, window: Window) -> None:
    """The page comes back as it was left, in this tab."""
    window.open(workspace, "incidents", person="Priya Nair")

    window.chrome.refresh()

    window.wait(lambda: window.see("#title").text == "#incidents")
    assert window.see("#connection").text == "no bot is connected"
    window.wait(lambda: window.script("return document.querySelector('#person').value") == "U0PRIYA")


def test_mention_emoji_and_command_are_completed(workspace: Workspace, window: Window) -> None:
    """A list opens at @, # and : anywhere and at / first; the keyboard alone is enough."""
    window.open(workspace)
    box = window.write("#composer-text", "Ask @foo")
    window.see(".completions", "Footnote")
    assert box.get_attribute("aria-activedescendant") == window.see("[aria-selected=true]").get_attribute("id")

    window.type_keys(Keys.TAB)
    window.type_keys("in #it")
    window.see(".completions", "#it-help")
    window.type_keys(Keys.ENTER)
    window.type_keys(":tad")
    window.see(".completions", "🎉 :tada:")
    window.type_keys(Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ENTER)

    assert box.get_attribute("value") == "Ask @Footnote in #it-help 🎉 "
    assert not workspace.messages("#general")
    box.clear()
    window.write("#composer-text", "/w")
    window.see(".completions", "Look after the index")
    window.picture("completion")


def test_refused_deed_is_said_and_keeps_the_text(workspace: Workspace, window: Window) -> None:
    """A command nobody listens to fails as in Slack; a message to an archived channel stays in the box."""
    window.open(workspace)
    workspace.archive("#general")

    window.write("#composer-text", "hello", Keys.ENTER)

    window.see("#trouble", "archived")
    assert window.see("#composer-text").get_attribute("value") == "hello"


def test_stream_grows_before_its_reader(workspace: Workspace, client: WebClient, window: Window) -> None:
    """Pieces appear as they come, with a mark that it is still being written, and the status gives way to them."""
    window.open(workspace, "Footnote")
    channel = workspace.direct("Maya")
    ts = workspace.say("Maya", channel, "hello")
    client.assistant_threads_setStatus(channel_id=channel, thread_ts=ts, status="is reading…")
    window.reach("hello")
    window.press("Reply in thread")
    window.see("#replies .status-line", "Footnote is reading…")

    started = client.chat_startStream(channel=channel, thread_ts=ts, markdown_text="You get **28")
    window.see("#replies .message", "You get **28")
    client.chat_appendStream(channel=channel, ts=str(started["ts"]), markdown_text=" days**.")
    window.see("#replies .message b", "28 days")
    assert window.all("#replies .caret")
    client.chat_stopStream(channel=channel, ts=str(started["ts"]))

    window.gone("#replies .caret")
    assert not window.all("#replies .status-line")


def test_suggested_prompt_is_said_when_pressed(workspace: Workspace, client: WebClient, window: Window) -> None:
    """The prompts stand above the composer of the direct message."""
    channel = workspace.direct("Maya")
    prompt = {"title": "Leave", "message": "How many days of leave do I get?"}
    client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=[prompt])
    window.open(workspace, "Footnote")

    window.press("Leave", within="#prompts")

    window.see("#messages .message", "How many days of leave do I get?")


def test_own_message_is_edited_and_deleted(workspace: Workspace, window: Window) -> None:
    """Editing happens in place; only the author is offered it."""
    window.open(workspace)
    window.say("Helo")
    window.reach("Helo")

    window.press("Edit")
    window.write(".edit-message textarea", "!", Keys.TAB, Keys.TAB, Keys.ENTER)
    window.see(".message", "Helo!")
    window.see(".message .note", "edited")

    window.be("Sam Lee")
    window.reach("Helo!")
    assert not window.all("[aria-label='Delete']")


def test_shortcut_that_nobody_hears_is_said(workspace: Workspace, window: Window) -> None:
    """The app's shortcuts stand in the menu of each message; with no bot, Slackbot says so, to the person alone."""
    workspace.say("Sam", "#general", "How many days?")
    window.open(workspace)
    window.reach("How many days?")

    window.press("More actions", within=".tools")
    window.press("Answer this from the wiki")

    window.see(".message.ephemeral", "This app did not respond.")


def test_reaction_is_given_and_taken_back(workspace: Workspace, window: Window) -> None:
    """A reaction counts people; a press on it takes one's own back."""
    workspace.say("Sam", "#general", "Done")
    workspace.react("Sam", "#general", workspace.messages("#general")[0].ts, "tada")
    window.open(workspace)

    window.press("tada, 1, from Sam Lee")
    window.see(".reactions", "🎉 2")
    window.press("tada, 2, from Sam Lee, Maya Okafor")

    window.see(".reactions", "🎉 1")


def test_news_elsewhere_is_marked(workspace: Workspace, window: Window) -> None:
    """A channel with something new is bold until it is looked at."""
    window.open(workspace)

    workspace.say("Sam", "#incidents", "Something broke")
    window.see("#channels .news", "incidents")
    window.go("incidents")

    window.gone("#channels .news")


def test_nothing_leaves_the_machine(workspace: Workspace, client: WebClient, window: Window) -> None:
    """Not even for a picture that a message names: the page asks the workspace alone."""
    picture = {"type": "image", "image_url": "https://elsewhere.example/x.png", "alt_text": "A chart"}
    client.chat_postMessage(channel="C0GENERAL", text="x", blocks=[picture])
    window.open(workspace)
    window.see(".no-image", "A chart")

    asked = window.requests()

    assert asked
    own = (f"{workspace.address}/", f"ws://{workspace.address.removeprefix('http://')}/", "data:", "about:blank")
    assert [address for address in asked if not address.startswith(own)] == []


def test_narrow_screen_has_a_drawer_of_channels(workspace: Workspace, client: WebClient, window: Window) -> None:
    """On a phone the sidebar is one press away and goes when a place was chosen; a thread fills the screen."""
    window.resize(390, 800)
    ts = workspace.say("Maya", "#general", "How many days?")
    client.chat_postMessage(channel="C0GENERAL", thread_ts=ts, text="28 days.")
    window.chrome.get(workspace.page_url)

    window.press("Channels")
    window.picture("narrow-sidebar")
    window.press("general", within="#channels")
    window.press("1 reply")

    window.see("#replies .message", "28 days.")
    window.picture("narrow-thread")
    assert window.script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_theme_is_chosen(workspace: Workspace, window: Window) -> None:
    """It follows the system until one is chosen, which is kept."""
    window.colours("dark")
    window.open(workspace)
    dark = window.script("return getComputedStyle(document.body).backgroundColor")

    window.press("Colours: as the system")
    window.chrome.refresh()

    window.see("#theme[aria-label='Colours: light']")
    assert window.script("return getComputedStyle(document.body).backgroundColor") != dark
