"""The spinning container on cgroup v2 with the systemd driver, in a virtual machine.

The collector runs in the machine; aggregator, embedded store and query API run on this one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.process import wait_until
from tests.real.scraped import samples
from tests.real.vm import VirtualMachine
from tests.real.weir import QueryApi, Weir

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

WATCHED_SECONDS = 60.0
NAME = "spin-v2"
SPIN = f"docker run -d --name {NAME} --cpus 0.5 busybox:test sh -c 'while :; do :; done'"
COLLECTOR = """\
cd /opt/weir && nohup python3 -m weir collector --listen 0.0.0.0:9180 --insecure --node v2 \
--data /var/lib/weir --interval 2 --docker unix:///var/run/docker.sock > /var/log/weir.log 2>&1 &
echo $!
"""


@pytest.fixture(scope="module")
def machine(virtual_machine: VirtualMachine) -> Iterator[VirtualMachine]:
    """The machine with a collector, and a container that spins."""
    collector = int(virtual_machine.run(COLLECTOR))
    virtual_machine.run(SPIN)
    yield virtual_machine
    virtual_machine.run(f"docker rm -f {NAME}; kill {collector}")


@pytest.fixture(scope="module")
def dashboard(
    machine: VirtualMachine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QueryApi]:
    """The query API over a store that an aggregator fills from the machine's collector."""
    directory = tmp_path_factory.mktemp("v2")
    store = f"--store=sqlite:{directory / 'store'}"
    data = f"--data={directory / 'aggregator'}"
    nodes = f"--nodes={machine.url(9180)}"
    pipe = Weir("aggregator", directory, nodes, store, data, "--poll=1")
    pages = QueryApi("dashboard", directory, store)
    try:
        pipe.start_and_wait()
        pages.start_and_wait()
        yield pages
    finally:
        pages.stop()
        pipe.stop()


@pytest.fixture(scope="module")
def cgroup(machine: VirtualMachine) -> Path:
    """The container's directory in the machine, as the systemd driver names it."""
    identity = machine.run(f"docker inspect -f '{{{{.Id}}}}' {NAME}")
    path = Path(f"/sys/fs/cgroup/system.slice/docker-{identity}.scope")
    machine.run(f"test -d {path}")
    return path


def test_the_spinning_container_uses_half_a_core_and_its_total_is_the_kernels(
    machine: VirtualMachine,
    dashboard: QueryApi,
    cgroup: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        dashboard.wait_for_rate(NAME, 90)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{machine.run('cat /var/log/weir.log')}") from None
    before = _cpu(machine, cgroup)
    time.sleep(WATCHED_SECONDS)
    after = _cpu(machine, cgroup)
    wait_until(lambda: _last_seen(dashboard) > after[0], "the minute is stored")

    match = f'container="{NAME}"'
    metric = "container_cpu_usage_seconds_total"
    total = dashboard.over(metric, "increase", before[0], after[0], match=match)
    rate = dashboard.over(metric, "rate", before[0], after[0], match=match)
    row = dashboard.container(NAME)
    with capsys.disabled():
        print(
            f"\ncgroup v2: {rate:.4f} cores; {total:.3f} s, cpu.stat {after[1] - before[1]:.3f} s"
        )
        print(machine.run("docker stats --no-stream"))
    assert rate == pytest.approx(0.50, abs=0.02)
    assert 100 * rate / 0.5 == pytest.approx(100, abs=4)
    assert total == pytest.approx(after[1] - before[1], rel=0.005)
    assert row is not None
    assert row["node"] == "v2"
    assert row["cpu_limit_cores"] == 0.5


def test_memory_and_processes_are_the_kernels(
    machine: VirtualMachine, dashboard: QueryApi, cgroup: Path
) -> None:
    row = dashboard.wait_for_rate(NAME)
    memory = int(machine.run(f"cat {cgroup}/memory.current"))
    assert row["memory_usage_bytes"] == pytest.approx(memory, rel=0.01)
    assert row["memory_limit_bytes"] is None
    assert row["processes"] == int(machine.run(f"cat {cgroup}/pids.current"))


@pytest.mark.parametrize(
    ("file", "key", "metric", "labels"),
    [
        ("memory.stat", kind, "container_memory_failures_total", {"failure_type": kind, "scope": s})
        for kind in ("pgfault", "pgmajfault")
        for s in ("container", "hierarchy")
    ]
    + [
        ("memory.stat", "kernel", "container_memory_kernel_usage", {}),
        ("memory.stat", "file_dirty", "container_memory_file_dirty_bytes", {}),
        ("memory.events", "high", "container_memory_events_high_total", {}),
        ("memory.swap.events", "fail", "container_memory_swap_events_fail_total", {}),
    ],
)
def test_figures_that_rest_are_the_kernels(
    machine: VirtualMachine, cgroup: Path, file: str, key: str, metric: str, labels: dict[str, str]
) -> None:
    def agrees() -> bool:
        kernel = int(machine.run(f"grep '^{key} ' {cgroup}/{file}").split()[1])
        wanted = {"container": NAME, **labels}.items()
        page = samples(machine.url(9180))
        return [s.value for s in page if s.name == metric and wanted <= s.labels.items()] == [
            kernel
        ]

    wait_until(agrees, f"{metric} is {key} of {file}", seconds=60, pause=1.0)


def _cpu(machine: VirtualMachine, cgroup: Path) -> tuple[float, float]:
    """The machine's clock and the container's CPU seconds by cpu.stat, both in seconds."""
    shown = machine.run(f"date +%s.%N; grep usage_usec {cgroup}/cpu.stat").splitlines()
    return float(shown[0]), int(shown[1].split()[1]) / 1e6


def _last_seen(dashboard: QueryApi) -> float:
    answer = dashboard.api("containers")
    ages = [row["last_seen_seconds"] for row in answer["containers"] if row["container"] == NAME]
    return float(answer["time"] - min(ages))
