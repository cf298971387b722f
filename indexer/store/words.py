"""Ranks passages by the words of a question, over the full-text tables of the catalogue.

question ─► terms ─► those rare enough to tell passages apart ─► words      ┐
        └─► names and codes ─────────────────────────────────► code_parts ─┴► sum of the two BM25 scores
Whatever is typed reaches SQLite as quoted terms only, so that no question is an error.
"""

import re
import sqlite3

from indexer.codes import answers_to, codes_in, joined, spelled, unmistakable
from indexer.passages import PassageId
from indexer.store.rights import READABLE_PAGES

BREADCRUMB_WEIGHT = 2.0  # a word of the title or a heading counts for two of the body
COMMON_SHARE = 0.05  # terms in more passages are left out: at 100,000 passages that took a question from 193 to 2.5 ms
COMMON_COUNT = 2_000  # passages that a term may always be in: they cost 4 ms, and "first day" is all some questions say
MOST_TERMS = 64  # FTS5 allows an expression 256 deep
LOOKED_INTO = 100  # passages in which a word is looked for as it is written
RARE_COUNT = 10  # passages: where no more hold a code that is asked about, one of them is meant
PARTLY_COUNT = 200  # passages that hold a code, or one of which it is a part, among which those of RARE_COUNT are found

STOP_WORDS = frozenset(
    "a about after all also am an and any are as at be because been before being but by can could did do does doing for"
    " from get had has have having he her here hers him his how i if in into is it its itself just let like may me"
    " might more most my no not of off on once only or other our ours out over own per please should so some such than"
    " that the their theirs them then there these they this those through to too under until up us very via want was we"
    " were what when where whether which while who whom whose why will with would you your yours".split()
)

