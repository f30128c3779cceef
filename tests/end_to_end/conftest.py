"""One `weir up` beside five containers, shared by the tests that only look at it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.workloads import Kernel, Workloads, kernel, running
from tests.real.docker import Engine
from tests.real.weir import Up

INTERVAL_SECONDS = 2.0
WATCHED_SECONDS = 60.0


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
    """A minute of the five containers."""
    before = {container.name: kernel(container) for container in workloads.all()}
    time.sleep(WATCHED_SECONDS)
    after = {container.name: kernel(container) for container in workloads.all()}
    rows = {row["container"]: row for row in up.api("containers")["containers"]}
    stats = {row["Name"]: row for row in docker_engine.stats(*workloads.all())}
    up.wait_for_samples_until(max(end.time for end in after.values()))
    return Minute(before, after, {c.name: rows[c.name] for c in workloads.all()}, stats)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A short name for the test's own directory."""
    return tmp_path
