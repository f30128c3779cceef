"""What the edge log has, the store has: whatever is killed, whatever is away."""

from __future__ import annotations

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
    moments = random.Random(50)
    for _ in range(KILLS):
        for pipe in pipes:
            pipe.start()
        for pipe in pipes:
            pipe.ready(pipe.answers)
        for pipe in pipes:
            time.sleep(moments.uniform(0, 0.6))  # a sweep lies anywhere in it: any moment is hit
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


def _rss_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.split("VmRSS:")[1].split()[0])
