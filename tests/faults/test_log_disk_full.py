"""The disk under a log full while the store is away: the oldest goes, and its gap is exact."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from monitor.edgelog import Limits
from monitor.stores.config import StoreConfig
from monitor.stores.protocols import Reader
from tests.faults.conftest import Say
from tests.faults.fleet import Fleet
from tests.faults.follower import Follower
from tests.faults.ledger import stored
from tests.faults.pipes import aggregator, patient_reader
from tests.real.disk import SmallDisk
from tests.real.influxdb import InfluxDB
from tests.real.process import wait_until
from tests.real.weir import Weir

pytestmark = pytest.mark.root

LOG_BYTES = 1 << 20
"""What the log may have: segments of a 64th of it, on a disk that is far smaller than that."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with SmallDisk(tmp_path / "disk", 256) as small:
        yield small


def test_a_log_with_big_sweeps(
    tmp_path: Path, disk: SmallDisk, influxdb: InfluxDB, say: Say
) -> None:
    fleet = Fleet(disk.path, 1, 90, Limits(LOG_BYTES))
    (node,) = fleet.nodes
    node.sweep()
    try:
        _fill_and_catch_up(tmp_path, "sweeps", node.url, influxdb, fleet.sweeping(0.05), say)
        assert not node.log.stats().refused_records
    finally:
        fleet.stop()


@pytest.mark.soak
def test_a_real_collector(tmp_path: Path, disk: SmallDisk, influxdb: InfluxDB, say: Say) -> None:
    disk.fill(leave_kib=96)  # the sweeps of this machine are small
    log = (f"--data={disk.path / 'log'}", f"--log-max-bytes={LOG_BYTES}")
    node = Weir("collector", tmp_path, *log, "--interval=1", "--docker=none")
    try:
        node.start_and_wait()
        _fill_and_catch_up(tmp_path, "collector", node.url, influxdb, nullcontext(), say)
        assert node.running(), node.tail()
        assert node.has_no_traceback(), node.tail()
    finally:
        node.stop()


def _fill_and_catch_up(
    directory: Path,
    name: str,
    url: str,
    influxdb: InfluxDB,
    logging: AbstractContextManager[None],
    say: Say,
) -> None:
    """Take the store away until much was dropped, and hold what it has then against the rest."""
    influxdb.create_database(name)
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database=name)
    reader = patient_reader(store)
    pipe = aggregator(directory, name, url, store)
    with Follower(url) as follower:
        try:
            pipe.start_and_wait()
            # What is written and not acknowledged when the store goes would be told as gone too.
            wait_until(lambda: _has_all(url, name), "the store has everything", pause=0.01)
            influxdb.stop()
            last = max(follower.records)
            with logging:
                wait_until(lambda: _oldest(url) > last + 50, "the oldest were dropped", 1200)
            influxdb.start()
            until = max(follower.records)
            newest = follower.records[until]
            wait_until(lambda: newest.keys() <= stored(reader, newest).keys(), "the rest", 60)
        finally:
            influxdb.start() if not influxdb.running() else None
            pipe.stop()
    told = set(_told_gaps(reader))
    logged = {number: record for number, record in follower.records.items() if number <= until}
    whole = {point: value for record in logged.values() for point, value in record.items()}
    kept = {point for number, record in logged.items() if number not in told for point in record}
    gone = whole.keys() - kept
    found = stored(reader, whole)
    say(
        f"{name}: of {until} records a full disk took {len(told)}, told as {min(told)} to "
        f"{max(told)}; {len(gone & found.keys())} of their {len(gone):,} samples are there, "
        f"{len(kept - found.keys())} of the other {len(kept):,} are missing"
    )
    assert kept <= found.keys()
    assert not gone & found.keys()
    assert all(found[point] == value for point, value in whole.items() if point in kept)
    assert pipe.has_no_traceback(), pipe.tail()


def _has_all(url: str, consumer: str) -> bool:
    """Whether the consumer has acknowledged every record that the log has."""
    with urllib.request.urlopen(f"{url}/api/v1/consumers", timeout=30) as reply:
        listed = json.load(reply)["consumers"]
    return {"name": consumer, "backlog_records": 0} in listed


def _oldest(url: str) -> int:
    """The sequence number of the oldest record that the log still has."""
    with urllib.request.urlopen(f"{url}/api/v1/stream?max_bytes=1", timeout=30) as reply:
        return int(reply.headers["Weir-Cursor"].partition(":")[2])


def _told_gaps(reader: Reader) -> Iterator[int]:
    """The numbers of the records of which the store was told that they are gone."""
    names = ("log_gap_first_seq", "log_gap_last_seq", "log_gap_records")
    for gap in reader.select("weir", names, [], 0, 2**62):
        columns = (gap.columns[name].astype(int).tolist() for name in names)
        for first, last, count in zip(*columns, strict=True):
            assert count == last - first + 1
            yield from range(first, last + 1)
