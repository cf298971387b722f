"""Sentences in the form in which the bot may write them: no full stop inside, a mark at the end, then `[n]`.

The form is that of the grammar in `bot/prompt.py`, or narrower; a test holds the two against each other.
"""

import re
from collections.abc import Sequence

MAX_SENTENCES = 4

_SENTENCE = r"[^ \n\[\].!?:;,](?:[^.!?\[\n]|[.!?][^ \n\[]|\[[^0-9 ])*[.!?:] \[\d\](?:\[\d\])?"
_ANSWER = re.compile(rf"{_SENTENCE}(?: {_SENTENCE}){{0,{MAX_SENTENCES - 1}}}")
_ABBREVIATIONS = (
    (re.compile(r"\be\.?g\.,? ", re.IGNORECASE), "for example "),
    (re.compile(r"\bi\.e\.,? ", re.IGNORECASE), "that is "),
    (re.compile(r"\bvs\. "), "versus "),
    (
        re.compile(
            r"\b(etc|approx|incl|no|St|Dr|Mr|Mrs|Ms|Jr|Sr|Inc|Ltd|Co|Corp|Prof|Gen|Col|Lt|Capt|Rev|Fig|Vol|al)\. "
        ),
        r"\1 ",
    ),
    (re.compile(r"\b((?:[A-Z]\.){2,}) "), lambda match: match[1].replace(".", "") + " "),
    (re.compile(r"\b([A-Z])\. (?=[A-Z])"), r"\1 "),
    (re.compile(r"\b([A-Za-z0-9-]+)\. (?=[a-z(])"), r"\1 "),  # a full stop before a small letter ends no sentence
)
_BREAK = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(`]?[A-Z0-9À-Þ])")


def split(text: str) -> list[str]:
    """Return the sentences of *text*, each in the bot's form but for its marker; lines end sentences too.

    >>> split("Ask Dr. Moon first. Then go!")
    ['Ask Dr Moon first.', 'Then go!']
    """
    plain = " ".join(text.split())
    for pattern, put in _ABBREVIATIONS:
        plain = pattern.sub(put, plain)
    return [mended(sentence) for sentence in _BREAK.split(plain) if any(c.isalnum() for c in sentence)]


def mended(sentence: str) -> str:
    """Return *sentence* with its end mark last, where the bot's grammar wants it.

    >>> [mended(s) for s in ('He said "no."', "(See above.)", "Call reception")]
    ['He said "no".', '(See above).', 'Call reception.']
    """
    sentence = sentence.strip().lstrip("-*• ").replace("“", '"').replace("”", '"')
    closing = re.search(r"([.!?])([\"'’)\]]+)$", sentence)
    if closing:
        sentence = sentence[: closing.start()] + closing[2] + closing[1]
    if sentence and sentence[-1] not in ".!?:":
        sentence = sentence.rstrip(",;…") + "."
    return sentence


def has_form(answer: str) -> bool:
    """Return whether *answer* is one to four sentences, each with a mark at its end and one or two markers.

    >>> has_form("Ask Maya. [1] Then sign. [2][3]"), has_form("Ask Maya."), has_form("Ask. Maya. [1]")
    (True, False, False)
    """
    return _ANSWER.fullmatch(answer) is not None


def without_markers(answer: str) -> str:
    """Return *answer* without its markers.

    >>> without_markers("Ask Maya. [1] Then sign. [2][3]")
    'Ask Maya. Then sign.'
    """
    return re.sub(r" \[\d\](?:\[\d\])?(?= |$)", "", answer)


def joined(sentences: Sequence[str], numbers: Sequence[Sequence[int]]) -> str:
    """Return the answer of *sentences*, each with the markers of its *numbers*."""
    pairs = zip(sentences, numbers, strict=True)
    return " ".join(f"{text} {''.join(f'[{n}]' for n in cited)}" for text, cited in pairs)
