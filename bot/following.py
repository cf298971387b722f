"""Makes a follow-up readable by itself, by rules: "And in Germany?" is looked for as the whole question it stands for.

    "How many days of leave do staff in the UK get?"
       "And in Germany?"    ─► "How many days of leave do staff in Germany get?"
       "What about interns?" ─► "How many days of leave do staff in the UK get, for interns?"
       "Who approves it?"    ─► "Who approves days of leave?"

English. Where no rule fits, the follow-up stays as it is; a rewritten one is shown to the asker as it was read.
"""

import re

from bot import wording
from bot.questions import MAX_QUESTION_CHARACTERS

_LEADS = re.compile(
    r"^(?:ok(?:ay)?[,.]? |so,? )?(?:and|but|or|also|what about|how about|same for|what if)\b[ ,:]*", re.IGNORECASE
)
_PREPOSITIONS = "in|for|at|on|with|from|by|during|after|before|to|under|over|as"
_PHRASE = re.compile(rf"^(?P<preposition>{_PREPOSITIONS}) (?P<rest>.+)$", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?P<own>its|their|his|her)\b(?= [a-z])"
    r"|\b(?P<it>it|they|them|he|she|him|this one|that one)\b"
    r"|\b(?P<pointing>this|that|these|those)\b(?=\s*(?:[?.,!]|$| (?:is|are|was|were|do|does|can|should|will|work|works|"
    rf"apply|applies|cost|costs|take|takes|count|counts|happen|happens|mean|means|paid|free|{_PREPOSITIONS}|[a-z]+ed)\b))",
    re.IGNORECASE,
)
_EMPTY_IT = re.compile(
    r"\b(?:is|was|would|will) it (?:be )?(?:ok|okay|true|possible|necessary|allowed|worth|safe|better|fine)"
    r" (?:to|that|if)\b"
    r"|\b(?:it|that|this)(?:'s| is) (?:true|said|possible|ok|okay)\b|\bis (?:it|that|this) true\b",
    re.IGNORECASE,
)
_QUESTION_WORDS = frozenset("who what which when where why how whose whom".split())
_AUXILIARIES = frozenset(
    "do does did can could may might must shall should will would is are was were am has have had".split()
)
_PEOPLE_AND_ACTS = frozenset("i we you someone somebody anyone people tell explain show give find to".split())
_BREAKS = frozenset(_PREPOSITIONS.split("|"))
_ADDRESSING = re.compile(
    r"^(?:thanks?|thank you|thx|ty|ok(?:ay)?|great|perfect|cool|nice|got it|done|never ?mind)\b", re.IGNORECASE
)
_MAX_BARE_WORDS = 2
_SOMETHING_ELSE = "How do I book annual leave?"  # what a question that stands alone makes nothing of


def standalone(question: str, before: str) -> str | None:
    """Return *question* as it reads after *before*, the last one of its asker; None where it says all by itself.

    >>> standalone("And in Germany?", "How many days of leave do staff in the UK get?")
    'How many days of leave do staff in Germany get?'
    >>> standalone("Who approves it?", "How do I book annual leave?")
    'Who approves annual leave?'
    >>> standalone("What is the wifi password?", "How do I book annual leave?") is None
    True
    """
    asked, last = " ".join(question.split()), " ".join(before.split())
    if not asked or not last:
        return None
    read = _led(asked, last) or _with_subject(asked, last) or _bare(asked, last)
    if read is None or read == asked or len(read) > MAX_QUESTION_CHARACTERS:
        return None
    return read


def asks(text: str) -> bool:
    """Return whether *text*, said in a thread where its writer has asked before, is meant as another question.

    >>> [asks(t) for t in ("And in Germany?", "how about interns", "Thanks!", "ok, I will ask Maya")]
    [True, True, False, False]
    """
    line = " ".join(text.split())
    words = wording.words(line)
    if not words or (_ADDRESSING.match(line) and "?" not in line):
        return False
    leads = bool(_LEADS.match(line)) and len(words) <= 12
    return "?" in line or words[0] in _QUESTION_WORDS or (words[0] in _AUXILIARIES and len(words) > 2) or leads


