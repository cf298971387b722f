"""The phrases that /advise reads: each a pattern and what it says. The order matters: what is read is gone.

The narrow ones come first: "12 wrong format" before "format", "$40 an hour" before "$40".
"""

import re
from collections.abc import Callable, Mapping

PAGE_TOKENS = 500  # a page of a wiki, roughly
WINDOW_TOKENS = 8192  # the shipped model's

_SIZES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "hundred": 1e2, "dozen": 12.0}
_A_MONTH = {"hour": 730.0, "day": 365 / 12, "week": 52 / 12, "month": 1.0, "quarter": 1 / 3, "year": 1 / 12}
_IN_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_MANY = {"dozens": 24, "hundreds": 200, "thousands": 2000, "few": 5, "no": 0, "without": 0, "zero": 0}

_NUMBER = r"(?P<number>\d[\d,]*(?:\.\d+)?)\s?(?P<size>k|m|thousand|million|hundred|dozen)?(?!\w|\.\d)"
_MONEY = rf"(?:\$\s?{_NUMBER}|{_NUMBER.replace('number', 'number2').replace('size', 'size2')}\s?(?:dollars?|usd)\b)"
_PERIOD = r"(?:(?:\s?/\s?|\s(?:a|an|per|each|every)\s)(?P<period>hour|day|week|month|quarter|year)\b)"
_GAP = r"(?:(?!\band\b)[^.,;$\d\0]){0,25}?"

Read = Callable[[re.Match[str]], dict[str, str]]


def _number(match: re.Match[str]) -> float:
    groups = match.groupdict()
    digits = groups.get("number") or groups.get("number2") or "0"
    size = (groups.get("size") or groups.get("size2") or "").lower()
    return float(digits.replace(",", "")) * _SIZES.get(size, 1.0)


def _written(number: float) -> str:
    return f"{number:.0f}" if number >= 100 or number == int(number) else f"{number:.4g}"


def _pair(match: re.Match[str]) -> dict[str, str]:
    return {match["name"].lower(): match["value"].rstrip(",;")}


def _amount(name: str) -> Read:
    return lambda match: {name: _written(_number(match))}


def _whole(name: str) -> Read:
    return lambda match: {name: f"{_number(match):.0f}"}


def _fixed(**values: str) -> Read:
    return lambda _match: values


def _volume(match: re.Match[str]) -> dict[str, str]:
    return {"questions_a_month": f"{_number(match) * _A_MONTH[(match['period'] or 'month').lower()]:.0f}"}


def _vague_labels(match: re.Match[str]) -> dict[str, str]:
    return {"labels": str(_MANY[match["many"].lower()])}


def _latency(match: re.Match[str]) -> dict[str, str]:
    unit = "ms" if match["unit"].lower().startswith(("ms", "mil")) else match["unit"][0].lower()
    return {"latency_seconds": _written(_number(match) * _IN_SECONDS[unit])}


def _edits(match: re.Match[str]) -> dict[str, str]:
    rate = _number(match) * _A_MONTH[match["period"].lower()]
    for least, change in ((15, "daily"), (3, "weekly"), (0.5, "monthly"), (0.04, "yearly")):
        if rate >= least:
            return {"change": change}
    return {"change": "never"}


def _how_often(match: re.Match[str]) -> dict[str, str]:
    said = match["often"].lower().replace("every ", "")
    for change, words in _OFTEN.items():
        if said in words:
            return {"change": change}
    raise AssertionError("the pattern is made of these words")


def _pages(match: re.Match[str]) -> dict[str, str]:
    return {"material": "all-fits" if _number(match) * PAGE_TOKENS <= WINDOW_TOKENS else "answer-fits"}


def _rule(pattern: str, read_match: Read) -> tuple[re.Pattern[str], Read]:
    return re.compile(pattern, re.IGNORECASE), read_match


