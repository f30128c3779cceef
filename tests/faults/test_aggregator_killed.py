"""The aggregator killed at random instants, in half of the rounds while the store is written."""

from __future__ import annotations

import random
import time
from pathlib import Path

from monitor.stores.config import StoreConfig
from tests.faults.conftest import Say
from tests.faults.fleet import Fleet, delivered
from tests.faults.ledger import assert_delivered
from tests.faults.pipes import aggregator, patient_reader, wait_for_a_write
from tests.real.influxdb import InfluxDB
from tests.real.weir import Weir

SMALL = "--batch-bytes=4096"
"""A few records a pull, so that a kill falls between any two steps."""


def test_no_kill_of_the_aggregator_loses_or_invents(
    tmp_path: Path,
    collector: Weir,
    fleet: Fleet,
    influxdb: InfluxDB,
    soak: bool,
    moments: random.Random,
    say: Say,
) -> None:
    rounds = 67 if soak else 7
    influxdb.create_database("kills")
    influxdb.create_database("kills-real")
    influx = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="kills")
    real = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="kills-real")
    embedded = StoreConfig(store=f"sqlite:{tmp_path / 'store'}")
    pipes = [
        aggregator(tmp_path, "embedded", fleet.urls, embedded, SMALL),
        aggregator(tmp_path, "influx", fleet.urls, influx, SMALL),
        aggregator(tmp_path, "real", collector.url, real),
    ]
    wal = influxdb.directory / "wal"
    disks = [tmp_path / "store", wal / "kills", wal / "kills-real"]
    at_work = 0
    with fleet.sweeping(0.1):
        for number in range(rounds):
            for pipe in pipes:
                pipe.start()
            for pipe, disk in zip(pipes, disks, strict=True):
                if number % 2:
                    pipe.ready(pipe.answers)
                    time.sleep(moments.uniform(0, 0.6))
                else:
                    wait_for_a_write(disk)  # what is written then is not acknowledged yet
                    time.sleep(moments.uniform(0, 0.01))
                pipe.kill()
                at_work += fleet.backlog(pipe.directory.name) > 0
    for pipe in pipes:
        pipe.start_and_wait()
    for store in (embedded, influx):
        say(f"{store.store}: {delivered(fleet.nodes, patient_reader(store))}")
    points = assert_delivered(patient_reader(real), collector.url)
    say(f"a real collector: {points:,} samples, none lost, none else")
    say(f"{3 * rounds} kills of three aggregators, {at_work} of two with records under way")
    for pipe in pipes:
        assert pipe.stop() == 0
        assert pipe.has_no_traceback(), pipe.tail()
    assert at_work > rounds, "the kills fell into the work"
