"""Who is taken when, in which lane: a simulation of workers on a clock of its own."""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable

import pytest

from monitor.aggregator.lanes import Lanes
from monitor.aggregator.node import Node

POLL_SECONDS = 2.0


class Cluster:
    """Workers that pull nodes; a pull of `node` takes `cost(node)` seconds, not a moment more."""

    def __init__(self, workers: int, cost: Callable[[Node], float]) -> None:
        self.lanes = Lanes(workers)
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.now = 0.0
        self._idle = workers
        self._cost = cost
        self._busy: list[tuple[float, int, Node]] = []
        self._tie = itertools.count()

    def add(self, *nodes: Node) -> None:
        for index, node in enumerate(nodes):
            self.lanes.put(node, self.now + POLL_SECONDS * index / len(nodes))

    def run(self, seconds: float) -> None:
        """Drain one record of a backlog with each pull; who takes a second is slow."""
        until = self.now + seconds
        while True:
            while self._idle and (node := self.lanes.take(self.now)) is not None:
                self.taken[node.url].append(self.now)
                self._idle -= 1
                heapq.heappush(self._busy, (self.now + self._cost(node), next(self._tie), node))
            due = self.lanes.next_due() if self._idle else float("inf")
            self.now = min(max(due, self.now), self._busy[0][0] if self._busy else float("inf"))
            if self.now > until:
                self.now = until
                return
            while self._busy and self._busy[0][0] <= self.now:
                self._back(heapq.heappop(self._busy)[2])

    def _back(self, node: Node) -> None:
        self._idle += 1
        node.backlog = max(0, node.backlog - 1)
        pause = 0.0 if node.backlog else POLL_SECONDS
        self.lanes.put(node, self.now + pause, slow=self._cost(node) >= 1.0)

    def pulls(self, nodes: list[Node]) -> int:
        return sum(len(self.taken[node.url]) for node in nodes)

    def longest_wait(self, node: Node, began: float = 0.0) -> float:
        """The longest time between two pulls of a node."""
        times = [began, *self.taken[node.url], self.now]
        return max(after - before for before, after in itertools.pairwise(times))


def _nodes(kind: str, count: int, backlog: int = 0) -> list[Node]:
    return [Node(f"{kind}-{number}", backlog=backlog) for number in range(count)]


def _cost(node: Node) -> float:
    """Seconds of a pull: a backlog's answers are large, some nodes hang."""
    if node.url.startswith("hanging"):
        return 3.0
    return 0.2 if node.is_behind() else 0.01


def test_nodes_come_in_the_order_in_which_they_are_due() -> None:
    lanes = Lanes(4)
    for url, due in (("a", 3.0), ("b", 1.0), ("c", 2.0), ("d", 2.0)):
        lanes.put(Node(url), due)
    taken = [lanes.take(5.0) for _ in range(4)]
    assert [node.url for node in taken if node] == ["b", "c", "d", "a"]
    assert lanes.take(5.0) is None


def test_live_nodes_stay_live_while_many_drain_at_full_speed() -> None:
    live, behind = _nodes("live", 500), _nodes("behind", 500, backlog=10**6)
    cluster = Cluster(16, _cost)
    cluster.add(*live, *behind)
    cluster.run(60)
    assert max(map(cluster.longest_wait, live)) < 2 * POLL_SECONDS
    assert cluster.pulls(behind) >= 0.95 * 60 * 12 / 0.2, "twelve of sixteen workers drain"
    assert min(len(cluster.taken[node.url]) for node in behind) >= 6, "each has its turn"


def test_where_all_have_a_backlog_all_workers_drain() -> None:
    behind = _nodes("behind", 100, backlog=10**6)
    cluster = Cluster(16, _cost)
    cluster.add(*behind)
    cluster.run(30)
    assert cluster.pulls(behind) >= 0.9 * 30 * 16 / 0.2


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 16])
def test_a_backlog_drains_though_the_live_ones_are_too_many(workers: int) -> None:
    live, behind = _nodes("live", 1000 * workers), _nodes("behind", 50, backlog=10**6)
    cluster = Cluster(workers, _cost)
    cluster.add(*live, *behind)
    cluster.run(60)
    drained, whole = cluster.pulls(behind), 60 * workers / 0.2
    assert whole / 5 < drained
    assert cluster.pulls(live) > 0


def test_however_many_nodes_hang_the_others_are_pulled_and_drain() -> None:
    live, behind = _nodes("live", 200), _nodes("behind", 50, backlog=10**6)
    hanging = _nodes("hanging", 100)
    cluster = Cluster(16, _cost)
    cluster.add(*live, *behind, *hanging)
    cluster.run(60)
    cluster.taken.clear()
    began = cluster.now
    cluster.run(60)
    assert max(cluster.longest_wait(node, began) for node in live) < 2 * POLL_SECONDS
    assert cluster.pulls(behind) >= 0.9 * 60 * 8 / 0.2, "eight of sixteen workers at least"
    assert 60 / 3 - 3 <= cluster.pulls(hanging) <= 4 * 60 / 3 + 4, "one to four at a time"


def test_hanging_nodes_are_asked_though_the_others_are_too_many() -> None:
    live, behind = _nodes("live", 5000), _nodes("behind", 50, backlog=10**6)
    hanging = _nodes("hanging", 4)
    cluster = Cluster(8, _cost)
    cluster.add(*hanging, *behind, *live)
    cluster.run(120)
    assert max(map(cluster.longest_wait, hanging)) < 60


def test_what_is_gone_is_not_handed_out_again() -> None:
    lanes = Lanes(4)
    waiting, out, stays = Node("waiting"), Node("out"), Node("stays")
    lanes.put(out, 0.0)
    lanes.put(waiting, 1.0)
    lanes.put(stays, 2.0)
    assert lanes.take(0.0) is out
    waiting.gone = out.gone = True
    lanes.put(out, 0.0)
    assert lanes.take(9.0) is stays
    assert lanes.take(9.0) is None


def test_a_few_records_are_no_backlog() -> None:
    lanes = Lanes(1)
    first, few, many = Node("first"), Node("few", backlog=3), Node("many", backlog=4)
    for due, node in enumerate((many, few, first)):
        lanes.put(node, float(due))
    assert lanes.take(9.0) is many, "once, for the last one was live"
    assert lanes.take(9.0) is few
