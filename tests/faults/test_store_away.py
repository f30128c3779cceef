"""The store away under load, and an hour's backlog on half of the nodes when it comes back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from monitor.aggregator.config import AggregatorConfig
from monitor.stores.config import StoreConfig
from tests.faults.conftest import Say
from tests.faults.fleet import MS, Fleet, Node, delivered
from tests.faults.pipes import aggregator, patient_reader, taken
from tests.real.influxdb import InfluxDB
from tests.real.process import wait_until
from tests.real.weir import Weir

ROWS = 90
"""Lines of a sweep, as of a node with 30 pods of two containers."""
INTERVAL_SECONDS = 2.0
IN_FLIGHT_MIB = AggregatorConfig.in_flight_bytes / 2**20
"""What bodies may take that are under way at the same time, as when a backlog drains."""
HOUR = 360
"""Sweeps of an hour, one each ten seconds."""
LIVE_RATE = 1 / 10
"""Sweeps a second that such a node makes."""


def test_after_an_outage_all_drains_while_live_nodes_stay_live(
    tmp_path: Path, logs: Path, influxdb: InfluxDB, soak: bool, say: Say
) -> None:
    count, outage_seconds = (40, 600.0) if soak else (12, 12.0)
    influxdb.create_database("away")
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="away")
    fleet = Fleet(logs, count, ROWS)
    behind, live = fleet.nodes[::2], fleet.nodes[1::2]
    pipe = aggregator(tmp_path, "away", fleet.urls, store, "--batch-bytes=32768")
    start_ns = time.time_ns() // MS * MS
    try:
        pipe.start_and_wait()
        fresh = taken(pipe.pid).rss_mib
        for hours_ago in (4, 3, 2):  # what Python and its allocator take once is no growth
            for node in fleet.nodes:
                _log_the_past(node, start_ns - hours_ago * 3600 * 10**9, HOUR // 3)
            fleet.wait_for("away", fleet.logged, 300)
        with fleet.sweeping(INTERVAL_SECONDS):
            before = taken(pipe.pid).rss_mib
            influxdb.stop()
            ends_at = time.monotonic() + outage_seconds
            for node in behind:
                _log_the_past(node, start_ns - 3600 * 10**9, HOUR)
            wait_until(lambda: time.monotonic() > ends_at, "it is over", 2 * outage_seconds)
            during = taken(pipe.pid).rss_mib
            influxdb.start()
            pipe.ready(lambda: pipe.api("targets")["store"]["up"], 60)
            drained = _watch_it_drain(pipe, behind, live)
        fleet.wait_for("away", fleet.logged)
        counted = delivered(fleet.nodes, patient_reader(store), 600)
    finally:
        influxdb.start() if not influxdb.running() else None
        pipe.stop()
        fleet.stop()
    live_rate = len(behind) * LIVE_RATE
    say(
        f"{outage_seconds:g} s without InfluxDB, then {drained.records:,} records of {ROWS} lines: "
        f"drained in {drained.seconds:.1f} s, {drained.rate / live_rate:.0f} times the live rate; "
        f"live nodes lag at most {drained.lag_seconds:.1f} s"
    )
    say(
        f"aggregator fresh {fresh:.1f}, before {before:.1f}, in the outage {during:.1f}, "
        f"then at most {drained.rss_mib:.1f} MiB; {counted}"
    )
    assert drained.rate >= 2 * live_rate
    assert drained.lag_seconds <= 2 * INTERVAL_SECONDS
    assert during < 1.05 * before
    assert drained.rss_mib < before + IN_FLIGHT_MIB
    assert len(pipe.lines("influx|InfluxDB|store")) <= 4, pipe.tail()  # said at start and end
    assert pipe.has_no_traceback(), pipe.tail()


class Drained(NamedTuple):
    """`records` that were behind, the `seconds` it took, and the worst that was seen meanwhile."""

    records: int
    seconds: float
    lag_seconds: float
    rss_mib: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds


def _watch_it_drain(pipe: Weir, behind: Sequence[Node], live: Sequence[Node]) -> Drained:
    """Until the nodes are no more behind. A live node counts from the moment when it caught up.

    The lag is from the newest record that the store has to the newest that the node has logged.
    """
    began = time.monotonic()
    records = sum(node.backlog("away") for node in behind)
    lag = rss = 0.0
    logged: dict[str, float] = {}
    caught_up: set[str] = set()
    while any(node.backlog("away") > 1 for node in behind):
        logged = {node.url: node.times[-1] / 1e9 for node in live}
        for target in pipe.api("targets")["targets"]:
            url = target["target"]
            if url in caught_up:
                lag = max(lag, logged[url] - target["newest_record_at"])
            elif url in logged and logged[url] - target["newest_record_at"] <= INTERVAL_SECONDS:
                caught_up.add(url)
        rss = max(rss, taken(pipe.pid).rss_mib)
        time.sleep(0.05)
    assert caught_up == logged.keys(), "live nodes caught up before the others"
    return Drained(records, time.monotonic() - began, lag, rss)


def _log_the_past(node: Node, first_ns: int, sweeps: int) -> None:
    """Sweeps ten seconds apart."""
    for number in range(sweeps):
        node.sweep(first_ns + number * 10 * 10**9)
