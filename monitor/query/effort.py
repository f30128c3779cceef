"""How much one request may take of the process: so much time, and its turn beside the others."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from monitor.errors import BadRequest, StoreUnavailable

MAX_SECONDS = 25.0
"""Of one request, waiting included; the page gives up after 30."""
AT_ONCE = 2
"""Slices that are worked on at the same time: each may hold as many samples as a select gives."""


class Turns:
    """Lets a few at a time work, in the order in which they came; threads share it.

    A plain semaphore would let a long query take its next slice before whoever waits wakes up.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = at_once
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def take(self, seconds: float) -> bool:
        """Wait for a turn; False if none came within `seconds`."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            called = threading.Event()
            self._waiting.append(called)
        if called.wait(seconds):
            return True
        with self._lock:
            if called.is_set():  # in the very last moment
                return True
            self._waiting.remove(called)
            return False

    def give_back(self) -> None:
        """End a turn: who waits longest is next."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


class Effort:
    """One request's time and turns; it begins when this is made. `clock` is in seconds."""

    def __init__(
        self,
        turns: Turns | None = None,
        seconds: float = MAX_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._turns = turns or Turns()
        self._seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def check(self) -> None:
        """Raise BadRequest once the time is over."""
        if self._clock() > self._end:
            raise BadRequest(
                f"the query takes longer than {self._seconds:g} s",
                "start",
                "ask for a shorter range (start, end) or for fewer series (match)",
            )

    @contextmanager
    def turn(self) -> Iterator[None]:
        """While in it, samples may be held. Raises BadRequest as `check`, or StoreUnavailable
        when the time was spent on waiting for others."""
        self.check()
        if not self._turns.take(self._end - self._clock()):
            raise StoreUnavailable("other queries keep the dashboard busy")
        try:
            yield
        finally:
            self._turns.give_back()
