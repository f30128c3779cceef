"""Killed with SIGKILL at any moment, the pipe loses nothing and gives nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from monitor.aggregator.config import AggregatorConfig
from monitor.edgelog import EdgeLog
from monitor.stores.open import open_reader
from tests.monitor.aggregator.fakes import FakeNode
from tests.real.process import wait_until

KILLS = 50
ROWS = 20


def _aggregate(url: str, store: str, data: str, ready: Connection) -> None:
    """A process of its own, with small batches so that a kill falls between any two steps."""
    from monitor.aggregator.service import Aggregator
    from monitor.web.server import bind

    config = AggregatorConfig(
        listen="127.0.0.1:0", nodes=url, store=store, data=data, poll=0.05, batch_bytes=1024
    )
    Aggregator(config, bind("127.0.0.1:0")).start()
    ready.send(True)
    time.sleep(3600)


def _sweep(log: EdgeLog, number: int, start_ns: int) -> None:
    time_ns = start_ns + number * 1_000_000
    rows = (
        b"container,container=c%d,node=n cpu_usage_seconds_total=%d.25,processes=%di %d\n"
        % (row, number, number * ROWS + row, time_ns)
        for row in range(ROWS)
    )
    log.append(b"".join(rows))


@pytest.mark.timeout(300)
def test_fifty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    node = FakeNode(tmp_path / "log")
    config = AggregatorConfig(store=f"sqlite:{tmp_path / 'store'}")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["monitor.aggregator.service", "monitor.stores.embedded.writer"])
    moments = random.Random(50)
    start_ns = time.time_ns()
    sweeps = 0

    def start() -> int:
        ours, theirs = context.Pipe()
        arguments = (node.url, config.store, str(tmp_path / "data"), theirs)
        process = context.Process(target=_aggregate, args=arguments, daemon=True)
        process.start()
        assert ours.poll(30), "it does not start"
        assert process.pid is not None
        return process.pid

    pulled_when_killed = 0
    for _ in range(KILLS):
        pid = start()
        for _ in range(10):
            _sweep(node.log, sweeps, start_ns)
            sweeps += 1
        time.sleep(moments.uniform(0, 0.08))
        os.kill(pid, signal.SIGKILL)
        pulled_when_killed += bool(node.log.stats().backlog.get("aggregator"))
    pid = start()
    wait_until(lambda: node.log.stats().backlog["aggregator"] == 0, "all is acknowledged", 60)
    os.kill(pid, signal.SIGKILL)
    node.stop()
    assert pulled_when_killed > KILLS // 5, "the kills fell into the work"

    found: Counter[tuple[int, int]] = Counter()
    reader = open_reader(config)
    for samples in reader.select("container", ["processes"], [], 0, 2**62):
        row = int(samples.tags["container"][1:])
        for time_ns, value in zip(samples.times, samples.columns["processes"], strict=True):
            number, exact = divmod(int(time_ns) - start_ns, 1_000_000)
            assert (exact, value) == (0, number * ROWS + row)
            found[number, row] += 1
    assert found == Counter((number, row) for number in range(sweeps) for row in range(ROWS))
