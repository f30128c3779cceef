"""The systemd unit on a real systemd, cgroup v2, beside a real container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.process import wait_until
from tests.real.scraped import samples, value
from tests.real.vm import VirtualMachine

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

UNIT = Path(__file__).parents[2] / "deploy/weir-collector.service"
NAME = "spin-service"
CPU = "container_cpu_usage_seconds_total"
MOST_EXPOSED = 2.0
"""Of ten, by systemd's own reckoning; 9.6 is a service that nothing was done for."""
INSTALL = f"""\
mkdir -p /opt/weir/bin
cat > /opt/weir/bin/weir <<'END'
#!/bin/sh
PYTHONPATH=/opt/weir exec /usr/bin/python3 -m weir "$@"
END
chmod 755 /opt/weir/bin/weir
cat > /etc/systemd/system/{UNIT.name} <<'END'
{UNIT.read_text()}
END
cat > /etc/default/weir-collector <<'END'
WEIR_LISTEN=0.0.0.0:9180
WEIR_INSECURE=true
WEIR_INTERVAL=2
END
docker run -d --name {NAME} --cpus 0.3 busybox:test sh -c 'while :; do :; done'
systemctl daemon-reload
systemctl start weir-collector
"""
REMOVE = f"""\
systemctl stop weir-collector
rm -rf /etc/systemd/system/{UNIT.name}* /etc/default/weir-collector
systemctl daemon-reload
docker rm -f {NAME}
"""


@pytest.fixture(scope="module")
def machine(virtual_machine: VirtualMachine) -> Iterator[VirtualMachine]:
    """The machine with the unit as it stands in deploy/, started, and a container that spins."""
    virtual_machine.run(INSTALL)
    yield virtual_machine
    virtual_machine.run(REMOVE)


@pytest.fixture(scope="module")
def url(machine: VirtualMachine) -> str:
    served = machine.url(9180)
    try:
        wait_until(lambda: value(served, CPU, container=by_id(machine)), "the container", 60)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{journal(machine)}") from None
    return served


def by_id(machine: VirtualMachine) -> str:
    """What a container is called whose name cannot be asked for."""
    return f"docker-{identity(machine)[:12]}"


def identity(machine: VirtualMachine) -> str:
    return machine.run(f"docker inspect -f '{{{{.Id}}}}' {NAME}")


def journal(machine: VirtualMachine) -> str:
    return machine.run("journalctl --no-pager -o cat -u weir-collector")


def test_the_unit_is_well_formed(machine: VirtualMachine) -> None:
    assert machine.run(f"systemd-analyze verify /etc/systemd/system/{UNIT.name} 2>&1") == ""


def test_it_runs_as_no_one_with_no_right(machine: VirtualMachine, url: str) -> None:
    pid = machine.run("systemctl show -P MainPID weir-collector")
    lines = machine.run(f"cat /proc/{pid}/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert "0" not in status["Uid"].split()
    assert {int(status[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_the_containers_cpu_time_is_the_kernels(machine: VirtualMachine, url: str) -> None:
    file = f"/sys/fs/cgroup/system.slice/docker-{identity(machine)}.scope/cpu.stat"

    def kernels() -> float:
        return int(machine.run(f"grep usage_usec {file}").split()[1]) / 1e6

    def shown() -> float:
        return value(url, CPU, container=by_id(machine))

    before = kernels()
    wait_until(lambda: shown() >= before, "a newer sample")
    seen = shown()
    assert before <= seen <= kernels()


def test_the_host_is_seen_through_the_sandbox(machine: VirtualMachine, url: str) -> None:
    root = {"mountpoint": "/"}
    sizes = machine.run("stat -f -c '%S %b' /").split()
    assert value(url, "node_filesystem_size_bytes", **root) == int(sizes[0]) * int(sizes[1])
    assert value(url, "node_network_receive_packets_total") > 0
    readonly = [s.value for s in samples(url) if s.name == "node_filesystem_readonly"]
    assert readonly == [0]


def test_the_journal_says_what_it_cannot_see_and_nothing_else(
    machine: VirtualMachine, url: str
) -> None:
    lines = journal(machine)
    print(lines)
    assert re.search(r"user \S+ may not open /var/run/docker.sock", " ".join(lines.split()))
    assert "Missing, wholly or in part: Docker." in lines
    assert "Traceback" not in lines
    after_start = lines.partition("Missing, wholly or in part")[2].splitlines()
    assert len(after_start) <= 5, after_start


def test_little_is_exposed(
    machine: VirtualMachine, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = machine.run("systemd-analyze security --no-pager weir-collector")
    level = said.splitlines()[-1].lstrip("→ ")
    with capsys.disabled():
        print(f"\n{level}")
    assert float(level.partition(": ")[2].split()[0]) <= MOST_EXPOSED, said


def test_docker_s_group_gives_the_names(machine: VirtualMachine, url: str) -> None:
    """And the log outlives the restart, with the user that comes and goes."""
    epoch = "cat /var/lib/private/weir-collector/epoch*"
    before = machine.run(epoch)
    drop_in = f"/etc/systemd/system/{UNIT.name}.d"
    machine.run(
        f"mkdir -p {drop_in} && printf '[Service]\\nSupplementaryGroups=docker\\n' "
        f"> {drop_in}/names.conf && systemctl daemon-reload && systemctl restart weir-collector"
    )
    wait_until(lambda: value(url, CPU, container=NAME), "the container by its name", 60)
    assert machine.run(epoch) == before
