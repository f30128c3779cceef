"""Keeps sweeps to their share of a core: where they would take more, they are made less often."""

from __future__ import annotations

import logging
import math
from collections import deque
from statistics import fmean

log = logging.getLogger(__name__)

WINDOW_SECONDS = 30.0
LONGEST_SECONDS = 300.0
"""Of an interval: beyond it a chart would be no more than dots."""
_HEADROOM = 1.25
"""So much must be free before sweeps are made more often again, or they would alternate."""


class Pace:
    """Decides `stretch`: how many intervals pass from one sweep to the next.

    `most_share` is the part of one core that sweeps may take, 0 to 1; 0 means any. What counts is
    the mean cost of the sweeps of half a minute, at least three: one costly sweep is no burden.
    """

    def __init__(self, interval_seconds: float, most_share: float) -> None:
        self._interval = interval_seconds
        self._share = most_share
        self._longest = max(1, int(LONGEST_SECONDS / interval_seconds))
        self._costs: deque[float] = deque(maxlen=max(3, round(WINDOW_SECONDS / interval_seconds)))
        self.stretch = 1

    @property
    def interval_seconds(self) -> float:
        """The time from one sweep to the next, as it is now."""
        return self._interval * self.stretch

    def note(self, cpu_seconds: float) -> None:
        """Take the CPU time of the sweep just made; changes `stretch` and says so aloud."""
        self._costs.append(cpu_seconds)
        if not self._share or len(self._costs) < (self._costs.maxlen or 0):
            return
        cost = fmean(self._costs)
        if self._needed(cost) > self.stretch:
            self._change(self._needed(cost), cost)
        elif (enough := self._needed(_HEADROOM * cost)) < self.stretch:
            self._change(enough, cost)

    def _needed(self, cost: float) -> int:
        return min(self._longest, max(1, math.ceil(cost / (self._share * self._interval))))

    def _change(self, stretch: int, cost: float) -> None:
        slower = stretch > self.stretch
        self.stretch = stretch
        self._costs.clear()
        log.log(
            logging.WARNING if slower else logging.INFO,
            "a sweep takes %.0f ms of CPU; so that sweeps keep to %g %% of a core, there is one "
            "each %g s from now on (interval: %g s, see --cpu-share)",
            1000 * cost, 100 * self._share, self.interval_seconds, self._interval,
        )  # fmt: skip
