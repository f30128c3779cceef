"""Connections cut at any point, to the store and to the nodes; a node that drips its answers."""

from __future__ import annotations

import random
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from monitor.stores.config import StoreConfig
from tests.faults.conftest import Say
from tests.faults.fleet import Fleet, delivered
from tests.faults.pipes import aggregator, patient_reader
from tests.real.cutting import Cutting, Fate
from tests.real.influxdb import InfluxDB

CUTS: dict[Fate, int] = {
    "pass": 6, "before the request": 1, "within the request": 1, "before the reply": 2,
}  # fmt: skip
DRIPS: dict[Fate, int] = CUTS | {"drip": 1}


def test_cut_connections_lose_and_double_nothing(
    tmp_path: Path,
    fleet: Fleet,
    influxdb: InfluxDB,
    soak: bool,
    moments: random.Random,
    say: Say,
) -> None:
    records = 20_000 if soak else 600
    influxdb.create_database("cut")
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(Cutting(_port(node.url), moments, DRIPS if n % 2 else CUTS))
            for n, node in enumerate(fleet.nodes)
        ]
        store = stack.enter_context(Cutting(_port(influxdb.url), moments, CUTS))
        through = StoreConfig(store=f"influxdb:{store.url}", influx_database="cut")
        urls = ",".join(node.url for node in nodes)
        pipe = aggregator(tmp_path, "cut", urls, through, "--timeout=1", "--batch-bytes=16384")
        pipe.start_and_wait()
        with fleet.sweeping(0.1):
            fleet.wait_for("cut", records, 1800 if soak else 120)
        for proxy in (store, *nodes):
            proxy.cutting = False
        direct = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="cut")
        counted = delivered(fleet.nodes, patient_reader(direct), 120)
        assert pipe.stop() == 0
    cut = {fate: sum(node.fates[fate] for node in nodes) for fate in DRIPS}
    say(f"requests to the store {dict(store.fates)}, to the nodes {cut}: {counted}")
    assert store.fates["before the reply"] > 5
    assert pipe.has_no_traceback(), pipe.tail()


def test_two_aggregators_side_by_side_are_as_one(
    tmp_path: Path, fleet: Fleet, influxdb: InfluxDB, soak: bool, moments: random.Random, say: Say
) -> None:
    """On the same nodes under the same name and under another, to the same store."""
    kills = 30 if soak else 3
    influxdb.create_database("two")
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="two")
    pipes = [
        aggregator(tmp_path / place, name, fleet.urls, store, "--batch-bytes=4096")
        for place, name in (("a", "two"), ("b", "two"), ("c", "other"))
    ]
    for pipe in pipes:
        pipe.start()
    with fleet.sweeping(0.1):
        for _ in range(kills):
            fleet.wait_for("two", fleet.logged + 40)
            pipe = moments.choice(pipes)
            pipe.kill()
            pipe.start()
        fleet.wait_for("other", fleet.logged)
    counted = delivered(fleet.nodes, patient_reader(store))
    for pipe in pipes:
        assert pipe.stop() == 0
        assert pipe.has_no_traceback(), pipe.tail()
    say(f"three aggregators on the same nodes, {kills} kills: {counted}")


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
