"""What the edge log costs: an append with and without its sync, reading, opening a full one.

python -m benchmarks.edgelog [--quick]

Appending is measured on an ext4 file system of its own on a loop device, where what reaches the
disk can be counted; that needs root, elsewhere the directory for temporary files is taken and the
count left out. A sweep is one of a node with thirty pods of two containers, all lines that a
collector writes. Opening, reading and what a damaged log costs are measured on a log of its usual
bound, 256 MiB, in a process of its own, so that memory is that of the log. Exits 1 where a bound
is broken.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.cluster.plan import Plan
from benchmarks.cluster.sweep import Sweeps
from benchmarks.full_log import MEASURED, fill
from monitor.edgelog import EdgeLog

BOUNDS = {
    "append, CPU µs a container": 25.0,
    "append, bytes a line": 60.0,
    "append, written / record": 2.0,
    "open, s": 1.0,
    "open, memory MiB": 4.0,
    "pull, CPU ms a MB": 8.0,
    "pull, memory MiB": 8.0,
    "newest record, ms": 50.0,
    "whole history, memory MiB": 4.0,
    "damaged segment, CPU ms": 100.0,
    "hostile segment, CPU ms": 3000.0,
    "inspect, s": 2.0,
    "inspect, memory MiB": 4.0,
    "verify, memory MiB": 8.0,
}
"""None may be larger."""
CONTAINERS = 60
ZEROS = bytes(64 * 1024)


class Disk(NamedTuple):
    """A directory, and what was written to its device in bytes; None where that is not known."""

    directory: Path
    written: Callable[[], int | None]


class Way(NamedTuple):
    """A way to put bytes on the disk: how a file is made ready, and whether it is synced."""

    name: str
    prepare: Callable[[int, int], None]
    sync: bool


def _keep_size(fd: int, total: int) -> None:
    command = ["fallocate", "--keep-size", "--length", str(total), f"/proc/self/fd/{fd}"]
    subprocess.run(command, check=True, pass_fds=[fd])


def _zeros(fd: int, total: int) -> None:
    for offset in range(0, total, len(ZEROS)):
        os.pwrite(fd, ZEROS, offset)


WAYS = (
    Way("append, no sync", lambda fd, total: None, False),
    Way("append, fdatasync", lambda fd, total: None, True),
    Way("fallocate, size kept", _keep_size, True),
    Way("fallocate", lambda fd, total: os.posix_fallocate(fd, 0, total), True),
    Way("filled with zeros", _zeros, True),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer appends, a log of 64 MiB")
    options = parser.parse_args()
    rounds, size = (150, 64 << 20) if options.quick else (600, 256 << 20)
    found: dict[str, float] = {}
    sweeps = list(_sweeps(rounds))
    with _disk() as disk:
        found |= append(disk, sweeps)
        raw(disk, len(sweeps[0]) // 8, rounds)
    with tempfile.TemporaryDirectory() as place:
        fill(Path(place) / "log", size, sweeps[:50])
        found |= full(Path(place) / "log")
    broken = [name for name, bound in BOUNDS.items() if found.get(name, 0) > bound]
    print(f"\n{'':34}{'seen':>10}{'bound':>10}")
    for name, value in found.items():
        bound = f"{BOUNDS[name]:g}" if name in BOUNDS else ""
        print(f"{name:34}{value:10.2f}{bound:>10}{'   BROKEN' if name in broken else ''}")
    return int(bool(broken))


def append(disk: Disk, sweeps: list[bytes]) -> dict[str, float]:
    """Real sweeps through EdgeLog."""
    log = EdgeLog(disk.directory / "log")
    for sweep in sweeps[:5]:
        log.append(sweep)
    walls, cpus = [], []
    before, size = disk.written(), log.stats().total_bytes
    for sweep in sweeps[5:]:
        wall, cpu = time.perf_counter(), time.thread_time()
        log.append(sweep)
        cpus.append(time.thread_time() - cpu)
        walls.append(time.perf_counter() - wall)
    after, count = disk.written(), len(sweeps) - 5
    stored = (log.stats().total_bytes - size) / count
    log.close()
    lines = sweeps[-1].count(b"\n")
    found = {
        "append, CPU µs": statistics.median(cpus) * 1e6,
        "append, CPU µs a container": statistics.median(cpus) * 1e6 / CONTAINERS,
        "append, wall µs": statistics.median(walls) * 1e6,
        "append, wall µs, 99th of 100": statistics.quantiles(walls, n=100)[98] * 1e6,
        "append, bytes a record": stored,
        "append, bytes a line": stored / lines,
    }
    if before is not None and after is not None:
        found["append, written / record"] = (after - before) / count / stored
    return found


def raw(disk: Disk, size: int, rounds: int) -> None:
    """The write itself, in several ways: what the sync costs, and whether a prepared file helps.

    The ways take turns, three times; each figure is the least of the three medians.
    """
    costs: dict[Way, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
    for way in WAYS * 3:
        costs[way].append(_written(disk, way, size, rounds // 3))
    print(f"a write of {size:,} bytes     wall µs   CPU µs  bytes written / given")
    for way, found in costs.items():
        wall, cpu, times = (min(values) for values in zip(*found, strict=True))
        print(f"{way.name:26}{wall:9.0f}{cpu:9.0f}{f'{times:9.2f}' if times and way.sync else ''}")


def _written(disk: Disk, way: Way, size: int, rounds: int) -> tuple[float, float, float]:
    path, data = disk.directory / "raw", os.urandom(size)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    way.prepare(fd, size * rounds)
    os.fsync(fd)
    walls, cpus, before = [], [], disk.written()
    for number in range(rounds):
        wall, cpu = time.perf_counter(), time.thread_time()
        os.pwrite(fd, data, number * size)
        if way.sync:
            os.fdatasync(fd)
        cpus.append(time.thread_time() - cpu)
        walls.append(time.perf_counter() - wall)
    written = ((disk.written() or 0) - (before or 0)) / rounds / size
    os.close(fd)
    path.unlink()
    return statistics.median(walls) * 1e6, statistics.median(cpus) * 1e6, written


def full(directory: Path) -> dict[str, float]:
    """A full log, each task in a process of its own."""
    found: dict[str, float] = {}
    for task in MEASURED:
        command = [sys.executable, "-m", "benchmarks.full_log", task, str(directory)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for line in told.splitlines():
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def _sweeps(count: int) -> Iterator[bytes]:
    plan = Plan(nodes=1, origin_ns=time.time_ns() - count * 10**10, shape="full")
    made = Sweeps(plan)
    for number in range(1, count + 1):
        yield made.lines(0, number)


@contextmanager
def _disk() -> Iterator[Disk]:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "disk"
        directory.mkdir()
        if os.geteuid() != 0:
            yield Disk(directory, lambda: None)
            return
        image = Path(place) / "image"
        with image.open("wb") as file:
            file.truncate(256 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, directory], check=True)
        try:
            number = directory.stat().st_dev
            stat = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat")
            yield Disk(directory, lambda: 512 * int(stat.read_text().split()[6]))
        finally:
            subprocess.run(["umount", directory], check=True)


if __name__ == "__main__":
    sys.exit(main())
