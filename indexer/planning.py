"""What was asked of a refresh, what holds for its visits, and what they came to so far."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from indexer.ports import Progress


class RefreshStopped(Exception):
    """A refresh was told to stop between two batches; what it stored stays."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for besides the changes.

    *full* reads every page again, *accept_removals* believes any loss, *listing* compares with a listing now.
    """

    full: bool = False
    accept_removals: bool = False
    listing: bool = False

    @property
    def need_a_listing(self) -> bool:
        """Whether changes alone will not do."""
        return self.full or self.accept_removals or self.listing


NO_WISHES = Wishes()


@dataclass(slots=True)
class Tally:
    """What all visits of a refresh came to so far, and how far they are."""

    progress: Progress
    counts: Counter[str] = field(default_factory=Counter)
    expected: int = 0

    def expect(self, pages: int) -> None:
        """Say that *pages* more will be looked at."""
        self.expected += pages
        self.progress.expect(self.expected)

    def look_up(self) -> None:
        """Say that work goes on, between two pages: the moment at which a refresh can be stopped."""
        self.progress.advance(0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What holds for a visit: *now*, what was asked for, and what passages depend on besides the page.

    A wiki whose last listing was compared under another *marker*, or more than *listing_every* ago, is listed. With
    *only_rights*, no new text is fetched: a former generation is shown.
    """

    recipe: str
    marker: str
    keeps_tokens: bool
    wishes: Wishes
    now: datetime
    listing_every: timedelta
    only_rights: bool = False
