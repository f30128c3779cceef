"""What VictoriaMetrics tells of itself on /metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import StoreMissing, StoreUnavailable
from monitor.stores.config import StoreConfig
from monitor.stores.victoria.status import parse
from monitor.stores.victoria.writer import VictoriaWriter, watched
from tests.monitor.stores.answering import answering
from tests.monitor.stores.samples import raw
from tests.real.process import wait_until
from tests.real.victoria import VictoriaMetrics

PAGE = """\
vm_app_version{version="victoria-metrics-20220621-tags-v1.79.0", short_version="v1.79.0"} 1
flag{name="dedup.minScrapeInterval", value="1ms", is_set="true"} 1
flag{name="a", value="x\\"y", is_set="true"} 1
vm_app_start_timestamp 1700000000
vm_app_uptime_seconds 17
vm_rows_invalid_total{type="influx"} 3
vm_rows_invalid_total{type="graphite"} 9
vm_rows_ignored_total{reason="big_timestamp"} 1
vm_rows_ignored_total{reason="small_timestamp"} 2
vm_rows_ignored_total_of_another 5
"""


def test_a_page_of_a_process() -> None:
    status = parse(PAGE)
    assert status.started == "1700000000"
    assert status.version == "v1.79.0"
    assert status.flags == {"dedup.minScrapeInterval": "1ms", "a": 'x"y'}
    assert status.dropped == {"invalid": 3, "big_timestamp": 1, "small_timestamp": 2}


def test_a_page_of_another_program() -> None:
    assert parse("up 1\n").started == ""
    with pytest.raises(ValueError):
        parse("vm_app_start_timestamp {{\n")


def test_a_real_one_over_a_restart(tmp_path: Path) -> None:
    server = VictoriaMetrics(tmp_path, retention="2d")
    server.start()
    try:
        writer = VictoriaWriter(StoreConfig(store=f"victoriametrics:{server.url}"))
        before = writer.look()
        assert writer.look() == before
        writer.write(raw("m f=1\nm nothing\nm f=1 1000\nm f=1 9000000000000000000\n"))
        expected = {"invalid": 1, "big_timestamp": 1, "small_timestamp": 1}
        wait_until(lambda: writer.look().dropped == expected, "it is told")  # once a second
        server.kill()
        with pytest.raises(StoreUnavailable):
            writer.look()
        server.start()
        assert writer.look().started != before.started
        writer.close()
    finally:
        server.stop()


def test_of_a_cluster_every_process_is_looked_at(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    place = "http://127.0.0.1:1/insert/0/influx"
    assert watched(StoreConfig(store=f"victoriametrics:{place}")) == ["http://127.0.0.1:1"]
    with answering(200, PAGE.encode()) as (one, asked), answering(200, PAGE.encode()) as (two, _):
        config = StoreConfig(
            store=f"victoriametrics:{one}/insert/0/influx",
            store_watch=f"{one}, {two}/",
            store_token_file=str(token),
        )
        found = VictoriaWriter(config).look()
        assert found.started == "1700000000 1700000000"
        assert found.dropped == {"invalid": 6, "big_timestamp": 2, "small_timestamp": 4}
        assert asked[0][0] == "/metrics"
        assert asked[0][2]["Authorization"] == "Bearer secret"
        elsewhere = StoreConfig(
            store=f"victoriametrics:{place}", store_watch=one, store_token_file=str(token)
        )
        VictoriaWriter(elsewhere).look()
        assert "Authorization" not in asked[1][2]


@pytest.mark.parametrize("page", ["<html>", "up 1\n", "vm_app_start_timestamp {{\n", "\xff"])
def test_what_does_not_tell_its_start_is_said(page: str) -> None:
    with answering(200, page.encode("latin-1")) as (url, _):
        writer = VictoriaWriter(StoreConfig(store=f"victoriametrics:{url}"))
        with pytest.raises(StoreMissing, match="Name its processes by store_watch"):
            writer.look()
