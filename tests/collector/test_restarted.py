"""A collector that restarts while a container runs: its rates go on as if nothing had been."""

from __future__ import annotations

import gzip
import json
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from collector.agent import Agent
from collector.config import CollectorConfig
from monitor.catalogue import CATALOGUE
from monitor.edgelog import EdgeLog
from monitor.lineprotocol import Parser
from monitor.rates import Sample, rate, spans
from monitor.web.server import bind
from tests.real.docker import Engine
from tests.real.process import wait_until

CPU = "container_cpu_usage_seconds_total"
Counters = dict[tuple[str, str], list[Sample]]


@pytest.fixture
def no_processes(tmp_path: Path) -> Iterator[Path]:
    """A procfs in which no process can be looked into, as with hidepid."""
    proc = tmp_path / "proc"
    proc.mkdir()
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            (proc / path.name).symlink_to(path)
    yield proc
    psutil.PROCFS_PATH = "/proc"


def measure(data: Path, engine: Engine, proc_root: Path, sweeps: int) -> None:
    """Run a collector until it has shown so many sweeps."""
    config = CollectorConfig(
        listen="127.0.0.1:0", data=str(data), interval=1.0, docker=engine.url,
        proc_root=str(proc_root),
    )  # fmt: skip
    agent = Agent(config, bind(config.listen), {})
    seen = set()

    def shown() -> int:
        with urllib.request.urlopen(f"{agent.url}/api/v1/containers", timeout=10) as reply:
            rows = json.load(reply)["containers"]
        seen.update(row["time"] for row in rows if row["container"] == "busy" and row["time"])
        return len(seen)

    agent.start()
    try:
        wait_until(lambda: shown() >= sweeps, "the sweeps")
    finally:
        agent.stop()


def counters(data: Path, container: str) -> Counters:
    """The samples of the container's counters in the edge log, by series and metric."""
    edge_log = EdgeLog(data)
    found: Counters = {}
    for series, fields, time_ns in Parser().parse(
        gzip.decompress(edge_log.read(None, 1 << 20).body)
    ):
        if dict(series.tags).get("container") != container:
            continue
        start = fields.get("start_time_seconds")
        assert start is None or isinstance(start, float)
        for field, value in fields.items():
            metric = CATALOGUE.get(f"{series.measurement}_{field}")
            if metric is not None and metric.kind == "counter":
                sample = Sample(time_ns, float(value), start)
                found.setdefault((series.key, metric.name), []).append(sample)
    edge_log.close()
    return found


@pytest.mark.root
@pytest.mark.parametrize("readable", [True, False], ids=["start known", "start unreadable"])
def test_a_restart_of_the_collector_is_no_restart_of_the_container(
    docker_engine: Engine, tmp_path: Path, no_processes: Path, readable: bool
) -> None:
    proc = Path("/proc") if readable else no_processes
    container = docker_engine.run(
        "sh", "-c", "while :; do :; done", name="busy", options=("--cpus=0.5",)
    )
    usage = container.cgroup("cpuacct") / "cpuacct.usage"
    try:
        # So much that it would make a spike, were it one interval's increase.
        wait_until(lambda: int(usage.read_text()) > 3e9, "CPU time")
        measure(tmp_path / "data", docker_engine, proc, sweeps=4)
        measure(tmp_path / "data", docker_engine, proc, sweeps=4)
    finally:
        container.remove()
    found = counters(tmp_path / "data", "busy")
    (cpu,) = [samples for (_, metric), samples in found.items() if metric == CPU]
    assert len(cpu) >= 8
    assert all((sample.start_seconds is not None) == readable for sample in cpu)
    assert not [key for key, samples in found.items() for s in spans(samples) if s.reset]
    rates = [rate(a, b) for a, b in pairwise(cpu)]
    assert all(each is not None and each < 1.2 for each in rates), rates
