"""A real InfluxDB with a full disk: what it refuses waits on the nodes, until it is well again."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.aggregator.service import Aggregator
from tests.monitor.aggregator.fakes import FakeNode
from tests.real.influxdb import InfluxDB
from tests.real.process import wait_until

pytestmark = pytest.mark.root

SECOND = 1_000_000_000
START = 1_700_000_000
LINES = 400


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[InfluxDB]:
    """An InfluxDB on a file system of its own, of 16 MiB."""
    directory = tmp_path / "influxdb"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", directory], check=True)
    server = InfluxDB(directory)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        subprocess.run(["umount", directory], check=True)


def _sweep(number: int) -> bytes:
    at = (START + number) * SECOND
    return b"".join(
        b'm,container=c%d v=%di,text="%s" %d\n' % (i, number, b"x" * (i % 50), at)
        for i in range(LINES)
    )


def _ready(aggregator: Aggregator) -> Any:
    try:
        with urllib.request.urlopen(f"{aggregator.url}/readyz", timeout=5) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        return json.load(error)


def test_nothing_is_acknowledged_until_influxdb_was_restarted(
    cramped: InfluxDB,
    nodes: Callable[[], FakeNode],
    start: Callable[..., Aggregator],
) -> None:
    cramped.create_database("d")
    node = nodes()
    store = {"store": f"influxdb:{cramped.url}", "influx_database": "d"}
    aggregator = start(node.url, own_writer=True, **store)

    def waiting() -> int | None:
        return node.log.stats().backlog.get("aggregator")

    for number in range(5):
        node.log.append(_sweep(number))
    wait_until(lambda: waiting() == 0, "there was room for these", 30)
    ballast = cramped.directory / "ballast"
    _fill(ballast)
    sweeps = 5
    deadline = time.monotonic() + 60
    while _ready(aggregator)["ready"]:
        assert time.monotonic() < deadline, "the disk became full"
        node.log.append(_sweep(sweeps))
        sweeps += 1
        wait_until(lambda: waiting() == 0 or not _ready(aggregator)["ready"], "tried", 30)
    assert "no space left on device" in _ready(aggregator)["reason"]
    refused = waiting()
    assert refused
    assert cramped.answers(), "/ping says that all is well"

    ballast.unlink()
    tried = _attempts(aggregator)
    wait_until(lambda: _attempts(aggregator) >= tried + 2, "it is tried again", 60)
    assert waiting() == refused, "it stays at 500 although there is room again"
    cramped.stop()
    cramped.start()
    wait_until(lambda: waiting() == 0, "everything is stored", 60)
    [*found] = cramped.query("SELECT count(v), min(v), max(v) FROM m GROUP BY container", "d")
    assert len(found) == LINES
    for series in found:
        assert series["values"][0][1:] == [sweeps, 0, sweeps - 1], series["tags"]
    assert _ready(aggregator) == {"ready": True, "reason": ""}


def _fill(ballast: Path) -> None:
    """Take all the room there is but 64 KiB."""
    stat = subprocess.run(
        ["stat", "-f", "-c", "%a %S", str(ballast.parent)],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    free = int(stat[0]) * int(stat[1])
    ballast.write_bytes(bytes(max(0, free - 64 * 1024)))


def _attempts(aggregator: Aggregator) -> float:
    """Writes that failed."""
    with urllib.request.urlopen(f"{aggregator.url}/metrics", timeout=5) as reply:
        page = reply.read().decode()
    name = 'weir_aggregator_store_errors_total{kind="unavailable"} '
    return float(page.split(name)[1].split("\n")[0]) if name in page else 0.0
