"""This node's part of each namespace: sums over its containers, made where the containers are.

So a page about a cluster reads nodes x namespaces rows and not every container. A sum of counters
would fall when a container goes; what is added up are therefore their increases, by the one rule of
`monitor.rates`, so a total never falls while its namespace is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from monitor.rates import Sample, increase
from monitor.record import Record, Series, Value

START = "start_time_seconds"
COUNTERS = (
    "cpu_usage_seconds_total",
    "cpu_cfs_periods_total",
    "cpu_cfs_throttled_periods_total",
    "cpu_cfs_throttled_seconds_total",
    "oom_events_total",
    "fs_reads_bytes_total",
    "fs_writes_bytes_total",
    "network_receive_bytes_total",
    "network_transmit_bytes_total",
)
GAUGES = ("memory_usage_bytes", "memory_working_set_bytes", "memory_rss", "memory_cache")
_SUMMED = frozenset({"container", "pod"})
_REMEMBERED_NS = 120 * 10**9
"""For so long a row is known that no sweep shows: some come with the slow tier only."""


@dataclass(slots=True)
class _Sum:
    """A namespace. Its totals count from `start_seconds` on (Unix time)."""

    series: Series
    start_seconds: float
    totals: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Row:
    """The newest figures of a container, or of one of its interfaces or devices."""

    sum: _Sum
    counters: dict[str, float] = field(default_factory=dict)
    gauges: dict[str, int] = field(default_factory=dict)
    time_ns: int = 0
    is_present: bool = False


class NamespaceSums:
    """Takes the rows of sweeps and gives those of namespaces.

    `identity` holds the tags cluster and node, `began_seconds` is when the collector started: a
    container that was there before counts from its first sample on, a later one from its start.
    What has no namespace belongs to none.
    """

    def __init__(self, identity: Mapping[str, str], began_seconds: float) -> None:
        self._identity = dict(identity)
        self._began_ns = int(began_seconds * 1e9)
        self._sums: dict[str, _Sum] = {}
        self._rows: dict[str, _Row] = {}

    def take(self, records: Iterable[Record]) -> None:
        """Add what `records` tell of containers and pods' networks, in the order of their times."""
        for record in records:
            if record.series.measurement in _SUMMED:
                row = self._rows.get(record.series.key) or self._make(record)
                if row is not None:
                    self._add(row, record)

    def rows(self, time_ns: int) -> list[Record]:
        """A row for each namespace that was told of since the last call."""
        present: dict[str, list[_Row]] = {}
        for key, row in list(self._rows.items()):
            if row.is_present:
                present.setdefault(row.sum.series.key, []).append(row)
                row.is_present = False
            elif row.time_ns < time_ns - _REMEMBERED_NS:
                del self._rows[key]
        known = {row.sum.series.key for row in self._rows.values()}
        self._sums = {key: one for key, one in self._sums.items() if key in known}
        return [
            Record(self._sums[key].series, _fields(self._sums[key], rows), time_ns)
            for key, rows in present.items()
        ]

    def _make(self, record: Record) -> _Row | None:
        tags = dict(record.series.tags)
        namespace = tags.get("namespace")
        if namespace is None:
            return None
        if record.series.measurement == "pod" and "interface" not in tags:
            return None  # what a pod uses in all: its containers are summed already
        series = Series.of("namespace", {**self._identity, "namespace": namespace})
        one = self._sums.setdefault(series.key, _Sum(series, round(record.time_ns / 1e9, 2)))
        row = self._rows[record.series.key] = _Row(one)
        return row

    def _add(self, row: _Row, record: Record) -> None:
        fields = cast(Mapping[str, float], record.fields)  # text stands in other rows only
        start = fields.get(START)
        before, now = row.time_ns, record.time_ns
        is_restarted = start is not None and start * 1e9 > before
        row.time_ns, row.is_present = now, True
        totals = row.sum.totals
        for name in COUNTERS:
            value = fields.get(name)
            if value is None:
                continue
            last = row.counters.get(name)
            if value == last and not is_restarted:
                continue
            if last is not None:
                grown = increase(Sample(before, last), Sample(now, value, start))
            else:
                is_new = start is not None and start * 1e9 >= self._began_ns
                grown = value if is_new else type(value)(0)
            totals[name] = totals.get(name, 0) + grown
            row.counters[name] = value
        for name in GAUGES:
            if name in fields:
                row.gauges[name] = int(fields[name])


def _fields(one: _Sum, present: list[_Row]) -> dict[str, Value]:
    fields: dict[str, Value] = {**one.totals, START: one.start_seconds}
    for name in GAUGES:
        values = [row.gauges[name] for row in present if name in row.gauges]
        if values:
            fields[name] = sum(values)
    fields["containers"] = sum("memory_usage_bytes" in row.gauges for row in present)
    return fields
