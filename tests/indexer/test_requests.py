"""Whatever happens to those who ask, work and stop, in whatever order: no request is lost, none is done by two."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.errors import IndexerBusy, LeaseLost
from indexer.locking import LEASE
from indexer.planning import Wishes
from indexer.store.catalogue import Catalogue
from indexer.store.requests import Ended, Request, RequestState, RequestStatus
from tests.fakes_indexer import SteadyClock

WISHES = [Wishes(), Wishes(full=True), Wishes(listing=True)]
KINDS = ["ask", "ask", "begin", "begin", "note", "end", "put back", "kill", "hang", "stop", "stop"]
ACTIONS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 1), st.integers(0, 2)), min_size=5, max_size=40)


@dataclass(slots=True)
class Indexer:
    """One process that works, as far as the queue sees it; after a kill there is another in its place."""

    path: Path
    catalogue: Catalogue
    lives: int = 0
    request: Request | None = None


@dataclass(slots=True)
class World:
    """Two indexers, the clock, what was asked for, and what was seen to have ended."""

    path: Path
    clock: SteadyClock
    indexers: list[Indexer]
    asked: set[int] = field(default_factory=set)
    stopped: set[int] = field(default_factory=set)
    ended: dict[int, RequestState] = field(default_factory=dict)

    def owner(self, number: int) -> str:
        """Return the name of an indexer in its present life."""
        return f"{number} in life {self.indexers[number].lives}"

    def is_dead(self, owner: str) -> bool:
        """Say whether that life is over."""
        return owner not in {self.owner(number) for number in range(len(self.indexers))}

    def status(self, number: int) -> RequestStatus:
        """Return how a request stands, as a bystander sees it."""
        found = self.indexers[0].catalogue.requests.status(number, self.clock(), self.is_dead)
        assert found is not None, "a request is known"
        return found


@given(actions=ACTIONS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_is_lost_and_none_is_done_by_two(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int, int]]
) -> None:
    """After each act one at most runs and what has ended stays so; a last indexer ends all that is left, once."""
    path = tmp_path_factory.mktemp("queue") / "wiki.db"
    world = World(path, SteadyClock(), [Indexer(path, Catalogue(path)) for _ in range(2)])

    for kind, number, which in actions:
        _act(world, kind, number, which)
        _look(world)
    world.clock.forward(2 * LEASE)
    _work_off_all(world)

    _look(world)
    assert world.ended.keys() == world.asked
    for indexer in world.indexers:
        indexer.catalogue.close()


def _act(world: World, kind: str, number: int, which: int) -> None:
    """Let one thing happen."""
    indexer, now = world.indexers[number], world.clock()
    match kind:
        case "ask":
            world.asked.add(indexer.catalogue.requests.ask("handbook", WISHES[which], now))
        case "begin":
            _begin(world, number)
        case "kill":
            indexer.lives += 1
            indexer.request = None
        case "hang":
            world.clock.forward(LEASE + timedelta(seconds=1))
        case "stop" if world.asked:
            asked = sorted(world.asked)[which % len(world.asked)]
            could = indexer.catalogue.requests.stop(asked, now, world.is_dead)
            assert could == (asked not in world.ended)
            world.stopped |= {asked} if could else set()
        case "note" | "end" | "put back" if indexer.request is not None:
            _go_on(world, indexer, indexer.request, kind)


def _begin(world: World, number: int) -> None:
    """Let an indexer take what waits, if it may."""
    indexer, now = world.indexers[number], world.clock()
    if indexer.request is not None:
        return
    try:
        indexer.catalogue.take_lease(world.owner(number), LEASE, now, world.is_dead)
    except IndexerBusy:
        return
    indexer.request = indexer.catalogue.requests.take(now)
    if indexer.request is None:
        indexer.catalogue.give_lease_back()
        return
    assert indexer.request.number not in world.ended, "what has ended is never begun again"
    assert indexer.request.number not in world.stopped, "what was stopped is never begun again"


def _go_on(world: World, indexer: Indexer, request: Request, kind: str) -> None:
    """Let an indexer that works look up, or come to an end."""
    requests, now = indexer.catalogue.requests, world.clock()
    if kind == "note":
        try:
            assert requests.note(request, 1, 2) == (request.number in world.stopped)
        except LeaseLost:
            requests.put_back(request, now)
        else:
            return
    elif kind == "end":
        requests.end(request, Ended(RequestState.DONE, "All is well."), now)
    else:
        requests.put_back(request, now)
    indexer.catalogue.give_lease_back()
    indexer.request = None


def _look(world: World) -> None:
    """Check what everybody sees."""
    found = {number: world.status(number) for number in world.asked}
    running = [number for number, one in found.items() if one.state is RequestState.RUNNING]
    assert len(running) <= 1, "one works"
    for number, state in world.ended.items():
        assert found[number].state is state, "what has ended stays as it ended"
    for number, one in found.items():
        assert bool(one.ended_at) == (one.state not in {RequestState.WAITING, RequestState.RUNNING})
        if one.has_ended:
            world.ended[number] = one.state
    left = world.indexers[0].catalogue.requests.unended(world.clock(), world.is_dead)
    assert {one.number for one in left} == world.asked - world.ended.keys()


def _work_off_all(world: World) -> None:
    """Do all that is left, each once."""
    last = world.indexers[0]
    last.lives, last.request = last.lives + 1, None
    last.catalogue.take_lease(world.owner(0), LEASE, world.clock(), world.is_dead)
    done: list[int] = []
    while (request := last.catalogue.requests.take(world.clock())) is not None:
        assert request.number not in world.ended.keys() | world.stopped
        done.append(request.number)
        last.catalogue.requests.end(request, Ended(RequestState.DONE, "All is well."), world.clock())
    assert len(done) == len(set(done))
    last.catalogue.give_lease_back()
