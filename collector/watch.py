"""Waiting for the next tick, or for something that cannot wait for it."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable, Hashable


class Watch:
    """Waits, on one thread, for descriptors to become readable; any thread may wake it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._selector = selectors.DefaultSelector()
        self._resting: dict[int, tuple[float, Hashable]] = {}
        self._closing = threading.Lock()
        self._alarm = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector.register(self._alarm, selectors.EVENT_READ)

    def wake(self) -> None:
        """End the wait that goes on, or the next one."""
        with self._closing:
            if self._alarm >= 0:
                os.eventfd_write(self._alarm, 1)

    def add(self, descriptor: int, key: Hashable) -> None:
        """Wait for this descriptor too; `key` is what `wait` tells of it. Raises OSError."""
        self._selector.register(descriptor, selectors.EVENT_READ, key)

    def remove(self, descriptor: int) -> None:
        """Do not wait for it any more. To be called before it is closed."""
        if self._resting.pop(descriptor, None) is None:
            self._selector.unregister(descriptor)

    def rest(self, descriptor: int, seconds: float) -> None:
        """Do not wait for it for so long, whatever happens to it."""
        key = self._selector.unregister(descriptor).data
        self._resting[descriptor] = self._monotonic() + seconds, key

    def wait(self, seconds: float) -> list[Hashable]:
        """The keys of what is readable, as soon as anything is; none where it was woken or late."""
        ready = self._selector.select(max(0.0, min(seconds, self._end_rests())))
        keys = [key.data for key, _ in ready if key.fd != self._alarm]
        if len(keys) < len(ready):
            os.eventfd_read(self._alarm)
        return keys

    def close(self) -> None:
        """Wait no more; to be woken does no harm."""
        with self._closing:
            self._selector.close()
            os.close(self._alarm)
            self._alarm = -1

    def _end_rests(self) -> float:
        """Wait again for what rested long enough; the seconds to the next one."""
        now = self._monotonic()
        for descriptor, (until, key) in list(self._resting.items()):
            if until <= now:
                del self._resting[descriptor]
                self.add(descriptor, key)
        return min((until - now for until, _ in self._resting.values()), default=float("inf"))