_OFTEN: Mapping[str, tuple[str, ...]] = {
    "daily": ("hour", "hourly", "day", "daily", "constantly", "all the time"),
    "weekly": ("week", "weekly", "often", "frequently", "regularly"),
    "monthly": ("month", "monthly", "quarter", "quarterly"),
    "yearly": ("year", "yearly", "annually", "rarely", "seldom", "once a year"),
    "never": ("never",),
}
_OFTEN_WORDS = "|".join(sorted((word for words in _OFTEN.values() for word in words), key=len, reverse=True))
_FREQUENCY = rf"(?P<often>every (?:hour|day|week|month|quarter|year)|(?:{_OFTEN_WORDS}))\b"
_CHANGES = r"\b(?:chang(?:es?|ed|ing)|updat(?:es?|ed|ing)|edit(?:s|ed|ing)?|new facts?)\b"
_RIGHT, _WRONG = r"\b(?:right|correct|good)\b", r"\b(?:wrong|incorrect|bad|mistakes?|errors?)\b"
_FOR = r"\s(?:for|per|lost by|lost on)\s(?:an?\s|each\s|every\s)?"
_ASKED = r"(?:questions?|queries|requests?|tickets?)"
_LABELS = r"(?:(?:labell?ed|training|annotated|golden?)\s)?(?:examples|labels|pairs|samples)\b"

