"""The whole collector on this machine: real cgroups, a real engine, its own port."""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from collector.agent import Agent
from collector.config import CollectorConfig
from monitor.lineprotocol import Parser
from monitor.record import Record
from monitor.web.server import bind
from tests.real.docker import Engine
from tests.real.process import Process, wait_until

SECOND = 10**9


def started(data: Path, **settings: Any) -> Agent:
    usual: dict[str, Any] = {"listen": "127.0.0.1:0", "data": str(data), "interval": 1.0}
    config = CollectorConfig(**{**usual, "docker": "none", **settings})
    agent = Agent(config, bind(config.listen), {})
    agent.start()
    return agent


def get(url: str, method: str = "GET") -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as reply:
        body: bytes = reply.read()
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def records(agent: Agent) -> list[Record]:
    try:
        return list(Parser().parse(get(f"{agent.url}/api/v1/stream")))
    except gzip.BadGzipFile:
        return []


def value(page: str, metric: str, **labels: str) -> float | None:
    """The value of the metric's first sample that has these labels."""
    for line in page.splitlines():
        if line.startswith(metric + "{") and all(f'{k}="{v}"' in line for k, v in labels.items()):
            return float(line.rpartition("}")[2].split()[0])
    return None


@pytest.fixture
def agent(docker_engine: Engine, tmp_path: Path) -> Iterator[Agent]:
    agent = started(tmp_path, docker=docker_engine.url)
    yield agent
    agent.stop()


