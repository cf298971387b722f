"""The queue of what was asked for: one at a time, nothing twice, nothing lost, and everybody can see how far it is."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from indexer import wording
from indexer.errors import DiskFull, IndexerBusy, LeaseLost
from indexer.locking import LEASE, is_dead, owner_name, working
from indexer.pages import PageId
from indexer.planning import NO_WISHES, RefreshStopped, Wishes
from indexer.ports import Progress, Vectors
from indexer.status import index_status
from indexer.store.catalogue import Catalogue
from indexer.store.requests import Ended, Request, RequestState, RequestStatus
from indexer.sync import Refreshed
from indexer.working import ALL_WELL, Watch, follow, read_result, work_off
from tests.fakes_indexer import FakeEmbedder, SilentProgress
from tests.indexer.conftest import SmallIndex, build_index

DEAD = owner_name().replace("begun ", "begun 9")  # a process of this machine that is no more
AT_EVERY_PAGE = 0.0  # seconds


def test_what_was_asked_for_is_done_in_order_and_once(index: SmallIndex) -> None:
    """The same request twice is one; another wish is another request."""
    index.wiki.write("vpn", "Restart the tunnel.")
    first = _ask(index)
    again = _ask(index)
    full = _ask(index, Wishes(full=True))

    outcomes = [_work(index) for _ in range(3)]

    assert first == again != full
    assert [one.new if one else None for one in outcomes] == [1, 0, None]
    assert index.wiki.fetched == ["vpn", "vpn"]


def test_request_made_during_a_refresh_is_not_taken_for_it(index: SmallIndex) -> None:
    """The refresh may be past the page that it was made for."""
    _ask(index)
    with working(index.catalogue, index.clock):
        taken = index.catalogue.requests.take(index.clock())
        assert taken is not None
        _ask(index)
        index.catalogue.requests.end(taken, Ended(RequestState.DONE, ALL_WELL), index.clock())

    assert _work(index) is not None


def test_request_waits_while_another_indexer_works(index: SmallIndex) -> None:
    """It is not lost, and is done once the other one has ended."""
    _ask(index)
    index.catalogue.take_lease("process 1 on elsewhere, begun 7", LEASE, index.clock(), is_dead)
    with pytest.raises(IndexerBusy):
        _work(index)
    index.catalogue.give_lease_back()

    assert _work(index) is not None


def test_request_whose_taker_was_killed_waits_again(index: SmallIndex) -> None:
    """A new indexer takes it up, with its wishes; until then it is told to wait, not to run for ever."""
    number = _ask(index, Wishes(full=True, accept_removals=True))
    index.catalogue.take_lease(DEAD, LEASE, index.clock(), is_dead)
    index.catalogue.requests.take(index.clock())

    left = _status(index, number)
    with working(index.catalogue, index.clock):
        taken = index.catalogue.requests.take(index.clock())

    assert left.state is RequestState.WAITING
    assert taken is not None
    assert taken.wishes == Wishes(full=True, accept_removals=True)


def test_request_of_one_that_was_overtaken_is_not_ended_by_it(index: SmallIndex) -> None:
    """It was held up for longer than its lease; what it still says of the request counts for nothing."""
    number = _ask(index)
    index.catalogue.take_lease("process 1 on elsewhere, begun 7", LEASE, index.clock(), is_dead)
    late = index.catalogue.requests.take(index.clock())
    assert late is not None
    other = Catalogue(index.catalogue.path)
    index.clock.forward(LEASE + timedelta(seconds=1))
    other.take_lease("process 2 on elsewhere, begun 8", LEASE, index.clock(), is_dead)
    other.requests.take(index.clock())

    with pytest.raises(LeaseLost):
        index.catalogue.requests.note(late, 4, 10)
    with pytest.raises(LeaseLost):
        index.catalogue.requests.take(index.clock())
    index.catalogue.requests.end(late, Ended(RequestState.FAILED, "too late"), index.clock())
    index.catalogue.requests.put_back(late, index.clock())

    assert _status(index, number).state is RequestState.RUNNING
    other.close()


def test_request_that_was_interrupted_waits_again(index: SmallIndex) -> None:
    """The process was told to end; a restart goes on with it, and with what was asked for meanwhile."""
    index.wiki.write("vpn", "Restart the tunnel.")
    number = _ask(index)

    with pytest.raises(RefreshStopped):
        _work(index, _Interrupted(lambda: _ask(index)))

    assert _status(index, number).state is RequestState.WAITING
    assert [_work(index) is not None for _ in range(3)] == [True, True, False]
    assert _status(index, number).state is RequestState.DONE


def test_how_far_a_request_is_can_be_seen_while_it_runs(index: SmallIndex) -> None:
    """Pages of how many, by whoever looks; at the end, what it came to, what could not be read and what is kept."""
    for number in range(40):
        index.wiki.write(f"page-{number}", "Restart the tunnel.")
    index.wiki.unreadable = {PageId("page-7"): "It is torn."}
    asked = _ask(index)
    seen: list[tuple[str, int, int]] = []

    def look() -> None:
        status = _status(index, asked)
        seen.append((status.state, status.done, status.expected))

    _work(index, _Watching(look))
    ended = _status(index, asked)
    result = read_result(ended.result)

    assert seen[0] == ("running", 0, 0)
    assert {("running", 0, 40), ("running", 32, 40)} < set(seen)
    assert result is not None
    assert (ended.state, ended.outcome, result.new, result.failed) == ("done", ALL_WELL, 39, 1)


def test_request_is_stopped_at_the_next_page(index: SmallIndex) -> None:
    """What was stored until then stays, nothing is half there, and it is not taken up again."""
    for number in range(100):
        index.wiki.write(f"page-{number}", f"This page is number {number}.")
    asked = _ask(index)

    def stop_in_time() -> None:
        if len(index.wiki.fetched) == 50:
            assert index.catalogue.requests.stop(asked, index.clock(), is_dead)

    with pytest.raises(RefreshStopped):
        _work(index, _Watching(stop_in_time))
    ended = _status(index, asked)

    assert (ended.state, ended.outcome) == ("stopped", "It was stopped. What was stored until then stays.")
    assert len(index.wiki.fetched) == 50
    assert len(index.found_pages("page")) == 32
    assert _work(index) is None
    assert not index.catalogue.requests.stop(asked, index.clock(), is_dead)
    assert index.refresh().new == 68


def test_waiting_request_is_stopped_at_once(index: SmallIndex) -> None:
    """Nobody need be there for it, and it is never begun; the same can be asked for again."""
    asked = _ask(index)

    assert index.catalogue.requests.stop(asked, index.clock(), is_dead)

    ended = _status(index, asked)
    assert (ended.state, ended.outcome) == ("stopped", "It was stopped before it was begun.")
    assert _work(index) is None
    assert _ask(index) != asked


def test_request_stopped_just_before_its_taker_was_killed_is_not_done_again(index: SmallIndex) -> None:
    """Somebody wanted it to end."""
    asked = _ask(index)
    with working(index.catalogue, index.clock):
        index.catalogue.requests.take(index.clock())
        index.catalogue.requests.stop(asked, index.clock(), is_dead)
    stopping = _status(index, asked)

    assert _work(index) is None

    assert (stopping.state, stopping.is_stopping) == ("waiting", True)
    assert _status(index, asked).state is RequestState.STOPPED


def test_one_request_can_be_picked_out_of_the_queue(index: SmallIndex) -> None:
    """The others wait for the indexer."""
    first, second = _ask(index), _ask(index, Wishes(full=True))

    assert work_off(index.catalogue, index.sync, SilentProgress(), index.clock, second) is not None

    assert [_status(index, one).state for one in (first, second)] == ["waiting", "done"]
    assert work_off(index.catalogue, index.sync, SilentProgress(), index.clock, second) is None


def test_request_that_nobody_takes_is_left_alone(index: SmallIndex) -> None:
    """Only after a while, only while it waits, and not while anybody works on something else."""
    watch = Watch(index.catalogue, _ask(index), index.clock)

    assert _left_alone(watch, index, 0, 9, 1) == [False, False, True]
    with working(index.catalogue, index.clock):
        assert _left_alone(watch, index, 0) == [False]
    assert _left_alone(watch, index, 0, 9, 1) == [False, False, True]
    _work(index)
    assert _left_alone(watch, index, 60) == [False]


def test_following_tells_all_pages_and_ends_with_the_request(index: SmallIndex) -> None:
    """Also where it was begun anew meanwhile; one that nobody takes is not waited for, one unknown neither."""
    asked = _ask(index)
    steps: list[Callable[[], object]] = [
        lambda: index.catalogue.take_lease("process 1 on elsewhere, begun 7", LEASE, index.clock(), is_dead),
        lambda: _note(index, 4),
        index.catalogue.give_lease_back,
        lambda: index.catalogue.take_lease("process 2 on elsewhere, begun 8", LEASE, index.clock(), is_dead),
        lambda: _note(index, 2),
        lambda: index.catalogue.requests.stop(asked, index.clock(), is_dead),
        index.catalogue.give_lease_back,
        lambda: _work(index),
    ]
    progress = SilentProgress()

    ended = follow(Watch(index.catalogue, asked, index.clock), progress, lambda: _next(steps))
    alone = follow(
        Watch(index.catalogue, _ask(index), index.clock), progress, lambda: index.clock.forward(timedelta(seconds=4))
    )

    assert ended is not None
    assert alone is not None
    assert (ended.status.state, progress.done, steps) == (RequestState.STOPPED, 2, [])
    assert (alone.status.state, alone.is_left_alone) == (RequestState.WAITING, True)
    assert follow(Watch(index.catalogue, 999, index.clock), progress, lambda: None) is None


def test_status_tells_what_waits_runs_and_came_to_what(index: SmallIndex) -> None:
    """In the order of their turns; of those that ended, the last one that a person made."""
    asked = [
        _ask(index, wishes) for wishes in (NO_WISHES, Wishes(full=True, accept_removals=True), Wishes(listing=True))
    ]
    _work(index)
    withdrawn = index.catalogue.requests.ask("", Wishes(full=True), index.clock())
    index.catalogue.requests.stop(withdrawn, index.clock(), is_dead)
    moment = "2026-03-01 12:00 UTC"

    with working(index.catalogue, index.clock):
        _note(index, 0)
        running = _requests_told(index)
        index.catalogue.requests.note(Request(asked[1], "handbook", NO_WISHES), 1_004, 2_010)
        index.catalogue.requests.stop(asked[1], index.clock(), is_dead)
        stopping = _requests_told(index)
    left = _requests_told(index)

    name, other = f"Request {asked[1]} (handbook, in full, removals accepted)", f"Request {asked[2]} (handbook)"
    waits = f"{other}: waits since {moment}, 1 before it"
    last = (
        f"Last one asked for: Request {withdrawn} (all wikis, in full): stopped at {moment}. It was stopped before it"
    )
    assert running[:2] == [f"{name}: runs since {moment}, 0 of 10 pages looked at", waits]
    assert stopping[0] == f"{name}: runs since {moment}, 1,004 of 2,010 pages looked at, stopping"
    assert left[:2] == [f"{name}: waits since {moment}", waits]
    assert left[2].startswith(last)


def test_result_of_another_version_is_no_result() -> None:
    """A field less, a field more, or nothing at all."""
    assert [read_result(text) for text in ("", "{}", "[]", '{"new": 1, "unavailable": [], "held_back": []}')] == [
        None
    ] * 4


class _Watching(SilentProgress):
    """Progress during which something is done again and again."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def advance(self, pages: int = 1) -> None:
        """Do it."""
        super().advance(pages)
        self._meanwhile()


