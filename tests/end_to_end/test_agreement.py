"""What the collector says of real containers under load, beside the kernel's own files.

Each sweep stands between two readings of the same files, so a counter has to lie between them, to
the last byte and nanosecond; and what did not move in between has to be equal. Docker, podman and
containerd run on this machine; Docker and podman on cgroup version 2 in the virtual machine.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.end_to_end.workloads import FETCH, HELD_MIB, HOLD, MIB, SERVE
from tests.real.agreement import Reading, watched
from tests.real.busybox import IMAGE
from tests.real.cgroups import cgroup_of
from tests.real.containerd import Containerd
from tests.real.docker import Engine
from tests.real.interface import add_interface
from tests.real.kernel_figures import figures
from tests.real.podman import Podman
from tests.real.vm import VirtualMachine
from tests.real.vm_image import BUSYBOX

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

ON_V2 = ["docker on v2", "podman on v2"]
ROUNDS, ROUNDS_IN_MACHINE = 30, 15
BUSY_CORES, BUSY_BYTES = 0.2, 32 * MIB
QUIET_CORES, QUIET_BYTES = 1, 256 * MIB
MOST_THREADS = 50
BUSY = """\
again() {{ while :; do sh -c "echo $1 > /proc/self/oom_score_adj; $2"; done; }}
again 500 "while :; do {network}; done" &
again 1000 "dd if=/dev/zero of=/dev/null bs=100M count=1; usleep 300000" &
again 500 "while :; do
    dd if=/dev/zero of=/disk/busy bs=65536 count=16 oflag=direct
    dd if=/disk/busy of=/dev/null bs=65536 iflag=direct
    for i in 1 2 3 4 5 6 7 8 9; do seq 3000 > /dev/null; done
done" 2> /dev/null"""
"""Block I/O past the page cache, a process for the OOM killer, and more CPU than it is allowed.

On a busy machine the killer takes more than the largest, so all but the first process may go.
"""
QUIET = f"dd if=/dev/zero of=/disk/quiet bs=1M count=4; sync; {HOLD}"
"""Page cache, anonymous memory, and a few processes that wait."""
SHOUT = "; ".join(
    f"arping -q -c 1 -w 1 -s 10.214.0.2 -I {interface} 10.214.0.9"
    for interface in ("eth0", "veth-peer")
)
FIGURES = {figure.name: figure.is_counter for figure in (*figures(False), *figures(True))}
NOT_OF_QUIET = ("cpu_cfs", "fs_")
SELDOM_MOVES = ("_errors_", "_dropped_", "pressure_memory", "pressure_io", "memory_max_usage")


class Running(Protocol):
    """A container of any runtime."""

    @property
    def pid(self) -> int: ...

    def remove(self) -> None: ...


@dataclass(frozen=True)
class Watched:
    """All readings of a busy container and of one in which nothing moves."""

    busy: list[Reading]
    quiet: list[Reading]


def on_this_machine(
    start: Callable[[str, float, int], Running], disk: Path, network: str
) -> Watched:
    """Start both containers (with a script, their limits of cores and of bytes), and read."""
    with ExitStack() as stack:
        busy = start(BUSY.format(network=network), BUSY_CORES, BUSY_BYTES)
        stack.callback(busy.remove)
        quiet = start(QUIET, QUIET_CORES, QUIET_BYTES)
        stack.callback(quiet.remove)
        device = disk.stat().st_dev
        for container in (busy, quiet):
            if "eth0" not in Path(f"/proc/{container.pid}/net/dev").read_text():
                add_interface(container.pid)
            (cgroup_of(container.pid, "pids") / "pids.max").write_text(str(MOST_THREADS))
            # Kernels from 6.10 on count nothing on version 1 until a group has a limit there.
            (cgroup_of(container.pid, "blkio") / "blkio.throttle.write_bps_device").write_text(
                f"{device >> 8}:{device & 0xFF} {2**30}"
            )
        return Watched(
            list(watched(busy.pid, ROUNDS)), list(watched(quiet.pid, ROUNDS, still=True))
        )


def docker(engine: Engine, disk: Path) -> Watched:
    server = engine.run("sh", "-c", SERVE)
    address = engine.cli("inspect", "-f", "{{.NetworkSettings.IPAddress}}", server.id)

    def start(script: str, cores: float, memory_bytes: int) -> Running:
        limits = (f"--cpus={cores}", f"--memory={memory_bytes}", f"--volume={disk}:/disk")
        return engine.run("sh", "-c", script, options=limits)

    try:
        return on_this_machine(start, disk, FETCH.format(address=address))
    finally:
        server.remove()


