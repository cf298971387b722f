"""Words, numbers and names of a text, in the form in which two texts can be compared.

English is what the stems and lists know; other languages are compared by whole words, which is stricter.
"""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:[._'’/@#-][^\W_]+)*", re.UNICODE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(]?[A-Z0-9À-Þ])")

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_SMALL += "seventeen eighteen nineteen".split()
_TENS = {
    word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_SPELLED = {word: n for n, word in enumerate(_SMALL)} | _TENS | {"hundred": 100, "thousand": 1000}

STOP_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being but by can could did do does doing
    done down for from get gets got had has have having he her here him his how i if in into is it its itself just let
    like long make many may me might more most much must my need needs of off on one or other our out over own per
    please same shall she should so some such than that the their them then there these they this those through to
    too under until up upon us use used uses using very via want was we were what when where whether which while who
    whom whose why will with within would yes you your""".split()
)
NEGATIONS = frozenset(
    "no not never none nobody nothing neither nor without cannot can't don't doesn't didn't won't isn't aren't wasn't "
    "weren't shouldn't mustn't couldn't wouldn't haven't hasn't unable except".split()
)


def words(text: str) -> list[str]:
    """Return the words of *text* in lower case, in order; an identifier such as `QS-4012` or `a.b_c` is split at `_`.

    >>> words("The wi-fi's key: QS-4012.")
    ['the', "wi-fi's", 'key', 'qs-4012']
    """
    plain = unicodedata.normalize("NFKC", text).replace("’", "'")
    return [match.group().lower() for match in _WORD.finditer(plain)]


def stem(word: str) -> str:
    """Return *word* without the commonest English endings, so that `days` meets `day` and `approved` meets `approve`.

    >>> [stem(w) for w in ("days", "policies", "approved", "approving", "approve", "passes", "class")]
    ['day', 'policy', 'approv', 'approv', 'approv', 'pass', 'class']
    """
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) <= 3 or not word.isalpha():
        return word
    for ending, put in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return _undouble(word[: -len(ending)] + put)
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _undouble(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] in "bdgmnprt" else word


def content_stems(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order; numbers count, negations and stop words do not."""
    return [stem(part) for word in words(text) if _carries_meaning(word) for part in _parts(word)]


def _carries_meaning(word: str) -> bool:
    return word not in STOP_WORDS and word not in NEGATIONS and (len(word) > 1 or word.isdigit())


def _parts(word: str) -> list[str]:
    """Return a hyphenated or slashed word's parts, each of which may be met alone: `follow-up` meets `follow up`."""
    return [part for part in re.split(r"[-/@#]", word) if part] or [word]


def numbers(text: str) -> frozenset[str]:
    """Return the numbers of *text* in one spelling: digits without separators or leading zeros; `one` is left out.

    >>> sorted(numbers("Twenty-five days, 1,200 euros at 09:30, one form"))
    ['1200', '25', '9:30']
    """
    found = {_plain_number(match.group()) for match in _NUMBER.finditer(text)}
    parts = [part for word in words(text) for part in word.split("-")]
    return frozenset(found | _spelled_numbers(parts))


def _plain_number(digits: str) -> str:
    joined = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", digits)
    return joined.lstrip("0") or "0"


def _spelled_numbers(parts: list[str]) -> set[str]:
    found = set()
    tens = 0
    for part in parts:
        value = _SPELLED.get(part, 0)
        if tens and 0 < value < 10:
            found.add(str(tens + value))
            tens = 0
            continue
        if tens:
            found.add(str(tens))
        tens = value if part in _TENS else 0
        if value > 1 and not tens:
            found.add(str(value))
    return found | ({str(tens)} if tens else set())


def names(sentence: str) -> frozenset[str]:
    """Return words, in lower case, that name something: capitals after the first word, or letters mixed with digits.

    >>> sorted(names("Ask Maya in #it-help about QS-4012 or GitHub."))
    ['github', 'maya', 'qs-4012']
    """
    found = [match.group() for match in _WORD.finditer(sentence)]
    return frozenset(
        word.lower().removesuffix("'s").removesuffix("’s")
        for place, word in enumerate(found)
        if _names_something(word, is_first=place == 0) and word.lower() not in STOP_WORDS
    )


def _names_something(word: str, *, is_first: bool) -> bool:
    has_digit = any(c.isdigit() for c in word)
    has_letter = any(c.isalpha() for c in word)
    has_inner_capital = any(c.isupper() for c in word[1:])
    return (has_digit and has_letter) or has_inner_capital or (word[0].isupper() and not is_first)


def is_negated(text: str) -> bool:
    """Return whether *text* says that something is not so."""
    return any(word in NEGATIONS or word.endswith("n't") for word in words(text))


def quoted(text: str) -> list[str]:
    """Return what stands between double quotation marks, of at least two words."""
    found = re.findall(r"[\"“”]([^\"“”]+)[\"“”]", text)
    return [piece.strip() for piece in found if len(piece.split()) > 1]


def spans(text: str) -> list[tuple[int, int]]:
    r"""Return where each sentence, list item, table row or line of code of *text* stands, as (start, end) offsets.

    >>> text = "First one. Then two.\n- an item\n"
    >>> [text[a:b] for a, b in spans(text)]
    ['First one.', 'Then two.', 'an item']
    """
    return [
        (start, end)
        for line in re.finditer(r"[^\n]+", text)
        for start, end in _sentences(text, line.start() + _bullet_width(line.group()), line.end())
        if any(c.isalnum() for c in text[start:end])
    ]


def _bullet_width(line: str) -> int:
    match = re.match(r"\s*(?:(?:[-*+]|\d+[.)]|>|#{1,6})\s+)*", line)
    return match.end() if match else 0


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    breaks = list(_SENTENCE_END.finditer(text, start, end))
    starts = [start, *(match.end() for match in breaks)]
    ends = [*(match.start() for match in breaks), start + len(text[start:end].rstrip())]
    return [(a, b) for a, b in zip(starts, ends, strict=True) if b > a]
