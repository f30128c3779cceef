"""What a real InfluxDB refuses: exactly those lines are set aside, and taken once it may."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.aggregator.config import AggregatorConfig
from monitor.aggregator.quarantine import Quarantine
from monitor.aggregator.quarantine_retry import retry
from monitor.aggregator.service import Aggregator
from monitor.stores.open import open_writer
from monitor.web.server import bind
from tests.monitor.aggregator.fakes import FakeNode
from tests.real.influxdb import InfluxDB
from tests.real.process import wait_until

NODES, RECORDS, ROWS = 6, 5, 30


@pytest.mark.root
def test_a_type_conflict_costs_those_lines_only(
    influxdb: InfluxDB, nodes: Callable[[], FakeNode], tmp_path: Path
) -> None:
    influxdb.create_database("refused")
    several = [nodes() for _ in range(NODES)]
    config = AggregatorConfig(
        listen="127.0.0.1:0",
        nodes=",".join(node.url for node in several),
        store=f"influxdb:{influxdb.url}",
        influx_database="refused",
        data=str(tmp_path / "data"),
        poll=0.05,
    )
    start_ns = time.time_ns()
    bad = 0
    writer = open_writer(config)
    influxdb.query("CREATE RETENTION POLICY forever ON refused DURATION INF REPLICATION 1 DEFAULT")
    first = b"clash,row=x v=1i %d\n" % start_ns
    several[0].log.append(first)
    aggregator = Aggregator(config, bind("127.0.0.1:0"))
    aggregator.start()
    wait_until(lambda: several[0].log.stats().backlog.get("aggregator") == 0, "the first", 10)
    for number, node in enumerate(several):
        for record in range(RECORDS):
            rows = []
            for row in range(ROWS):
                at = start_ns + (record * ROWS + row) * 1000 + number + 1
                wrong = (number, row % 17) in ((1, 3), (4, 5))
                bad += wrong
                name = b"clash" if wrong else b"good"
                rows.append(b"%s,node=n%d,row=r%d v=0.5 %d\n" % (name, number, row, at))
            node.log.append(b"".join(rows))
    wait_until(
        lambda: all(node.log.stats().backlog.get("aggregator") == 0 for node in several),
        "all is acknowledged",
        30,
    )
    aggregator.stop()

    def count(measurement: str) -> int:
        series = influxdb.query(f"SELECT count(v) FROM {measurement}", "refused")
        return int(series[0]["values"][0][1]) if series else 0

    assert count("good") == NODES * RECORDS * ROWS - bad
    assert count("clash") == 1
    quarantine = Quarantine(config.quarantine)
    entries = [quarantine.read(path) for path in quarantine.files()]
    assert sum(entry.lines for entry in entries if entry) == bad
    for entry in entries:
        assert entry is not None
        lines = b"".join(each.lines for each in entry.refused).splitlines()
        assert all(line.startswith(b"clash,") for line in lines)
        assert "field type conflict" in entry.reasons[0]

    path = quarantine.files()[0]
    assert retry(quarantine, path, writer.write).taken == 0
    influxdb.query("DROP MEASUREMENT clash", "refused")
    tried = [retry(quarantine, path, writer.write) for path in quarantine.files()]
    assert (sum(each.taken for each in tried), sum(each.refused for each in tried)) == (bad, 0)
    assert quarantine.files() == []
    assert count("clash") == bad
    writer.close()
