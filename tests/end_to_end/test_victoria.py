"""A real collector, aggregator and dashboard over a real VictoriaMetrics."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.workloads import SPIN
from tests.real.docker import Container, Engine
from tests.real.victoria import VictoriaMetrics
from tests.real.weir import QueryApi, Weir

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

WINDOW_SECONDS = 20


@pytest.fixture
def spin(docker_engine: Engine) -> Iterator[Container]:
    container = docker_engine.run("sh", "-c", SPIN, options=("--cpus", "0.3"))
    yield container
    container.remove()


@pytest.fixture
def dashboard(
    tmp_path: Path, docker_engine: Engine, victoria: VictoriaMetrics, spin: Container
) -> Iterator[QueryApi]:
    """The three processes, one after the other, and what they say."""
    store = f"--store=victoriametrics:{victoria.url}"
    data = f"--data={tmp_path / 'data'}"
    collector = Weir("collector", tmp_path, data, "--interval=2", f"--docker={docker_engine.url}")
    aggregator = Weir("aggregator", tmp_path, store, f"--nodes={collector.url}", data, "--poll=0.5")
    shown = QueryApi("dashboard", tmp_path, store)
    parts: list[Weir] = [collector, aggregator, shown]
    try:
        for part in parts:
            part.start_and_wait()
        yield shown
    finally:
        for part in reversed(parts):
            assert part.stop() == 0
            assert part.has_no_traceback(), part.tail()


def test_the_dashboard_shows_rates_and_what_promql_shows(
    dashboard: QueryApi, victoria: VictoriaMetrics, spin: Container
) -> None:
    row = dashboard.wait_for_rate(spin.name)
    assert 0 < row["cpu_cores"] < 0.4
    assert row["image"] is None
    page = dashboard.get("/container", node=row["node"], container=spin.name).decode()
    assert "This store keeps numbers only" in page

    time.sleep(WINDOW_SECONDS + 5)
    victoria.flush()
    end = time.time() - 3
    match = f'{{container="{spin.name}"}}'
    metric = "container_cpu_usage_seconds_total"
    ours = dashboard.over(metric, "increase", end - WINDOW_SECONDS, end, match=match)
    theirs = victoria.query(f"increase({metric}{match}[{WINDOW_SECONDS}s])", time=end)
    assert ours is not None
    # VictoriaMetrics counts from the last sample before the window to the last one in it.
    between_two_samples = 0.4 * 2.5
    assert abs(ours - float(theirs[0]["value"][1])) < between_two_samples
    assert ours == pytest.approx(0.3 * WINDOW_SECONDS, rel=0.35)
