"""The store killed with SIGKILL under load, and started again."""

from __future__ import annotations

import random
import time
from pathlib import Path

from monitor.stores.config import StoreConfig
from tests.faults.conftest import Say
from tests.faults.fleet import Fleet, compare, delivered
from tests.faults.pipes import aggregator, patient_reader, wait_for_a_write
from tests.real.influxdb import InfluxDB
from tests.real.victoria import VictoriaMetrics


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
    counted = delivered(fleet.nodes, patient_reader(store))
    say(f"{kills} kills of InfluxDB: {counted}")
    assert pipe.stop() == 0
    assert pipe.has_no_traceback(), pipe.tail()


def test_no_kill_of_victoriametrics_loses_or_invents(
    tmp_path: Path,
    fleet: Fleet,
    victoria: VictoriaMetrics,
    soak: bool,
    moments: random.Random,
    say: Say,
) -> None:
    """Killed, it forgets seconds that it had acknowledged."""
    kills, longest = (20, 30.0) if soak else (3, 8.0)
    victoria.delete('{__name__=~".+"}')
    store = StoreConfig(store=f"victoriametrics:{victoria.url}")
    pipe = aggregator(tmp_path, "killed", fleet.urls, store)
    pipe.start_and_wait()
    forgotten = 0
    with fleet.sweeping(0.1):
        for _ in range(kills):
            time.sleep(moments.uniform(1, longest))
            victoria.flush()
            before = compare(fleet.nodes, patient_reader(store))
            victoria.kill()
            victoria.start()
            victoria.flush()
            after = compare(fleet.nodes, patient_reader(store))
            had = before.logged - before.missing
            forgotten += max(0, had - (after.logged - after.missing))
    assert forgotten, "it loses what it had acknowledged"
    counted = delivered(fleet.nodes, patient_reader(store), 90)
    say(f"{kills} kills of VictoriaMetrics, which forgot {forgotten:,} samples: {counted}")
    if soak:
        fleet.wait_for("killed", fleet.logged, 180)
    assert 1 <= len(pipe.lines("the store was started anew")) <= kills
    assert pipe.stop() == 0
    assert pipe.has_no_traceback(), pipe.tail()
