"""How many bytes may be on their way from the nodes to the store at the same time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class InFlight:
    """Lends room for bodies; who finds too little of it waits. Threads share it.

    With it the aggregator's memory is a contract: at most `most` bytes of bodies, and one body more
    in the lane of those that are larger than they were asked to be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lent = 0
        self._changed = threading.Condition()
        self._lane = threading.Lock()
        self._in_lane = 0

    @property
    def bytes(self) -> int:
        """What is lent now."""
        return self._lent + self._in_lane

    @contextlib.contextmanager
    def room(self, size: int) -> Iterator[Room]:
        """Wait until there is room for `size` bytes, which are this caller's inside."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lent or self._lent + size <= self._most)
            self._lent += size
        room = Room(self, size)
        try:
            yield room
        finally:
            room.shrink(0)

    @contextlib.contextmanager
    def lane(self, size: int) -> Iterator[None]:
        """Be the only one inside, with a body of up to `size` bytes."""
        with self._lane:
            self._in_lane = size
            try:
                yield
            finally:
                self._in_lane = 0

    def give_back(self, size: int) -> None:
        """For Room alone."""
        with self._changed:
            self._lent -= size
            self._changed.notify_all()


class Room:
    """Bytes that are lent to one caller."""

    def __init__(self, of: InFlight, size: int) -> None:
        self._of = of
        self._size = size

    def shrink(self, size: int) -> None:
        """Give back what is above `size` bytes."""
        if size < self._size:
            self._of.give_back(self._size - size)
            self._size = size
