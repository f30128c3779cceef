"""The store killed with SIGKILL under load, and started again."""

from __future__ import annotations

import random
import time
from pathlib import Path

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader
from tests.faults.conftest import Say
from tests.faults.fleet import Fleet, delivered
from tests.faults.pipes import aggregator, wait_for_a_write
from tests.real.influxdb import InfluxDB


def test_no_kill_of_influxdb_loses_or_invents(
    tmp_path: Path,
    fleet: Fleet,
    influxdb: InfluxDB,
    soak: bool,
    moments: random.Random,
    say: Say,
) -> None:
    kills = 20 if soak else 4
    influxdb.create_database("killed")
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="killed")
    pipe = aggregator(tmp_path, "killed", fleet.urls, store)
    pipe.start_and_wait()
    with fleet.sweeping(0.1):
        for number in range(kills):
            if number % 2:
                time.sleep(moments.uniform(0, 1))
            else:
                wait_for_a_write(influxdb.directory / "wal" / "killed")
                time.sleep(moments.uniform(0, 0.01))
            influxdb.kill()
            influxdb.start()
            fleet.wait_for("killed", fleet.logged)
    counted = delivered(fleet.nodes, open_reader(store))
    say(f"{kills} kills of InfluxDB: {counted}")
    assert pipe.stop() == 0
    assert pipe.has_no_traceback(), pipe.tail()
