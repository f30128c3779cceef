"""What goes wrong between a running aggregator and a real InfluxDB, and how it ends: in words, with
nothing acknowledged that is not stored, and with everything stored once afterwards."""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from monitor.aggregator.quarantine import Quarantine
from monitor.aggregator.service import Aggregator
from tests.monitor.aggregator.fakes import FakeNode
from tests.real.influxdb import InfluxDB
from tests.real.meddler import Instead, Meddler, Way
from tests.real.process import wait_until

SECRET = "weir:a-secret-word"
START = 1_700_000_000


def _ready(aggregator: Aggregator) -> Any:
    try:
        with urllib.request.urlopen(f"{aggregator.url}/readyz", timeout=5) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        return json.load(error)


def _log(node: FakeNode, first: int, count: int) -> None:
    for number in range(first, first + count):
        node.log.append(b"m,container=c v=%di %d\n" % (number, (START + number) * 10**9))


def _waiting(node: FakeNode) -> int | None:
    return node.log.stats().backlog.get("aggregator")


def _stored(influxdb: InfluxDB, database: str) -> list[int]:
    found = influxdb.query("SELECT v FROM m", database)
    return [int(value) for series in found for _, value in series["values"]]


@pytest.fixture
def meddler(influxdb: InfluxDB) -> Iterator[Meddler]:
    influxdb.create_database("errors")
    with Meddler(influxdb.url) as between:
        yield between
    influxdb.drop_database("errors")


@pytest.fixture
def token(tmp_path: Path) -> str:
    (tmp_path / "token").write_text(SECRET)
    return str(tmp_path / "token")


def _error(text: str) -> bytes:
    return json.dumps({"error": text}).encode()


TABLE: list[tuple[Way | Instead, str, str]] = [
    (Instead(401, _error("authorization failed")), "forbidden", "check influx_token_file"),
    (Instead(403, _error("not authorized")), "forbidden", "refuses the credentials (403, not"),
    (Instead(404, _error('database not found: "x"')), "missing", "with `weir init-store`"),
    (Instead(429), "unavailable", "is busy (429"),
    (Instead(503, headers={"Retry-After": "1"}), "unavailable", "is busy (503"),
    (Instead(500, _error("timeout")), "unavailable", "says '500 timeout': see its log"),
    (Instead(502, b"<html>Bad Gateway"), "unavailable", "502 <html>Bad Gateway"),
    (Instead(200, _error("engine is closed")), "unavailable", "200 engine is closed"),
    (Instead(302, headers={"Location": "http://h/"}), "unavailable", "sends us elsewhere (302)"),
    ("cut in the request", "unavailable", "does not answer"),
    ("cut before the reply", "unavailable", "does not answer"),
    ("drip", "unavailable", "did not answer within 1 s"),
]