class _Interrupted(_Watching):
    """Progress of a process that is told to end."""

    def advance(self, pages: int = 1) -> None:
        """Stop."""
        super().advance(pages)
        raise RefreshStopped


def test_request_that_fails_is_not_tried_for_ever(index: SmallIndex) -> None:
    """Its timer asks again in time; a refresh a second on a full disk would help nobody."""

    class Full(FakeEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Vectors:
            raise DiskFull(f"no room for {len(texts)} texts")

    full = build_index(index.catalogue.path.parent, Full())
    full.wiki.write("vpn", "Restart the tunnel.")
    _ask(full)

    with pytest.raises(DiskFull):
        _work(full)

    assert _work(full) is None
    assert _status(full, 1).outcome.startswith("no room for")
    full.catalogue.close()


def _ask(index: SmallIndex, wishes: Wishes = NO_WISHES) -> int:
    return index.catalogue.requests.ask("handbook", wishes, index.clock())


def _work(index: SmallIndex, progress: Progress | None = None) -> Refreshed | None:
    return work_off(
        index.catalogue, index.sync, progress or SilentProgress(), index.clock, noted_every_seconds=AT_EVERY_PAGE
    )


def _status(index: SmallIndex, number: int) -> RequestStatus:
    status = index.catalogue.requests.status(number, index.clock(), is_dead)
    assert status is not None
    return status


def _requests_told(index: SmallIndex) -> list[str]:
    """Return the lines of the status that are about requests."""
    status = index_status(index.catalogue, index.snapshots, {"handbook": 10.0}, index.clock())
    return [line for line in wording.status_text(status).splitlines() if "Request " in line]


def _next(steps: list[Callable[[], object]]) -> None:
    steps.pop(0)()


def _note(index: SmallIndex, done: int) -> None:
    taken = index.catalogue.requests.take(index.clock())
    assert taken is not None
    index.catalogue.requests.note(taken, done, 10)


def _left_alone(watch: Watch, index: SmallIndex, *seconds: int) -> list[bool]:
    """Return whether the request was left alone, looking each so many seconds later."""
    found = []
    for later in seconds:
        index.clock.forward(timedelta(seconds=later))
        seen = watch.look()
        assert seen is not None
        found.append(seen.is_left_alone)
    return found
