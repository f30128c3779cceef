"""A collector of an ordinary user's, beside real containers of root's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.network import parse
from tests.real import scraped
from tests.real.docker import Container, Engine
from tests.real.ordinary import USER, Ordinary, OrdinaryCollector
from tests.real.process import wait_until

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def nobody() -> Iterator[Ordinary]:
    with Ordinary() as user:
        yield user


@pytest.fixture(scope="module")
def collector(nobody: Ordinary, docker_engine: Engine) -> Iterator[OrdinaryCollector]:
    running = OrdinaryCollector(nobody, "--interval=1", f"--docker={docker_engine.url}")
    running.start()
    try:
        running.ready(lambda: scraped.samples(running.url))
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def busy(docker_engine: Engine) -> Iterator[Container]:
    options = ("--cpus=0.2", "--memory=64m")
    container = docker_engine.run("sh", "-c", "while :; do :; done", options=options)
    yield container
    container.remove()


@pytest.fixture(scope="module")
def idle(docker_engine: Engine) -> Iterator[Container]:
    container = docker_engine.run("sh", "-c", "sleep 1000 & sleep 1000 & wait")
    yield container
    container.remove()


def value(collector: OrdinaryCollector, metric: str, of: Container) -> float:
    """What the collector says of a container, whose name it cannot know but by its id; or 0."""
    return scraped.value(collector.url, metric, container=f"docker-{of.id[:12]}")


def test_it_runs_without_any_right(collector: OrdinaryCollector) -> None:
    status = Path(f"/proc/{collector.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == [str(USER)] * 4
    assert int(fields["CapEff"], 16) == 0


def test_its_cpu_time_is_the_kernels(collector: OrdinaryCollector, busy: Container) -> None:
    file = busy.cgroup("cpuacct") / "cpuacct.usage"
    metric = "container_cpu_usage_seconds_total"
    before = int(file.read_text()) / 1e9
    wait_until(lambda: value(collector, metric, busy) >= before, "a newer sample")
    seen = value(collector, metric, busy)
    after = int(file.read_text()) / 1e9
    assert before <= seen <= after
    throttled = "container_cpu_cfs_throttled_periods_total"
    wait_until(lambda: value(collector, throttled, busy) > 0, "it is held back")
    limit = "container_spec_memory_limit_bytes"  # it comes soon after the first figures
    wait_until(lambda: value(collector, limit, busy) == 64 << 20, "its limit")


def test_memory_network_and_processes_are_the_kernels(
    collector: OrdinaryCollector, idle: Container
) -> None:
    network = Path(f"/proc/{idle.pid}/net/dev")

    def kernels() -> dict[str, float]:
        interfaces = parse(network.read_bytes())
        return {
            "container_memory_usage_bytes": int(
                (idle.cgroup("memory") / "memory.usage_in_bytes").read_text()
            ),
            "container_processes": len((idle.cgroup("cpu") / "cgroup.procs").read_text().split()),
            "container_threads": int((idle.cgroup("pids") / "pids.current").read_text()),
            **{f"container_{key}": float(v) for key, v in interfaces["eth0"].items()},
        }

    wait_until(
        lambda: all(value(collector, key, idle) == shown for key, shown in kernels().items()),
        f"the collector says {kernels()}",
    )
    assert kernels()["container_processes"] == 3
    assert kernels()["container_network_receive_packets_total"] > 0


def test_its_start_is_read_too(collector: OrdinaryCollector, idle: Container) -> None:
    start = value(collector, "container_start_time_seconds", idle)
    ticks = int(Path(f"/proc/{idle.pid}/stat").read_text().rpartition(")")[2].split()[19])
    boot = scraped.value(collector.url, "node_boot_time_seconds")
    assert start == pytest.approx(boot + ticks / 100, abs=2)


def test_the_docker_socket_that_it_may_not_open_is_one_line(
    collector: OrdinaryCollector, docker_engine: Engine
) -> None:
    cpu = "weir_sweep_cpu_seconds_total"
    before = scraped.value(collector.url, cpu)
    wait_until(lambda: scraped.value(collector.url, cpu) > before, "one more sweep")
    lines = collector.tail().splitlines()
    assert len([line for line in lines if "may not open" in line]) == 1
    # A third line is there where other runtimes have containers, beside those of this test.
    others = [line for line in lines if not re.search("may not open|serves|W names: ", line)]
    assert others == [] and len(lines) <= 3, lines


def test_the_doctor_says_so(
    nobody: Ordinary, docker_engine: Engine, busy: Container, idle: Container
) -> None:
    done = nobody.run("doctor", "collector", "--json", f"--docker={docker_engine.url}")
    assert done.returncode == 1
    assert done.stderr == ""
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}
    for group in ("cpu", "memory", "network", "process", "start times", "diskIO", "edge log"):
        assert findings[group]["state"] == "ok", findings[group]
    assert findings["Docker"]["state"] == "no"
    assert "user nobody may not open" in findings["Docker"]["why"]
    assert "add the user to the socket's group" in findings["Docker"]["remedy"]
    assert findings["descriptors"]["state"] == "partly"
    assert "user nobody may not read /proc/" in findings["descriptors"]["why"]
    assert not findings["descriptors"]["needed"]
    assert findings["disk"]["state"] == "no"
    assert "CAP_DAC_READ_SEARCH" in findings["disk"]["remedy"]


def test_the_doctor_fits_a_terminal_and_ends_well_where_nothing_is_missing(
    nobody: Ordinary, busy: Container
) -> None:
    done = nobody.run("doctor", "collector", "--docker=none", "--runtime-state=")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("\nEverything usual can be read.\n")
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_a_home_that_cannot_be_written_is_one_line() -> None:
    with Ordinary(home_is_writable=False) as user:
        done = user.run("collector", "--listen=127.0.0.1:0")
        assert done.returncode == 2
        assert f"{user.home}/.local/share/weir/collector: Permission denied" in done.stderr
        assert "choose another directory (--data)" in done.stderr
        assert done.stderr.count("\n") == 1
        asked = user.run("doctor", "collector", "--docker=none")
        assert asked.returncode == 1
        assert f"user nobody may not make {user.home}" in " ".join(asked.stdout.split())
