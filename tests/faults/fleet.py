"""Nodes whose every sample is known beforehand: real edge logs behind real servers, and the oracle.

Sweep `n` of a node has one line for each container `row`, at the sweep's time + `row` ms, whose
fields are what FIELDS says. So what a store holds can be held against what was logged, sample by
sample, without reading the logs.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.edgelog import EdgeLog, Limits
from monitor.record import Series
from monitor.stores.protocols import Reader, Samples
from monitor.stream.server import add_stream
from monitor.web.app import App
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind
from tests.real.process import wait_until

MS = 1_000_000
FIELDS = {
    "cpu_usage_seconds_total": (1, 1 / 128),
    "cpu_system_seconds_total": (0.5, 1 / 128),
    "memory_usage_bytes": (4096, 1),
    "processes": (1000, 1),
}
"""Each field's value in sweep n of a row: n times the first + row times the second."""
HOSTILE = ("a b,c=d", 'quo"te', "back\\slash\\", "1\nforged,x=y z=1 1", "🦭 = ,", "' OR 1=1; --")
"""Names that the first containers of each node have, behind their number."""

_LINE = (
    b"%s "
    + b",".join(
        b"%s=%s" % (name.encode(), b"%di" if isinstance(of_row, int) else b"%.7f")
        for name, (_, of_row) in FIELDS.items()
    )
    + b" %d\n"
)


def _values(sweep: int, row: int) -> Iterator[float]:
    return (sweep * of_sweep + row * of_row for of_sweep, of_row in FIELDS.values())


class Node:
    """One node. `times` are its sweeps' Unix times (ns), in the order in which they were logged."""

    def __init__(self, directory: Path, number: int, rows: int, limits: Limits | None) -> None:
        self.name = f"node-{number:03}"
        tags = {"cluster": "faults", "node": self.name}
        self.log = EdgeLog(directory, limits, tags={**tags, "process": "collector"})
        self.series = [
            Series.of("container", {**tags, "container": f"c{row:03}{hostile}"})
            for row, hostile in zip(range(rows), (*HOSTILE, *[""] * rows), strict=False)
        ]
        self.times: list[int] = []
        self._keys = [series.key.encode() for series in self.series]
        self._now_ns = 0
        self._mutex = threading.Lock()
        app = App()
        add_stream(app, self.log)
        self._server = Server(app, bind("127.0.0.1:0"), ListenConfig(), threads=2)
        self._server.start()
        self.url = self._server.url

    def sweep(self, time_ns: int | None = None) -> None:
        """Log the next sweep, of now or of a given time that no other sweep has."""
        with self._mutex:
            if time_ns is None:
                time_ns = self._now_ns = max(time.time_ns() // MS * MS, self._now_ns + MS)
            number = len(self.times)
            lines = [
                _LINE % (key, *_values(number, row), time_ns + row * MS)
                for row, key in enumerate(self._keys)
            ]
            self.log.append(b"".join(lines), time_ns)
            self.times.append(time_ns)

    def backlog(self, consumer: str) -> int:
        """Records that the consumer has yet to acknowledge."""
        return self.log.stats().backlog.get(consumer, len(self.times))

    def stop(self) -> None:
        self._server.stop()
        self.log.close()


class Counts(NamedTuple):
    """Samples (a field at a time): logged, and how the store differs from that."""

    logged: int = 0
    missing: int = 0
    invented: int = 0
    changed: int = 0
    twice: int = 0

    def __str__(self) -> str:
        return (
            f"{self.logged:,} samples logged; missing {self.missing}, invented {self.invented}, "
            f"changed {self.changed}, twice {self.twice}"
        )


class Fleet:
    """Nodes 0 to `count` - 1, each of `rows` containers."""

    def __init__(
        self, directory: Path, count: int, rows: int, limits: Limits | None = None
    ) -> None:
        self.nodes = [Node(directory / str(n), n, rows, limits) for n in range(count)]

    @property
    def urls(self) -> str:
        """The nodes' addresses as `weir aggregator --nodes` wants them."""
        return ",".join(node.url for node in self.nodes)

    @contextlib.contextmanager
    def sweeping(self, interval: float) -> Iterator[None]:
        """While it lasts every node logs a sweep each `interval` seconds, all at once."""
        ended, failed = threading.Event(), []

        def run() -> None:
            due = time.monotonic()
            try:
                while not ended.wait(max(0.0, due - time.monotonic())):
                    for node in self.nodes:
                        node.sweep()
                    due = max(due + interval, time.monotonic())
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=run, name="fleet", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        assert not failed, failed

    def backlog(self, consumer: str) -> int:
        """Records that the consumer has yet to acknowledge, of all nodes."""
        return sum(node.backlog(consumer) for node in self.nodes)

    def acknowledged(self, consumer: str) -> int:
        """Records that the consumer has acknowledged, of all nodes."""
        return self.logged - self.backlog(consumer)

    def wait_for(self, consumer: str, records: int, seconds: float = 60.0) -> None:
        """Wait until the consumer has acknowledged so many."""
        wait_until(lambda: self.acknowledged(consumer) >= records, f"{records} records", seconds)

    @property
    def logged(self) -> int:
        """Records that were logged, of all nodes."""
        return sum(len(node.times) for node in self.nodes)

    def stop(self) -> None:
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Node.stop, self.nodes))


