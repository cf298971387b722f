"""What people do with the bot, gesture by gesture, before a picture is taken: the stories' tests and the tour share it.

Each scene begins in the chat, ends where the picture is of use, and says nothing of what the bot answers.
"""

from bot.workspace import Workspace
from tests.browser.window import Keys, Window

ANSWERED = "#replies .feedback-pair"  # thumbs stand below what is final
CASE = "3,000 questions a month, wiki edited daily, must cite, JSON format, a wrong answer costs $6"


def ask(window: Window, question: str) -> None:
    """Mention the bot, open the thread that it answers in, and wait for the last word."""
    before = len(window.all("#messages .replies"))
    window.say(f"@Footnote {question}")
    window.wait(lambda: len(window.all("#messages .replies")) > before)
    window.click(lambda: window.all("#messages .replies")[-1])
    window.see(ANSWERED)


def open_source(window: Window, title: str = "") -> str:
    """Open the first source with *title* below an answer and return the words that it quotes."""
    window.click(lambda: next(each for each in window.all("#replies .container > summary") if title in each.text))
    return window.see("#replies .container[open] .container-body").text


def follow_up(window: Window, words: str) -> None:
    """Ask on in the thread, without a mention."""
    before = len(window.all(ANSWERED))
    window.say(words, "#reply-text")
    window.wait(lambda: len(window.all(ANSWERED)) > before)


def complain(window: Window, reason: str, correction: str) -> None:
    """Turn the thumb down, and say why."""
    window.press("This answer did not help", within="#replies")
    window.see("#modal h2", "What went wrong?")
    window.see("#modal label", reason).click()
    window.write("#modal textarea", correction)
    window.see("#modal h2").click()
    window.picture("feedback")
    window.press("Send", within="#modal")
    window.gone("#modal")


def look_behind(window: Window) -> str:
    """Open what the bot was shown; return it, closed again."""
    window.press("Show what the bot was shown")
    window.see("#modal h2", "What the bot was shown")
    window.picture("audit")
    seen = window.see("#modal .modal-body").text
    window.press("Close", within="#modal footer")
    window.gone("#modal")
    return seen


def ask_in_private(window: Window, question: str) -> None:
    """Ask with the command, see that nobody else sees it, and share it."""
    window.say(f"/ask {question}")
    window.see("#messages .ephemeral button", "Share with the channel")
    window.rest()
    window.picture("private")
    window.press("Share with the channel")
    window.see("#messages .message:not(.ephemeral)", "Maya Okafor")


def call_a_person(window: Window) -> None:
    """Hand the question over to whoever looks after the channel."""
    window.press("Ask a person", within="#replies")
    window.see("#replies .message", "can you help")
    window.rest()
    window.picture("refusal")


def reindex(window: Window) -> None:
    """Read the whole wiki again, and watch it in the direct message; the caller waits for its end."""
    window.say("/wiki reindex --full")
    window.see("#messages .ephemeral", "I have asked for it")
    window.go("Footnote")
    window.see("#messages .message", "reindex --full")


def choose_settings(window: Window, owner: str) -> None:
    """Let the bot offer answers in this channel, and name who is asked when it cannot help."""
    window.say("/wiki settings")
    window.see("#modal h2", "This channel")
    box = window.see("#modal label", "Offer an answer").find_element("css selector", "input")
    if not box.is_selected():
        box.click()
    window.click(lambda: next(each for each in window.all("#modal option") if each.text == owner))
    window.see("#modal h2").click()
    window.picture("settings")
    window.press("Save", within="#modal")
    window.gone("#modal")


def be_offered_an_answer(window: Window, question: str) -> None:
    """Ask nobody in particular, and take up what the bot offers in private."""
    window.say(question)
    window.see("#messages .ephemeral", "Shall I answer here?")
    window.rest()
    window.picture("ask-first")
    window.press("Answer here")
    window.press("1 reply")
    window.see(ANSWERED)


def be_advised(window: Window) -> None:
    """Describe a case, mend the one answer that cannot be, and read the advice down to its chart."""
    window.say(f"/advise {CASE}")
    window.see("#modal h2", "Fine-tune or retrieve?")
    window.picture("advise-form")
    _fill(window, {"labels": "400", "wrong_format": "40"})
    window.click(lambda: window.see("#modal select[data-block='prompted'] option[value='yes']"))
    window.press("Advise me", within="#modal")
    window.see("#modal [data-error='judged']", "")
    window.wait(lambda: window.see("#modal [data-error='judged']").text)
    _fill(window, {"judged": "200"})
    window.press("Advise me", within="#modal")
    window.see("#modal .modal-body", "Use both")
    window.press("Close", within="#modal footer")
    window.go("Footnote")
    window.see("#messages img.upload")
    window.wait(lambda: window.script("return document.querySelector('img.upload').naturalWidth"))
    window.script("document.querySelector('img.upload').scrollIntoView({ block: 'end' })")
    window.rest()
    window.picture("advise-chart")


def open_home(window: Window) -> None:
    """Look at the bot's own tab."""
    window.go("Footnote home")
    window.see("#home .text")
    window.rest()
    window.picture("app-home")


def in_channel(window: Window, workspace: Workspace, person: str = "Maya Okafor") -> None:
    """Open the chat in #it-help, once the bot listens."""
    window.open(workspace, "it-help", person)
    window.see("#connection", "the bot is connected")


def _fill(window: Window, values: dict[str, str]) -> None:
    for name, value in values.items():
        window.write(f"#modal [data-block='{name}']", Keys.CONTROL, "a", Keys.NULL, value)