PHRASES: tuple[tuple[re.Pattern[str], Read], ...] = (
    _rule(r"(?<!\S)(?P<name>[a-z_]+)=(?P<value>\S+)", _pair),
    _rule(rf"{_MONEY}(?:\s?/\s?h\b|{_PERIOD.replace('hour|day|week|month|quarter|year', 'hour')})", _amount("wage")),
    _rule(rf"{_MONEY}{_FOR}{_WRONG}(?: (?:answers?|ones?))?", _amount("cost_wrong")),
    _rule(rf"{_MONEY}{_FOR}{_RIGHT}(?: (?:answers?|ones?))?", _amount("value_right")),
    _rule(rf"{_WRONG}{_GAP}{_MONEY}", _amount("cost_wrong")),
    _rule(rf"{_RIGHT}{_GAP}{_MONEY}", _amount("value_right")),
    _rule(rf"{_MONEY}{_GAP}{_WRONG}(?: (?:answers?|ones?))?", _amount("cost_wrong")),
    _rule(rf"{_MONEY}{_GAP}{_RIGHT}(?: (?:answers?|ones?))?", _amount("value_right")),
    _rule(rf"\b{_NUMBER}\s{_ASKED}\b{_PERIOD}?", _volume),
    _rule(rf"\b{_NUMBER}\s{_LABELS}", _whole("labels")),
    _rule(rf"\b(?P<many>{'|'.join(_MANY)})\s(?:of\s)?{_LABELS}", _vague_labels),
    _rule(
        rf"\b{_NUMBER}\s(?:failures? )?(?:missing pages?|pages? (?:is|are|was|were)? ?missing)\b",
        _whole("missing_page"),
    ),
    _rule(rf"\b{_NUMBER}\s(?:(?:was|were) )?not (?:found|retrieved)\b", _whole("not_retrieved")),
    _rule(rf"\b{_NUMBER}\s(?:in )?(?:the )?(?:wrong|bad) (?:format|tone|style)\b", _whole("wrong_format")),
    _rule(
        rf"\b{_NUMBER}\s(?:(?:was|were) )?(?:wrong|hallucinated)\b(?: although (?:retrieved|found))?",
        _whole("wrong_although_retrieved"),
    ),
    _rule(rf"\b{_NUMBER}\s(?:(?:was|were) )?(?:too )?slow\b", _whole("too_slow")),
    _rule(rf"\b(?:of )?{_NUMBER}\s(?:judged|rated)(?: answers?)?\b", _whole("judged")),
    _rule(rf"\b{_NUMBER}\s(?:edits?|changes?|updates?){_PERIOD}", _edits),
    _rule(
        r"\b(?:never|not|does not|do not|don't|doesn't) chang(?:es?|ing)\b|\b(?:static|frozen)\b",
        _fixed(change="never"),
    ),
    _rule(rf"{_CHANGES}\s(?:about |almost )?{_FREQUENCY}", _how_often),
    _rule(rf"\b{_FREQUENCY}\s{_CHANGES}", _how_often),
    _rule(
        r"\b(?:within|under|in|below|less than|at most)\s(?P<number>\d[\d,]*(?:\.\d+)?)\s?"
        r"(?P<unit>ms|milliseconds?|s|secs?|seconds?|min|minutes?)\b",
        _latency,
    ),
    _rule(r"\b(?:real[- ]?time|instant(?:ly)?)\b", _fixed(latency_seconds="1")),
    _rule(
        r"\b(?:no|without|not need(?:ed)?|need not) (?:any )?(?:citations?|sources?|cite)\b",
        _fixed(must_cite="no"),
    ),
    _rule(
        r"\b(?:must |should |has to |have to )?(?:cit(?:e|es|ations?)|audit(?:able|ed)?|regulated|"
        r"compliance)(?: (?:its |their )?sources?)?\b|\b(?:name|with|needs?) (?:its |their )?sources?\b",
        _fixed(must_cite="yes"),
    ),
    _rule(
        r"\b(?:every ?thing|all(?: of it| the facts)?|the whole \w+) fits?(?: (?:in|into) (?:a|one|"
        r"the) (?:prompt|context(?: window)?))?",
        _fixed(material="all-fits"),
    ),
    _rule(
        r"\b(?:does not|do not|doesn't|don't|will not) fit(?: (?:in|into) (?:a|one|the) (?:prompt|"
        r"context(?: window)?))?|\b(?:compar(?:e|ing)|summari[sz](?:e|ing|es)|list all|across (?:many|"
        r"all)(?: \w+)?)\b",
        _fixed(material="too-large"),
    ),
    _rule(r"\bfits? (?:in|into) (?:a|one|the) (?:prompt|context(?: window)?)\b", _fixed(material="answer-fits")),
    _rule(rf"\b{_NUMBER}\s(?:wiki )?(?:pages|documents|articles)\b", _pages),
    _rule(r"\b(?:per[- ]person|permissions?|access rights|not everyone may)\b", _fixed(privacy="per-person")),
    _rule(
        r"\b(?:private|confidential|sensitive|secret|gdpr|hipaa|on[- ]prem(?:ises?)?|self[- ]hosted|"
        r"no cloud|must not leave(?: \w+){0,2})\b",
        _fixed(privacy="inside"),
    ),
    _rule(r"\b(?:public|cloud (?:is )?(?:ok|okay|fine)|hosted (?:is )?(?:ok|okay|fine))\b", _fixed(privacy="open")),
    _rule(
        r"\b(?:nobody|no one)(?: (?:maintains|looks after|has time|to maintain)(?: it)?)?\b",
        _fixed(maintainer="nobody"),
    ),
    _rule(r"\b(?:ml|machine learning|data)[- ](?:engineers?|scientists?|team)\b", _fixed(maintainer="engineer")),
    _rule(r"\b(?:not|never) (?:yet )?tried (?:a )?(?:better )?prompt(?:s|ing)?\b", _fixed(prompted="no")),
    _rule(
        r"\b(?:tried prompt(?:s|ing)?|prompt(?:s|ing)? (?:was |were |is )?(?:tried|exhausted|not enough)|"
        r"few[- ]shot (?:was )?(?:tried|failed|not enough))\b",
        _fixed(prompted="yes"),
    ),
    _rule(
        r"\b(?:format(?:ting)?|tone|style|voice|json|schema|classif(?:y|ies|ying|ication)|rout(?:e|es|"
        r"ing)|extract(?:s|ing|ion)?|persona|behaviou?r|empathy)\b",
        _fixed(need="behaviour"),
    ),
    _rule(
        r"\b(?:facts?|knowledge|wiki|docs|documentation|handbook|polic(?:y|ies)|manuals?|products?|"
        r"prices?)\b",
        _fixed(need="knowledge"),
    ),
)