def compare(nodes: Sequence[Node], reader: Reader) -> Counts:
    """What the store has beside what the nodes logged. Told gaps count as invented."""
    expected = {
        series.tags: (node, row) for node in nodes for row, series in enumerate(node.series)
    }
    logged = sum(len(node.times) for node in nodes for _ in node.series) * len(FIELDS)
    found = Counts(logged, missing=logged)
    for samples in reader.select("container", list(FIELDS), [], *_span(nodes)):
        node_row = expected.get(tuple(sorted(samples.tags.items())))
        if node_row is None:
            found = found._replace(invented=found.invented + len(samples.times))
        else:
            found = _add(found, *node_row, samples)
    gaps = reader.select("weir", ["log_gap_first_seq"], [], *_span(nodes))
    return found._replace(invented=found.invented + sum(len(gap.times) for gap in gaps))


def delivered(nodes: Sequence[Node], reader: Reader, seconds: float = 60.0) -> Counts:
    """Wait until the store misses nothing; AssertionError if it does, or has anything else."""
    found = Counts()

    def complete() -> bool:
        nonlocal found
        found = compare(nodes, reader)
        return not found.missing

    try:
        wait_until(complete, "the store has everything", seconds, pause=0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}: {found}") from None
    assert not any(found[1:]), found
    return found


def _span(nodes: Sequence[Node]) -> tuple[int, int]:
    """A minute more than what was logged, at both ends."""
    times = [time_ns for node in nodes for time_ns in node.times]
    return min(times) - 60_000 * MS, max(times) + 60_000 * MS


def _add(found: Counts, node: Node, row: int, samples: Samples) -> Counts:
    """Count one series."""
    times = np.array(node.times, dtype=np.int64) + row * MS
    order = np.argsort(times, kind="stable")
    unique = np.unique(samples.times)
    common, at, logged_at = np.intersect1d(samples.times, times[order], return_indices=True)
    changed = missing = 0
    for field, (of_sweep, of_row) in FIELDS.items():
        wanted = order[logged_at] * of_sweep + row * of_row
        given = _floats(samples.columns[field])[at]
        missing += int(np.isnan(given).sum())
        changed += int((given[~np.isnan(given)] != wanted[~np.isnan(given)]).sum())
    return found._replace(
        missing=found.missing - len(FIELDS) * len(common) + missing,
        invented=found.invented + len(unique) - len(common),
        changed=found.changed + changed,
        twice=found.twice + len(samples.times) - len(unique),
    )


def _floats(column: NDArray[np.generic]) -> NDArray[np.float64]:
    return column.astype(np.float64)
