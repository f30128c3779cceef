"""A Reader over invented but plausible samples: one node, a dozen containers, a restart, a gap.

Every counter is a closed formula of time, so any range can be asked for and the same question has
the same answer. `now_ns` is a parameter: tests stand still, a demonstration runs on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import StoreError
from monitor.stores.matching import predicate
from monitor.stores.protocols import Matcher, Samples

NS = 1_000_000_000
MIB = 1024**2
SPACING = 10
HISTORY = 3 * 3600
GAP = (1500, 1380)
"""The collector was away from the first to the second of these, in seconds before the epoch."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Workload:
    """What one container does. CPU in cores, memory in MiB, network and disk in bytes a second."""

    name: str
    cpu: float
    memory: float
    project: str = "shop"
    image: str = "registry.example/app:1.4"
    limit: float | None = None
    memory_limit: float | None = None
    swing: float = 0.3
    network: float = 2000.0
    disk: float = 0.0
    age: float = 2 * 86400.0
    pressure: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


WORKLOADS = (
    Workload("web-1", 0.35, 180, limit=0.5, memory_limit=512, network=84_000, image="nginx:1.27"),
    Workload("web-2", 0.28, 172, limit=0.5, memory_limit=512, network=71_000, image="nginx:1.27"),
    Workload("api", 0.82, 640, limit=2, memory_limit=1024, network=220_000, pressure=True),
    Workload("spin", 0.5, 3, project="", limit=0.5, swing=0.0, network=0, image="busybox:1.36"),
    Workload("postgres", 0.44, 1890, memory_limit=2048, disk=900_000, image="postgres:17"),
    Workload("redis", 0.06, 96, memory_limit=128, network=190_000, image="redis:7"),
    Workload("worker", 0.61, 300, limit=1, swing=0.8, age=2400.0),
    Workload("mailer", 0.004, 42, network=90),
    Workload("grafana", 0.02, 130, project="ops", image="grafana/grafana:11.3.0"),
    Workload("backup", 0.11, 60, project="ops", disk=4_200_000, swing=0.95, age=5000.0),
    Workload("registry", 0.0007, 28, project="ops", image="registry:2"),
    Workload("<b>bold</b>%{x}", 0.03, 20, project="", age=600.0, image="<script>alert(1)</script>"),
)


class FakeStore:
    """Readable as a store; `failing` makes it answer every question with that error.

    `silent` nodes have sent nothing for so many seconds, as of when the store was made.
    """

    def __init__(
        self,
        now_ns: Callable[[], int],
        workloads: Sequence[Workload] = WORKLOADS,
        nodes: Sequence[str] = ("den",),
        cores: int = 8,
        history: float = HISTORY,
    ) -> None:
        self._now_ns = now_ns
        self._epoch = now_ns() / NS
        self._workloads = workloads
        self._nodes = nodes
        self._cores = cores
        self._history = history
        self.failing: StoreError | None = None
        self.silent: dict[str, float] = {}

    def advance(self, seconds: float) -> None:
        """Let samples come as if `seconds` more had passed."""
        now_ns = self._now_ns
        self._now_ns = lambda: now_ns() + round(seconds * NS)

    def close(self) -> None:
        """Nothing is held."""

    def select(
        self,
        measurement: str,
        fields: Sequence[str],
        matchers: Sequence[Matcher],
        start_ns: int,
        end_ns: int,
        limit: int | None = None,
    ) -> Iterator[Samples]:
        """As `monitor.stores.protocols.Reader`; `limit` is not kept to."""
        if self.failing:
            raise self.failing
        wanted = predicate(matchers)
        times = self._times(start_ns, end_ns)
        for tags, columns in self._rows(measurement, times / NS):
            known = {name: columns[name] for name in fields if name in columns}
            if wanted(tags) and known and len(times):
                last = (self._epoch - self.silent.get(tags["node"], -math.inf)) * NS
                yield from _alive(tags, times, known, fields, int((times <= last).sum()))

    def _times(self, start_ns: int, end_ns: int) -> NDArray[np.int64]:
        first = max(start_ns / NS, self._epoch - self._history)
        last = min(end_ns, self._now_ns()) / NS
        steps = np.arange(math.ceil(first / SPACING), math.floor(last / SPACING) + 1)
        times = steps * SPACING + 0.004 * np.sin(steps)  # a read is never exactly on time
        before = self._epoch - times
        return (times[(before > GAP[0]) | (before < GAP[1])] * NS).astype(np.int64)

    def _rows(self, measurement: str, times: Floats) -> Iterator[tuple[dict[str, str], Any]]:
        for node in self._nodes:
            if measurement in ("container", "container_info"):
                for index, workload in enumerate(self._workloads):
                    tags = _tags(node, workload)
                    yield from self._container(measurement, tags, workload, index, times)
            elif measurement == "node":
                yield {"node": node}, self._node(times)
            elif measurement == "machine":
                whole = np.full(len(times), 1.0)
                columns = {"cpu_cores": whole * self._cores, "memory_bytes": whole * 16384 * MIB}
                yield {"node": node}, columns

    def _container(
        self, measurement: str, tags: dict[str, str], load: Workload, index: int, times: Floats
    ) -> Iterator[tuple[dict[str, str], Any]]:
        start = self._epoch - load.age
        start_column = np.where(times < start, start - 86400, start)
        if measurement == "container_info":
            yield tags, _info(load, index, len(times))
            return
        yield tags, {"start_time_seconds": start_column, **_usage(load, index, times, start)}
        if load.network:
            grown = _grown(load.network, load.swing, index + 3, times, start)
            yield (
                {**tags, "interface": "eth0"},
                {
                    "start_time_seconds": start_column,
                    "network_receive_bytes_total": np.floor(grown),
                    "network_transmit_bytes_total": np.floor(grown * 0.6),
                },
            )
        if load.disk:
            grown = _grown(load.disk, load.swing, index + 5, times, start)
            yield (
                {**tags, "device": "8:0"},
                {
                    "start_time_seconds": start_column,
                    "fs_writes_bytes_total": np.floor(grown),
                    "fs_reads_bytes_total": np.floor(grown * 0.2),
                },
            )

    def _node(self, times: Floats) -> dict[str, Floats]:
        used = 0.2 + sum(load.cpu for load in self._workloads)
        memory = 1400 + sum(load.memory for load in self._workloads)
        return {
            "cpu_usage_seconds_total": _grown(used, 0.2, 1, times, self._epoch - 9 * 86400),
            "memory_working_set_bytes": memory * MIB * (1 + 0.01 * np.sin(times / 300)),
        }


