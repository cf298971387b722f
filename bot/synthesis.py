"""Questions that no single passage answers: which searches they need, what is read, and one cited answer of the notes.

    "Compare leave in the UK and Germany"
       plan ─► searches for "leave in the UK", "leave in Germany", and both together
       choose ─► the best passages of each search in turn
       … a note on each passage: one short checked draft, made by whoever has a model, until the time is up …
       compose ─► the notes side by side, nothing said twice, and for which search the wiki is silent

The plan is made by bot/shapes.py. Knows what to read and how to put it together; knows nothing of models.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot import tables, wording
from bot.answers import Sentence, ShownPassage
from bot.shapes import Kind, Plan, Search, as_label
from indexer.passages import Hit

MAX_NOTES = 8  # an answer shows no more sources
MOST_FOR_EACH = 2  # passages that are read for each of two questions in one
MAX_SENTENCES = {"compare": 2, "list": 8, "summarise": 6, "both": 2}  # a side, a question; the whole of the others
NEAR_BEST = 0.5  # a hit with less than this share of its search's best score is about something else
MOST_WORDS_OF_ROWS = 90  # of a table that sets the sides of a comparison side by side
ALIKE = 0.8  # sentences that share this much of their words say the same


_COMPARING = frozenset(wording.content_stems("compare compared comparison differ different difference versus vs"))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A passage to be noted, and for which of the plan's searches, counted from 0."""

    passage: ShownPassage
    search: int


@dataclass(frozen=True, slots=True)
class Note:
    """What a chosen passage says, checked: sentences that cite it; none where it says nothing to the question."""

    chosen: Chosen
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """The answer's sentences in order, and the labels of the searches for which no note says anything."""

    sentences: tuple[Sentence, ...]
    silent: tuple[str, ...]


def choose(found: Sequence[Sequence[Hit]], count: int = MAX_NOTES) -> tuple[Chosen, ...]:
    """Return *count* passages of what each search *found*, best first, from each search in turn, none of them twice.

    Passages far behind the best of their search are left out. Numbers are given in the order of the searches.
    """
    lines = [iter(_near_best(hits)) for hits in found]
    taken: list[tuple[int, Hit]] = []
    seen: set[int] = set()
    open_ = list(range(len(lines)))
    while open_ and len(taken) < count:
        search = open_.pop(0)
        hit = next((hit for hit in lines[search] if hit.passage_id not in seen), None)
        if hit is not None:
            seen.add(hit.passage_id)
            taken.append((search, hit))
            open_.append(search)
    taken.sort(key=lambda pair: pair[0])  # stable: best first within a search
    return tuple(Chosen(ShownPassage(number, hit), search) for number, (search, hit) in enumerate(taken, start=1))


def choose_for_each(found: Sequence[Sequence[Hit]], count: int = MOST_FOR_EACH) -> tuple[Chosen, ...]:
    """Return the best *count* passages that each search *found*; what several found is read for each of them.

    A passage has one number, however often it is chosen.
    """
    numbers: dict[int, int] = {}
    chosen = []
    for search, hits in enumerate(found):
        for hit in _near_best(hits)[:count]:
            number = numbers.setdefault(hit.passage_id, len(numbers) + 1)
            chosen.append(Chosen(ShownPassage(number, hit), search))
    return tuple(chosen)


def is_about(plan_: Plan, search: int, hit: Hit) -> bool:
    """Return whether *hit* speaks of the side that the plan's *search*, counted from 0, is for.

    What is said of one side under the name of the other is worse than nothing: a passage for a side of a comparison
    must hold a word of it that no other side has.
    """
    sides = [wording.named(other.question) if other.label else frozenset() for other in plan_.searches]
    if plan_.kind is not Kind.COMPARE or not sides[search]:
        return True
    others = frozenset(word for place, words in enumerate(sides) if place != search for word in words)
    held = frozenset(wording.content_stems(hit.indexed_text)) | frozenset(wording.words(hit.indexed_text))
    return bool(((sides[search] - others) or sides[search]) & held)


