"""The aggregator's own metrics, of the pipe and of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.errors import StoreError

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BODIES = (1, 2, 4, 8, 16, 32, 64, 128)
_BYTES = tuple(1024 * 4**power for power in range(7))


class Telemetry:
    """Counters that the pipe moves; `registry` holds them, and the process's CPU and memory."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        name = "weir_aggregator_"
        self.pulls = Counter(name + "pulls", "Pulls that a node answered.", registry=self.registry)
        self.pull_errors = Counter(
            name + "pull_errors", "Pulls that failed.", ["kind"], registry=self.registry
        )
        self.records = Counter(
            name + "records", "Records that the store has.", registry=self.registry
        )
        self.lines = Counter(
            name + "lines", "Lines (wide points) that the store has.", registry=self.registry
        )
        self.bytes = Counter(
            name + "bytes", "Compressed bytes that the store has.", registry=self.registry
        )
        self.write_seconds = Histogram(
            name + "write_seconds",
            "Time that the store took for a write.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.write_bodies = Histogram(
            name + "write_bodies",
            "Nodes' answers that went into one write.",
            buckets=_BODIES,
            registry=self.registry,
        )
        self.write_bytes = Histogram(
            name + "write_bytes",
            "Compressed bytes of one write.",
            buckets=_BYTES,
            registry=self.registry,
        )
        self.store_errors = Counter(
            name + "store_errors", "Writes that failed.", ["kind"], registry=self.registry
        )
        self.quarantined = Counter(
            name + "quarantined_lines",
            "Lines that the store refuses, kept in the quarantine.",
            registry=self.registry,
        )
        self.dropped_rows = Counter(
            name + "store_dropped_rows",
            "Rows that the store acknowledged and did not keep, whoever wrote them.",
            ["reason"],
            registry=self.registry,
        )
        self.in_flight = Gauge(
            name + "in_flight_bytes",
            "Bytes lent to pulls that go on and to bodies that wait for the store.",
            registry=self.registry,
        )

    def on_write(self, bodies: int, size: int, seconds: float) -> None:
        """Count a write of `bodies`, `size` bytes in all, that the store took."""
        self.write_bodies.observe(bodies)
        self.write_bytes.observe(size)
        self.write_seconds.observe(seconds)

    def on_dropped_rows(self, rows: Mapping[str, int]) -> None:
        """Count rows by the store's reason that it acknowledged and did not keep."""
        for reason, count in rows.items():
            self.dropped_rows.labels(reason).inc(count)

    def on_store_error(self, error: StoreError) -> None:
        """Count a write that failed by its kind: unavailable, forbidden, missing."""
        kind = type(error).__name__.removeprefix("Store").lower()
        self.store_errors.labels(kind).inc()


class StoreMetrics(Collector):
    """Whether the store takes samples."""

    def __init__(self, is_open: Callable[[], bool]) -> None:
        self._is_open = is_open

    def collect(self) -> Iterator[Metric]:
        """One gauge."""
        yield GaugeMetricFamily(
            "weir_aggregator_store_up",
            "1 if the store took the last body.",
            value=float(self._is_open()),
        )
