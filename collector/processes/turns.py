"""Who reads in this sweep, where each reading is dear: some now, the others in later sweeps.

The kernel goes through its whole table of TCP connections for each /proc/PID/net/tcp, be there one
socket in that network or none: 5 ms on a machine of 24 GiB. So a sweep gives this a bounded time.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice

SECONDS_OF_A_SWEEP = 0.25
_GUESSED_SECONDS = 0.01
"""What the first reading is thought to take; the following ones were measured."""


class Turns:
    """Shared by all who take turns. `clock` gives the CPU seconds of the sweep's thread."""

    def __init__(
        self, seconds: float = SECONDS_OF_A_SWEEP, clock: Callable[[], float] = time.thread_time
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._waiting: OrderedDict[object, None] = OrderedDict()
        self._cost = _GUESSED_SECONDS
        self._now: set[object] = set()
        self._began = 0.0

    def renew(self) -> None:
        """Begin another sweep: those have their turn who waited for longest."""
        self._now = set(islice(self._waiting, self._most()))

    def begin(self, who: object) -> bool:
        """Whether it is the turn of `who`; a newcomer has one at once, while there is room."""
        if who not in self._waiting:
            self._waiting[who] = None
            if len(self._now) < self._most():
                self._now.add(who)
        self._began = self._clock()
        return who in self._now

    def end(self, who: object) -> None:
        """The turn is over; the others come before the next one."""
        self._cost = (self._cost + self._clock() - self._began) / 2
        self._waiting.move_to_end(who)

    def leave(self, who: object) -> None:
        """Wait no longer."""
        self._waiting.pop(who, None)
        self._now.discard(who)

    def _most(self) -> int:
        return max(1, int(self._seconds / max(self._cost, 1e-6)))
