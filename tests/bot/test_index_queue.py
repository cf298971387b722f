"""Refreshes that admins ask for wait for the indexer, and are done by the bot where none runs."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.index_queue import summary
from bot.ports import IndexJob, IndexProgress, JobId, JobKind, JobState, NotBegun
from indexer.locking import LEASE, is_dead
from indexer.pages import PageId
from indexer.planning import NO_WISHES
from indexer.sync import Refreshed
from tests.fakes_desk import Indexed, a_queueing_desk
from tests.fakes_indexer import SilentProgress

REINDEX, FULL = IndexJob(JobKind.REINDEX), IndexJob(JobKind.FULL, "handbook")
SECONDS = 10.0
NO_PATIENCE = timedelta(0)


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[Indexed]:
    """Give a desk that leaves everything to the indexer."""
    made = a_queueing_desk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Indexed]:
    """Give a desk that waits for no indexer."""
    made = a_queueing_desk(tmp_path, patience=NO_PATIENCE)
    yield made
    made.close()


class Meanwhile(SilentProgress):
    """Progress during which something is done at each page."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act

    def advance(self, pages: int = 1) -> None:
        """Do it."""
        super().advance(pages)
        self._act()


def begun(indexed: Indexed, job: IndexJob = REINDEX) -> JobId:
    """Begin *job*, which can be."""
    job_id = indexed.desk.begin(job)
    assert not isinstance(job_id, NotBegun)
    return job_id


def progress(indexed: Indexed, job_id: JobId) -> IndexProgress:
    """Return how far a job is that is known."""
    found = indexed.desk.progress(job_id)
    assert found is not None
    return found


def ended(indexed: Indexed, job_id: JobId) -> IndexProgress:
    """Wait until nobody minds a job any more, which is when it has ended, and return what it came to."""
    minder = indexed.desk._minders.get(job_id)
    if minder is not None:
        minder.join(SECONDS)
    found = progress(indexed, job_id)
    assert found.has_ended
    return found


def test_refresh_is_left_to_the_indexer(indexed: Indexed) -> None:
    """It waits, is followed while the indexer works, and what it came to is told in sentences."""
    indexed.index.wiki.unreadable = {PageId("page-3"): "It is torn."}
    job_id = begun(indexed, FULL)
    waiting = progress(indexed, job_id)
    seen: list[IndexProgress] = []

    indexed.work(Meanwhile(lambda: seen.append(progress(indexed, job_id))))

    last = ended(indexed, job_id)
    assert (waiting.state, waiting.before, waiting.job) == (JobState.WAITING, 0, FULL)
    assert {(one.state, one.is_here) for one in seen} == {(JobState.WORKING, False)}
    assert (32, 40) in {(one.done, one.expected) for one in seen}
    assert last.came_to == (
        "39 pages new, 0 changed, 0 removed, 0 unchanged; 39 passages, generation 1.",
        "1 page not readable: `python -m indexer status` says why.",
    )


def test_same_refresh_that_waits_is_one(indexed: Indexed) -> None:
    """Whoever asks for it, also on the command line; another wiki or wish has its own turn."""
    requests, clock = indexed.index.catalogue.requests, indexed.index.clock
    requests.ask("handbook", NO_WISHES, clock())

    job_ids = [begun(indexed, job) for job in (FULL, REINDEX, FULL)]

    assert job_ids[0] == job_ids[2] != job_ids[1]
    assert [progress(indexed, job_id).before for job_id in job_ids] == [1, 2, 1]


def test_stop_reaches_the_indexer(indexed: Indexed) -> None:
    """It ends at its next page, and says so; before that, it says that it is stopping."""
    job_id = begun(indexed)
    seen: list[JobState] = []

    def stop() -> None:
        indexed.desk.stop(job_id)
        seen.append(progress(indexed, job_id).state)

    indexed.work(Meanwhile(stop))

    assert seen == [JobState.STOPPING]
    assert ended(indexed, job_id).came_to == ("It was stopped. What was stored until then stays.",)
    assert not indexed.desk.stop(job_id)


