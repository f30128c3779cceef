"""A real Prometheus scrapes what `weir up` serves: the same figures under cAdvisor's names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.workloads import Workloads
from tests.real.prometheus import Prometheus
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


@pytest.fixture(scope="module")
def prometheus(up: Up, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    targets = [url.removeprefix("http://") for url in (up.collector_url, up.url)]
    config = CONFIG.format(collector=targets[0], dashboard=targets[1])
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), config)
    try:
        server.start()
        yield server
    finally:
        server.stop()


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
