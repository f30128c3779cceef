"""A minute of five real containers: what Weir says, beside what the kernel's own files say."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import Minute
from tests.end_to_end.workloads import HELD_MIB, MIB, Workloads
from tests.real.docker import Container
from tests.real.weir import Up

pytestmark = pytest.mark.root


def _over(up: Up, minute: Minute, container: Container, metric: str, fn: str) -> float:
    """The metric of one container over exactly the minute between the two kernel readings."""
    start, end = minute.before[container.name].time, minute.after[container.name].time
    value = up.over(metric, fn, start, end, match=f'container="{container.name}"')
    assert value is not None, f"{metric} of {container.name}: nothing"
    return value


def test_the_spinning_container_uses_half_a_core(
    up: Up, minute: Minute, workloads: Workloads
) -> None:
    rate = _over(up, minute, workloads.spin, "container_cpu_usage_seconds_total", "rate")
    assert rate == pytest.approx(0.50, abs=0.02)
    assert 100 * rate / 0.5 == pytest.approx(100, abs=4)
    shown = minute.shown[workloads.spin.name]
    assert shown["cpu_limit_cores"] == 0.5
    assert shown["cpu_of_limit"] == pytest.approx(shown["cpu_cores"] / 0.5)
    assert 100 * shown["cpu_of_limit"] == pytest.approx(100, abs=6)  # one pair, not the minute


@pytest.mark.parametrize("name", ["spin", "server", "network", "disk"])
def test_the_cpu_total_is_the_kernels(
    up: Up, minute: Minute, workloads: Workloads, name: str
) -> None:
    container = getattr(workloads, name)
    total = _over(up, minute, container, "container_cpu_usage_seconds_total", "increase")
    used = minute.after[container.name].cpu_seconds - minute.before[container.name].cpu_seconds
    assert total == pytest.approx(used, rel=0.005)


def test_an_idle_container_uses_nothing(up: Up, minute: Minute, workloads: Workloads) -> None:
    metric = "container_cpu_usage_seconds_total"
    assert _over(up, minute, workloads.idle, metric, "rate") < 0.001
    assert minute.shown[workloads.idle.name]["cpu_of_limit"] is None


def test_memory_is_the_kernels(minute: Minute, workloads: Workloads) -> None:
    for container in workloads.all():
        shown, real = minute.shown[container.name], minute.after[container.name]
        moving = MIB if container in workloads.busy() else 0  # processes come and go in them
        assert shown["memory_usage_bytes"] == pytest.approx(
            real.memory_bytes, rel=0.005, abs=moving
        )
        assert shown["memory_working_set_bytes"] == pytest.approx(
            real.working_set_bytes, rel=0.005, abs=moving
        )
    held = minute.shown[workloads.memory.name]
    assert held["memory_working_set_bytes"] >= HELD_MIB * MIB
    assert held["memory_limit_bytes"] == 256 * MIB
    assert held["memory_of_limit"] == held["memory_working_set_bytes"] / (256 * MIB)
    assert minute.shown[workloads.idle.name]["memory_limit_bytes"] is None


@pytest.mark.parametrize("name", ["server", "network"])
def test_network_bytes_are_the_kernels(
    up: Up, minute: Minute, workloads: Workloads, name: str
) -> None:
    container = getattr(workloads, name)
    before, after = minute.before[container.name], minute.after[container.name]
    for metric, bytes_between in (
        ("container_network_receive_bytes_total", after.received_bytes - before.received_bytes),
        ("container_network_transmit_bytes_total", after.sent_bytes - before.sent_bytes),
    ):
        assert bytes_between > 100_000
        total = _over(up, minute, container, metric, "increase")
        assert total == pytest.approx(bytes_between, rel=0.001), metric


def test_disk_bytes_are_the_kernels(up: Up, minute: Minute, workloads: Workloads) -> None:
    container = workloads.disk
    written = (
        minute.after[container.name].written_bytes - minute.before[container.name].written_bytes
    )
    assert written > 10 * MIB
    total = _over(up, minute, container, "container_fs_writes_bytes_total", "increase")
    assert total == pytest.approx(written, rel=0.001)


def test_docker_stats_beside(minute: Minute, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"{'container':14}{'weir cores':>12}{'docker':>10}{'weir memory':>14}  docker"]
    for name, row in minute.shown.items():
        stats = minute.docker_stats[name]
        memory = f"{row['memory_working_set_bytes'] / MIB:.2f} MiB"
        docker_memory = stats["MemUsage"].split(" / ")[0]
        lines.append(
            f"{name:14}{row['cpu_cores']:12.3f}{stats['CPUPerc']:>10}{memory:>14}  {docker_memory}"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    spin = minute.docker_stats["weir-spin"]
    assert float(spin["CPUPerc"].rstrip("%")) == pytest.approx(50, abs=10)
