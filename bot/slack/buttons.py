"""Every button of the bot: its action_id, its words, and the one value it carries, a question's id."""

from bot.questions import QuestionId
from bot.slack.rich_text import Block, Element, words_of

STOP = "stop"
AUDIT = "shown"
HAND_OVER = "ask_a_person"
RESOLVE = "resolve"
SHARE = "share"
FEEDBACK = "feedback"
HELPFUL = "helpful"
NOT_HELPFUL = "not_helpful"
TAKE_UP = "answer_me"
LEAVE = "leave_it"
AGAIN = "again"

GOOD, BAD = "good", "bad"

MAX_BUTTON_CHARACTERS = 75  # Slack's limit


def button(action_id: str, words: str, value: str) -> Element:
    """Return a button that says *words*, which are ours."""
    return {"type": "button", "action_id": action_id, "text": plain(words), "value": value}


def primary(element: Element) -> Element:
    """Return the button that is meant to be pressed."""
    return element | {"style": "primary"}


def opening(action_id: str, words: str, url: str) -> Element:
    """Return a button that opens *url*, an address that web_address() let through; *words* may be anybody's."""
    label = words_of(words, MAX_BUTTON_CHARACTERS, if_empty="Open")
    return {"type": "button", "action_id": action_id, "text": plain(label), "url": url}


def actions(*elements: Element) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def feedback(question_id: QuestionId) -> Block:
    """Return Slack's own pair of thumbs."""
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": FEEDBACK,
                "positive_button": {
                    "text": plain("Good answer"),
                    "value": f"{GOOD}|{question_id}",
                    "accessibility_label": "This answer helped",
                },
                "negative_button": {
                    "text": plain("Bad answer"),
                    "value": f"{BAD}|{question_id}",
                    "accessibility_label": "This answer did not help",
                },
            }
        ],
    }


def plain(words: str) -> Element:
    """Return a plain text, which Slack reads as no markup; at most 75 characters where a button carries it."""
    return {"type": "plain_text", "text": words, "emoji": False}
