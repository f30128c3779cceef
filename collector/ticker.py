"""The one clock of a collector: ticks at whole multiples of the interval, and what is due at each.

Multiples of Unix time, so that nodes measure at the same moments and a restart keeps the phase.
Between ticks the monotonic clock counts, so a clock that is set does neither stop nor hasten the
sweeps; the next tick falls on a multiple of the new time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

SLOW_SECONDS = 10.0
LIMITS_SECONDS = 60.0
_LEAST_GAP = 0.5
"""Of an interval: two ticks are never closer, wherever the clock was set to."""


class Tick(NamedTuple):
    """`time_ns` is the multiple of the interval (Unix ns); `missed` ticks passed before it."""

    time_ns: int
    missed: int


class Ticker:
    """Waits for the next tick.

    `interval_seconds` may be changed between two ticks. `wall` is Unix seconds, `monotonic`
    seconds, `wait(seconds)` returns true to stop.
    """

    def __init__(
        self,
        interval_seconds: float,
        wait: Callable[[float], bool],
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.interval_seconds = interval_seconds
        self._wait = wait
        self._wall = wall
        self._monotonic = monotonic
        self._last: float | None = None

    def next(self) -> Tick | None:
        """Wait for the tick after now; None when told to stop.

        Ticks that passed while the caller worked are skipped and counted.
        """
        interval, wall, monotonic = self.interval_seconds, self._wall(), self._monotonic()
        number = math.floor(wall / interval) + 1
        due = monotonic + number * interval - wall
        if self._last is not None and due - self._last < _LEAST_GAP * interval:
            number, due = number + 1, due + interval
        if self._wait(max(0.0, due - monotonic)):
            return None
        last, self._last = self._last, due
        missed = 0 if last is None else max(0, round((due - last) / interval) - 1)
        return Tick(round(number * interval * 1e9), missed)


class Due(NamedTuple):
    """Which tiers a sweep reads beside the fast one."""

    slow: bool
    limits: bool


class Tiers:
    """Decides by the tick's time which tiers are due: the slow one each 10 s, the limits each 60 s.

    Where the interval is longer, each tick.
    """

    def __init__(self) -> None:
        self._slow = self._limits = -1

    def due(self, time_ns: int) -> Due:
        """What is due at the tick `time_ns`, once for each tick."""
        slow, limits = (int(time_ns / 1e9 // s) for s in (SLOW_SECONDS, LIMITS_SECONDS))
        due = Due(slow != self._slow, limits != self._limits)
        self._slow, self._limits = slow, limits
        return due
