"""How often each Web API method may be called, on the workspace's clock.

A bucket per method, filled evenly; chat.postMessage has one per channel. The rates are Slack's published tiers; the
bursts are ours, since Slack promises only that some are tolerated.
"""

import math
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls a minute, and so many at once."""

    per_minute: float
    burst: int


class Tier(Enum):
    """Slack's tiers: docs.slack.dev, "Rate limits"."""

    TWO = Rate(per_minute=20, burst=20)  # also for apps.connections.open: tier 1, yet reconnecting clients are served
    THREE = Rate(per_minute=50, burst=50)
    FOUR = Rate(per_minute=100, burst=100)
    POSTING = Rate(per_minute=60, burst=20)  # chat.postMessage: one a second in each channel
    FREE = Rate(per_minute=600, burst=600)  # auth.test: "hundreds of calls a minute"


@dataclass(frozen=True, slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """Counts calls and says who has to wait."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def seconds_to_wait(self, key: tuple[str, str], tier: Tier, now: float) -> int:
        """Count one call of *key* (method and, for posting, channel); return 0, or whole seconds to wait instead."""
        rate: Rate = tier.value
        bucket = self._buckets.get(key, _Bucket(rate.burst, now))
        left = min(rate.burst, bucket.left + (now - bucket.at) * rate.per_minute / 60)
        if left < 1:
            self._buckets[key] = _Bucket(left, now)
            return math.ceil((1 - left) * 60 / rate.per_minute)
        self._buckets[key] = _Bucket(left - 1, now)
        return 0
