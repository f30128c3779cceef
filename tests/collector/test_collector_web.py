"""What the collector answers, without a network between."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from collector.latest import Latest
from collector.web import create_app
from monitor.edgelog import Cursor, EdgeLog
from monitor.record import Record, Series, Value


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EdgeLog]:
    log = EdgeLog(tmp_path)
    yield log
    log.close()


def client(log: EdgeLog, latest: Latest, **health: Any) -> Client:
    usual = {"last_tick_seconds": 0.5, "log": "ok", "docker": None}
    return Client(create_app(latest, log, lambda: 10.0, lambda: {**usual, **health}))


@pytest.mark.parametrize(
    ("age", "status", "word"),
    [(0.5, 200, "ok"), (34.9, 200, "ok"), (35.1, 503, "no sweep"), (None, 503, "no sweep")],
)
def test_the_health_is_the_age_of_the_last_tick(
    log: EdgeLog, age: float | None, status: int, word: str
) -> None:
    answer = client(log, Latest(60), last_tick_seconds=age).get("/healthz")
    assert answer.status_code == status
    assert answer.json == {
        "status": word, "last_tick_seconds": age, "log": "ok", "docker": None,
    }  # fmt: skip


def test_a_container_is_one_entry_with_its_interfaces_and_devices(log: EdgeLog) -> None:
    tags = {"cluster": "c", "node": "n", "namespace": "shop", "container": "web"}

    def row(measurement: str, fields: dict[str, Value], **more: str) -> Record:
        return Record(Series.of(measurement, {**tags, **more}), fields, 5 * 10**9)

    latest = Latest(60)
    started: dict[str, Value] = {"start_time_seconds": 1.5}
    info: dict[str, Value] = {
        "id": "abc",
        "image": "i",
        "runtime": "docker",
        "cgroup": "/docker/abc",
    }
    rows = [
        row("container", {"cpu_usage_seconds_total": 2.5, **started}),
        row("container", {"network_receive_bytes_total": 3, **started}, interface="eth0"),
        row("container", {"fs_reads_bytes_total": 4, **started}, device="sda"),
        row("container", {"network_tcp_usage_total": 5}, tcp_state="listen"),
        row("container_info", info),
        Record(Series.of("node", {"cluster": "c", "node": "n"}), {"load1": 1.0}, 5 * 10**9),
    ]
    latest.update(rows, 5 * 10**9)
    answer = client(log, latest).get("/api/v1/containers").json
    assert answer is not None
    assert answer["containers"] == [
        {
            "cluster": "c", "node": "n", "namespace": "shop", "pod": None, "container": "web",
            "interfaces": {"eth0": {"network_receive_bytes_total": 3}},
            "devices": {"sda": {"fs_reads_bytes_total": 4}},
            "others": [
                {"tags": {"tcp_state": "listen"}, "fields": {"network_tcp_usage_total": 5}}
            ],
            "time": 5.0, "start_time_seconds": 1.5,
            "fields": {"cpu_usage_seconds_total": 2.5},
            "id": "abc", "image": "i", "runtime": "docker", "cgroup": "/docker/abc",
        }
    ]  # fmt: skip


def test_the_page_is_prometheus_text_and_the_stream_is_mounted(log: EdgeLog) -> None:
    latest = Latest(60)
    latest.update([Record(Series.of("machine", {"node": "n"}), {"cpu_cores": 2}, 1)], 1)
    log.append(b"machine,node=n cpu_cores=2i 1\n")
    page = client(log, latest).get("/metrics")
    assert page.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert "\nmachine_cpu_cores 2.0\n" in page.text
    assert "\ncontainer_scrape_error 0.0\n" in page.text
    pulled = client(log, latest).post("/api/v1/consumers/store/pull")
    assert Cursor.parse(pulled.headers["Weir-Cursor"])[:2] == (log.epoch, 1)


def test_a_page_of_old_rows_says_so(log: EdgeLog) -> None:
    page = client(log, Latest(60), last_tick_seconds=35.1).get("/metrics")
    assert "\ncontainer_scrape_error 1.0\n" in page.text


def test_the_page_is_compressed_for_who_takes_that(log: EdgeLog) -> None:
    asking = client(log, Latest(60))
    plain = asking.get("/metrics")
    assert "Content-Encoding" not in plain.headers
    packed = asking.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == plain.data
    refused = asking.get("/metrics", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert refused.data == plain.data


def test_a_part_of_the_page_and_one_that_is_not_there(log: EdgeLog) -> None:
    latest = Latest(60)
    node = Series.of("node", {"node": "n"})
    latest.update([Record(node, {"load1": 1.0, "cpu_usage_seconds_total": 2.5}, 10**9)], 10**9)
    part = client(log, latest).get("/metrics?collect[]=load&collect[]=node")
    assert [line for line in part.text.splitlines() if line[0] != "#"] == ["node_load1 1.0 1000"]
    refused = client(log, latest).get("/metrics?collect[]=load&collect[]=disks")
    assert refused.status_code == 400
    assert refused.json is not None
    assert refused.json["parameter"] == "collect[]"
    assert "'disks'" in refused.json["error"] and "diskIO" in refused.json["hint"]


def test_a_page_of_a_certain_age_is_asked_for_before_it_is_made(log: EdgeLog) -> None:
    latest, asked = Latest(60), []

    def fresh(seconds: float) -> None:
        asked.append(seconds)
        latest.update([Record(Series.of("node", {}), {"load1": seconds}, 10**9)], 10**9)

    app = create_app(latest, log, lambda: 10.0, lambda: {"last_tick_seconds": 0.5}, fresh=fresh)
    asking = Client(app)
    assert asking.get("/metrics").status_code == 200 and not asked
    assert "node_load1 2.5 1000\n" in asking.get("/metrics?max_age=2.5s").text
    assert asking.get("/metrics?max_age=0").status_code == 200
    assert asked == [2.5, 0]
    refused = asking.get("/metrics?max_age=soon")
    assert refused.status_code == 400 and refused.json is not None
    assert refused.json["parameter"] == "max_age" and len(asked) == 2
