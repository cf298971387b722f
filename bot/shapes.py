"""Which questions need several searches, and which: comparisons, lists, summaries, two in one. Rules for English.

A question that no rule knows has no plan and is answered as any other.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot import wording

MAX_SEARCHES = 5


class Kind(StrEnum):
    """What is asked of many passages together."""

    COMPARE = "compare"
    LIST = "list"
    SUMMARISE = "summarise"
    BOTH = "both"
    """Two questions in one, which may stand on two pages."""


@dataclass(frozen=True, slots=True)
class Search:
    """One thing to look for: *question* is what is looked for, *label* names it to people.

    The label is empty for the search for a comparison's sides together; of two questions in one it is the question.
    """

    label: str
    question: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The searches that *kind* of question needs, in the order in which its answer speaks of them."""

    kind: Kind
    searches: tuple[Search, ...]


def plan(question: str) -> Plan | None:
    """Return the searches that *question* needs, or None where one search will do.

    >>> [search.label for search in plan("What is the difference between the Team and the Enterprise plan?").searches]
    ['Team', 'Enterprise plan', '']
    >>> plan("How many days of leave do I get in the UK?") is None
    True
    """
    whole = " ".join(question.split())
    for kind, between, pattern in _SHAPES:
        match = pattern.fullmatch(whole.rstrip(" ?.!"))
        if match is not None:
            searches = _sides(match, between, whole) if kind is Kind.COMPARE else _topic(match, whole)
            return Plan(kind, tuple(searches)) if searches else None
    asked = tuple(_several_codes(whole) or _two_things(whole) or _two(whole))
    return Plan(Kind.BOTH, asked) if asked else None


