"""The five containers of the whole-path tests, and what the kernel says about each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real.docker import Container, Engine

MIB = 1024 * 1024
HELD_MIB = 64

SPIN = "while :; do :; done"
HOLD = f"(head -c {HELD_MIB * MIB} /dev/zero; sleep 10000) | tail -c {HELD_MIB * MIB} > /dev/null"
SERVE = "head -c 100000 /dev/zero > /tmp/page; exec httpd -f -p 80 -h /tmp"
FETCH = "wget -q -O /dev/null http://{address}/page"
WRITE = "dd if=/dev/zero of=/disk/file bs=65536 count=4 oflag=direct conv=notrunc 2> /dev/null"
WHEN_TOLD = "{command}; while :; do [ -e /tmp/go ] && {command}; usleep 100000; done"


@dataclass(frozen=True)
class Workloads:
    """Running containers, each with one thing to do."""

    spin: Container
    idle: Container
    memory: Container
    server: Container
    network: Container
    disk: Container

    def all(self) -> list[Container]:
        return [self.spin, self.idle, self.memory, self.server, self.network, self.disk]

    def busy(self) -> list[Container]:
        """Those whose memory changes all the time, by a little."""
        return [self.server, self.network, self.disk]

    def talk_and_write(self, yes: bool) -> None:
        """Let the network and the disk container begin with their work, or end it."""
        for container in (self.network, self.disk):
            container.exec(*(("touch", "/tmp/go") if yes else ("rm", "/tmp/go")))


@contextmanager
def running(engine: Engine, directory: Path) -> Iterator[Workloads]:
    """Start the containers, and remove them at the end."""
    started: list[Container] = []

    def run(name: str, script: str, *options: str) -> Container:
        started.append(engine.run("sh", "-c", script, name=name, options=options))
        return started[-1]

    try:
        server = run("weir-server", SERVE)
        address = engine.cli("inspect", "-f", "{{.NetworkSettings.IPAddress}}", server.id)
        workloads = Workloads(
            spin=run("weir-spin", SPIN, "--cpus=0.5"),
            idle=run("weir-idle", "exec sleep 100000"),
            memory=run("weir-memory", HOLD, "--memory=256m"),
            server=server,
            network=run("weir-network", _told(FETCH.format(address=address))),
            disk=run("weir-disk", _told(WRITE), f"--volume={directory}:/disk"),
        )
        with preferred(workloads.spin):
            yield workloads
    finally:
        for container in started:
            container.remove()


def _told(command: str) -> str:
    return WHEN_TOLD.format(command=command)


@contextmanager
def preferred(container: Container) -> Iterator[None]:
    """Give the containers the CPU first: a busy machine must not take the spinner's half core."""
    shares = container.cgroup("cpu").parent / "cpu.shares"
    before = shares.read_text()
    shares.write_text("262144")
    yield
    shares.write_text(before)


@dataclass(frozen=True)
class Kernel:
    """The kernel's own figures for one container, read at `time` (Unix seconds)."""

    time: float
    cpu_seconds: float
    memory_bytes: int
    inactive_file_bytes: int
    received_bytes: int
    sent_bytes: int
    written_bytes: int

    @property
    def working_set_bytes(self) -> int:
        return self.memory_bytes - self.inactive_file_bytes


def kernel(container: Container) -> Kernel:
    """Read a container's files of cgroup v1, and its network device."""
    cpu = container.cgroup("cpuacct") / "cpuacct.usage"
    memory = container.cgroup("memory")
    blkio = container.cgroup("blkio") / "blkio.throttle.io_service_bytes"
    devices = Path(f"/proc/{container.pid}/net/dev")
    now = time.time()
    usage = int(cpu.read_text())
    network = devices.read_text()
    return Kernel(
        time=now,
        cpu_seconds=usage / 1e9,
        memory_bytes=int((memory / "memory.usage_in_bytes").read_text()),
        inactive_file_bytes=_entry((memory / "memory.stat").read_text(), "total_inactive_file"),
        received_bytes=_device(network, "eth0", 0),
        sent_bytes=_device(network, "eth0", 8),
        written_bytes=_written(blkio.read_text()),
    )


def _entry(text: str, name: str) -> int:
    return int(dict(line.split() for line in text.splitlines())[name])


def _device(text: str, name: str, column: int) -> int:
    rows = dict(line.split(":") for line in text.splitlines() if ":" in line)
    return int({key.strip(): row for key, row in rows.items()}[name].split()[column])


def _written(text: str) -> int:
    rows = [line.split() for line in text.splitlines()]
    return sum(int(row[2]) for row in rows if len(row) == 3 and row[1] == "Write")