def side_by_side(plan_: Plan, found: Sequence[Sequence[Hit]]) -> tuple[Hit, tuple[str, ...]] | None:
    """Return the passage of *found*, with the rows, whose table sets the sides of a comparison side by side.

    Of several, the one that holds most of what the sides are compared in, then the first. The sides are columns of it,
    or, where nothing is said but their names, rows.
    """
    if plan_.kind is not Kind.COMPARE:
        return None
    sides, topic = _sides_and_topic(plan_)
    hits = {hit.passage_id: hit for hits in (found[-1], *found[:-1]) for hit in hits}.values()
    best: tuple[Hit, tuple[str, ...]] | None = None
    most = len(topic) / 2 - 0.5  # at least half of it
    for hit in hits:
        held = len(topic & wording.named(hit.indexed_text))
        rows = _rows_of(hit, sides, topic)
        if rows and held > most:
            best, most = (hit, rows), held
    return best


def _sides_and_topic(plan_: Plan) -> tuple[list[frozenset[str]], frozenset[str]]:
    """Return what each side alone is named by, and what is said besides."""
    named = [wording.named(search.question) for search in plan_.searches if search.label]
    shared = frozenset.intersection(*named)
    said = wording.named(plan_.searches[-1].question)
    return [words - shared for words in named], said - frozenset().union(*named) - _COMPARING | shared


def _rows_of(hit: Hit, sides: Sequence[frozenset[str]], topic: frozenset[str]) -> tuple[str, ...]:
    """Return the rows of a table of *hit* that set *sides* side by side: those that say most of *topic*."""
    for table in tables.tables(hit.text):
        rows = tables.columns_side_by_side(table, sides, wording.named)
        if not rows and not topic:
            rows = tables.rows_side_by_side(table, sides, wording.named)
        said = [len(topic & wording.named(row)) for row in rows]
        rows = [row for row, held in zip(rows, said, strict=True) if held == max(said)]
        words = itertools.accumulate(len(row.split()) for row in rows)
        if rows:
            return tuple(row for row, until in zip(rows, words, strict=True) if until <= MOST_WORDS_OF_ROWS)
    return ()


def asked_of(plan_: Plan, chosen: Chosen) -> str:
    """Return what a *chosen* passage is asked: a side of a comparison, for what is listed, or for what it is about."""
    search = plan_.searches[chosen.search]
    match plan_.kind:
        case Kind.COMPARE | Kind.BOTH:
            return search.question
        case Kind.LIST:
            return f"What are the {search.label}?"
        case Kind.SUMMARISE:
            topic = _topic_of(chosen.passage.hit)
            return f"What are the rules on {topic[:1].lower()}{topic[1:]}?"


def in_turns(chosen: Sequence[Chosen]) -> list[Chosen]:
    """Return *chosen* in the order to read them: the best of each search first, so that time runs out fairly."""
    places = [sum(earlier.search == one.search for earlier in chosen[:place]) for place, one in enumerate(chosen)]
    return [one for _, one in sorted(zip(places, chosen, strict=True), key=lambda pair: (pair[0], pair[1].search))]


def compose(plan_: Plan, notes: Sequence[Note]) -> Composed:
    """Return one answer made of *notes*: each thing once, a comparison side by side, a summary in its pages' order."""
    by_search = [[note for note in notes if note.chosen.search == place] for place in range(len(plan_.searches))]
    said: list[Sentence] = []
    for search, own in zip(plan_.searches, by_search, strict=True):
        ordered = _as_pages_go(own) if plan_.kind is Kind.SUMMARISE else own
        told = [replace(s, about=_about(plan_.kind, search, note)) for note in ordered for s in note.sentences]
        said += list(_unsaid(told, said))[: MAX_SENTENCES[plan_.kind]]
    silent = [
        search.label
        for search, own in zip(plan_.searches, by_search, strict=True)
        if search.label and not any(note.sentences for note in own) and not _is_named(search.label, said)
    ]
    return Composed(tuple(said), tuple(silent))


def _about(kind: Kind, search: Search, note: Note) -> str:
    """Return the heading under which a note's sentences are told."""
    if kind in {Kind.LIST, Kind.BOTH}:
        return ""
    return search.label if kind is Kind.COMPARE else as_label(_topic_of(note.chosen.passage.hit))


