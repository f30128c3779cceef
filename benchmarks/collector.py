"""What the collector costs: CPU time for a container and sweep, all-in.

python -m benchmarks.collector [--quick] [--containers N]

All-in is what a sweep does: find, read, parse, name, build the rows, encode the lines, compress and
append them to an edge log. Beside it stand the bare preads of the same files, in the same process,
and what Docker takes for one `docker stats --no-stream`. Groups are real ones, each with a process
and a network of its own, and are removed at the end. Needs root; exits 1 where a bound is broken.

"active" groups run something between two sweeps, so nearly every file has changed; in "idle" ones
nearly none has. `tick` reads all tiers but the limits, as at an interval of 10 s; `fast` only the
fast one, as at 1 s between.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from collector.cgroup.files import claim_descriptors
from collector.containers.names import NoNames
from collector.sweep import Sweeper
from collector.ticker import Due
from monitor.edgelog import EdgeLog
from monitor.lineprotocol import encode
from tests.real.cgroups import Groups

ACTIVE = "while :; do : > /dev/null; sleep 0.2; done"
IDLE = "exec sleep 1000"
PAUSE_SECONDS = 0.25
TICK, FAST = Due(slow=True, limits=False), Due(slow=False, limits=False)
BOUNDS = {"tick": 2.5, "fast": 4.0}
"""All-in, in bare preads. The fast tier's four files together cost about as much as one line of
text costs to make and compress, so its bound is wider. In a tight loop, where all is in the CPU's
caches, the ratios are near 1.6 and 2.5."""


class Cost(NamedTuple):
    """µs of CPU for a container and sweep."""

    all_in: float
    preads: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sweeps, within 50 s")
    parser.add_argument("--containers", type=int, default=100)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("needs root, to make cgroups")
        return 1
    rounds = 8 if options.quick else 60
    print(f"{options.containers} containers, {rounds} sweeps; µs of CPU for a container and sweep")
    print(f"{'':14}{'all-in':>9}{'preads':>9}{'ratio':>8}{'bound':>8}")
    broken = False
    for load, script in (("active", ACTIVE), ("idle", IDLE)):
        for tiers, cost in measure(script, options.containers, rounds).items():
            ratio, bound = cost.all_in / cost.preads, BOUNDS[tiers]
            verdict = "" if ratio <= bound else "   BROKEN"
            broken = broken or ratio > bound
            print(
                f"{load:8}{tiers:6}{cost.all_in:9.1f}{cost.preads:9.1f}{ratio:8.2f}{bound:8.2f}"
                f"{verdict}"
            )
    print(f"resident memory at {options.containers} containers: {resident_mib():.1f} MiB")
    print(docker_stats(3 if options.quick else 10))
    return int(broken)


def measure(script: str, containers: int, rounds: int) -> dict[str, Cost]:
    """The median cost of each kind of sweep over groups that run `script`."""
    with (
        tempfile.TemporaryDirectory() as links,
        tempfile.TemporaryDirectory() as data,
        Groups(Path(links)) as groups,
    ):
        for _ in range(containers):
            groups.add(script, own_network=True)
        descriptors = claim_descriptors()
        sweeper = Sweeper(
            {"cluster": "bench", "node": "node-1"},
            Path("/proc"),
            groups.root,
            NoNames(),
            descriptors,
        )
        log = EdgeLog(Path(data))
        try:
            for _ in range(4):  # all files found, all orders of keys learned
                sweeper.sweep(Due(slow=True, limits=True))
            assert len(sweeper.containers) == containers
            return {
                "tick": _measured(sweeper, log, TICK, rounds),
                "fast": _measured(sweeper, log, FAST, rounds),
            }
        finally:
            sweeper.close()
            log.close()


def _measured(sweeper: Sweeper, log: EdgeLog, due: Due, rounds: int) -> Cost:
    containers = len(sweeper.containers)
    files = [fd for one in sweeper.containers for fd in one.descriptors(due)]

    def sweep() -> None:
        log.append(encode(sweeper.sweep(due)))

    def preads() -> None:
        for fd in files:
            os.pread(fd, 4096, 0)

    gc.collect()
    all_in, bare = [], []
    for _ in range(rounds):
        time.sleep(PAUSE_SECONDS)
        all_in.append(_cpu_us(sweep))
        time.sleep(PAUSE_SECONDS)
        bare.append(_cpu_us(preads))
    return Cost(statistics.median(all_in) / containers, statistics.median(bare) / containers)


def _cpu_us(work: Callable[[], None]) -> float:
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1000


def resident_mib() -> float:
    """Of this process, which does what a collector's sweeping thread does."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def docker_stats(containers: int) -> str:
    """CPU of the client, the daemon and its containerd for one `docker stats --no-stream`."""
    if not all(map(shutil.which, ("dockerd", "docker", "busybox", "iptables"))):
        return "docker stats: Docker is not installed (apt-get install docker.io busybox-static)"
    from tests.real.docker import Engine

    with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
        engine = Engine(Path(directory))
        try:
            engine.start()
            running = [engine.run("sleep", "1000") for _ in range(containers)]
            before = _daemon_seconds(directory), _children_seconds()
            engine.stats(*running)
            after = _daemon_seconds(directory), _children_seconds()
        finally:
            engine.stop()
    daemon, client = ((b - a) * 1e6 / containers for a, b in zip(before, after, strict=True))
    return (
        f"docker stats --no-stream over {containers} containers: {daemon + client:,.0f} µs of CPU "
        f"for a container (daemon {daemon:,.0f}, client {client:,.0f})"
    )


def _daemon_seconds(directory: str) -> float:
    """CPU of all processes whose command line names the engine's directory: daemon, containerd."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if directory.encode() in (stat.parent / "cmdline").read_bytes():
                ticks += sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13]))
        except OSError:
            continue  # it ended while we looked
    return ticks / os.sysconf("SC_CLK_TCK")


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
