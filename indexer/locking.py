"""One indexer at a time: the lease of the catalogue, held by a heartbeat for as long as there is work."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from indexer.errors import DiskFull, IndexerBusy, LeaseLost
from indexer.store.catalogue import Catalogue

LEASE = timedelta(seconds=60)  # an indexer that hangs is replaced after so long
HEARTBEAT_SECONDS = 15  # three may be missed

log = logging.getLogger(__name__)


@contextmanager
def working(catalogue: Catalogue, clock: Callable[[], datetime]) -> Iterator[None]:
    """Hold the lease of *catalogue* until the block ends. Raises IndexerBusy if another indexer holds it.

    One that was killed on this machine is replaced at once, one that hangs when its lease ends.
    """
    catalogue.take_lease(owner_name(), LEASE, clock(), is_dead)
    has_ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(catalogue, clock, has_ended), name="heartbeat", daemon=True)
    heart.start()
    try:
        yield
    finally:
        has_ended.set()
        heart.join()
        catalogue.give_lease_back()


def owner_name() -> str:
    """Return the name of this process, which no other one ever had on this machine."""
    return f"process {os.getpid()} on {socket.gethostname()}, begun {_begun(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Say whether *owner* was a process of this machine that is no more."""
    process, _, begun = owner.removeprefix("process ").partition(", begun ")
    number, _, host = process.partition(" on ")
    return host == socket.gethostname() and number.isdecimal() and _begun(int(number)) != begun


def _begun(process: int) -> str:
    """Return when a process began, in ticks since the machine did; empty where there is none of that number."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return fields.rpartition(")")[2].split()[19]


def _beat(catalogue: Catalogue, clock: Callable[[], datetime], has_ended: threading.Event) -> None:
    """Renew the lease again and again."""
    while not has_ended.wait(HEARTBEAT_SECONDS):
        try:
            catalogue.renew_lease(LEASE, clock())
        except LeaseLost as error:
            log.warning("lease lost", extra={"why": str(error)})
            break
        except (DiskFull, IndexerBusy) as error:  # the next beat may do
            log.warning("lease not renewed", extra={"why": str(error)})
    catalogue.close_own()
