"""What every IndexDesk promises."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.ports import IndexDesk, IndexJob, IndexProgress, JobId, JobKind, NotBegun
from tests.fakes_desk import a_desk, a_queueing_desk

FULL = IndexJob(JobKind.FULL, "handbook")
SECONDS = 10.0


class Stage:
    """A desk whose jobs stand still in their middle until they are let go."""

    def __init__(self) -> None:
        self.is_held, self._go_on = threading.Event(), threading.Event()
        self._go_on.set()

    def hold(self) -> None:
        """Let the next job stand still."""
        self._go_on.clear()

    def let_go(self) -> None:
        """Let it go on."""
        self._go_on.set()

    def middle(self, *_: object) -> None:
        """Stand still if told to."""
        if not self._go_on.is_set():
            self.is_held.set()
        assert self._go_on.wait(SECONDS)


@pytest.fixture
def stage() -> Stage:
    """Give what holds the jobs."""
    return Stage()


@pytest.fixture(params=["in this process", "in the queue, with no indexer"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, stage: Stage) -> Iterator[IndexDesk]:
    """Give a desk over the wikis handbook and runbooks."""
    if request.param == "in this process":
        local = a_desk(during=stage.middle)
        yield local
        local.close()
        return
    queueing = a_queueing_desk(tmp_path, patience=timedelta(0))
    queueing.index.wiki.during_fetch = stage.middle
    yield queueing.desk
    queueing.close()


def begun(desk: IndexDesk, job: IndexJob = FULL) -> JobId:
    """Begin *job*, which can be."""
    job_id = desk.begin(job)
    assert not isinstance(job_id, NotBegun)
    return job_id


def ended(desk: IndexDesk, job_id: JobId) -> IndexProgress:
    """Look until a job has ended."""
    ticking = threading.Event()
    for _ in range(int(SECONDS * 100)):
        progress = desk.progress(job_id)
        assert progress is not None
        if progress.has_ended:
            return progress
        ticking.wait(0.01)
    raise AssertionError("it has not ended")


def test_job_ends_with_what_it_came_to(desk: IndexDesk) -> None:
    """As it was asked for, in sentences."""
    progress = ended(desk, begun(desk))

    assert progress.job == FULL
    assert all(progress.came_to)
    assert "new" in progress.came_to[0]


def test_job_under_way_can_be_stopped_once(desk: IndexDesk, stage: Stage) -> None:
    """It says that it was, and cannot be stopped after its end."""
    stage.hold()
    job_id = begun(desk)
    assert stage.is_held.wait(SECONDS)

    assert desk.stop(job_id)
    under_way = desk.progress(job_id)
    stage.let_go()

    assert under_way is not None
    assert not under_way.has_ended
    assert "It was stopped" in ended(desk, job_id).came_to[0]
    assert not desk.stop(job_id)


def test_wiki_that_is_not_there_is_not_begun(desk: IndexDesk) -> None:
    """The sentence names those that are."""
    refused = desk.begin(IndexJob(JobKind.REINDEX, "nowhere"))

    assert refused == NotBegun("There is no wiki of that name; there are: handbook, runbooks.")


def test_job_that_nobody_knows_is_none(desk: IndexDesk) -> None:
    """Whatever its name looks like; taking it up, looking and stopping do nothing."""
    for name in ("", "x", "here-12", "-", "-1", "1-x"):
        desk.take_up(JobId(name))

        assert desk.progress(JobId(name)) is None
        assert not desk.stop(JobId(name))


def test_jobs_do_not_share_a_name(desk: IndexDesk) -> None:
    """A button below an old message stops nothing of today."""
    first = begun(desk)
    ended(desk, first)

    second = begun(desk)
    ended(desk, second)

    assert first != second
    assert not desk.stop(first)