def _tags(node: str, load: Workload) -> dict[str, str]:
    tags = {"node": node, "namespace": load.project, "container": load.name, **load.tags}
    return {key: value for key, value in sorted(tags.items()) if value}


def _grown(rate: float, swing: float, seed: int, times: Floats, start: float) -> Floats:
    """A counter that grows by `rate` in the mean and began at 0 at `start`, and once before it."""

    def integral(at: Floats) -> Floats:
        slow, quick = 2 * np.pi / (700 + 90 * seed), 2 * np.pi / (67 + 5 * seed)
        waves = np.cos(slow * at) / slow * 0.7 + np.cos(quick * at + seed) / quick * 0.3
        return np.asarray(rate * (at - swing * waves))

    began = np.where(times < start, start - 86400, start)
    return np.asarray(integral(times) - integral(began))


def _usage(load: Workload, index: int, times: Floats, start: float) -> dict[str, Floats]:
    used = _grown(load.cpu, load.swing, index, times, start)
    ones = np.ones(len(times))
    working = load.memory * MIB * (1 + 0.06 * np.sin(times / (400 + 37 * index)))
    columns = {
        "cpu_usage_seconds_total": used,
        "cpu_user_seconds_total": used * 0.8,
        "cpu_system_seconds_total": used * 0.2,
        "memory_usage_bytes": np.floor(working * 1.3),
        "memory_working_set_bytes": np.floor(working),
        "memory_rss": np.floor(working * 0.8),
        "memory_cache": np.floor(working * 0.45),
        "processes": ones * (1 + index % 4),
        "threads": ones * (1 + 3 * (index % 4)),
    }
    if load.limit:
        periods = np.floor((times - start) * 10)
        throttled = np.floor(np.clip(_grown(0.2, 0.9, index, times, start), 0, None) * 10)
        columns["spec_cpu_quota"] = ones * load.limit * 100_000
        columns["spec_cpu_period"] = ones * 100_000
        columns["cpu_cfs_periods_total"] = periods
        columns["cpu_cfs_throttled_periods_total"] = throttled
    if load.memory_limit:
        columns["spec_memory_limit_bytes"] = ones * load.memory_limit * MIB
    if load.pressure:
        for kind, rate in (("cpu", 0.08), ("memory", 0.004), ("io", 0.02)):
            grown = _grown(rate, 0.9, index, times, start)
            columns[f"pressure_{kind}_waiting_seconds_total"] = grown
    return columns


def _info(load: Workload, index: int, count: int) -> dict[str, NDArray[Any]]:
    texts = {
        "id": f"{index:02x}" + "c0ffee15dead" * 5,
        "image": load.image,
        "runtime": "docker",
        "name": load.name,
        "cgroup": f"/docker/{index:02x}",
        "labels": "{}",
    }
    return {name: np.full(count, text, dtype=object) for name, text in texts.items()}


def _alive(
    tags: dict[str, str], times: NDArray[np.int64], known: Any, fields: Sequence[str], end: int
) -> Iterator[Samples]:
    columns = {name: known.get(name, np.full(len(times), np.nan))[:end] for name in fields}
    if end:
        yield Samples(tags, times[:end], columns)
