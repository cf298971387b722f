"""Which wikis answer in which channel."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.channels import ChannelSettings
from bot.confidence import Scale
from bot.ports import PassageFinder
from bot.records import Records
from bot.rooms import Answerings, OnlyWikis
from indexer.pages import EVERYONE
from indexer.passages import Hit
from tests.fakes import FixedFinder
from tests.fakes_bot import NOW, ScriptedAnswering, a_hit, a_question

ALL = frozenset({EVERYONE})
HITS = [replace(a_hit(n, title="Annual leave days"), wiki="handbook" if n % 4 else "runbooks") for n in range(1, 41)]
TRUSTING = Scale(weights={"cosine": 10.0}, means={"cosine": 0.0}, bias=0.0, threshold=0.1)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    """Return empty records."""
    records = Records(tmp_path / "records.db", lambda: NOW)
    yield records
    records.close()


def answerings(records: Records, hits: list[Hit], gate: Scale = TRUSTING) -> Answerings:
    """Return answerings over *hits*, which keep no finder to themselves."""
    return Answerings(lambda _: ScriptedAnswering(), FixedFinder(hits), "m", records, gate)


def found_in(finder: PassageFinder, count: int) -> list[str]:
    """Return the wikis of what is found."""
    return [hit.wiki for hit in finder.find("how many?", ALL, count)]


def test_channel_is_answered_from_its_wikis(records: Records) -> None:
    """Others from all of them."""
    records.channels.set("T1", "C1", ChannelSettings(wikis=frozenset({"runbooks"})), "U1")
    rooms = answerings(records, HITS)

    assert set(found_in(rooms.finder_for(a_question(channel="C1")), 5)) == {"runbooks"}
    assert set(found_in(rooms.finder_for(a_question(channel="C2")), 5)) == {"handbook", "runbooks"}


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (5, 5), (10, 10), (30, 10)])
def test_as_many_are_found_as_there_are(count: int, expected: int) -> None:
    """However far down the ranking they stand."""
    assert found_in(OnlyWikis(FixedFinder(HITS), frozenset({"runbooks"})), count) == ["runbooks"] * expected


def test_offer_needs_certainty(records: Records) -> None:
    """A gate that lets a question through is not yet sure of it."""
    sure = answerings(records, HITS)
    unsure = answerings(records, HITS, replace(TRUSTING, weights={"cosine": 1.0}))

    assert sure.is_sure(a_question(), ALL)
    assert not unsure.is_sure(a_question(), ALL)
    assert not answerings(records, []).is_sure(a_question(), ALL)
    assert not sure.is_sure(a_question("?!"), ALL)