_TERM = re.compile(r"[^\W_]+(?:[-_.:/@]+[^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_PHRASE = re.compile(r'"([^"]+)"')
_LETTER_THEN_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")


def best(connection: sqlite3.Connection, question: str, audience: str, count: int) -> list[tuple[PassageId, float]]:
    """Return at most *count* passages that share words with *question*, best first, with scores of 0 or more.

    *audience* is a JSON list of principals; only what one of them may read is returned.
    """
    scores = dict(_ranked_words(connection, _telling(connection, terms_of(question)), audience, count))
    for passage_id, score in _ranked_codes(connection, codes_in(question), audience, count):
        scores[passage_id] = scores.get(passage_id, 0.0) + score
    return sorted(scores.items(), key=lambda scored: (-scored[1], scored[0]))[:count]


def holding(connection: sqlite3.Connection, question: str, audience: str) -> dict[PassageId, float]:
    """Return the passages that hold codes of *question* which few do, each with its share of these, above 0 to 1.

    *audience* is a JSON list of principals; what none of them may read counts for nothing.
    """
    found = [_holders(connection, code, audience) for code in unmistakable(question)[:MOST_TERMS]]
    rare = [holders for holders in found if 0 < len(holders) <= RARE_COUNT]
    return {passage_id: sum(passage_id in holders for holders in rare) / len(rare) for passage_id in set().union(*rare)}


def _holders(connection: sqlite3.Connection, code: str, audience: str) -> set[PassageId]:
    """Return the passages in which *code* stands, however it is spelled; none where very many hold it."""
    sql = f"""
        SELECT code_parts.rowid, passage.codes
        FROM code_parts CROSS JOIN passage ON passage.id = code_parts.rowid
        WHERE code_parts MATCH ? AND passage.page IN ({READABLE_PAGES}) LIMIT ?
    """  # noqa: S608 - a constant of ours
    ways = dict.fromkeys((code, joined(code), _LETTER_THEN_DIGIT.sub("-", code)))
    rows = connection.execute(sql, (_any_of(list(ways)), audience, PARTLY_COUNT + 1)).fetchall()
    if len(rows) > PARTLY_COUNT:
        return set()
    asked = spelled(code)
    return {PassageId(row) for row, codes in rows if any(asked in answers_to(held) for held in codes.split("\n"))}


def is_held(connection: sqlite3.Connection, word: str, audience: str) -> bool:
    """Return whether a passage that one of *audience*, a JSON list of principals, may read has *word* or its plural.

    The full-text table knows stems, in which "fronted" is "front"; so the passages are looked into, a hundred at most.
    """
    sql = f"""
        SELECT passage.breadcrumb || ' ' || passage.text
        FROM words CROSS JOIN passage ON passage.id = words.rowid
        WHERE words MATCH ? AND passage.page IN ({READABLE_PAGES}) LIMIT {LOOKED_INTO}
    """  # noqa: S608 - constants of ours
    parts = _PART.findall(word)
    if len(parts) != 1:
        return False
    forms = re.compile(rf"\b{re.escape(word.removesuffix('s'))}s?\b", re.IGNORECASE)
    return any(forms.search(text) for (text,) in connection.execute(sql, (_any_of(parts), audience)))


def terms_of(question: str) -> list[str]:
    """Return what to look for: quoted phrases, and words that are no stop words, unless there are only those.

    A compound is looked for as a phrase and in its parts.

    >>> terms_of('How do I fix ERR-4012 after a "cold start"?')
    ['cold start', 'fix', 'ERR-4012', 'ERR', '4012', 'cold', 'start']
    >>> terms_of("Who are we?")
    ['Who', 'are', 'we']
    """
    words = [term for compound in _TERM.findall(question) for term in (compound, *_parts(compound))]
    phrases = [" ".join(_PART.findall(phrase)) for phrase in _PHRASE.findall(question)]
    telling = [word for word in words if word.lower() not in STOP_WORDS]
    return [term for term in dict.fromkeys([*phrases, *(telling or words)]) if term][:MOST_TERMS]


def _parts(compound: str) -> list[str]:
    """Return the parts of a compound that can tell something, none for a plain word."""
    parts = _PART.findall(compound)
    return [part for part in parts if len(part) > 1] if len(parts) > 1 else []


def _telling(connection: sqlite3.Connection, terms: list[str]) -> list[str]:
    """Return *terms* without those that stand in too many passages, unless all do."""
    (passages,) = connection.execute("SELECT count(*) FROM words_docsize").fetchone()
    most = max(COMMON_COUNT, int(passages * COMMON_SHARE))
    if passages <= most:
        return terms
    return [term for term in terms if not _is_common(connection, term, most)] or terms


def _is_common(connection: sqlite3.Connection, term: str, most: int) -> bool:
    """Say whether *term* stands in more than *most* passages, looking at no more than that many."""
    (found,) = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)", (_any_of([term]), most + 1)
    ).fetchone()
    return bool(found > most)


def _any_of(terms: list[str]) -> str:
    """Return the FTS5 expression for any of *terms*, which hold no quotation mark."""
    return " OR ".join(f'"{term}"' for term in terms)


def _ranked_words(
    connection: sqlite3.Connection, terms: list[str], audience: str, count: int
) -> list[tuple[PassageId, float]]:
    """Return the passages best by BM25; the sign is turned, since FTS5's is negative."""
    # FTS5's own `rank` would ignore the weights.
    sql = f"""
        SELECT words.rowid, -bm25(words, ?, 1.0) AS score
        FROM words CROSS JOIN passage ON passage.id = words.rowid
        WHERE words MATCH ? AND passage.page IN ({READABLE_PAGES})
        ORDER BY score DESC, words.rowid LIMIT ?
    """  # noqa: S608 - a constant of ours
    if not terms:
        return []
    return connection.execute(sql, (BREADCRUMB_WEIGHT, _any_of(terms), audience, count)).fetchall()


def _ranked_codes(
    connection: sqlite3.Connection, codes: list[str], audience: str, count: int
) -> list[tuple[PassageId, float]]:
    """Return the passages with a name or code that holds one of *codes*, best first."""
    sql = f"""
        SELECT code_parts.rowid, -bm25(code_parts) AS score
        FROM code_parts CROSS JOIN passage ON passage.id = code_parts.rowid
        WHERE code_parts MATCH ? AND passage.page IN ({READABLE_PAGES})
        ORDER BY score DESC, code_parts.rowid LIMIT ?
    """  # noqa: S608 - a constant of ours
    if not codes:
        return []
    return connection.execute(sql, (_any_of(codes[:MOST_TERMS]), audience, count)).fetchall()
