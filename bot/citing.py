"""Reads the citations in what the model wrote and keeps the sentences that the cited passages hold up.

    "You get 25 days. [1] Ask Maya. [2]" ─► drafts ─► each held against its passage ─► Checked(sentences, dropped)

Knows nothing of models. It cannot tell whether a held-up sentence answers the question, only that the wiki says it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot import wording
from bot.answers import Citation, Sentence, ShownPassage
from bot.tables import tables
from indexer.passages import Hit
from indexer.wikis.links import with_quote

MIN_SUPPORT = 0.7
"""The share of a sentence's content words that its passage must hold; docs/decisions/0007 has the figures."""

MIN_SUPPORT_OF_A_NEW_SUBJECT = 0.85
"""The same where the sentence begins with a word that the passage does not have, which may be another subject."""

NEAR = 0.85
"""How like the sentence a piece must be, of what the likest is, for the two to have to agree in saying yes or no."""

MAX_QUOTE_CHARACTERS = 300

_MARKERS = re.compile(r"((?:\s*\[\d+\])+)")
_MARKER_NUMBER = re.compile(r"\[(\d+)\]")


class Flaw(StrEnum):
    """Why a sentence was dropped."""

    NO_SUCH_PASSAGE = "cites a passage that was not shown"
    EMPTY = "says nothing"
    NUMBER = "has a number that the passage does not"
    NAME = "names something that the passage does not"
    ANOTHER = "speaks of another code than the question"
    COLUMN = "has a number of another column than the question"
    NEGATION = "says no where the passage says yes, or the other way round"
    QUOTE = "quotes words that are not in the passage"
    WORDS = "has too few words in common with the passage"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence that was not kept, and why."""

    text: str
    flaw: Flaw


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left of a draft: the sentences that hold, their citations in order of number, and what was dropped."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    dropped: tuple[Dropped, ...]

    @property
    def text(self) -> str:
        """The answer with its markers: each sentence followed by the numbers it cites."""
        return " ".join(f"{s.text} {''.join(f'[{n}]' for n in s.citations)}" for s in self.sentences)


def read_citations(draft: str) -> list[Sentence]:
    """Return the sentences of *draft* that carry at least one marker; words after the last marker are left out.

    >>> read_citations("Two rules. [1][2] And a tail")
    [Sentence(text='Two rules.', citations=(1, 2), about='')]
    """
    parts = _MARKERS.split(draft)
    pairs = zip(parts[0::2], parts[1::2], strict=False)
    return [
        Sentence(text.strip(), tuple(dict.fromkeys(int(n) for n in _MARKER_NUMBER.findall(markers))))
        for text, markers in pairs
    ]


def check(draft: str, passages: Sequence[ShownPassage], question: str = "") -> Checked:
    """Return what of *draft* holds: every sentence kept cites only passages shown, which together hold it up.

    Where it answers a *question*, none speaks of another code or of another column of a table than that, or says yes or
    no and then the opposite.
    """
    shown = {passage.number: passage for passage in passages}
    kept: list[Sentence] = []
    dropped: list[Dropped] = []
    for written in read_citations(draft):
        sentence = replace(written, text=wording.without_false_lead(question, written.text))
        flaw = _flaw(sentence, shown) or _flaw_for(question, sentence, shown)
        if flaw is not None:
            dropped.append(Dropped(sentence.text, flaw))
        elif sentence.text.casefold() not in {earlier.text.casefold() for earlier in kept}:
            kept.append(_without_idle_citations(sentence, shown))
    return Checked(tuple(kept), _citations(kept, shown), tuple(dropped))


def remark(citations: Sequence[Citation]) -> str:
    """Return a sentence on each page that is cited and says of itself that it is outdated; empty where none does."""
    titles = dict.fromkeys(citation.hit.title for citation in citations if citation.hit.is_outdated)
    return " ".join(f"The page “{title}” says that it is outdated." for title in titles)


def _flaw(sentence: Sentence, shown: dict[int, ShownPassage]) -> Flaw | None:
    if not all(number in shown for number in sentence.citations):
        return Flaw.NO_SUCH_PASSAGE
    cited = [shown[number].hit for number in sentence.citations]
    where = "\n".join(" > ".join((hit.title, *hit.headings)) for hit in cited)
    return flaw_of(sentence.text, where, "\n".join(hit.text for hit in cited))


def _flaw_for(question: str, sentence: Sentence, shown: dict[int, ShownPassage]) -> Flaw | None:
    """Return why *sentence*, which its passages hold up, is about something else than *question*."""
    if wording.speaks_of_another(question, sentence.text):
        return Flaw.ANOTHER
    texts = [shown[number].hit.text for number in sentence.citations]
    return Flaw.COLUMN if any(_is_of_another_column(question, sentence.text, text) for text in texts) else None


def _is_of_another_column(question: str, sentence: str, text: str) -> bool:
    """Return whether *sentence* has a number of *text* that only stands in columns that it and *question* do not name.

    Of a table none of whose columns *question* names, any will do.
    """
    asked, said = wording.named(question), wording.numbers(sentence)
    told = wording.numbers("\n".join(line for line in text.split("\n") if not line.startswith("|")))
    for table in tables(text):
        names = [wording.named(column) for column in table.columns]
        if not any(name and name <= asked for name in names[1:]):
            continue
        meant = asked | wording.named(sentence)
        for row in table.rows:
            cells = [wording.numbers(cell) for cell in row]
            told = told.union(*(cell for place, cell in enumerate(cells) if not place or names[place] <= meant))
        if said & wording.numbers("\n".join(" ".join(row) for row in table.rows)) - told:
            return True
    return False


def _without_idle_citations(sentence: Sentence, shown: dict[int, ShownPassage]) -> Sentence:
    """Return *sentence* without the markers that it holds up without."""
    for number in sentence.citations[::-1]:
        fewer = Sentence(sentence.text, tuple(other for other in sentence.citations if other != number))
        if fewer.citations and _flaw(fewer, shown) is None:
            return _without_idle_citations(fewer, shown)
    return sentence


def flaw_of(sentence: str, where: str, text: str) -> Flaw | None:
    """Return why a passage does not hold *sentence* up, None if it does. *where* is its breadcrumb, *text* the rest."""
    passage = f"{where}\n{text}"
    has_content = bool(wording.content_stems(sentence) or wording.numbers(sentence))
    if not has_content or " ".join(wording.words(sentence)) in " ".join(wording.words(where)):
        return Flaw.EMPTY  # nothing, or no more than the page's title and headings
    if not _has_numbers(sentence, passage) or not _numbers_stand_by_names(sentence, where, text):
        return Flaw.NUMBER
    if not all(_is_named(name, passage) for name in wording.names(sentence)):
        return Flaw.NAME
    if not all(_is_verbatim(quote, passage) for quote in wording.quoted(sentence)):
        return Flaw.QUOTE
    if support(sentence, passage) < _support_needed(sentence, passage):
        return Flaw.WORDS
    return Flaw.NEGATION if _contradicts(sentence, text) else None


def _has_numbers(sentence: str, passage: str) -> bool:
    """Return whether each number of *sentence* is in *passage*, with the same unit where both give one."""
    held = wording.numbers(passage) | ({"1"} if wording.ones(passage) or "one" in wording.words(passage) else set())
    asked = wording.numbers(sentence) | ({"1"} if wording.ones(sentence) else set())
    units: dict[str, set[str]] = {}
    for number, unit in wording.quantities(passage):
        units.setdefault(number, set()).add(unit)
    return asked <= held and all(unit in units.get(number, {unit}) for number, unit in wording.quantities(sentence))


def _numbers_stand_by_names(sentence: str, where: str, text: str) -> bool:
    """Return whether the numbers stand in pieces about what *sentence* names, where the passage tells several apart."""
    asked = wording.numbers(sentence)
    pieces = [text[start:end] for start, end in wording.spans(text)]
    rows = {word for piece in pieces if piece.startswith("|") for word in wording.words(piece)[:1]}
    apart = wording.names(sentence) - set(wording.words(where)) | rows.intersection(wording.words(sentence)[:1])
    named = [(_names_of(piece), wording.numbers(piece)) for piece in pieces]
    if not asked or not any(names & apart for names, _ in named):
        return True
    allowed = [numbers for names, numbers in named if names & apart or not names]
    return asked <= wording.numbers(where).union(*allowed)


def _names_of(piece: str) -> frozenset[str]:
    """Return the names in *piece*; a table row begins with a name if it begins with a capital."""
    return wording.names(f"row {piece}" if piece.startswith("|") else piece)


def _support_needed(sentence: str, passage: str) -> float:
    first = wording.words(sentence)[:1]
    is_new = bool(first) and not set(wording.content_stems(first[0])) <= set(wording.content_stems(passage))
    return MIN_SUPPORT_OF_A_NEW_SUBJECT if is_new else MIN_SUPPORT


def support(sentence: str, passage: str) -> float:
    """Return the share, 0 to 1, of the content words of *sentence* that *passage* holds; 1 where it has none."""
    held = set(wording.content_stems(passage))
    content = wording.content_stems(sentence)
    return sum(word in held for word in content) / len(content) if content else 1.0


def best_quote(sentence: str, passage: str) -> str:
    """Return the verbatim piece of *passage* that holds most of *sentence*, in whole words, not too long."""
    spans = wording.spans(passage)
    if not spans:
        return _whole_words(passage.strip())
    start, end = max(spans, key=lambda span: _likeness(sentence, passage[span[0] : span[1]]))
    return _whole_words(passage[start:end])


def _is_named(name: str, passage: str) -> bool:
    held = set(wording.words(passage))
    if name in held:
        return True
    stems = {wording.stem(part) for word in held for part in re.split(r"[-_./@#]", word)}
    return all(wording.stem(part) in stems for part in re.split(r"[-_./@#]", name) if part)


def _is_verbatim(quote: str, passage: str) -> bool:
    return " ".join(quote.rstrip(".,;:").casefold().split()) in " ".join(passage.casefold().split())


def _contradicts(sentence: str, text: str) -> bool:
    """Return whether all pieces of *text* that come near *sentence* differ from it in saying yes or no."""
    likeness = {text[start:end]: _likeness(sentence, text[start:end]) for start, end in wording.spans(text)}
    best = max(likeness.values(), default=0.0)
    near = [piece for piece, value in likeness.items() if value and value >= NEAR * best]
    is_negated = wording.is_negated(sentence)
    return bool(near) and all(wording.is_negated(piece) != is_negated for piece in near)


def _likeness(sentence: str, piece: str) -> float:
    """Return how much of *sentence* stands in *piece*, long pieces that hold little else being marked down (F2)."""
    asked, held = _told_by(sentence), _told_by(piece)
    common = len(asked & held)
    if not common:
        return 0.0
    precision, recall = common / len(held), common / len(asked)
    return 5 * precision * recall / (4 * precision + recall)


def _told_by(text: str) -> frozenset[str]:
    return frozenset(wording.content_stems(text)) | wording.numbers(text)


def _whole_words(text: str) -> str:
    if len(text) <= MAX_QUOTE_CHARACTERS:
        return text
    cut = text[: MAX_QUOTE_CHARACTERS + 1]
    return cut[: cut.rfind(" ")].rstrip() if " " in cut else text[:MAX_QUOTE_CHARACTERS]


def _citations(sentences: Sequence[Sentence], shown: dict[int, ShownPassage]) -> tuple[Citation, ...]:
    """Return one citation for each passage cited, quoting what holds the first sentence that cites it."""
    first: dict[int, str] = {}
    for sentence in sentences:
        for number in sentence.citations:
            first.setdefault(number, sentence.text)
    return tuple(
        _citation(number, shown[number].hit, best_quote(text, shown[number].hit.text))
        for number, text in sorted(first.items())
    )


def _citation(number: int, hit: Hit, quote: str) -> Citation:
    """Return a citation whose address leads to the quoted words themselves, in browsers that can."""
    return Citation(number, replace(hit, url=with_quote(hit.url, quote)), quote)