def _topic_of(hit: Hit) -> str:
    return hit.headings[-1] if hit.headings else hit.title


def is_enough(plan_: Plan, search: int, notes: Sequence[Note]) -> bool:
    """Return whether *notes* say as much for the plan's *search*, counted from 0, as the answer takes.

    Both sides of a comparison together are of interest only where one of them alone is silent. One passage that answers
    is enough for one of two questions.
    """
    said = [
        sum(len(note.sentences) for note in notes if note.chosen.search == place)
        for place in range(len(plan_.searches))
    ]
    if plan_.kind is Kind.COMPARE and not plan_.searches[search].label:
        return all(said[place] for place, other in enumerate(plan_.searches) if other.label)
    return said[search] >= (1 if plan_.kind is Kind.BOTH else MAX_SENTENCES[plan_.kind])


def text_of(sentences: Sequence[Sentence]) -> str:
    """Return *sentences* with their markers, each side of a comparison and each section named where it begins.

    >>> text_of([Sentence("You get 28 days.", (2,), about="UK"), Sentence("Ask Maya.", (1, 2), about="UK")])
    'UK: You get 28 days. [2] Ask Maya. [1][2]'
    """
    before = ("", *(sentence.about for sentence in sentences))
    return " ".join(
        f"{f'{s.about}: ' if s.about and s.about != about else ''}{s.text} {''.join(f'[{n}]' for n in s.citations)}"
        for about, s in zip(before, sentences, strict=False)
    )


def remark(silent: Sequence[str], unread: int) -> str:
    """Return what an answer leaves open, in a sentence each; empty where it leaves nothing open.

    >>> remark(("Germany", "US"), 0)
    'I found nothing on Germany or US in the wiki.'
    >>> remark((), 3)
    'There was no time to read 3 more passages.'
    """
    parts = [f"I found nothing on {' or '.join(silent)} in the wiki."] if silent else []
    if unread:
        parts.append(f"There was no time to read {unread} more passage{'' if unread == 1 else 's'}.")
    return " ".join(parts)


def _near_best(hits: Sequence[Hit]) -> list[Hit]:
    best = max((hit.score for hit in hits), default=0.0)
    return [hit for hit in hits if best <= 0 or hit.score >= NEAR_BEST * best]


def _as_pages_go(notes: Sequence[Note]) -> list[Note]:
    """Return *notes* with the best page first, and each page's passages in the page's own order."""
    pages = list(dict.fromkeys((n.chosen.passage.hit.wiki, n.chosen.passage.hit.page_id) for n in notes))

    def place(note: Note) -> tuple[int, int]:
        hit = note.chosen.passage.hit
        return pages.index((hit.wiki, hit.page_id)), hit.passage_id

    return sorted(notes, key=place)


def _unsaid(sentences: Sequence[Sentence], said: Sequence[Sentence]) -> Iterator[Sentence]:
    """Yield those of *sentences* that say something which neither *said* nor an earlier one of them does."""
    known = [_content(sentence) for sentence in said]
    for sentence in sentences:
        content = _content(sentence)
        if not any(_is_alike(content, earlier) for earlier in known):
            known.append(content)
            yield sentence


def _is_named(label: str, said: Sequence[Sentence]) -> bool:
    wanted = set(wording.content_stems(label))
    return any(wanted <= set(wording.content_stems(sentence.text)) for sentence in said)


def _content(sentence: Sentence) -> tuple[frozenset[str], frozenset[str], bool]:
    text = sentence.text
    return frozenset(wording.content_stems(text)), wording.numbers(text), wording.is_negated(text)


def _is_alike(
    one: tuple[frozenset[str], frozenset[str], bool], other: tuple[frozenset[str], frozenset[str], bool]
) -> bool:
    """Return whether two sentences share their numbers, their yes or no, and nearly all of their words."""
    if one[1:] != other[1:]:
        return False
    together = len(one[0] | other[0])
    return len(one[0] & other[0]) >= ALIKE * together if together else True
