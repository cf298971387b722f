"""Which passages are shown with a question, and what is answered then: pure choices with a random generator.

draft ─► where its quotes stand ─► distractors that do not give the answer away ─► shuffled ─► prompt and answer
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from finetune import matching, sentences
from finetune.drafts import Draft
from finetune.ports import Finder, Piece

MOST_FOUND = 12  # hits looked at for distractors
SHOWN_COUNTS = (1, 2, 3, 4)
SHOWN_SHARES = (0.06, 0.13, 0.66, 0.15)  # three is what the bot shows
RANDOM_SHARE = 0.25  # of examples whose last distractor is any passage: what a bad search would add
MAX_HELD_BESIDE_GOLD = 0.8
"""A distractor may hold this share of the answer's content words while the gold passage is shown too."""
MAX_HELD_WITHOUT_GOLD = 0.6
"""And this share where it is not: else the question may still be answered."""
MAX_HELD_WITH_THE_NUMBERS = 0.5
"""And this share where it holds the numbers of the answer as well."""


class Way(StrEnum):
    """How the passages around the gold ones are chosen."""

    SEARCHED = "searched"
    SAME_PAGE = "same page"
    GOLD_REMOVED = "gold removed"
    NEAREST = "nearest"
    """For questions without an answer: what a search finds, the nearest text among it."""


@dataclass(frozen=True, slots=True)
class Located:
    """A draft whose quotes have been found: *golds* are the passages that hold them, by claim and over all."""

    draft: Draft
    golds: tuple[Piece, ...]
    claims: tuple[tuple[str, tuple[Piece, ...]], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one example shows and says. *gold* are numbers from 1, in rising order; empty with the refusal."""

    pieces: tuple[Piece, ...]
    answer: str
    gold: tuple[int, ...]


def located(draft: Draft, finder: Finder) -> Located | None:
    """Return where the quotes of *draft* stand among the passages, None where one is in none of them."""
    places = [_pieces_with(quote.text, finder.of_page(quote.page_id)) for quote in draft.quotes]
    if not draft.is_answered:
        return Located(draft, _unique(piece for found in places for piece in found), ())
    claims = []
    for claim in draft.answer:
        pieces = _unique(piece for place in claim.quotes for piece in places[place])
        if not pieces or any(not places[place] for place in claim.quotes):
            return None
        claims += [(sentence, pieces) for sentence in sentences.split(claim.text)]
    golds = _unique(piece for _, pieces in claims for piece in pieces)
    is_plain = len(claims) <= sentences.MAX_SENTENCES and all(
        len(pieces) <= 2 and sentences.has_form(f"{text} [1]") for text, pieces in claims
    )
    return Located(draft, golds, tuple(claims)) if is_plain and len(golds) <= SHOWN_COUNTS[-1] else None


def show(asked: Located, way: Way, finder: Finder, hits: Sequence[Piece], rng: np.random.Generator) -> Shown | None:
    """Return the passages and the answer of one example, None where no honest one can be made.

    *hits* are what a search for the question found, best first.
    """
    count = int(rng.choice(SHOWN_COUNTS, p=SHOWN_SHARES))
    golds = () if way in (Way.GOLD_REMOVED, Way.NEAREST) else asked.golds
    nearest = asked.golds[:1] if way is Way.NEAREST and rng.random() < 0.8 else ()
    if way is Way.GOLD_REMOVED:
        count = max(2, count)
    distractors = _distractors(asked, way, finder, hits, rng)
    others = _some(distractors, max(0, max(count, len(golds)) - len(golds) - len(nearest)), rng)
    if others and rng.random() < RANDOM_SHARE:
        anything = finder.everything()[int(rng.integers(len(finder.everything())))]
        if anything not in others and _is_harmless(anything, asked, way):
            others[-1] = anything
    pieces = list(_unique([*golds, *nearest, *others]))
    if not pieces:
        return None
    order = rng.permutation(len(pieces))
    return numbered(asked, [pieces[place] for place in order])


def numbered(asked: Located, pieces: Sequence[Piece]) -> Shown:
    """Return the answer of *asked* over *pieces* in their order; without one, *gold* and *answer* are empty."""
    if not asked.draft.is_answered or not all(gold in pieces for gold in asked.golds):
        return Shown(tuple(pieces), "", ())
    number = {piece: place for place, piece in enumerate(pieces, start=1)}
    cited = [tuple(sorted(number[piece] for piece in found)) for _, found in asked.claims]
    answer = sentences.joined([text for text, _ in asked.claims], cited)
    return Shown(tuple(pieces), answer, tuple(sorted({n for numbers in cited for n in numbers})))


def _distractors(
    asked: Located, way: Way, finder: Finder, hits: Sequence[Piece], rng: np.random.Generator
) -> list[Piece]:
    """Return passages near the gold ones that do not give the answer away, the hardest first."""
    near = list(hits)
    if way is Way.SAME_PAGE:
        same = [piece for page in sorted(asked.draft.pages) for piece in finder.of_page(page)]
        near = [same[place] for place in rng.permutation(len(same))] + near
    return [piece for piece in _unique(near) if piece not in asked.golds and _is_harmless(piece, asked, way)]


def harmless(piece: Piece, asked: Located) -> bool:
    """Return whether *piece*, shown beside the gold passages, does not answer the question of *asked* as well."""
    return _is_harmless(piece, asked, Way.SEARCHED)


def _is_harmless(piece: Piece, asked: Located, way: Way) -> bool:
    """Return whether *piece* does not answer the question of *asked* as well."""
    if not asked.draft.is_answered:
        return True
    if piece in asked.golds or any(matching.holds(piece, quote.text) for quote in asked.draft.quotes):
        return False
    said = matching.content_words(" ".join(text for text, _ in asked.claims))
    held = matching.content_words(piece.full_text)
    new = said - matching.content_words(asked.draft.question)
    numbers = {word for word in new if word.isdigit()}
    most = MAX_HELD_WITHOUT_GOLD if way is Way.GOLD_REMOVED else MAX_HELD_BESIDE_GOLD
    most = min(most, MAX_HELD_WITH_THE_NUMBERS) if numbers and numbers <= held else most
    return matching.share_of(said, held) <= most and not (new and new <= held)


def _some(pieces: Sequence[Piece], count: int, rng: np.random.Generator) -> list[Piece]:
    """Return *count* of *pieces*, those in front likelier, so that each example of a question has others."""
    if len(pieces) <= count:
        return list(pieces)
    weights = 0.6 ** np.arange(len(pieces))
    chosen = rng.choice(len(pieces), size=count, replace=False, p=weights / weights.sum())
    return [pieces[place] for place in sorted(chosen)]


def _pieces_with(quote: str, pieces: Sequence[Piece]) -> list[Piece]:
    return [pieces[place] for place in matching.locate(quote, pieces)]


def _unique(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    return tuple(dict.fromkeys(pieces))
