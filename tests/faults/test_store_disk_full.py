"""The disk under InfluxDB full, then freed, and InfluxDB started again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitor.stores.config import StoreConfig
from tests.faults.conftest import Say
from tests.faults.fleet import Fleet, compare, delivered
from tests.faults.pipes import aggregator, patient_reader
from tests.real.disk import SmallDisk
from tests.real.influxdb import InfluxDB
from tests.real.process import wait_until


@pytest.mark.root
def test_what_came_while_the_disk_was_full_is_there_after_the_restart(
    tmp_path: Path, fleet: Fleet, soak: bool, say: Say
) -> None:
    full_seconds = 60.0 if soak else 4.0
    with SmallDisk(tmp_path / "disk", 64 * 1024) as disk:
        influxdb = InfluxDB(disk.path)
        influxdb.start()
        influxdb.create_database("full")
        store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="full")
        reader = patient_reader(store)
        pipe = aggregator(tmp_path, "full", fleet.urls, store)
        try:
            pipe.start_and_wait()
            with fleet.sweeping(0.1):
                fleet.wait_for("full", 100)
                disk.fill()
                wait_until(lambda: not pipe.api("targets")["store"]["up"], "it is said", 60)
                said = pipe.api("targets")["store"]["words"]
                assert influxdb.answers(), "/ping does not know"
                time.sleep(full_seconds)
                disk.free()
                seen = compare(fleet.nodes, reader).missing
                influxdb.kill()
                influxdb.start()
                forgotten = max(0, compare(fleet.nodes, reader).missing - seen)
            counted = delivered(fleet.nodes, reader)
        finally:
            pipe.stop()
            influxdb.stop()
    say(f"disk under InfluxDB full for {full_seconds:g} s, then a restart: {counted}")
    say(f"samples that InfluxDB had and forgot by the restart: {forgotten:,}; it had said: {said}")
    assert "500" in said or "space" in said
    assert pipe.has_no_traceback(), pipe.tail()
