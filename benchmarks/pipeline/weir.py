"""`weir aggregator` between simulated nodes and a store: first it drains, then it keeps up."""

from __future__ import annotations

import json
import re
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.cluster.plan import Plan
from benchmarks.cluster.process import Simulator
from benchmarks.cluster.sweep import Sweeps
from benchmarks.pipeline.row import Row
from benchmarks.pipeline.store import Store
from benchmarks.pipeline.usage import Resident, cpu_seconds, peak_mib
from tests.real.process import wait_until
from tests.real.weir import Weir

_LONGEST_SECONDS = 300.0
"""For the backlog: what takes longer is measured as it is, far behind."""
_LOOK_SECONDS = 0.2
_LIVE_INTERVALS = 1.5
"""That a node's newest stored sample may be old once its backlog is drained."""


class Times(NamedTuple):
    """Seconds to settle after the backlog, and to measure."""

    settle: float
    measure: float


def run(name: str, plan: Plan, records_each: int, store: Store, times: Times, alone: float) -> Row:
    """Drain `records_each` of every node, then measure what it takes to keep up."""
    with Simulator(plan) as cluster, tempfile.TemporaryDirectory() as place:
        aggregator = _aggregator(Path(place), cluster, store)
        try:
            aggregator.start_and_wait()
            drained, us_drained = _drain(aggregator, plan, records_each)
            time.sleep(times.settle)
            before = _Moment.of(aggregator, cluster, store)
            with Resident(aggregator.pid) as resident:
                time.sleep(times.measure)
            after = _Moment.of(aggregator, cluster, store)
            lag = _lag(aggregator)
            return Row(
                name="weir",
                store=name,
                nodes=plan.nodes,
                rss=resident.mib,
                peak=peak_mib(aggregator.pid),
                live=(after.lines - before.lines) / (after.at - before.at),
                lag_p50=lag["median"],
                lag_p99=lag["p99"],
                drained=drained,
                alone=alone,
                us_live=(after.cpu - before.cpu) / (after.lines - before.lines) * 1e6,
                us_drained=us_drained,
                cpu=(after.cpu - before.cpu) / (after.at - before.at),
                store_cpu=(after.store_cpu - before.store_cpu) / (after.at - before.at),
                nodes_cpu=(after.nodes_cpu - before.nodes_cpu) / (after.at - before.at),
            )
        finally:
            aggregator.stop()


def _aggregator(directory: Path, cluster: Simulator, store: Store) -> Weir:
    return Weir(
        "aggregator",
        directory,
        f"--config={cluster.toml}",
        f"--store={store.config.store}",
        f"--data={directory}",
    )


class _Moment(NamedTuple):
    at: float
    lines: float
    cpu: float
    store_cpu: float
    nodes_cpu: float

    @classmethod
    def of(cls, aggregator: Weir, cluster: Simulator, store: Store) -> _Moment:
        return cls(
            at=time.monotonic(),
            cpu=cpu_seconds(aggregator.pid),
            store_cpu=float("nan") if store.pid is None else cpu_seconds(store.pid),
            nodes_cpu=cpu_seconds(cluster.pid),
            lines=_lines(aggregator),
        )


def _drain(aggregator: Weir, plan: Plan, records_each: int) -> tuple[float, float]:
    """Points a second and µs of CPU a point, until the store has nearly all nodes' last sweep."""
    wait_until(lambda: _lines(aggregator), "the first points are stored", 60.0, _LOOK_SECONDS)
    began, lines, cpu = time.monotonic(), _lines(aggregator), cpu_seconds(aggregator.pid)
    most = plan.nodes * (records_each - 1) * Sweeps(plan).lines_each
    newest = _LIVE_INTERVALS * plan.interval_ns / 1e9
    while time.monotonic() < began + _LONGEST_SECONDS:
        if _lag(aggregator).get("p99", newest) < newest and _lines(aggregator) >= most:
            break
        time.sleep(_LOOK_SECONDS)
    points = _lines(aggregator) - lines
    seconds = time.monotonic() - began
    return points / seconds, (cpu_seconds(aggregator.pid) - cpu) / points * 1e6


def _lines(aggregator: Weir) -> float:
    """Points that the store has said it has."""
    page = aggregator.get("/metrics").decode()
    found = re.search(r"^weir_aggregator_lines_total (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _lag(aggregator: Weir) -> dict[str, float]:
    """Age in seconds of the newest sample that the store has: of half the nodes, and so on."""
    found: dict[str, float] = json.loads(aggregator.get("/api/v1/targets", state="failing"))[
        "lag_seconds"
    ]
    return found
