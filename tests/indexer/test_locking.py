"""One indexer at a time in a catalogue, also after one was killed or held up."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from indexer.errors import IndexerBusy, LeaseLost
from indexer.locking import LEASE, is_dead, owner_name, working
from indexer.ports import Vectors
from indexer.store.catalogue import Catalogue
from tests.fakes_indexer import FakeEmbedder, SteadyClock
from tests.indexer.conftest import SmallIndex, build_index

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from indexer.locking import working
from indexer.ports import Vectors
from indexer.store.catalogue import Catalogue

with working(Catalogue(Path(sys.argv[1])), lambda: datetime(2026, 3, 1, 12, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(index: SmallIndex) -> Iterator[Catalogue]:
    """Give the same catalogue as another process would open it."""
    opened = Catalogue(index.catalogue.path)
    yield opened
    opened.close()


def test_second_indexer_is_told_who_the_first_is(tmp_path: Path) -> None:
    """The message has the other's process id and the cure; once it is killed, the catalogue is free at once."""
    catalogue = Catalogue(tmp_path / "wiki.db")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, catalogue.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with (
            pytest.raises(IndexerBusy, match=rf"process {holder.pid} on .* wait until it is done, or stop it"),
            working(catalogue, SteadyClock()),
        ):
            pass

        holder.send_signal(signal.SIGKILL)
        holder.wait()

    with working(catalogue, SteadyClock()):
        pass
    catalogue.close()


def test_lease_is_given_back_after_an_error(index: SmallIndex, other: Catalogue) -> None:
    """Whatever ends the block, the next one may begin, and nobody else before."""
    with pytest.raises(KeyError), working(index.catalogue, index.clock):
        raise KeyError

    with working(other, index.clock), pytest.raises(IndexerBusy), working(index.catalogue, index.clock):
        pass


def test_one_that_hangs_is_replaced_and_can_write_no_more(index: SmallIndex, other: Catalogue) -> None:
    """When its lease has ended another takes over; what the first then writes is refused, and changes nothing."""
    index.catalogue.take_lease("process 1 on elsewhere, begun 7", LEASE, index.clock(), is_dead)
    with pytest.raises(IndexerBusy):
        other.take_lease("process 2 on elsewhere, begun 8", LEASE, index.clock(), is_dead)

    index.clock.forward(LEASE + timedelta(seconds=1))
    other.take_lease("process 2 on elsewhere, begun 8", LEASE, index.clock(), is_dead)

    with pytest.raises(LeaseLost, match="process 2 on elsewhere"):
        index.catalogue.begin_refresh(index.clock())
    with pytest.raises(LeaseLost):
        index.catalogue.renew_lease(LEASE, index.clock())
    index.catalogue.give_lease_back()
    other.begin_refresh(index.clock())
    with other.reading() as reading:
        assert reading.last_refresh() is not None


class OvertakenEmbedder(FakeEmbedder):
    """An embedder so slow that another indexer takes over meanwhile."""

    def __init__(self, other: SmallIndex) -> None:
        super().__init__()
        self._other = other

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return vectors, long after the other has refreshed."""
        self._other.clock.forward(timedelta(hours=1))
        self._other.catalogue.take_lease("process 2 on elsewhere, begun 8", LEASE, self._other.clock(), is_dead)
        self._other.catalogue.give_lease_back()
        self._other.refresh()
        return super().embed_passages(texts)


def test_refresh_that_was_held_up_stores_nothing_more(tmp_path: Path) -> None:
    """Two indexers never write twice: the one that wakes up late ends with an error, the other's pages stand."""
    quick = build_index(tmp_path)
    late = build_index(tmp_path, OvertakenEmbedder(quick))
    late.wiki.write("vpn", "The late one's text.")
    quick.wiki.write("vpn", "The quick one's text.")

    with pytest.raises(LeaseLost):
        late.refresh()

    assert {hit.text for hit in quick.find("text")} == {"The quick one's text."}
    late.catalogue.close()
    quick.catalogue.close()


def test_heartbeat_leaves_no_connection_behind(index: SmallIndex) -> None:
    """The process runs for months and refreshes every few minutes."""
    for _ in range(3):
        index.refresh()

    assert len(index.catalogue._database._connections) == 1


def test_this_process_is_not_dead() -> None:
    """And one of another machine cannot be told to be."""
    assert not is_dead(owner_name())
    assert not is_dead("process 1 on elsewhere, begun 7")
    assert is_dead(owner_name().replace("begun ", "begun 9"))