def stands_alone(text: str) -> bool:
    """Return whether *text* is a question that can be read without another before it.

    >>> [stands_alone(text) for text in ("How do I book leave?", "And in Germany?", "Who approves it?", "wifi?")]
    [True, False, False, False]
    """
    return asks(text) and bool(subject(text)) and standalone(text, _SOMETHING_ELSE) is None


def subject(question: str) -> str:
    """Return what *question* is about: its first and longest run of content words; empty where it has none.

    >>> subject("How do I book annual leave?"), subject("What is the password rotation policy?")
    ('annual leave', 'password rotation policy')
    """
    runs = _runs(question)
    return max(runs, key=lambda run: len(run.split()), default="")


def _led(asked: str, last: str) -> str | None:
    """Read "And in Germany?" and "What about interns?"."""
    lead = _LEADS.match(asked)
    rest = asked[lead.end() :] if lead else asked
    words = wording.words(rest)
    phrase = _PHRASE.match(rest)
    is_short = 0 < len(words) <= 6 and not set(words) & (_AUXILIARIES | _QUESTION_WORDS)
    if not is_short or not (lead or phrase) or _PRONOUN.search(rest):
        return None
    said = rest.rstrip("?!. ")
    if phrase:
        swapped = _swapped(last, phrase["preposition"], phrase["rest"].rstrip("?!. "))
        if swapped:
            return swapped
        return f"{last.rstrip('?!. ')} {said}?"
    return f"{last.rstrip('?!. ')}, for {said}?"


def _swapped(last: str, preposition: str, rest: str) -> str | None:
    """Return *last* with what follows its last *preposition* replaced by *rest*; None where it has none."""
    places = list(re.finditer(rf"\b{preposition} (?P<what>(?:the |a |an |our |my )?[^\s?.,!]+)", last, re.IGNORECASE))
    if not places:
        return None
    start, end = places[-1].span("what")
    name = re.match(r"(?: [A-Z][^\s?.,!]*)*", last[end:])  # the rest of a name: "in New York"
    end += name.end() if name else 0
    return last[:start] + rest + last[end:]


def _with_subject(asked: str, last: str) -> str | None:
    """Read "Who approves it?" and "What is its limit?"."""
    about = subject(last)
    empty = _EMPTY_IT.search(asked)
    found = next(
        (m for m in _PRONOUN.finditer(asked) if not (empty and empty.start() <= m.start() < empty.end())), None
    )
    if found is None or not about:
        return None
    if _runs(asked[: found.start()]):
        return None if found["own"] or len(wording.content_stems(asked)) > 4 else _put(asked, found, about)
    return _put(asked, found, about)


def _put(asked: str, found: re.Match[str], about: str) -> str:
    words = f"{about}'s" if found["own"] else about
    return asked[: found.start()] + words + asked[found.end() :]


def _bare(asked: str, last: str) -> str | None:
    """Read "Deadline?" and "How long?"."""
    about = subject(last)
    words = wording.words(asked)
    if not about or len(words) > _MAX_BARE_WORDS or not words:
        return None
    return f"{asked.rstrip('?!. ')}, {about}?"


def _runs(text: str) -> list[str]:
    """Return the runs of content words of *text*, without the verb that a person's "do I", "can we" or "to" governs."""
    runs: list[list[str]] = [[]]
    before = ""
    for word in re.findall(r"[^\s?!.,;:]+", text):
        plain = word.casefold()
        is_content = bool(wording.content_stems(word)) and plain not in _QUESTION_WORDS | _AUXILIARIES | _BREAKS
        is_verb = (before in _PEOPLE_AND_ACTS and not word[0].isupper()) or (
            before in {"who", "what"} and plain.endswith("s")
        )
        if (plain == "of" and runs[-1]) or (is_content and not is_verb and plain not in _PEOPLE_AND_ACTS):
            runs[-1].append(word)
        else:
            runs.append([])
        before = plain
    joined = [" ".join(run).removesuffix(" of") for run in runs]
    return [run for run in joined if run]
