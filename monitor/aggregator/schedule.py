"""Which node is due: two heaps by time, so that slow nodes can delay only each other."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Sequence

from monitor.aggregator.node import Node

_Heap = list[tuple[float, int, Node]]


class Schedule:
    """Hands out nodes when they are due, each to one worker at a time.

    A node that was given back as slow waits in a lane of its own, out of which at most
    `slow_at_once` are handed out at the same time: however many nodes hang, the other workers are
    there for the rest.
    """

    def __init__(self, nodes: Sequence[Node], spread_seconds: float, slow_at_once: int) -> None:
        """All nodes are due once within the first `spread_seconds`."""
        now = time.monotonic()
        step = spread_seconds / max(1, len(nodes))
        self._tie = itertools.count()
        self._fast: _Heap = [
            (now + index * step, next(self._tie), node) for index, node in enumerate(nodes)
        ]
        self._slow: _Heap = []
        self._slow_out: set[int] = set()
        self._slow_at_once = slow_at_once
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> Node | None:
        """Wait for the next node that is due; None once stopped."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                if self._is_due(self._fast, now):
                    return heapq.heappop(self._fast)[2]
                if len(self._slow_out) < self._slow_at_once and self._is_due(self._slow, now):
                    node = heapq.heappop(self._slow)[2]
                    self._slow_out.add(id(node))
                    return node
                self._changed.wait(self._wait_seconds(now))
            return None

    def give_back(self, node: Node, in_seconds: float, slow: bool) -> None:
        """`node` is due again in `in_seconds`; `slow` says which lane it waits in."""
        with self._changed:
            self._slow_out.discard(id(node))
            entry = (time.monotonic() + in_seconds, next(self._tie), node)
            heapq.heappush(self._slow if slow else self._fast, entry)
            self._changed.notify()

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _is_due(self, heap: _Heap, now: float) -> bool:
        return bool(heap) and heap[0][0] <= now

    def _wait_seconds(self, now: float) -> float | None:
        heaps = [self._fast]
        if len(self._slow_out) < self._slow_at_once:
            heaps.append(self._slow)
        due = [heap[0][0] for heap in heaps if heap]
        return max(0.0, min(due) - now) if due else None
