"""A day's sweeps in minutes: nothing that a process takes grows."""

from __future__ import annotations

import contextlib
import sys
import time
import urllib.request
from pathlib import Path

from monitor.edgelog import Limits
from monitor.stores.config import StoreConfig
from tests.faults.conftest import Say
from tests.faults.fleet import Fleet, delivered
from tests.faults.follower import Follower
from tests.faults.ledger import stored
from tests.faults.pipes import Taken, aggregator, patient_reader, taken
from tests.real.influxdb import InfluxDB
from tests.real.process import Process, unused_port, wait_until

DAY = 8640
"""Sweeps of a day, one each ten seconds."""
LIMITS = Limits(max_bytes=1 << 20)
"""Of each node's log: a day's sweeps are more than that, so it begins and drops segments too."""


def test_a_day_of_a_hundred_nodes(
    tmp_path: Path, logs: Path, influxdb: InfluxDB, soak: bool, say: Say
) -> None:
    sweeps, interval = (DAY, 0.05) if soak else (240, 0.1)
    influxdb.create_database("day")
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="day")
    fleet = Fleet(logs, 100, 3, LIMITS)
    pipe = aggregator(tmp_path, "day", fleet.urls, store, "--poll=1")
    try:
        pipe.start_and_wait()
        with fleet.sweeping(interval):
            fleet.wait_for("day", 100 * sweeps // 4, 7200)
            early, files = taken(pipe.pid), _files(pipe.directory)
            fleet.wait_for("day", 100 * sweeps, 7200)
            late = taken(pipe.pid)
        fleet.wait_for("day", fleet.logged)
        counted = delivered(fleet.nodes, patient_reader(store), 900)
        stats = [node.log.stats() for node in fleet.nodes]
        assert pipe.stop() == 0
    finally:
        pipe.stop()
        fleet.stop()
    say(f"{sweeps} sweeps of 100 nodes: {counted}")
    say(f"the aggregator at a quarter: {early}; at the end: {late}")
    _assert_no_growth(early, late)
    assert _files(pipe.directory) == files
    assert max(each.total_bytes for each in stats) <= LIMITS.max_bytes
    assert max(each.segments for each in stats) <= 66
    assert len(pipe.tail().splitlines()) < 10, pipe.tail()


def test_a_day_of_a_real_collector(
    tmp_path: Path, influxdb: InfluxDB, soak: bool, say: Say
) -> None:
    sweeps = DAY if soak else 360
    influxdb.create_database("day-real")
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="day-real")
    port, log = unused_port(), tmp_path / "log"
    command = [sys.executable, "-m", "tests.faults.fast_collector", str(log), str(port), "0.02"]
    node = Process(command, tmp_path / "collector.log")
    url = f"http://127.0.0.1:{port}"
    pipe = aggregator(tmp_path, "day-real", url, store)
    try:
        node.start()
        pipe.start()
        node.ready(lambda: _serves(url))
        with Follower(url) as follower:
            node.ready(lambda: len(follower.records) > sweeps // 4, 3600)
            early, began = taken(node.pid), time.monotonic()
            node.ready(lambda: len(follower.records) > sweeps, 3600)
            late, seconds = taken(node.pid), time.monotonic() - began
        logged = {point: value for r in follower.records.values() for point, value in r.items()}
        reader = patient_reader(store)
        wait_until(lambda: logged.keys() <= stored(reader, logged).keys(), "the store has all", 120)
        changed = sum(
            value != logged[p] for p, value in stored(reader, logged).items() if p in logged
        )
        files, size = _files(log), sum(f.stat().st_size for f in log.rglob("*") if f.is_file())
    finally:
        node.stop()
        pipe.stop()
    say(
        f"{len(follower.records)} sweeps of a real collector, {0.75 * sweeps / seconds:.0f} a "
        f"second: {len(logged):,} samples, missing 0, changed {changed}"
    )
    say(f"the collector at a quarter: {early}; at the end: {late}")
    say(f"its log at the end: {files} files, {size >> 10} KiB")
    assert not changed
    _assert_no_growth(early, late)
    assert size <= 1.1 * (1 << 20) and files <= 70
    assert len(node.tail().splitlines()) < 10, node.tail()


def _assert_no_growth(early: Taken, late: Taken) -> None:
    """Within what an allocator breathes, and a connection or two."""
    assert late.rss_mib <= 1.05 * early.rss_mib
    assert late.descriptors <= early.descriptors + 3
    assert late.threads <= early.threads


def _serves(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=5):
        return True
    return False


def _files(directory: Path) -> int:
    return sum(path.is_file() for path in directory.rglob("*"))