@pytest.mark.parametrize(("way", "kind", "words"), TABLE, ids=[str(row[0])[:30] for row in TABLE])
def test_nothing_is_acknowledged_and_it_goes_on_by_itself(
    influxdb: InfluxDB,
    meddler: Meddler,
    nodes: Callable[[], FakeNode],
    start: Callable[..., Aggregator],
    token: str,
    caplog: pytest.LogCaptureFixture,
    way: Way | Instead,
    kind: str,
    words: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    node = nodes()
    _log(node, 0, 5)
    meddler.way = way
    aggregator = start(
        node.url,
        own_writer=True,
        store=f"influxdb:{meddler.url}",
        influx_database="errors",
        influx_token_file=token,
        store_timeout=1.0,
    )
    wait_until(lambda: meddler.met >= 2, "it tries again", 20)
    assert _waiting(node) == 5
    ready = _ready(aggregator)
    assert ready["ready"] is False
    assert ready["reason"].startswith("the store takes nothing: InfluxDB at ")
    assert words in ready["reason"]
    assert influxdb.answers(), "while /ping says that all is well"
    with urllib.request.urlopen(f"{aggregator.url}/metrics", timeout=5) as reply:
        assert f'weir_aggregator_store_errors_total{{kind="{kind}"}}' in reply.read().decode()
    _log(node, 5, 1)
    meddler.way = "through"
    wait_until(lambda: _waiting(node) == 0, "the rest flows", 30)
    assert _stored(influxdb, "errors") == list(range(6)), "each once"
    assert _ready(aggregator) == {"ready": True, "reason": ""}
    said = [r.getMessage() for r in caplog.records if "the store" in r.getMessage()]
    assert [line.split(",")[0] for line in said] == [
        "the store takes nothing", "the store takes samples again",
    ]  # fmt: skip
    assert words in said[0]
    assert "secret-word" not in caplog.text + ready["reason"]


def test_a_connection_that_is_closed_after_each_reply_costs_nothing(
    influxdb: InfluxDB,
    meddler: Meddler,
    nodes: Callable[[], FakeNode],
    start: Callable[..., Aggregator],
    caplog: pytest.LogCaptureFixture,
) -> None:
    node = nodes()
    meddler.way = "cut after the reply"
    store = {"store": f"influxdb:{meddler.url}", "influx_database": "errors"}
    start(node.url, own_writer=True, **store)
    for number in range(10):
        _log(node, number, 1)
        wait_until(lambda: _waiting(node) == 0, "it is stored", 10)
    assert _stored(influxdb, "errors") == list(range(10))
    assert "takes nothing" not in caplog.text


@pytest.mark.parametrize("told", ["seconds", "date"])
def test_a_busy_store_is_left_alone_for_as_long_as_it_says(
    influxdb: InfluxDB,
    meddler: Meddler,
    nodes: Callable[[], FakeNode],
    start: Callable[..., Aggregator],
    told: str,
) -> None:
    node = nodes()
    _log(node, 0, 1)
    after = "3" if told == "seconds" else formatdate(time.time() + 4, usegmt=True)
    meddler.way = Instead(429, headers={"Retry-After": after})
    store = {"store": f"influxdb:{meddler.url}", "influx_database": "errors"}
    start(node.url, own_writer=True, **store)
    wait_until(lambda: meddler.met == 1, "it was told", 10)
    began = time.monotonic()
    meddler.way = "through"
    wait_until(lambda: _waiting(node) == 0, "it came back", 20)
    assert 2.5 < time.monotonic() - began < 8


def test_a_database_that_is_made_later_gets_everything(
    influxdb: InfluxDB,
    nodes: Callable[[], FakeNode],
    start: Callable[..., Aggregator],
    caplog: pytest.LogCaptureFixture,
) -> None:
    node = nodes()
    _log(node, 0, 5)
    store = {"store": f"influxdb:{influxdb.url}", "influx_database": "later"}
    aggregator = start(node.url, own_writer=True, **store)
    wait_until(lambda: not _ready(aggregator)["ready"] and "later" in caplog.text, "missing", 10)
    assert "make the database later with `weir init-store`" in _ready(aggregator)["reason"]
    influxdb.create_database("later")
    wait_until(lambda: _waiting(node) == 0, "it is stored", 30)
    assert _stored(influxdb, "later") == list(range(5))
    influxdb.drop_database("later")


def test_lines_that_influxdb_refuses_stay_out_of_the_way_of_the_others(
    influxdb: InfluxDB,
    meddler: Meddler,
    nodes: Callable[[], FakeNode],
    start: Callable[..., Aggregator],
    tmp_path: Path,
) -> None:
    """A type conflict, a line out of retention, a line that is none: a 400, partial or not."""
    influxdb.query('CREATE RETENTION POLICY "week" ON "errors" DURATION 1w REPLICATION 1 DEFAULT')
    now = time.time_ns()
    node = nodes()
    bad = [b'm,container=c v="text" %d' % now, b"m,container=c v=1i 1000", b"m,container=c v 5"]
    for number in range(12):
        node.log.append(b"m,container=c v=%di %d\n" % (number, now + number))
        if number % 4 == 3:
            node.log.append(bad[number // 4] + b"\n")
    store = {"store": f"influxdb:{meddler.url}", "influx_database": "errors"}
    start(node.url, own_writer=True, **store)
    wait_until(lambda: _waiting(node) == 0, "all went somewhere", 30)
    assert _stored(influxdb, "errors") == list(range(12))
    quarantine = Quarantine(tmp_path / "data" / "quarantine")
    kept = [entry for path in quarantine.files() if (entry := quarantine.read(path))]
    assert sum(entry.lines for entry in kept) == len(bad)
    reasons = " ".join(reason for entry in kept for reason in entry.reasons)
    for words in ("field type conflict", "beyond retention policy", "unable to parse"):
        assert words in reasons
