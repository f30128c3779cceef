"""One `weir up` beside five containers, shared by the tests that only look at it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.end_to_end.workloads import Kernel, Workloads, kernel, running
from tests.real.docker import Engine
from tests.real.weir import Up

INTERVAL_SECONDS = 2.0
SLOW_TIER_SECONDS = 10.0
"""How often the collector reads what is not CPU and memory, whatever its interval."""

TALK_SECONDS = 40.0


@dataclass(frozen=True)
class Minute:
    """What the kernel said at both ends of a minute, and Weir and Docker at its end."""

    before: dict[str, Kernel]
    after: dict[str, Kernel]
    shown: dict[str, dict[str, Any]]
    docker_stats: dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def workloads(
    docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workloads]:
    with running(docker_engine, tmp_path_factory.mktemp("disk")) as containers:
        yield containers


@pytest.fixture(scope="session")
def up(
    docker_engine: Engine, workloads: Workloads, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Up]:
    """`weir up` with the five containers running; no test stops it or its containers."""
    weir = Up(tmp_path_factory.mktemp("up"), docker_engine.url, INTERVAL_SECONDS)
    try:
        weir.start_and_wait()
        weir.wait_for_rate(workloads.spin.name)
        yield weir
    finally:
        weir.stop()


@pytest.fixture(scope="session")
def minute(up: Up, workloads: Workloads, docker_engine: Engine) -> Minute:
    """A minute of the five containers.

    Network and disk are quiet at both ends, until the slow tier was read: so what is moved in the
    minute lies between its samples, and has to agree to the byte. The spinner never rests.
    """
    up.ready(lambda: _quiet(up.container(workloads.disk.name), "fs_writes_bytes_per_second"))
    up.ready(
        lambda: _quiet(up.container(workloads.server.name), "network_transmit_bytes_per_second")
    )
    before = {container.name: kernel(container) for container in workloads.all()}
    time.sleep(1.2 * SLOW_TIER_SECONDS)
    workloads.talk_and_write(True)
    time.sleep(TALK_SECONDS)
    workloads.talk_and_write(False)
    time.sleep(1.2 * SLOW_TIER_SECONDS)
    after = {container.name: kernel(container) for container in workloads.all()}
    rows = {row["container"]: row for row in up.api("containers")["containers"]}
    stats = {row["Name"]: row for row in docker_engine.stats(*workloads.all())}
    up.wait_for_samples_until(max(end.time for end in after.values()) + SLOW_TIER_SECONDS)
    return Minute(before, after, {c.name: rows[c.name] for c in workloads.all()}, stats)


def _quiet(row: dict[str, Any] | None, rate: str) -> bool:
    """The rate is known, and next to nothing."""
    return row is not None and row[rate] is not None and row[rate] < 100
