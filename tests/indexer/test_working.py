"""The queue of what was asked for: one at a time, nothing twice, nothing lost."""

from collections.abc import Sequence

import pytest

from indexer.errors import DiskFull, IndexerBusy
from indexer.locking import LEASE, is_dead
from indexer.planning import NO_WISHES, RefreshStopped, Wishes
from indexer.ports import Vectors
from indexer.sync import Refreshed
from indexer.working import work_off
from tests.fakes_indexer import FakeEmbedder, SilentProgress
from tests.indexer.conftest import SmallIndex, build_index


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
    taken = index.catalogue.requests.take(index.clock())
    assert taken is not None

    _ask(index)
    index.catalogue.requests.end(taken, "done", index.clock())

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
    """A new indexer takes it up, with its wishes."""
    _ask(index, Wishes(full=True, accept_removals=True))
    index.catalogue.requests.take(index.clock())

    taken = index.catalogue.requests.take(index.clock())

    assert taken is not None
    assert taken.wishes == Wishes(full=True, accept_removals=True)


def test_request_that_was_stopped_waits_again(index: SmallIndex) -> None:
    """A restart goes on with it."""
    index.wiki.write("vpn", "Restart the tunnel.")
    _ask(index)

    with pytest.raises(RefreshStopped):
        work_off(index.catalogue.requests, index.sync, _Stopped(), index.clock)

    assert _work(index) is not None


class _Stopped(SilentProgress):
    """Progress of a refresh that is told to stop."""

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
    full.catalogue.close()


def _ask(index: SmallIndex, wishes: Wishes = NO_WISHES) -> int:
    return index.catalogue.requests.ask("handbook", wishes, index.clock())


def _work(index: SmallIndex) -> Refreshed | None:
    return work_off(index.catalogue.requests, index.sync, SilentProgress(), index.clock)
