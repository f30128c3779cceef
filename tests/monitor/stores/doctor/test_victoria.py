"""`weir doctor store` over a real VictoriaMetrics, a real Prometheus, and pages of others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from monitor.findings import Finding
from monitor.stores.config import StoreConfig
from monitor.stores.doctor.doctor import examine
from monitor.stores.doctor.victoria import victoria as told
from monitor.stores.open import open_writer
from tests.monitor.stores.answering import answering
from tests.monitor.stores.samples import raw
from tests.monitor.stream.crooked import Crooked, http
from tests.real.process import wait_until
from tests.real.prometheus import Prometheus
from tests.real.victoria import VictoriaMetrics

PAGE = """\
vm_app_version{{version="x", short_version="v1.99.0"}} 1
flag{{name="dedup.minScrapeInterval", value="{dedup}", is_set="true"}} 1
flag{{name="retentionPeriod", value="{retention}", is_set="true"}} 1
vm_app_start_timestamp 1700000000
vm_rows_invalid_total{{type="influx"}} {invalid}
"""


def found(config: StoreConfig) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(config)}


def page(dedup: str = "1ms", retention: str = "30d", invalid: int = 0) -> bytes:
    return PAGE.format(dedup=dedup, retention=retention, invalid=invalid).encode()


def test_one_that_is_as_it_should_be(victoria: VictoriaMetrics) -> None:
    shown = found(StoreConfig(store=f"victoriametrics:{victoria.url}"))
    counted = shown.pop("dropped rows")  # by other tests
    assert counted.state in ("ok", "partly") and not counted.missing
    assert {finding.state for finding in shown.values()} == {"ok"}
    assert {"write", "read", "version", "clock", "deduplication", "retention"} <= shown.keys()
    assert shown["retention"].why == "samples are kept 100y (-retentionPeriod)"


def test_one_that_keeps_twice_and_drops(tmp_path: Path) -> None:
    server = VictoriaMetrics(tmp_path, dedup="0s", retention="2d")
    server.start()
    try:
        config = StoreConfig(store=f"victoriametrics:{server.url}")
        open_writer(config).write(raw("m f=1 1000\nm nothing\n"))
        wait_until(lambda: found(config)["dropped rows"].state == "partly", "counted", 30)
        shown = found(config)
    finally:
        server.stop()
    assert "1 older than its retention" in shown["dropped rows"].why
    assert "1 no line protocol" in shown["dropped rows"].why
    assert shown["deduplication"].state == "partly"
    assert shown["deduplication"].remedy == "start it with -dedup.minScrapeInterval=1ms"
    assert shown["write"].state == shown["read"].state == "ok"


@pytest.mark.parametrize(
    ("flag", "state", "words"),
    [
        ("1ms", "ok", "=1ms"),
        ("1s", "ok", "=1s"),
        ("0s", "partly", "twice"),
        ("30s", "partly", "of each 30s it keeps one sample"),
        ("1m0s", "partly", "of each 1m0s"),
    ],
)
def test_what_its_deduplication_means(flag: str, state: str, words: str) -> None:
    with answering(200, page(dedup=flag)) as (url, _):
        config = StoreConfig(store=f"victoriametrics:{url}")
        shown = {finding.what: finding for finding in told(config)}
    assert shown["deduplication"].state == state
    assert words in shown["deduplication"].why
    assert shown["version"].why == "VictoriaMetrics v1.99.0, up since 2023-11-14 22:13:20 UTC"


@pytest.mark.parametrize(
    ("flag", "words"), [("1", "1 month "), ("13", "13 months "), ("30d", "30d ")]
)
def test_a_retention_without_a_unit_is_in_months(flag: str, words: str) -> None:
    with answering(200, page(retention=flag)) as (url, _):
        shown = {f.what: f for f in told(StoreConfig(store=f"victoriametrics:{url}"))}
    assert f"samples are kept {words}" in shown["retention"].why


def test_a_clock_that_is_wrong_is_said() -> None:
    late = formatdate(time.time() - 100, usegmt=True)
    with Crooked(http(page(), "200 OK", f"Date: {late}")) as server:
        shown = {f.what: f for f in told(StoreConfig(store=f"victoriametrics:{server.url}"))}
    assert shown["clock"].state == "partly"
    assert "s behind this machine's" in shown["clock"].why


def test_a_cluster_is_to_be_looked_at_whole() -> None:
    with answering(200, page()) as (one, _), answering(200, page(invalid=3)) as (two, _):
        place = f"victoriametrics:{one}/insert/0/influx"
        alone = list(told(StoreConfig(store=place)))
        assert alone[0].what == "processes" and alone[0].missing
        assert alone[0].remedy == "name vminsert and every vmstorage by store_watch"
        whole = list(told(StoreConfig(store=place, store_watch=f"{one},{two}")))
    assert not any(finding.missing for finding in whole)
    assert {f"the store: {one}", f"the store: {two}"} == {finding.area for finding in whole}
    (dropped,) = (f for f in whole if f.what == "dropped rows" and f.state == "partly")
    assert dropped.area == f"the store: {two}"


def test_nobody_there_is_a_finding(free_port: int) -> None:
    shown = found(StoreConfig(store=f"victoriametrics:http://127.0.0.1:{free_port}"))
    assert shown["write"].state == "no"
    assert "is it running" in shown["write"].remedy


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    server = Prometheus(tmp_path, "global: {scrape_interval: 1s}\n")
    server.start()
    server.wait_for("1")
    yield server
    server.stop()


def test_a_prometheus_that_scrapes_no_collector(prometheus: Prometheus) -> None:
    shown = found(StoreConfig(store=f"promql:{prometheus.url}"))
    assert shown["write"].state == "none"
    assert shown["version"].why.startswith("2.42")
    assert shown["clock"].state == "ok"
    missing = shown["containers"]
    assert missing.missing and "let it scrape the collectors" in missing.remedy
