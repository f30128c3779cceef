"""What the edge log has, the store has: whatever is killed, whatever is away."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader
from tests.end_to_end.ledger import assert_delivered
from tests.real.influxdb import InfluxDB
from tests.real.weir import Weir

KILLS = 50
OUTAGE_SECONDS = 60.0
SETTLED_SECONDS = 15.0


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Weir]:
    """A collector that sweeps this machine each second."""
    weir = Weir(
        "collector", tmp_path, f"--data={tmp_path / 'log'}", "--interval=1", "--docker=none"
    )
    try:
        weir.start_and_wait()
        yield weir
    finally:
        weir.stop()


def aggregator(directory: Path, collector: Weir, name: str, store: StoreConfig) -> Weir:
    """An aggregator from the collector to the store, under its own consumer's name."""
    own = directory / name
    own.mkdir()
    return Weir(
        "aggregator",
        own,
        f"--nodes={collector.url}",
        f"--consumer={name}",
        f"--store={store.store}",
        f"--influx-database={store.influx_database}",
        f"--data={own}",
        "--poll=0.1",
    )


@pytest.mark.timeout(600)
def test_fifty_kills_of_the_aggregator_lose_nothing(
    tmp_path: Path, collector: Weir, influxdb: InfluxDB, capsys: pytest.CaptureFixture[str]
) -> None:
    influxdb.create_database("kills")
    stores = {
        "embedded": StoreConfig(store=f"sqlite:{tmp_path / 'store'}"),
        "influx": StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="kills"),
    }
    pipes = [aggregator(tmp_path, collector, name, store) for name, store in stores.items()]
    disks = [tmp_path / "store", influxdb.directory / "wal" / "kills"]
    moments = random.Random(50)
    for kill in range(KILLS):
        for pipe, disk in zip(pipes, disks, strict=True):
            pipe.start()
            if kill % 2:
                pipe.ready(pipe.answers)
                time.sleep(moments.uniform(0, 0.6))  # any moment, a sweep may lie anywhere in it
            else:
                _wait_for_a_write(disk)  # the moment that matters: what is written is not kept yet
                time.sleep(moments.uniform(0, 0.01))
            pipe.kill()
    for pipe in pipes:
        pipe.start_and_wait()
    counted = {
        name: assert_delivered(collector.url, open_reader(store)) for name, store in stores.items()
    }
    for pipe in pipes:
        assert pipe.stop() == 0
        assert pipe.has_no_traceback(), pipe.tail()
    with capsys.disabled():
        print(f"\n{KILLS} kills; points compared, none lost, none twice: {counted}")


@pytest.mark.timeout(300)
def test_a_minute_without_influxdb_leaves_no_gap(
    tmp_path: Path, collector: Weir, influxdb: InfluxDB, capsys: pytest.CaptureFixture[str]
) -> None:
    influxdb.create_database("outage")
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="outage")
    pipe = aggregator(tmp_path, collector, "outage", store)
    try:
        pipe.start_and_wait()
        time.sleep(SETTLED_SECONDS)  # the allocator's warm-up is no growth
        before = _rss_bytes(pipe.pid)
        influxdb.stop()
        time.sleep(OUTAGE_SECONDS)
        during = _rss_bytes(pipe.pid)
        influxdb.start()
        counted = assert_delivered(collector.url, open_reader(store))
        after = _rss_bytes(pipe.pid)
    finally:
        influxdb.start() if not influxdb.running() else None
        pipe.stop()
    with capsys.disabled():
        mib = [round(size / 1048576, 1) for size in (before, during, after)]
        print(
            f"\n{counted} points compared; aggregator RSS before, in, after the outage: {mib} MiB"
        )
    assert max(during, after) < 1.05 * before
    assert len(pipe.lines("influx|InfluxDB|store")) <= 4, pipe.tail()  # said at start and end
    assert pipe.has_no_traceback()


def _wait_for_a_write(directory: Path) -> None:
    """Return as soon as a file below the directory changes, or after three seconds."""
    before, deadline = _changed_ns(directory), time.monotonic() + 3
    while _changed_ns(directory) == before and time.monotonic() < deadline:
        time.sleep(0.0005)


def _changed_ns(directory: Path) -> int:
    newest = 0
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a journal that came and went
            newest = max(newest, path.stat().st_mtime_ns)
    return newest


def _rss_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.split("VmRSS:")[1].split()[0])
