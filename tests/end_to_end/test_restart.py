"""A container that is restarted: its counter begins again, its rate and its sum do not suffer."""

from __future__ import annotations

import time

import pytest

from tests.end_to_end.conftest import INTERVAL_SECONDS
from tests.end_to_end.workloads import SPIN, kernel
from tests.real.docker import Engine
from tests.real.weir import Up

pytestmark = pytest.mark.root

LIMIT_CORES = 0.5
METRIC = "container_cpu_usage_seconds_total"


def test_a_restart_is_no_spike_and_no_loss(up: Up, docker_engine: Engine) -> None:
    name = "weir-restarted"
    match = f'container="{name}"'
    container = docker_engine.run("sh", "-c", SPIN, name=name, options=(f"--cpus={LIMIT_CORES}",))
    try:
        up.wait_for_rate(name)
        begin = kernel(container)
        time.sleep(4 * INTERVAL_SECONDS)
        last = kernel(container)
        container.restart()
        time.sleep(4 * INTERVAL_SECONDS)
        end = kernel(container)
        up.wait_for_samples_until(end.time)
    finally:
        container.remove()
    assert end.cpu_seconds < last.cpu_seconds + begin.cpu_seconds  # its counter did begin again

    answer = up.api(
        "query", metric=METRIC, fn="rate", match=match, start=begin.time, end=end.time, step=2
    )
    rates = [rate for series in answer["series"] for rate in series["values"] if rate is not None]
    assert len(answer["series"]) == 1
    assert len(rates) >= 6
    assert min(rates) >= 0
    assert max(rates) <= LIMIT_CORES + 0.05

    total = up.over(METRIC, "increase", begin.time, end.time, match=match)
    used = last.cpu_seconds - begin.cpu_seconds + end.cpu_seconds
    # What ran between the last sweep and the end of the first life was never read by anybody.
    unread = LIMIT_CORES * (INTERVAL_SECONDS + 1)
    assert used - unread <= total <= used + LIMIT_CORES * INTERVAL_SECONDS