_THING = r"(?P<what>.+?)"
_POLITE = r"(?:(?:please|can you|could you|would you|kindly)[ ,]+)*"
_OUR = r"(?:the |our |my )?"
_DIFFER = r"(?:compare|differ|different) (?:between|in|for|across)"
_AND = re.compile(r",? and |, | or ", re.IGNORECASE)
_AND_WITH = re.compile(r",? and |, | with | to | vs\.? | versus ", re.IGNORECASE)
_VERSUS = re.compile(r" (?:vs\.?|versus) ", re.IGNORECASE)
_COMPARED = re.compile(r" compared (?:to|with) | (?:compare|differ) (?:to|with|from) ", re.IGNORECASE)
_SHAPES: tuple[tuple[Kind, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (kind, between, re.compile(pattern, re.IGNORECASE))
    for kind, between, pattern in (
        (Kind.COMPARE, _AND_WITH, rf"{_POLITE}compare (?P<sides>.+)"),
        (
            Kind.COMPARE,
            _AND,
            rf"{_POLITE}(?:what(?: is|'?s| are) |explain |show me )?(?:the )?differences? between (?P<sides>.+)",
        ),
        (
            Kind.COMPARE,
            _AND,
            rf"how (?:does|do|is|are) {_OUR}{_THING} {_DIFFER} (?P<sides>.+)",
        ),
        (Kind.COMPARE, _COMPARED, r"how (?:does|do) (?P<sides>.+ (?:compare|differ) (?:to|with|from) .+)"),
        (Kind.COMPARE, _COMPARED, r"(?:what(?: is|'?s| are) )?(?P<sides>.+ compared (?:to|with) .+)"),
        (Kind.COMPARE, _VERSUS, r"(?P<sides>.+ (?:vs\.?|versus) .+)"),
        (
            Kind.COMPARE,
            _AND,
            (
                r"(?P<what>(?:.+ )?(?:who|what|what's|which|when|where|why|how)\b.*?),? "
                r"(?P<sides>(?P<where>in|for|at|on|with|from|as) [^,]+,? and (?P=where) [^,]+)"
            ),
        ),
        (Kind.LIST, _AND, rf"{_POLITE}(?:list|enumerate) (?:(?:all|every)(?: of)? |(?=the |our |my )){_OUR}{_THING}"),
        (Kind.LIST, _AND, rf"{_POLITE}(?:list|enumerate) (?P<what>.+s)"),
        (Kind.LIST, _AND, rf"{_POLITE}(?:name|give me|show me|tell me) (?:all|every)(?: of)? {_OUR}{_THING}"),
        (Kind.LIST, _AND, rf"what are all (?:of )?{_OUR}{_THING}"),
        (Kind.LIST, _AND, rf"(?:which|what) {_THING} (?:are there|do we have|exist)"),
        (Kind.SUMMARISE, _AND, rf"{_POLITE}(?:summari[sz]e|sum up|recap) (?:all (?:of )?)?{_OUR}{_THING}"),
        (
            Kind.SUMMARISE,
            _AND,
            rf"{_POLITE}(?:give me |write )?an? (?:short |brief |quick )?(?:summary|overview) of {_OUR}{_THING}",
        ),
        (Kind.SUMMARISE, _AND, rf"(?:tl;?dr|summary|overview)(?: of|:)? {_OUR}{_THING}"),
        (Kind.SUMMARISE, _AND, rf"what do we know about {_OUR}{_THING}"),
    )
)
_PREPOSITION = re.compile(r"(?P<head>.+ (?:in|for|at|on|of|as|with|from|to) )(?P<tail>\S+(?: \S+){0,3})", re.IGNORECASE)
_PREPOSITION_FIRST = re.compile(r"^(?:in|for|at|on|of|as|with|from|to) ", re.IGNORECASE)
_NO_BRACKETS = str.maketrans("", "", "[]")
_LEADING = re.compile(r"(?:the|an?|our|my) ", re.IGNORECASE)
_ASKS = re.compile(
    r"[:;?!]|\b(?:who|what|whats|which|when|where|why|how|if|whether|is|are|was|do|does|did|can|must|i)\b",
    re.IGNORECASE,
)
_MAX_SIDE_WORDS = 7  # a longer side is a question of its own
_MAX_BARE_WORDS = 4  # a longer side says by itself what it is about


_SENTENCE = re.compile(r"(?<=[.?!:;])\s+")
_INTERROGATIVE = r"(?:who|whom|whose|what|what'?s|which|when|where|why|how)"
_ASKING = rf"(?:{_INTERROGATIVE}|is|are|was|do|does|did|can|could|may|must|should|will|would|has|have)"
_NEXT_QUESTION = re.compile(rf",? (?:and|but|plus) (?:(?:also|then) )?(?={_ASKING}\b)", re.IGNORECASE)
_BEGINS = re.compile(rf"(?:(?:and|but|also|so|then|ok) )*{_ASKING}\b", re.IGNORECASE)
_HOLDS = re.compile(rf"\b{_INTERROGATIVE}\b", re.IGNORECASE)
_CLAUSE = re.compile(rf"(?:in|for|at|on|with|from|as|if|when) [^,]+, (?={_INTERROGATIVE}\b)", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|that|this|these|those|they|them|their|then|there|one|each|either)\b", re.IGNORECASE
)
_NAMED = r"(?:the|our|my) (?:(?!(?:and|or|between|of|in|for|at|on|with|from|to)\b)\S+ ?){1,4}"
_TWO_THINGS = re.compile(
    rf"(?P<before>(?:.*[:,;] )?what(?: is|'?s| are) )(?P<one>{_NAMED}(?<! )),? and (?P<other>{_NAMED}(?<! ))"
    r"(?P<tail> (?:in|for|at|on|with|from|of) .+)?",
    re.IGNORECASE,
)
_MIN_ASKED_STEMS = 2  # content words that make a question of its own, where nothing said before it does


def _several_codes(question: str) -> list[Search]:
    """Return a search for each of several codes, where *question* is nothing else."""
    codes = wording.codes_asked_of(question)
    return [Search(code, code) for code in codes[:MAX_SEARCHES]] if len(codes) > 1 else []


def _two_things(question: str) -> list[Search]:
    """Return the searches for two things that are asked for by their names, each with what is said of both.

    >>> [search.question for search in _two_things("Trip to Oslo: what's the meal rate and the hotel limit in May?")]
    ["Trip to Oslo: what's the meal rate in May?", "Trip to Oslo: what's the hotel limit in May?"]
    """
    match = _TWO_THINGS.fullmatch(question.rstrip(" ?.!"))
    if match is None:
        return []
    before, tail = match["before"], match["tail"] or ""
    return [Search(as_label(match[name]), f"{before}{match[name]}{tail}?") for name in ("one", "other")]


