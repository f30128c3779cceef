"""Sweeps over real cgroups, in this process, beside the bare preads of the same files."""

from __future__ import annotations

import gc
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from collector.cgroup.files import claim_descriptors
from collector.containers.names import NoNames
from collector.sweep import Sweeper
from collector.ticker import Due
from monitor.edgelog import EdgeLog
from monitor.lineprotocol import encode
from tests.real.cgroups import Groups

WORKS_WHEN_TOLD = "trap 'kill $!' USR1; while :; do sleep 1000 & wait; done"
"""On each SIGUSR1 it ends a process and starts another; else it sleeps."""
TIERS = {"tick": Due(slow=True, limits=False), "fast": Due(slow=False, limits=False)}


class Cost(NamedTuple):
    """µs of CPU for a container and sweep; compressed bytes of a container in the edge log."""

    all_in: float
    preads: float
    log_bytes: float


def add(groups: Groups, count: int) -> None:
    """Make more groups, each with a process and a network of its own."""
    for _ in range(count):
        groups.add(WORKS_WHEN_TOLD, own_network=True)


def work(groups: Groups) -> None:
    """Let every group do something, so that nearly all of its files change."""
    for group in groups.all:
        os.kill(group.pid, signal.SIGUSR1)


def measure(groups: Groups, rounds: int) -> dict[tuple[str, str], Cost]:
    """The median cost by load ("working", "idle") and tiers ("tick", "fast")."""
    sweeper = Sweeper(
        {"cluster": "bench", "node": "node-1"},
        Path("/proc"),
        groups.root,
        NoNames(),
        claim_descriptors(),
    )
    with tempfile.TemporaryDirectory() as directory:
        log = EdgeLog(Path(directory))
        try:
            for _ in range(4):  # all files found, all orders of keys learned
                sweeper.sweep(Due(slow=True, limits=True))
            assert len(sweeper.containers) == len(groups.all)
            return {
                (load, tiers): _measured(sweeper, log, due, rounds, between)
                for load, between in (("working", lambda: work(groups)), ("idle", lambda: None))
                for tiers, due in TIERS.items()
            }
        finally:
            sweeper.close()
            log.close()


def _measured(
    sweeper: Sweeper, log: EdgeLog, due: Due, rounds: int, between: Callable[[], None]
) -> Cost:
    count = len(sweeper.containers)
    pause = 0.2 + count / 2000  # until the groups have done their work
    files = [fd for one in sweeper.containers for fd in one.descriptors(due)]

    def sweep() -> None:
        log.append(encode(sweeper.sweep(due)))

    def preads() -> None:
        for fd in files:
            os.pread(fd, 4096, 0)

    gc.collect()
    before = log.stats().total_bytes
    costs: dict[Callable[[], None], list[float]] = {sweep: [], preads: []}
    for _ in range(rounds):
        for task, taken in costs.items():
            between()
            time.sleep(pause)
            taken.append(_cpu_us(task) / count)
    return Cost(
        statistics.median(costs[sweep]),
        statistics.median(costs[preads]),
        (log.stats().total_bytes - before) / rounds / count,
    )


def _cpu_us(task: Callable[[], None]) -> float:
    began = time.thread_time_ns()
    task()
    return (time.thread_time_ns() - began) / 1000
