"""Who is due: lanes for live nodes, for those with a backlog, and for slow ones."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from monitor.aggregator.node import Node


@dataclass(slots=True)
class _Lane:
    """Nodes by the time at which they are due. `out` of them are with workers, at most `most`.

    While fewer than `sure` are out, the lane has its turn although live nodes are due.
    """

    sure: int
    most: int
    out: int = 0
    waiting: list[Node] = field(default_factory=list)

    def first(self) -> float:
        """When its first node is due, inf without one; nodes that are gone are dropped here."""
        while self.waiting and self.waiting[0].gone:
            heapq.heappop(self.waiting)
        return self.waiting[0].due if self.waiting else math.inf


class Lanes:
    """Nodes waiting for their time, and those that are with one of `workers`. Not for threads.

    Live nodes go first: a pull of theirs is small. Nodes that have a backlog get the workers that
    are left, and a quarter of them in any case, so that a backlog always drains; a quarter is kept
    for the live ones, however many drain. What was slow waits in a lane of its own, of which no
    more than a quarter is out: however many nodes hang, the others are pulled.
    """

    def __init__(self, workers: int) -> None:
        quarter = max(1, workers // 4)
        self._live = _Lane(sure=workers, most=workers)
        self._behind = _Lane(sure=quarter, most=workers)
        self._slow = _Lane(sure=1, most=quarter)
        self._lanes = (self._live, self._behind, self._slow)
        self._workers = workers
        self._kept_for_live = workers // 4
        self._out: dict[int, _Lane] = {}
        self._last = self._live

    def put(self, node: Node, due: float, *, slow: bool = False) -> None:
        """`node` is to be taken from `due` on. It is new, or was taken and comes back.

        One that is gone is forgotten.
        """
        if (lane := self._out.pop(id(node), None)) is not None:
            lane.out -= 1
        if node.gone:
            return
        lane = self._slow if slow else self._behind if node.is_behind() else self._live
        node.due = due
        heapq.heappush(lane.waiting, node)

    def take(self, now: float) -> Node | None:
        """The next node; None if none is due that may go out now."""
        lane = self._choose(now)
        if lane is None:
            return None
        node = heapq.heappop(lane.waiting)
        lane.out += 1
        self._out[id(node)] = lane
        self._last = lane
        return node

    def next_due(self) -> float:
        """When take() will have something, if nothing is put before; inf for never."""
        return min(lane.first() for lane in self._lanes if self._may_go_out(lane))

    def _choose(self, now: float) -> _Lane | None:
        """After a live node comes a lane below its sure share: of several, who waits longest."""
        due = [lane for lane in self._lanes if self._may_go_out(lane) and lane.first() <= now]
        unsure = [lane for lane in due if lane is not self._live and lane.out < lane.sure]
        if unsure and self._last is self._live:
            return min(unsure, key=_Lane.first)
        return due[0] if due else None

    def _may_go_out(self, lane: _Lane) -> bool:
        if lane is self._live:
            return True
        kept = self._kept_for_live if self._live.waiting or self._live.out else 0
        others = self._behind.out + self._slow.out
        return lane.out < lane.most and others < self._workers - kept
