"""A real collector killed at each of the calls that keep its log, the aggregator running."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from monitor.stores.config import StoreConfig
from tests.faults.conftest import Say
from tests.faults.ledger import assert_delivered, edge_log
from tests.faults.pipes import aggregator, patient_reader
from tests.real.influxdb import InfluxDB
from tests.real.process import Process, wait_until
from tests.real.require import program
from tests.real.weir import Weir

CALLS = {"pwrite64": 8, "fdatasync": 8, "fsync": 3, "rename": 2, "write": 3}
"""A frame and its sync; an acknowledgement's file, its syncs and its name; and up to which of a
thread's calls: sweeps are one thread's, pulls are spread over several."""


@pytest.mark.root
def test_no_kill_of_the_collector_at_a_write_loses_or_invents(
    tmp_path: Path, influxdb: InfluxDB, soak: bool, moments: random.Random, say: Say
) -> None:
    each = 20 if soak else 2
    kills = [(call, moments.randint(1, most)) for call, most in CALLS.items() for _ in range(each)]
    moments.shuffle(kills)
    if not soak:
        kills = [(call, min(when, 2)) for call, when in kills]
    influxdb.create_database("torn")
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="torn")
    options = (f"--data={tmp_path / 'log'}", "--interval=1", "--docker=none")
    node = Weir("collector", tmp_path, *options)
    pipe = aggregator(tmp_path, "torn", node.url, store)
    pipe.start()
    written = 0
    try:
        for call, when in kills:
            _run_until_killed(node, call, when)
        node.start_and_wait()
        written = assert_delivered(patient_reader(store), node.url)
        log = edge_log(node.url)
    finally:
        node.stop()
        pipe.stop()
    told = [point for point in log if point[2].startswith("log_gap")]
    say(
        f"{len(kills)} kills of a collector at its writes and syncs: {written:,} samples, "
        f"none lost, none else, {len(told)} gaps told"
    )
    assert not told
    assert node.has_no_traceback(), node.tail()
    assert pipe.has_no_traceback(), pipe.tail()


def _run_until_killed(node: Weir, call: str, when: int) -> None:
    """Start the collector, and let it be killed on entering that call of one of its threads."""
    strace = (program("strace", "strace"), "-D", "-f", "-qq", "-o", "/dev/null")
    kill = ("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}")
    process = Process([*strace, *kill, *node.arguments], node.output)
    process.start()
    try:
        wait_until(lambda: not process.running(), f"call {when} of {call}", 60)
    finally:
        code = process.stop()
    assert code == -signal.SIGKILL, node.tail()
