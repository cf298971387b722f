"""Words of a question that are mistyped, put right where the wiki has the word that was meant.

    "how many holidys in germny" ─► unknown to English and to the wiki? ─► one slip away, and in the wiki? ─► corrected

Search, embedding model and verifier all miss what they do not know the word of. Nothing is changed that may be meant
so: a name, a code, what is quoted, another language.
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from bot.wording import STOP_WORDS

if TYPE_CHECKING:
    from spellchecker import SpellChecker

LEAST_LETTERS = 5  # shorter words are one slip away from too many others
MOST_WORDS = 60  # looked at in one question

_PLAIN = re.compile(
    r"(?<![^\s(,;])[^\W\d_]+(?=[),;:.?!]*(?:\s|$))"
)  # joined to nothing: no code, address or name of one
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”")


class Spelling:
    """Corrects questions. *is_in_wiki* says whether a page that everyone may read has a word, or it in the plural."""

    def __init__(self, is_in_wiki: Callable[[str], bool]) -> None:
        self._is_in_wiki = is_in_wiki

    def corrected(self, question: str) -> str:
        """Return *question* with its mistyped words put right; as it is where most of it is no English."""
        quoted = [match.span() for match in _QUOTED.finditer(question)]
        plain = [
            match
            for match in _PLAIN.finditer(question)
            if not any(start <= match.start() < end for start, end in quoted)
        ]
        unknown = [match for match in plain[:MOST_WORDS] if not self._is_known(match.group())]
        if 3 * len(unknown) > 2 * len(plain):
            return question
        put = {match.start(): self._meant(match.group(), is_first=match.start() == 0) for match in unknown}
        return _PLAIN.sub(lambda match: put.get(match.start()) or match.group(), question)

    @cached_property
    def _english(self) -> "SpellChecker":
        from spellchecker import SpellChecker  # reads its 160,000 words at once

        return SpellChecker(distance=1)

    def _is_known(self, word: str) -> bool:
        return word.lower() in self._english or self._is_in_wiki(word)

    def _meant(self, word: str, *, is_first: bool) -> str:
        """Return the word of the wiki that *word* was meant to be, or nothing."""
        typed = word.lower()
        is_name = word != typed and not (is_first and word[1:].islower())
        if is_name or len(typed) < LEAST_LETTERS:
            return ""
        near = {one for one in self._english.candidates(typed) or () if one[0] == typed[0] and one not in STOP_WORDS}
        likeliest = sorted(near, key=lambda one: (_slip(typed, one), -self._english.word_usage_frequency(one), one))
        meant = next((one for one in likeliest if self._is_in_wiki(one)), "")
        return meant.capitalize() if word != typed else meant


def _slip(typed: str, meant: str) -> int:
    """Return how rare the slip is: a letter left out or two exchanged, one too many, another one."""
    if len(typed) < len(meant) or sorted(typed) == sorted(meant):
        return 0
    return 1 if len(typed) > len(meant) else 2
