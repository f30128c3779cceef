"""Waiting for the next tick, or for something that cannot wait for it."""

from __future__ import annotations

import os
import selectors
import threading
from collections.abc import Hashable


class Watch:
    """Waits on one thread for descriptors to become readable; any thread may wake it."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._closing = threading.Lock()
        self._alarm = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._selector.register(self._alarm, selectors.EVENT_READ)

    def wake(self) -> None:
        """End the wait that goes on, or the next one."""
        with self._closing:
            if self._alarm >= 0:
                os.eventfd_write(self._alarm, 1)

    def add(self, descriptor: int, key: Hashable) -> None:
        """Wait for this descriptor too; `key` is what `wait` tells of it."""
        self._selector.register(descriptor, selectors.EVENT_READ, key)

    def remove(self, descriptor: int) -> None:
        """Do not wait for it any more. To be called before it is closed."""
        self._selector.unregister(descriptor)

    def wait(self, seconds: float) -> list[Hashable]:
        """The keys of what is readable, as soon as anything is; none where it was woken or late."""
        ready = self._selector.select(max(0.0, seconds))
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
