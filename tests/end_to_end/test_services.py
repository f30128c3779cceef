"""systemd's services beside containers, on a real machine that has systemd."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.real.process import wait_until
from tests.real.vm import VirtualMachine

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

UNIT, SLICE = "spin@one.service", "jobs-nightly.slice"
SPIN = (
    f"systemd-run --quiet --unit={UNIT} --slice={SLICE} -p MemoryMax=64M -p CPUQuota=20% "
    "busybox sh -c 'while :; do :; done'"
)
CONTAINER = "docker run -d --name beside busybox:test sleep 1000"
COLLECTOR = """\
cd /opt/weir && nohup python3 -m weir collector --listen 0.0.0.0:9180 --insecure --node v2 \
--data /var/lib/weir-services --interval 1 {options} > /var/log/weir-services.log 2>&1 &
echo $!
"""


@pytest.fixture(scope="module")
def machine(virtual_machine: VirtualMachine) -> Iterator[VirtualMachine]:
    """The machine with an instance of a template that spins, and a container."""
    virtual_machine.run(f"{SPIN}; {CONTAINER}")
    yield virtual_machine
    virtual_machine.run(f"systemctl stop {UNIT}; docker rm -f beside")


def _containers(machine: VirtualMachine, options: str) -> list[dict[str, Any]]:
    """What a collector with these options shows, once it shows the container."""
    shown: list[dict[str, Any]] = []

    def is_there() -> bool:
        try:
            with urllib.request.urlopen(f"{machine.url(9180)}/api/v1/containers") as reply:
                shown[:] = json.load(reply)["containers"]
        except OSError:
            return False
        return any(row["container"] == "beside" and row["cgroup"] for row in shown)

    collector = machine.run(COLLECTOR.format(options=options))
    try:
        wait_until(is_there, "the container is shown", 90, pause=0.5)
    finally:
        machine.run(f"kill {collector}; tail --pid={collector} -f /dev/null")
    return shown


def test_services_are_shown_where_they_are_asked_for(machine: VirtualMachine) -> None:
    rows = {row["container"]: row for row in _containers(machine, "--services")}
    assert {UNIT, "docker.service", "systemd-journald.service", "beside"} <= rows.keys()
    spin = rows[UNIT]
    assert (spin["namespace"], spin["runtime"], spin["pod"]) == (SLICE, "systemd", None)
    assert spin["cgroup"] == f"/jobs.slice/{SLICE}/{UNIT}"
    assert spin["fields"]["spec_memory_limit_bytes"] == 64 * 1024 * 1024
    assert spin["fields"]["spec_cpu_quota"] == spin["fields"]["spec_cpu_period"] / 5
    assert spin["fields"]["cpu_usage_seconds_total"] > 0
    assert spin["fields"]["memory_usage_bytes"] == pytest.approx(
        int(machine.run(f"cat /sys/fs/cgroup{spin['cgroup']}/memory.current")), abs=1024 * 1024
    )
    assert spin["interfaces"] == {}
    assert rows["docker.service"]["namespace"] == "system.slice"
    assert rows["beside"]["runtime"] == "docker"


def test_without_the_option_there_are_containers_only(machine: VirtualMachine) -> None:
    assert [row["container"] for row in _containers(machine, "")] == ["beside"]