@pytest.mark.root
def test_a_container_comes_shows_its_figures_and_goes(
    docker_engine: Engine, agent: Agent, promtool: str
) -> None:
    options = ("--cpus=0.5", "--memory=64m", "-l", "com.docker.compose.project=shop")
    container = docker_engine.run("sh", "-c", "while :; do :; done", name="busy", options=options)
    known = {"container": "busy", "namespace": "shop", "name": "busy", "image": "busybox:test"}
    try:
        cpu = "container_cpu_usage_seconds_total"
        limit = "container_spec_memory_limit_bytes"  # it comes soon after the first figures
        wait_until(lambda: value(get(f"{agent.url}/metrics").decode(), limit, **known), "its limit")
        page = get(f"{agent.url}/metrics").decode()
        kernel = int((container.cgroup("cpuacct") / "cpuacct.usage").read_text()) / 1e9
        shown = value(page, cpu, **known)
        assert shown is not None and kernel - 1.5 < shown <= kernel
        assert value(page, limit, **known) == 64 * 2**20
        assert value(page, "container_spec_cpu_quota", **known) == 50000
        assert f'id="/docker/{container.id}"' in page
        assert value(page, "weir_docker_up", process="collector") == 1
        assert re.search(r"^machine_cpu_cores{.*boot_id=.*} \d+\.0$", page, re.M)
        assert re.search(r"^node_cpu_usage_seconds_total \d+", page, re.M)
        network = "container_network_receive_bytes_total"
        wait_until(
            lambda: (
                value(get(f"{agent.url}/metrics").decode(), network, container="busy") is not None
            ),
            "its network",
        )

        answer = json.loads(get(f"{agent.url}/api/v1/containers"))
        (row,) = [each for each in answer["containers"] if each["id"] == container.id]
        assert (row["container"], row["namespace"], row["image"]) == (
            "busy",
            "shop",
            "busybox:test",
        )
        assert abs(row["start_time_seconds"] - time.time()) < 60
        assert "eth0" in row["interfaces"]

        checked = subprocess.run(
            [promtool, "check", "metrics"], input=get(f"{agent.url}/metrics"), capture_output=True
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
    finally:
        container.remove()
    wait_until(lambda: b'"busy"' not in get(f"{agent.url}/metrics"), "the container has left")
    wait_until(lambda: "Died" in _reasons(agent, container.id), "its end in the log")


@pytest.mark.root
def test_a_restart_is_a_newer_start_time_and_an_event(docker_engine: Engine, agent: Agent) -> None:
    container = docker_engine.run("sleep", "1000", name="again")
    begun = "container_start_time_seconds"

    def start() -> float:
        return value(get(f"{agent.url}/metrics").decode(), begun, container="again") or 0.0

    def reasons() -> set[str]:
        events = (r for r in records(agent) if r.series.measurement == "event")
        return {dict(r.series.tags)["reason"] for r in events if r.fields["object"] == "again"}

    try:
        wait_until(start, "its start time")
        first = start()
        container.restart()
        wait_until(lambda: start() > first, "a newer start time")
        wait_until(lambda: {"Died", "Restarted"} <= reasons(), "both events")
    finally:
        container.remove()


@pytest.mark.root
def test_oom_kills_stay_counted_over_restarts(docker_engine: Engine, agent: Agent) -> None:
    container = docker_engine.run("sleep", "1000", name="greedy", options=("--memory=16m",))
    greed = "head -c 64m /dev/zero | tail -c 64m > /dev/null; true"

    def be_greedy() -> None:  # in the background: whether its shell survives is the kernel's choice
        docker_engine.cli("exec", "-d", container.id, "sh", "-c", greed)

    def shown() -> float:
        page = get(f"{agent.url}/metrics?max_age=0").decode()
        return value(page, "container_oom_events_total", container="greedy") or 0.0

    def kernel() -> int:
        words = (container.cgroup("memory") / "memory.oom_control").read_text().split()
        return int(words[words.index("oom_kill") + 1])

    def start() -> float:
        page = get(f"{agent.url}/metrics?max_age=0").decode()
        return value(page, "container_start_time_seconds", container="greedy") or 0.0

    try:
        wait_until(start, "its figures")
        be_greedy()
        wait_until(lambda: shown() == kernel() > 0, "the kills of the first run")
        first = kernel()
        for _ in range(2):  # the second restart is one of a run without kills
            before = start()
            container.restart()
            wait_until(lambda before=before: start() > before, "the next run")
            assert (kernel(), shown()) == (0, first)
        be_greedy()
        wait_until(lambda: shown() == first + kernel() > first, "the kills of both runs")
    finally:
        container.remove()


def _reasons(agent: Agent, id: str) -> set[str | None]:
    found = [r for r in records(agent) if r.fields.get("id") == id]
    return {dict(r.series.tags).get("reason") for r in found}


def test_the_stream_has_every_sweep_and_the_health_its_age(tmp_path: Path) -> None:
    agent = started(tmp_path)
    try:
        wait_until(lambda: len(_times(records(agent))) >= 4, "four sweeps")
        health = json.loads(get(f"{agent.url}/healthz"))
        assert health["status"] == "ok" and 0 <= health["last_tick_seconds"] < 3
        assert (health["log"], health["docker"]) == ("ok", None)
        _, *ticks = _times(records(agent))  # the first sweep is made at once, the others on time
        assert all(abs(b - a - SECOND) < 0.5 * SECOND for a, b in pairwise(ticks))
        line = get(f"{agent.url}/api/v1/consumers/store/pull", "POST").partition(b"\n")[0]
        assert line.startswith(b"node,cluster=default,node=")
    finally:
        began = time.monotonic()
        agent.stop()
        assert time.monotonic() - began < 3
    with pytest.raises(urllib.error.URLError):
        get(f"{agent.url}/healthz")
    again = started(tmp_path)  # the log was let go, and holds what was measured before
    assert len(_times(records(again))) >= 4
    again.stop()


def _times(found: list[Record]) -> list[int]:
    rows = (r for r in found if r.series.measurement == "node")
    return [r.time_ns for r in rows if "cpu_usage_seconds_total" in r.fields]


def test_without_cgroups_and_docker_the_host_is_still_measured(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "no-cgroups").mkdir()
    agent = started(
        tmp_path / "data",
        cgroup_root=str(tmp_path / "no-cgroups"),
        docker=f"unix://{tmp_path}/none.sock",
    )
    try:
        wait_until(
            lambda: b"node_cpu_usage_seconds_total" in get(f"{agent.url}/metrics"), "figures"
        )
        wait_until(lambda: len(_times(records(agent))) >= 2, "two sweeps")
    finally:
        agent.stop()
    said = [r.getMessage() for r in caplog.records if r.name.startswith("collector")]
    assert len([line for line in said if "no cgroups are mounted" in line]) == 1
    assert len([line for line in said if f"no socket at {tmp_path}/none.sock" in line]) == 1


@pytest.fixture
def hundred_groups() -> Iterator[None]:
    """A hundred groups like Docker's, each with a process, below a parent of our own."""
    parents = [
        Path("/sys/fs/cgroup", controller, f"weir-test-{os.getpid()}")
        for controller in ("cpu", "cpuacct", "memory", "blkio", "pids")
    ]
    if not all(parent.parent.is_dir() for parent in parents):
        pytest.skip("needs cgroup v1")
    children = []
    try:
        for number in range(100):
            child = subprocess.Popen(["sleep", "300"])
            children.append(child)
            for parent in parents:
                group = parent / sha256(bytes([number])).hexdigest()
                group.mkdir(parents=True)
                (group / "cgroup.procs").write_text(str(child.pid))
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()
        for parent in parents:
            for group in [*parent.glob("*/"), parent]:
                group.rmdir()


@pytest.mark.root
def test_a_hundred_containers_take_less_than_50_mib(
    docker_engine: Engine, hundred_groups: None, tmp_path: Path, free_port: int
) -> None:
    url = f"http://127.0.0.1:{free_port}"
    process = Process(
        [sys.executable, "-m", "weir", "collector", f"--listen=127.0.0.1:{free_port}",
         f"--data={tmp_path}/data", "--interval=1", f"--docker={docker_engine.url}"],
        tmp_path / "log",
    )  # fmt: skip
    process.start()

    def containers() -> float:
        try:
            return value(get(f"{url}/metrics").decode(), "weir_containers") or 0
        except OSError:
            return 0

    try:
        process.ready(lambda: containers() >= 100)
        for _ in range(20):
            page = get(f"{url}/metrics").decode()
            get(f"{url}/api/v1/containers")
        resident = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096
        samples = len([line for line in page.splitlines() if line.startswith("container_")])
        print(f"{resident / 2**20:.1f} MiB with {containers():.0f} containers, {samples} samples")
        assert samples > 15 * 100
        assert resident <= 50 * 2**20
    finally:
        assert process.stop() == 0
    assert "Traceback" not in process.tail()