def test_bot_refreshes_itself_where_no_indexer_runs(alone: Indexed) -> None:
    """It waits for nobody for ever, takes only what it was asked for, and leaves the rest to the indexer."""
    requests, clock = alone.index.catalogue.requests, alone.index.clock
    other = requests.ask("handbook", NO_WISHES, clock())

    done = ended(alone, begun(alone))

    left = requests.status(other, clock(), is_dead)
    assert done.came_to[0].startswith("40 pages new")
    assert left is not None
    assert left.state == "waiting"


def test_bot_waits_while_an_indexer_works(alone: Indexed) -> None:
    """Two never refresh at once; when the other is gone, it is the bot's turn."""
    catalogue, clock = alone.index.catalogue, alone.index.clock
    catalogue.take_lease("process 1 on elsewhere, begun 7", LEASE, clock(), is_dead)
    job_id = begun(alone)
    waiting = progress(alone, job_id)

    clock.forward(LEASE + timedelta(seconds=1))

    assert waiting.state is JobState.WAITING
    assert ended(alone, job_id).came_to[0].startswith("40 pages new")


def test_refresh_by_the_bot_can_be_stopped(alone: Indexed) -> None:
    """Like any other."""
    jobs: list[JobId] = []
    is_known = threading.Event()

    def stop(place: int) -> None:
        assert is_known.wait(SECONDS)
        if place == 35:
            assert alone.desk.stop(jobs[0])

    alone.index.wiki.during_fetch = stop
    jobs.append(begun(alone))
    is_known.set()

    assert ended(alone, jobs[0]).came_to == ("It was stopped. What was stored until then stays.",)
    assert len(alone.index.wiki.fetched) == 36


def test_ending_bot_leaves_its_refresh_in_the_queue(alone: Indexed, tmp_path: Path) -> None:
    """What it did itself waits again, and the next start goes on with it."""
    reached, go_on = threading.Event(), threading.Event()

    def hold(place: int) -> None:
        if place == 35:
            reached.set()
            assert go_on.wait(SECONDS)

    alone.index.wiki.during_fetch = hold
    job_id = begun(alone)
    assert reached.wait(SECONDS)
    here = progress(alone, job_id)
    alone.desk._ending.set()
    go_on.set()
    alone.desk.close()
    waiting = progress(alone, job_id)

    again = a_queueing_desk(tmp_path, patience=NO_PATIENCE)
    again.desk.take_up(job_id)

    assert (here.state, here.is_here, here.done) == (JobState.WORKING, True, 32)
    assert waiting.state is JobState.WAITING
    assert ended(again, job_id).came_to[0].startswith("8 pages new")
    again.close()


def test_failure_is_told_with_its_cure(alone: Indexed) -> None:
    """In the indexer's own words."""
    assert isinstance(alone.desk.begin(IndexJob(JobKind.FULL, "nowhere")), NotBegun)

    done = ended(alone, begun(alone, IndexJob(JobKind.REINDEX, "runbooks")))

    assert done.came_to == ("There is no wiki named 'runbooks' in FOOTNOTE_WIKIS; there are: handbook.",)


def test_job_of_another_catalogue_is_not_known(indexed: Indexed, tmp_path: Path) -> None:
    """An operator may delete the catalogue; its numbers begin anew, and are somebody else's."""
    other = a_queueing_desk(tmp_path / "other")
    foreign = begun(other)

    indexed.desk.take_up(foreign)

    assert begun(indexed) != foreign
    assert indexed.desk.progress(foreign) is None
    assert not indexed.desk.stop(foreign)
    other.close()


def test_summary_says_what_was_held_back() -> None:
    """And which wiki could not be read; the first sentence has all numbers."""
    came_to = Refreshed(1, 2, 3, 4, 5, 1234, 1.0, 7, ("Wiki a does not answer.",), ("Wiki b: 9 pages are gone.",))

    assert summary(came_to) == (
        "1 page new, 2 changed, 3 removed, 4 unchanged; 1,234 passages, generation 7.",
        "5 pages not readable: `python -m indexer status` says why.",
        "Wiki a does not answer.",
        "Wiki b: 9 pages are gone.",
    )