def _two(question: str) -> Iterator[Search]:
    """Yield the searches of two questions in one, each with the statement before them; nothing where there are not two.

    >>> [search.question for search in _two("Travelling to Oslo: who books the hotel, and what may a meal cost?")]
    ['Travelling to Oslo: who books the hotel', 'Travelling to Oslo: what may a meal cost?']
    >>> list(_two("How and when do I book leave?"))
    []
    """
    sentences = _SENTENCE.split(question)
    asked = [part for sentence in sentences if _BEGINS.match(sentence) for part in _NEXT_QUESTION.split(sentence)]
    before = " ".join(sentence for sentence in sentences if not _BEGINS.match(sentence))
    if not asked:  # "my laptop is broken and what do I do" asks once; the statement is a part of the question
        asked, before = _NEXT_QUESTION.split(question), ""
    if clause := _CLAUSE.match(asked[0]):
        before, asked[0] = f"{before} {clause.group()}".strip(), asked[0][clause.end() :]
    if len(asked) != 2 or not all(_is_question(part, before) for part in asked):
        return
    first, second = asked
    yield Search(as_label(first.rstrip("?.! ")), f"{before} {first}".strip())
    label = as_label(re.sub(r"^(?:and|but|also) ", "", second, flags=re.IGNORECASE).rstrip("?.! "))
    yield Search(label, question if _POINTS_BACK.search(second) else f"{before} {second}".strip())


def _is_question(part: str, before: str) -> bool:
    asks = _BEGINS.match(part) or _HOLDS.search(part)
    return asks is not None and len(wording.content_stems(part)) >= (1 if before else _MIN_ASKED_STEMS)


def _sides(match: re.Match[str], between: re.Pattern[str], question: str) -> list[Search]:
    """Return searches for both together and for each side of a comparison; none where they are no two plain things."""
    parts = [part.strip() for part in between.split(match["sides"]) if part.strip()]
    if len(parts) < 2 or not all(_is_plain(part) for part in parts):
        return []
    what = match.groupdict().get("what")
    sides = [(part, f"{_bare(what)} {_bare(part)}") for part in parts] if what else list(_whole(parts))
    searches = [Search(as_label(label), _bare(words)) for label, words in sides[: MAX_SEARCHES - 1]]
    are_codes = all(wording.codes_asked_of(part) for part in parts)
    return searches if are_codes else [*searches, Search("", question)]


def _is_plain(part: str) -> bool:
    """Return whether *part* names something, rather than asking on or pointing elsewhere."""
    is_short = len(part.split()) <= _MAX_SIDE_WORDS
    return is_short and not _ASKS.search(part) and bool(wording.content_stems(part) or wording.names(f"a {part}"))


def _whole(parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield label and words of each side, with what is said only once put back.

    "leave in the UK and Germany" leaves "leave in" out the second time, "the Team and the Enterprise plan" the
    first "plan".
    """
    first, last = _PREPOSITION.fullmatch(parts[0]), _bare(parts[-1]).split()
    rest_is_bare = all(len(part.split()) <= _MAX_BARE_WORDS and not _PREPOSITION.fullmatch(part) for part in parts[1:])
    if first is not None and rest_is_bare:
        yield first["tail"], parts[0]
        yield from ((part, first["head"] + part) for part in parts[1:])
        return
    are_names = all(re.fullmatch(r"[A-Z0-9#]\S*", _bare(part)) for part in parts[:-1])
    shared = " ".join(last[1:]) if are_names else ""
    yield from ((part, f"{part} {shared}".strip()) for part in parts[:-1])
    yield parts[-1], parts[-1]


def _bare(words: str) -> str:
    return _LEADING.sub("", words.strip(), count=1) if _LEADING.match(words.strip()) else words.strip()


def _topic(match: re.Match[str], question: str) -> list[Search]:
    what = as_label(match["what"])
    return [Search(what, question)] if wording.content_stems(what) else []


def as_label(words: str) -> str:
    """Return *words* as an answer may name something: nothing in them may look like a marker."""
    return _bare(_PREPOSITION_FIRST.sub("", words.translate(_NO_BRACKETS)))
