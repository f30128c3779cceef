"""What the collector costs: CPU time for a container and sweep, bytes on the disk, memory.

python -m benchmarks.collector [--quick] [--containers N ...]

All-in is what a sweep does: find, read, parse, name, build the rows, encode the lines, compress and
append them to an edge log. Beside it stand the bare preads of the same files, in the same process,
and what Docker takes for one `docker stats --no-stream`. Groups are real ones, each with a process
and a network of its own, and are removed at the end. Needs root; exits 1 where a bound is broken.

"working" groups run something between two sweeps, so nearly every file has changed; in "idle" ones
nearly none has. `tick` reads all tiers but the limits, as at an interval of 10 s; `fast` only the
fast one, as at 1 s between. `log` is bytes of a container and sweep in the edge log, `RSS` the
resident memory of a whole `weir collector` process over these groups.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import docker_stats
from benchmarks.collector_process import resident_mib
from benchmarks.sweeps import Cost, add, measure
from tests.real.cgroups import Groups

COUNTS = (10, 100, 1000)
RATIO_BOUNDS = {"tick": 2.5, "fast": 3.0}
"""All-in, in bare preads. The fast tier's four files together cost about as much as one line of
text costs to make, compress and sync, so its bound is wider."""
BOUNDED_FROM = 100
"""Containers. Below, the sync of the log is most of a sweep, and the names of the fields, which a
compressed record has once, are most of its bytes."""
LOG_BYTES_BOUND = 200
RSS_BOUNDS_MIB = {100: 50, 1000: 90}
GROWTH_BOUND = 1.15
"""Of the ratio from 100 to 1,000 containers: cost grows no faster than the count, and the noise."""


class Table:
    """Prints figures beside their bounds and remembers whether one was broken."""

    def __init__(self) -> None:
        self.broken = False

    def row(self, count: int, load: str, tiers: str, cost: Cost) -> None:
        ratio = cost.all_in / cost.preads
        is_bounded = count >= BOUNDED_FROM
        bound, most_bytes = (
            (RATIO_BOUNDS[tiers], LOG_BYTES_BOUND) if is_bounded else (math.inf, math.inf)
        )
        verdict = self.verdict(ratio <= bound and cost.log_bytes <= most_bytes)
        print(
            f"{count:6} {load:8}{tiers:5}{cost.all_in:9.1f}{cost.preads:9.1f}{ratio:8.2f}"
            f"{bound:8.2f}{cost.log_bytes:8.0f}{most_bytes:8}{verdict}",
            flush=True,
        )

    def figure(self, words: str, value: float, bound: float, unit: str = "") -> None:
        print(f"{words}: {value:.2f}{unit}, bound {bound:g}{unit}{self.verdict(value <= bound)}")

    def verdict(self, good: bool) -> str:
        self.broken = self.broken or not good
        return "" if good else "   BROKEN"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sweeps, within 50 s")
    parser.add_argument("--containers", type=int, nargs="+", default=COUNTS)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("needs root, to make cgroups")
        return 1
    rounds = 3 if options.quick else 40
    table = Table()
    print("µs of CPU for a container and sweep; bytes of it in the edge log")
    print(
        f"{'count':>6} {'':13}{'all-in':>9}{'preads':>9}{'ratio':>8}{'bound':>8}"
        f"{'log':>8}{'bound':>8}"
    )
    with tempfile.TemporaryDirectory() as links, Groups(Path(links)) as groups:
        ratios = {}
        resident = {}
        for count in sorted(options.containers):
            add(groups, count - len(groups.all))
            for (load, tiers), cost in measure(groups, rounds).items():
                table.row(count, load, tiers, cost)
                ratios[count, load, tiers] = cost.all_in / cost.preads
            if count in RSS_BOUNDS_MIB:
                resident[count] = resident_mib(groups)
    if {100, 1000} <= set(options.containers):
        growth = ratios[1000, "working", "tick"] / ratios[100, "working", "tick"]
        table.figure("ratio at 1,000 containers over that at 100", growth, GROWTH_BOUND)
    for count, mib in resident.items():
        table.figure(f"RSS at {count:,} containers", mib, RSS_BOUNDS_MIB[count], " MiB")
    print(docker_stats.cost(3 if options.quick else 10))
    return int(table.broken)


if __name__ == "__main__":
    sys.exit(main())
