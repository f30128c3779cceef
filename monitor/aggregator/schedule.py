"""The nodes between the workers: each waits here until one of them is due."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence

from monitor.aggregator.lanes import Lanes
from monitor.aggregator.node import Node


class Schedule:
    """Hands out nodes when they are due, each to one worker at a time; `Lanes` says which."""

    def __init__(self, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._lanes = Lanes(workers)
        self._clock = clock
        self._stopped = False
        lock = threading.Lock()
        self._watching = threading.Condition(lock)
        self._idle = threading.Condition(lock)
        self._wakes_at: float | None = None

    def add(self, nodes: Sequence[Node], spread_seconds: float) -> None:
        """Begin with these: each is due once, at its own moment within `spread_seconds`."""
        now = self._clock()
        step = spread_seconds / max(1, len(nodes))
        with self._watching:
            for index, node in enumerate(nodes):
                jitter = random.random()  # noqa: S311 - no secret
                self._lanes.put(node, now + step * (index + jitter))
            self._watching.notify()

    def take(self) -> Node | None:
        """Wait for the next node that is due; None once stopped."""
        with self._watching:
            while not self._stopped:
                now = self._clock()
                node = self._lanes.take(now)
                if node is None:
                    self._wait(now)
                    continue
                if self._wakes_at is None:
                    self._idle.notify()
                return node
            return None

    def give_back(self, node: Node, in_seconds: float, slow: bool) -> None:
        """`node` is due again in `in_seconds`; one that is gone is forgotten."""
        with self._watching:
            self._lanes.put(node, self._clock() + in_seconds, slow=slow)
            if self._wakes_at is not None and self._lanes.next_due() < self._wakes_at:
                self._watching.notify()

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._watching:
            self._stopped = True
            self._watching.notify_all()
            self._idle.notify_all()

    def _wait(self, now: float) -> None:
        """One worker watches the time, and the next takes over: else each moment would wake all."""
        if self._wakes_at is not None:
            self._idle.wait()
            return
        self._wakes_at = self._lanes.next_due()
        self._watching.wait(min(self._wakes_at - now, threading.TIMEOUT_MAX))
        self._wakes_at = None