def podman(tool: Podman, disk: Path) -> Watched:
    def start(script: str, cores: float, memory_bytes: int) -> Running:
        limits = (f"--cpus={cores}", f"--memory={memory_bytes}", f"--volume={disk}:/disk")
        return tool.run("sh", "-c", script, options=(*limits, "--cap-add=NET_RAW"))

    return on_this_machine(start, disk, SHOUT)


def containerd(daemon: Containerd, disk: Path) -> Watched:
    mount = f"--mount=type=bind,src={disk},dst=/disk,options=rbind:rw"

    def start(script: str, cores: float, memory_bytes: int) -> Running:
        limits = (f"--cpus={cores}", f"--memory-limit={memory_bytes}", mount)
        return daemon.run("sh", "-c", script, options=limits)

    return on_this_machine(start, disk, SHOUT)


def on_v2(machine: VirtualMachine, tool: str) -> Watched:
    """The same in the machine, and read there: it is too slow to be asked from outside.

    `tool` is docker, with runc, or podman, with crun.
    """

    def run(name: str, script: str, cores: float, memory_bytes: int) -> int:
        limits = f"--cpus {cores} --memory {memory_bytes} --pids-limit {MOST_THREADS}"
        machine.run(
            f"{tool} run -d --name {name} {limits} -v /disk:/disk busybox:test "
            f"sh -c {shlex.quote(script)}"
        )
        return int(machine.run(f"{tool} inspect -f '{{{{.State.Pid}}}}' {name}"))

    def read(pid: int, still: str = "") -> list[Reading]:
        program = f"python3 -m tests.real.agreement {pid} {ROUNDS_IN_MACHINE} {still}"
        shown = machine.run(f"cd /opt/weir && {program}", seconds=180)
        return [Reading(*json.loads(line)) for line in shown.splitlines()]

    machine.run(f"mkdir -p /disk; {tool} image inspect {IMAGE} || {tool} import {BUSYBOX} {IMAGE}")
    machine.run(f"{tool} run -d --name server busybox:test sh -c {shlex.quote(SERVE)}")
    try:
        address = machine.run(f"{tool} inspect -f '{{{{.NetworkSettings.IPAddress}}}}' server")
        busy = run(
            "busy", BUSY.format(network=FETCH.format(address=address)), BUSY_CORES, BUSY_BYTES
        )
        quiet = run("quiet", QUIET, QUIET_CORES, QUIET_BYTES)
        return Watched(read(busy), read(quiet, "still"))
    finally:
        machine.run(f"{tool} rm -f $({tool} ps -aq)")


@pytest.fixture(scope="module", params=["docker", "podman", "containerd", *ON_V2])
def readings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    disk = tmp_path_factory.mktemp("disk")
    match request.param:
        case "docker":
            yield docker(request.getfixturevalue("docker_engine"), disk)
        case "podman":
            yield podman(request.getfixturevalue("podman"), disk)
        case "containerd":
            yield containerd(request.getfixturevalue("containerd"), disk)
        case other:
            yield on_v2(request.getfixturevalue("virtual_machine"), other.split()[0])


def of(name: str, readings: list[Reading]) -> list[Reading]:
    found = [reading for reading in readings if reading.name == name]
    assert found, f"{name}: the collector says nothing"
    return found


@pytest.mark.parametrize("name", [name for name, is_counter in FIGURES.items() if is_counter])
def test_a_counter_lies_between_two_readings_of_the_kernel(readings: Watched, name: str) -> None:
    found = of(name, readings.busy)
    for reading in found:
        assert reading.before <= reading.said <= reading.after, reading
    if not any(word in name for word in SELDOM_MOVES):
        assert found[-1].after > found[0].before, "nothing happened"


@pytest.mark.parametrize("name", [name for name in FIGURES if not name.startswith(NOT_OF_QUIET)])
def test_what_does_not_move_is_equal(readings: Watched, name: str) -> None:
    found = of(name, readings.quiet)
    still = [reading for reading in found if reading.before == reading.after]
    assert len(still) > len(found) / 2
    assert [reading for reading in still if reading.said != reading.before] == []


def test_the_load_was_what_it_should_be(readings: Watched) -> None:
    assert of("oom_events_total", readings.busy)[-1].said >= 2
    assert of("cpu_cfs_throttled_periods_total", readings.busy)[-1].said > 5
    assert of("spec_memory_limit_bytes", readings.quiet)[-1].said == QUIET_BYTES
    assert of("memory_rss", readings.quiet)[-1].said >= HELD_MIB * MIB
    assert of("memory_cache", readings.quiet)[-1].said >= 4 * MIB
    assert of("processes", readings.quiet)[-1].said > 2
    assert of("threads_max", readings.quiet)[-1].said == MOST_THREADS
