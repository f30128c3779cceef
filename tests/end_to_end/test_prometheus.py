"""A real Prometheus scrapes what `weir up` serves: the same figures under cAdvisor's names."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.workloads import Workloads
from tests.real.process import Process, unused_port
from tests.real.require import program
from tests.real.weir import Up

pytestmark = pytest.mark.root

CONFIG = """\
global: {{scrape_interval: 2s}}
scrape_configs:
- job_name: collector
  static_configs: [{{targets: ["{collector}"]}}]
- job_name: dashboard
  static_configs: [{{targets: ["{dashboard}"]}}]
"""


class Prometheus:
    """A Prometheus with its data under a directory."""

    def __init__(self, directory: Path, up: Up) -> None:
        config = directory / "prometheus.yml"
        targets = [url.removeprefix("http://") for url in (up.collector_url, up.url)]
        config.write_text(CONFIG.format(collector=targets[0], dashboard=targets[1]))
        self.url = f"http://127.0.0.1:{unused_port()}"
        self.process = Process(
            [
                program("prometheus", "prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
            ],
            directory / "prometheus.log",
        )

    def query(self, promql: str) -> list[dict[str, Any]]:
        """The instant vector of an expression; empty while Prometheus starts."""
        url = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': promql})}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return list(json.load(reply)["data"]["result"])
        except OSError:
            return []

    def wait_for(self, promql: str) -> list[dict[str, Any]]:
        """The vector, once it is not empty."""
        self.process.ready(lambda: self.query(promql), seconds=90)
        return self.query(promql)


@pytest.fixture(scope="module")
def prometheus(up: Up, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), up)
    server.process.start()
    yield server
    server.process.stop()


def test_both_pages_are_scraped(prometheus: Prometheus) -> None:
    found = prometheus.wait_for("count(up == 1) == 2")

    assert found[0]["value"][1] == "2"


def test_the_rate_is_the_same_under_cadvisors_names(
    prometheus: Prometheus, workloads: Workloads
) -> None:
    usage = f'container_cpu_usage_seconds_total{{name="{workloads.spin.name}"}}'
    prometheus.wait_for(f"count_over_time({usage}[1m]) >= 10")

    (found,) = prometheus.query(f"rate({usage}[20s])")

    assert float(found["value"][1]) == pytest.approx(0.5, abs=0.05)
    labels = found["metric"]
    assert labels["image"] == "busybox:test"
    assert labels["container"] == workloads.spin.name
    assert labels["id"].startswith("/docker/")
    (limit,) = prometheus.query(
        f'container_spec_cpu_quota{{name="{workloads.spin.name}"}} / container_spec_cpu_period'
    )
    assert float(limit["value"][1]) == 0.5
