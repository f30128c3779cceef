"""Samples of containers, read from the edge log from the newest back. Nothing is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from collector.cadvisor.containers import Node, Tags, split_tags
from collector.cadvisor.requests import Window
from collector.cadvisor.samples import LEAD_NS, Gathering, Point, Sample, point, with_memory
from monitor.edgelog import EdgeLog, Span
from monitor.gzipped import members
from monitor.lineprotocol import Parser
from monitor.record import Record, Series

MOST_OF_ONE = 1000
MOST_IN_ALL = 20_000
"""So many samples of one container, and of all, may be in one answer."""
BATCH_SAMPLES = 1000
"""So many are in memory at a time."""
MOST_DECODED_BYTES = 64 * 1024 * 1024
"""So much of the log is looked through at a time; then it ends with what was found."""


class History:
    """Reads samples from `log`; safe for threads, of which one reads at a time."""

    def __init__(self, log: EdgeLog) -> None:
        self._log = log
        self._lock = threading.Lock()

    def samples(self, nodes: Sequence[Node], window: Window) -> Iterator[tuple[Node, list[Sample]]]:
        """Each node with its samples in the window, oldest first; in batches, so it may be many.

        Of a container that started anew only what came after. Raises LogError.
        """
        count = MOST_OF_ONE if window.count < 0 else min(window.count, MOST_OF_ONE)
        count = min(count, max(1, MOST_IN_ALL // max(1, len(nodes))))
        size = max(1, BATCH_SAMPLES // max(1, count))
        for first in range(0, len(nodes), size):
            batch = nodes[first : first + size]
            found = self._gathered(batch, count, window) if count else {}
            for node in batch:
                yield node, found[node.name].samples() if count else []

    def points(self, nodes: Sequence[Node], span: Span) -> dict[str, list[Point]]:
        """CPU and memory alone of each node by its name, oldest first. Raises LogError."""
        found: dict[str, list[Point]] = {node.name: [] for node in nodes}
        with self._lock:
            for _, node, part, record in self._rows(nodes, span):
                is_of_this_run = not part and record.time_ns >= (node.start_ns or 0)
                if is_of_this_run and (one := point(record)) is not None:
                    found[node.name].append(one)
        return {name: with_memory(reversed(points)) for name, points in found.items()}

    def _gathered(self, nodes: Sequence[Node], count: int, window: Window) -> dict[str, Gathering]:
        found = {node.name: Gathering(node, count, window) for node in nodes}
        real = [found[node.name] for node in nodes if not node.is_directory]

        def is_enough(sweep_ns: int) -> bool:
            return all(one.is_full(sweep_ns) for one in real)

        span = Span(max(0, (window.start_ns or 0) - LEAD_NS), window.end_ns)
        with self._lock:
            for sweep_ns, node, part, record in self._rows(nodes, span, is_enough):
                found[node.name].add(sweep_ns, part, record)
        return found

    def _rows(
        self,
        nodes: Iterable[Node],
        span: Span,
        is_enough: Callable[[int], bool] = lambda _: False,
    ) -> Iterator[tuple[int, Node, Tags, Record]]:
        """The nodes' rows of each sweep, newest first: the sweep's time, whose, of what part, row.

        Ends before a sweep that `is_enough` is true of.
        """
        owners = {(node.measurement, node.tags): node for node in nodes if not node.is_directory}
        places: dict[str, tuple[Node, Tags]] = {}

        def is_wanted(series: Series) -> bool:
            if series.measurement not in ("container", "node"):
                return False
            own, part = split_tags(series)
            node = owners.get((series.measurement, own))
            if node is not None:
                places[series.key] = node, part
            return node is not None

        parser = Parser(wanted=is_wanted)
        left = MOST_DECODED_BYTES if owners else 0
        for past in self._log.newest_first(span):
            if left <= 0 or is_enough(past.time_ns):
                return
            for lines in members(past.payload):
                left -= len(lines)
                for record in parser.parse_each(lines):
                    if isinstance(record, Record):
                        yield past.time_ns, *places[record.series.key], record
