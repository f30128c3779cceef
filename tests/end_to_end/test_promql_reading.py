"""The dashboard over a real Prometheus that scrapes a real collector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader
from monitor.stores.protocols import Matcher
from tests.real.process import wait_until
from tests.real.prometheus import Prometheus
from tests.real.weir import QueryApi, Weir

CONFIG = """\
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: collector
  static_configs: [{{targets: ["{target}"]}}]
"""
METRIC = "node_cpu_usage_seconds_total"
WINDOW_SECONDS = 20
NS = 10**9


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    collector = Weir(
        "collector", tmp_path, f"--data={tmp_path / 'log'}", "--interval=1", "--docker=none"
    )
    server = Prometheus(tmp_path, CONFIG.format(target=collector.url.removeprefix("http://")))
    try:
        collector.start_and_wait()
        server.start()
        server.wait_for(f"count_over_time({METRIC}[1m]) >= {WINDOW_SECONDS + 5}")
        yield server
    finally:
        server.stop()
        assert collector.stop() == 0


def test_the_reader_has_what_prometheus_has(prometheus: Prometheus) -> None:
    reader = open_reader(StoreConfig(store=f"promql:{prometheus.url}"))
    (theirs,) = prometheus.query(f"{METRIC}[15s]")
    times = [round(1000 * at) * 10**6 for at, _ in theirs["values"]]
    job = Matcher("job", "=", "collector")
    (found,) = reader.select(
        "node", ["cpu_usage_seconds_total", "memory_working_set_bytes"], [job], times[0], times[-1]
    )
    assert found.times.tolist() == times, "both ends are there"
    values = found.columns["cpu_usage_seconds_total"].tolist()
    assert values == [float(value) for _, value in theirs["values"]]
    assert np.isfinite(found.columns["memory_working_set_bytes"]).all(), "of the same record"
    assert found.tags == {k: v for k, v in theirs["metric"].items() if k != "__name__"}
    none = Matcher("job", "=", "another")
    assert list(reader.select("node", ["cpu_usage_seconds_total"], [none], 0, 2**62)) == []
    reader.close()


def test_the_dashboard_computes_the_rate_that_promql_does(
    prometheus: Prometheus, tmp_path: Path
) -> None:
    dashboard = QueryApi("dashboard", tmp_path, f"--store=promql:{prometheus.url}")
    dashboard.start_and_wait()
    try:
        (newest,) = prometheus.query(METRIC)
        end = float(newest["value"][0]) - 2
        ours = dashboard.over(METRIC, "increase", end - WINDOW_SECONDS, end)
        (raw,) = prometheus.query(f"{METRIC}[{WINDOW_SECONDS + 10}s]")
        counters = [float(value) for _, value in raw["values"]]
        most = max(np.diff(counters))
        (theirs,) = prometheus.range(f"increase({METRIC}[{WINDOW_SECONDS}s])", end, end, 1)
        assert ours is not None
        # At each edge PromQL assumes the mean of the window for what lies between two samples.
        assert abs(ours - theirs[1]) <= 2 * most
        assert ours > 0
        (node,) = dashboard.api("nodes")["nodes"]
        assert node["cpu_cores"] > 0
    finally:
        assert dashboard.stop() == 0
        assert dashboard.has_no_traceback(), dashboard.tail()


def test_an_aggregator_refuses_it(tmp_path: Path) -> None:
    aggregator = Weir("aggregator", tmp_path, "--store=promql:http://127.0.0.1:9090")
    aggregator.start()
    aggregator.wait_for_line("it can only be read; write to victoriametrics:URL")
    wait_until(lambda: not aggregator.running(), "it ends")
    assert aggregator.stop() == 2
    assert aggregator.has_no_traceback()
