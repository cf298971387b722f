"""Who may write: a lease with an end, and a number that tells its holder from those before.

A holder that was stopped for a while finds a higher number than its own, and its transaction is refused.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

from indexer.errors import IndexerBusy, LeaseLost


def take(
    connection: sqlite3.Connection, owner: str, lasts: timedelta, now: datetime, is_dead: Callable[[str], bool]
) -> int:
    """Take the lease and return its number. Raises IndexerBusy while it is another's, who is not dead."""
    holder, fence, until = _lease(connection)
    if holder and datetime.fromisoformat(until) > now and not is_dead(holder):
        raise IndexerBusy(
            f"Another indexer ({holder}) works on this catalogue: wait until it is done, or stop it. "
            f"If it hangs, its lease ends at {until[11:19]} UTC."
        )
    connection.execute("UPDATE lease SET owner = ?, fence = ?, until = ?", (owner, fence + 1, _end(now, lasts)))
    return fence + 1


def check(connection: sqlite3.Connection, fence: int) -> None:
    """Raise LeaseLost unless *fence* is the number of the present holder."""
    holder, present, _ = _lease(connection)
    if present != fence or not holder:
        raise LeaseLost(f"The lease of this catalogue was lost to {holder or 'nobody'}; the next refresh goes on.")


def present(connection: sqlite3.Connection, now: datetime, is_dead: Callable[[str], bool]) -> int | None:
    """Return the number of the lease under which somebody works at *now*, None where nobody does."""
    holder, fence, until = _lease(connection)
    if not holder or datetime.fromisoformat(until) <= now or is_dead(holder):
        return None
    return fence


def renew(connection: sqlite3.Connection, lasts: timedelta, now: datetime) -> None:
    """Let the lease last from *now* on."""
    connection.execute("UPDATE lease SET until = ?", (_end(now, lasts),))


def give_back(connection: sqlite3.Connection, fence: int) -> None:
    """End the lease if *fence* is still its number."""
    connection.execute("UPDATE lease SET owner = '', until = '' WHERE fence = ?", (fence,))


def _lease(connection: sqlite3.Connection) -> tuple[str, int, str]:
    owner, fence, until = connection.execute("SELECT owner, fence, until FROM lease").fetchone()
    return owner, fence, until


def _end(now: datetime, lasts: timedelta) -> str:
    return (now + lasts).isoformat()
