"""One job on the index at a time."""

import threading

import pytest

from bot.index_desk import JobProgress, LocalIndexDesk
from bot.ports import IndexJob, IndexProgress, JobId, JobKind, JobState, NotBegun
from indexer.errors import IndexerBusy
from tests.fakes_desk import HEALTH, a_desk

REINDEX = IndexJob(JobKind.REINDEX)
SECONDS = 10.0


def begun(desk: LocalIndexDesk, job: IndexJob = REINDEX) -> JobId:
    """Begin *job*, which can be."""
    job_id = desk.begin(job)
    assert not isinstance(job_id, NotBegun)
    return job_id


def ended(desk: LocalIndexDesk, job_id: JobId) -> IndexProgress:
    """Wait until the desk's job has ended, and return what it came to."""
    assert desk._thread is not None
    desk._thread.join(SECONDS)
    progress = desk.progress(job_id)
    assert progress is not None
    assert progress.has_ended
    return progress


def test_job_comes_to_its_summary() -> None:
    """How far it was stays beside it; another job knows nothing of it."""
    desk = a_desk()

    progress = ended(desk, job_id := begun(desk))

    assert (progress.done, progress.expected) == (10, 10)
    assert progress.came_to == ("1 page new, 2 changed, 0 removed.", "2 pages not readable.")
    assert begun(desk) != job_id
    assert desk.progress(job_id) is None


def test_second_job_waits_until_the_first_has_ended() -> None:
    """It is refused, not queued: an admin sees at once that it does not run."""
    go_on = threading.Event()
    desk = a_desk(during=lambda _: assert_set(go_on))
    first = begun(desk)

    refused = desk.begin(REINDEX)
    go_on.set()
    ended(desk, first)

    assert refused == NotBegun("Another job on the index is under way.")
    ended(desk, begun(desk))


def assert_set(event: threading.Event) -> None:
    """Wait for *event*."""
    assert event.wait(SECONDS)


def test_stopped_job_says_so() -> None:
    """At its next step; a button of an earlier job stops nothing."""
    reached, go_on = threading.Event(), threading.Event()

    def hold(_job: IndexJob) -> None:
        reached.set()
        assert go_on.wait(SECONDS)

    desk = a_desk(during=hold)
    job_id = begun(desk)
    assert reached.wait(SECONDS)

    assert not desk.stop(JobId("here-0"))
    assert desk.stop(job_id)
    stopping = desk.progress(job_id)
    go_on.set()

    assert stopping is not None
    assert stopping.state is JobState.STOPPING
    assert ended(desk, job_id).came_to == ("It was stopped.",)
    assert not desk.stop(job_id)


@pytest.mark.parametrize("error", [IndexerBusy("Another indexer works in data."), ZeroDivisionError("a bug")])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_failed_job_ends_too(error: Exception) -> None:
    """What the indexer says is told; a bug is not, and the next job can begin."""

    def fail(_job: IndexJob, _progress: JobProgress) -> tuple[str, ...]:
        raise error

    desk = LocalIndexDesk((), lambda: HEALTH, {JobKind.REINDEX: fail})

    expected = str(error) if isinstance(error, IndexerBusy) else "It failed; the log says why."
    assert ended(desk, begun(desk)).came_to == (expected,)


def test_closing_stops_what_is_under_way() -> None:
    """The bot ends without waiting for a whole refresh."""
    reached = threading.Event()

    def work(_job: IndexJob, progress: JobProgress) -> tuple[str, ...]:
        progress.expect(10**9)
        reached.set()
        for _ in range(10**9):
            progress.advance()
        return ("never",)

    desk = LocalIndexDesk((), lambda: HEALTH, {JobKind.REINDEX: work})
    job_id = begun(desk)
    assert reached.wait(SECONDS)

    desk.close()

    assert ended(desk, job_id).came_to == ("It was stopped.",)


@pytest.mark.parametrize(
    ("done", "expected", "seconds", "left"),
    [(5, 10, 4.0, 4.0), (0, 10, 1.0, None), (0, 0, 1.0, None), (9, 8, 1.0, None)],
)
def test_rest_is_reckoned_from_the_pace_so_far(done: int, expected: int, seconds: float, left: float | None) -> None:
    """Nothing is said before there is a pace."""
    assert IndexProgress(REINDEX, done=done, expected=expected, seconds=seconds).seconds_left == left
