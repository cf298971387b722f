"""The model is asked only where it must be."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.answers import Answer, Found, Refusal, RefusalReason, Step
from bot.records import Records
from bot.records.cache import Cache
from bot.records.database import Database
from bot.sparing import SparingAnswering
from indexer.pages import EVERYONE, Principal
from tests.fakes_bot import NOW, ScriptedAnswering, a_hit, a_refusal, an_answer, shown, some_steps

ALL = frozenset({EVERYONE})


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """Return an empty cache."""
    records = Records(tmp_path / "records.db", lambda: NOW)
    yield records.cache
    records.close()


def sparing(cache: Cache, answering: ScriptedAnswering, writer: str = "m", waiting: int = 0) -> SparingAnswering:
    """Return what spares the model; it is hurried if any question waits."""
    return SparingAnswering(answering, cache, writer, lambda: waiting > 0)


def last(steps: Iterator[Step]) -> Step:
    """Return the last of *steps*."""
    *_, end = steps
    return end


def test_same_question_over_the_same_passages_is_answered_from_what_was_kept(cache: Cache) -> None:
    """The passages are found anew, the model writes nothing."""
    answering = ScriptedAnswering(some_steps(), [Found(an_answer().passages), AssertionError("the model was asked")])
    first = last(sparing(cache, answering).steps("How many days?", ALL))

    found, again = sparing(cache, answering).steps("how many  days", ALL)

    assert isinstance(found, Found)
    assert isinstance(first, Answer)
    assert isinstance(again, Answer)
    assert (again.text, again.citations) == (first.text, first.citations)
    assert answering.closed == 2


@pytest.mark.parametrize(
    "changed",
    [
        replace(a_hit(), revision="r2"),
        replace(a_hit(), text="You get 30 days."),
        replace(a_hit(), url="https://wiki.example.org/moved"),
        a_hit(2),
    ],
)
def test_answer_dies_with_its_passages(cache: Cache, changed: object) -> None:
    """Another revision, text, address or page: the model is asked again."""
    new = an_answer(changed, text="New.")  # type: ignore[arg-type]  # a hit, as the parameters show
    answering = ScriptedAnswering(some_steps(), some_steps(new))
    last(sparing(cache, answering).steps("How many?", ALL))

    assert last(sparing(cache, answering).steps("How many?", ALL)) == new


@pytest.mark.parametrize("who", ["another question", "another audience", "another model"])
def test_answer_is_for_the_same_question_readers_and_model_only(cache: Cache, who: str) -> None:
    """Nothing that was written for one is given to another."""
    other = an_answer(text="Other.")
    answering = ScriptedAnswering(some_steps(), some_steps(other))
    last(sparing(cache, answering).steps("How many?", ALL))

    question = "Why?" if who == "another question" else "How many?"
    audience = frozenset({Principal("staff")}) if who == "another audience" else ALL
    again = last(sparing(cache, answering, "n" if who == "another model" else "m").steps(question, audience))

    assert again == other


def test_passages_alone_are_shown_while_many_wait(cache: Cache) -> None:
    """Pages come at once, and the model is left to those who wait."""
    answering = ScriptedAnswering([Found(shown(a_hit())), AssertionError("the model was asked")])

    end = last(sparing(cache, answering, waiting=30).steps("How many?", ALL))

    assert isinstance(end, Refusal)
    assert (end.reason, end.passages) == (RefusalReason.BUSY, shown(a_hit()))


def test_what_was_kept_is_given_while_many_wait(cache: Cache) -> None:
    """It costs nothing."""
    answering = ScriptedAnswering(some_steps())
    last(sparing(cache, answering).steps("How many?", ALL))

    assert isinstance(last(sparing(cache, answering, waiting=30).steps("How many?", ALL)), Answer)


@pytest.mark.parametrize("reason", [RefusalReason.NOT_FOUND, RefusalReason.EMPTY_INDEX, RefusalReason.BUSY])
def test_refusal_without_the_model_is_not_kept(cache: Cache, reason: RefusalReason) -> None:
    """It is as cheap to come to again, and the index may have grown."""
    answering = ScriptedAnswering([Found(an_answer().passages), a_refusal(reason)], some_steps())
    last(sparing(cache, answering).steps("How many?", ALL))

    assert isinstance(last(sparing(cache, answering).steps("How many?", ALL)), Answer)


def test_cache_keeps_the_latest(tmp_path: Path) -> None:
    """It does not grow without bound."""
    moments = (NOW + timedelta(seconds=n) for n in itertools.count())
    database = Database(tmp_path / "records.db", lambda: next(moments))
    cache = Cache(database, max_kept=3)
    for number in range(5):
        cache.keep(f"{number}", "same", a_refusal())

    kept = [number for number in range(5) if cache.look_up(f"{number}", "same")]

    database.close()
    assert kept == [2, 3, 4]
