"""What Docker takes to say the same: the CPU of one `docker stats --no-stream`."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from pathlib import Path

from tests.real.docker import Engine


def cost(containers: int) -> str:
    """A line: CPU of the client, the daemon and its containerd, for a container."""
    if not all(map(shutil.which, ("dockerd", "docker", "busybox", "iptables"))):
        return "docker stats: Docker is not installed (apt-get install docker.io busybox-static)"
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
