"""What is said to a bot and asks nothing of a wiki: a greeting, thanks, a call for help; and what it says back."""

import re

_HELLO = (
    "Hello! Ask me something that the wiki may answer, in a few words or a whole sentence; I show the passages that "
    "each sentence of my answer comes from."
)
_WELCOME = "You are welcome."
_HELP = (
    "I answer questions from this team's wiki. Each sentence of an answer names the passage that says it, and where "
    "the wiki does not say, neither do I. Mention me in a channel, write to me directly, or type /ask for an answer "
    "that you alone see; follow up in the thread. /advise helps to decide between fine-tuning a model and retrieval."
)
_TO_WHOM = r"(?:[ ,]+(?:there|all|everyone|team|footnote|bot|again|everybody|you))*"
_GREETING = rf"(?:hi+|hello|hey+|hiya|howdy|good (?:morning|afternoon|evening)|hallo|hola|bonjour|moin){_TO_WHOM}"
_PLEASED = r"(?:(?:ok(?:ay)?|great|perfect|cool|nice|super|awesome|got it|yes|ah)[ ,.!]+)*"
_THANKS = r"(?:thanks?|thank you|thx|ty|cheers|danke|merci|gracias)(?: (?:a lot|so much|very much|a million))?"
_WHO = r"who are you|what are you|what do you do|what can (?:you|i) (?:do|ask)(?: here)?"
_HOW = r"how do(?:es)? (?:you|this(?: bot)?) work|how do i use (?:you|this)"
_REPLIES = (
    (re.compile(_GREETING, re.IGNORECASE), _HELLO),
    (re.compile(_PLEASED + _THANKS + _TO_WHOM, re.IGNORECASE), _WELCOME),
    (re.compile(rf"(?:{_GREETING}[ ,.!]+)?(?:help(?: me)?(?: please)?|{_WHO}|{_HOW})", re.IGNORECASE), _HELP),
)


def reply_to(line: str) -> str:
    """Return what to say to *line*, one cleaned line; empty where it may ask something of the wiki.

    >>> reply_to("ok, thanks a lot!")
    'You are welcome.'
    >>> reply_to("thanks, and how do I book leave?")
    ''
    """
    said = re.sub(r"[^\w ,.!]+", "", line).strip(" .,!")
    return next((reply for pattern, reply in _REPLIES if pattern.fullmatch(said)), "")
