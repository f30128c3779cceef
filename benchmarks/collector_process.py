"""The whole `weir collector`, a process of its own: its memory with everything loaded."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tests.real.cgroups import Groups
from tests.real.process import wait_until
from tests.real.weir import Weir

SWEEPS = 3


def resident_mib(groups: Groups) -> float:
    """Resident memory after some full sweeps and scrapes. Docker's client is loaded, and looks for
    an engine in vain."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
        collector = Weir(
            "collector",
            Path(directory),
            f"--data={directory}/data",
            f"--cgroup-root={groups.root}",
            f"--docker=unix://{directory}/docker.sock",
            "--interval=1",
        )
        try:
            collector.start_and_wait()
            swept: set[str] = set()
            wait_until(lambda: _scrape(collector, swept) > SWEEPS, "some sweeps", pause=0.5)
            assert len(collector.api("containers")["containers"]) == len(groups.all)
            status = Path(f"/proc/{collector.pid}/status").read_text()
        finally:
            collector.stop()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def _scrape(collector: Weir, swept: set[str]) -> int:
    """Scrape it; how many sweeps were seen so far. The CPU time of all sweeps tells them apart."""
    page = collector.get("/metrics").decode()
    swept.update(re.findall(r"^weir_sweep_cpu_seconds_total\{.*\} (.*)$", page, re.MULTILINE))
    return len(swept)
