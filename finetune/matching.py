"""Words of two texts compared: where a quote stands, what a passage gives away, what two texts share.

A quote is taken from a page's file and a passage from its normal form, in which links are their labels and emphasis is
gone; words are what both have.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from finetune.ports import Piece

MIN_COVERAGE = 0.75  # of a quote's words that one passage must hold where it does not hold them in a row
MIN_JOINT_COVERAGE = 0.85  # of two neighbouring passages together

_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_TAG = re.compile(r"<[^<>\n]{1,300}>|\{\{[<%].*?[%>]\}\}")
_SMALL_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being but by can could did do does doing
    for from get had has have having he her his how i if in into is it its just me more most my no not of off on one or
    other our out over own per please s same shall she should so some such t than that the their them then there these
    they this those through to too under until up us was we were what when where whether which while who why will with
    would yes you your""".split()
)


def words(text: str) -> list[str]:
    """Return the words of *text* in lower case.

    >>> words("The wi-fi's key: QS_12.")
    ['the', 'wi', 'fi', 's', 'key', 'qs', '12']
    """
    return _WORD.findall(text.lower())


def without_marks(markdown: str) -> str:
    """Return *markdown* with links as their labels and without tags.

    >>> without_marks("see [the page](https://example.org/a) <br>")
    'see the page  '
    """
    return _TAG.sub(" ", _LINK.sub(r"\1", markdown))


def locate(quote: str, pieces: Sequence[Piece]) -> list[int]:
    """Return which of a page's *pieces* hold *quote*: one, two neighbours where it runs over their border, or none."""
    wanted = words(without_marks(quote))
    if not wanted:
        return []
    in_a_row = [place for place, piece in enumerate(pieces) if _holds_in_a_row(wanted, piece.text)]
    in_a_row = in_a_row or [place for place, piece in enumerate(pieces) if _holds_in_a_row(wanted, piece.full_text)]
    if in_a_row:
        return in_a_row[:1]
    held = [Counter(words(piece.full_text)) for piece in pieces]
    best = max(range(len(pieces)), key=lambda place: _coverage(wanted, held[place]), default=None)
    if best is None:
        return []
    if _coverage(wanted, held[best]) >= MIN_COVERAGE:
        return [best]
    pairs = [(place, place + 1) for place in (best - 1, best) if 0 <= place < len(pieces) - 1]
    pair = max(pairs, key=lambda two: _coverage(wanted, held[two[0]] | held[two[1]]), default=None)
    if pair is not None and _coverage(wanted, held[pair[0]] | held[pair[1]]) >= MIN_JOINT_COVERAGE:
        return list(pair)
    return []


def holds(piece: Piece, quote: str) -> bool:
    """Return whether *piece* holds the words of *quote* in a row."""
    wanted = words(without_marks(quote))
    return bool(wanted) and _holds_in_a_row(wanted, piece.full_text)


def share_held(sentence: str, piece: Piece) -> float:
    """Return the share, 0 to 1, of the content words of *sentence* that *piece* holds; 1 where it has none."""
    return share_of(content_words(sentence), content_words(piece.full_text))


def share_of(wanted: frozenset[str], held: frozenset[str]) -> float:
    """Return the share, 0 to 1, of *wanted* that is in *held*; 1 where nothing is wanted."""
    return len(wanted & held) / len(wanted) if wanted else 1.0


def content_words(text: str) -> frozenset[str]:
    """Return the words of *text* that carry meaning, plurals as singulars.

    >>> sorted(content_words("How many days of leave do I get?"))
    ['day', 'leave', 'many']
    """
    return frozenset(_singular(word) for word in words(text) if word not in _SMALL_WORDS)


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Return every run of *length* words of *text*."""
    all_words = words(text)
    return {tuple(all_words[start : start + length]) for start in range(len(all_words) - length + 1)}


def likeness(one: str, other: str) -> float:
    """Return the share, 0 to 1, of the content words of both texts that they have in common."""
    left, right = content_words(one), content_words(other)
    return len(left & right) / len(left | right) if left | right else 0.0


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _holds_in_a_row(wanted: Iterable[str], text: str) -> bool:
    return f" {' '.join(wanted)} " in f" {' '.join(words(text))} "


def _coverage(wanted: Sequence[str], held: Counter[str]) -> float:
    return sum((Counter(wanted) & held).values()) / len(wanted)
