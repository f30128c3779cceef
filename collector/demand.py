"""Rounds on demand: whoever wants figures of a certain age waits here until a round has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LEAST_SECONDS = 0.2
"""From the begin of one round to the begin of one that somebody asked for."""
REST = 10.0
"""So many times as long as a round takes, nobody's asking begins another."""
WAIT_SECONDS = 5.0


class Demand:
    """Threads that ask wait in `fresh`; the one that makes the rounds calls all else.

    `wake` tells that one that something is due. Times are monotonic seconds.
    """

    def __init__(
        self, wake: Callable[[], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wake = wake
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._wanted = self._made = self._earliest = float("-inf")
        self._closed = False

    def fresh(self, max_age_seconds: float) -> None:
        """Return once there was a round that began at most so many seconds ago.

        A round serves all who wait. After five seconds without one this returns all the same.
        """
        with self._changed:
            since = self._monotonic() - max_age_seconds
            if self._made >= since or self._closed:
                return
            self._wanted = max(self._wanted, since)
            self._wake()
            self._changed.wait_for(lambda: self._made >= since or self._closed, WAIT_SECONDS)

    @property
    def due(self) -> float:
        """From when on a round is to be made; infinite while nobody waits for one."""
        with self._changed:
            return self._earliest if self._wanted > self._made else float("inf")

    def made(self, began: float) -> None:
        """A round that began then has ended, well or not."""
        with self._changed:
            took = self._monotonic() - began
            self._made = began
            self._earliest = began + max(LEAST_SECONDS, REST * took)
            self._changed.notify_all()

    def close(self) -> None:
        """Let all go who wait: there are no more rounds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
