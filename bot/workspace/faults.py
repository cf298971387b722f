"""Faults that wait in line for the next fitting call or envelope."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum


class FaultKind(StrEnum):
    """What can go wrong on the way between Slack and a bot."""

    RATE_LIMITED = "rate_limited"  # 429 with Retry-After; the call is not applied
    SERVER_ERROR = "server_error"  # 5xx; the call is not applied
    DROPPED_BEFORE = "dropped_before"  # the line is cut; the call is not applied
    DROPPED_AFTER = "dropped_after"  # the line is cut; the call was applied
    SLOW = "slow"  # the call is applied, its reply comes late
    REFUSED = "refused"  # ok: false with an error of choice
    DUPLICATE_EVENT = "duplicate_event"  # the next event is delivered twice, as by two of Slack's machines
    IGNORED_ACK = "ignored_ack"  # the next ack is lost, so Slack delivers again
    SWAPPED_EVENTS = "swapped_events"  # the next mention's two events come in the other order


_OF_CALLS = {
    FaultKind.RATE_LIMITED,
    FaultKind.SERVER_ERROR,
    FaultKind.DROPPED_BEFORE,
    FaultKind.DROPPED_AFTER,
    FaultKind.SLOW,
    FaultKind.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, for the next *times* calls of *method* ("*" for every method) or the next *times* envelopes.

    *seconds* is the Retry-After of a rate limit, or the real delay of a slow reply.
    """

    kind: FaultKind
    method: str = "*"
    times: int = 1
    seconds: float = 1.0
    status: int = 500
    error: str = "internal_error"

    def fits(self, method: str) -> bool:
        """Tell whether a call of *method* meets this fault."""
        return self.kind in _OF_CALLS and self.method in ("*", method)


class FaultLine:
    """Faults in the order they were put in; each is used up in turn."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def put(self, fault: Fault) -> None:
        """Let *fault* wait for its moment."""
        self._waiting.append(fault)

    def waiting(self) -> list[Fault]:
        """Return the faults that have not happened yet."""
        return list(self._waiting)

    def clear(self) -> None:
        """Forget the faults that have not happened yet."""
        self._waiting.clear()

    def take_for_call(self, method: str) -> Fault | None:
        """Return the fault that a call of *method* meets now, if any."""
        return self._take(lambda fault: fault.fits(method))

    def takes(self, kind: FaultKind) -> bool:
        """Tell whether a fault of *kind* happens now, and use it up."""
        return self._take(lambda fault: fault.kind == kind) is not None

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        for place, fault in enumerate(self._waiting):
            if fits(fault):
                left = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                self._waiting[place : place + 1] = left
                return fault
        return None
