"""Each figure of a container, as the collector says it, between two readings of the kernel's own.

Also a program, for the virtual machine: `python3 -m tests.real.agreement PID ROUNDS [still]` prints
each reading as a JSON list.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from collector.cgroup.files import claim_descriptors
from collector.containers.names import NoNames
from collector.sweep import Sweeper
from collector.ticker import Due
from tests.real.cgroups import MOUNT, cgroup_of
from tests.real.kernel_figures import figures

PAUSE_SECONDS = 0.1
REST_WITHIN_SECONDS = 60.0


class Reading(NamedTuple):
    """What the collector said of a figure, and the kernel before and after.

    `part` is the device or the interface.
    """

    name: str
    part: str
    before: float
    said: float
    after: float


def watched(pid: int, rounds: int, still: bool = False) -> Iterator[Reading]:
    """So many sweeps over the whole machine, a moment apart: the container of the process.

    If it is to be `still`, they begin once it uses no CPU any more.
    """
    if still:
        _await_rest(pid)
    sweeper = Sweeper({}, Path("/proc"), MOUNT, NoNames(), claim_descriptors())
    try:
        for _ in range(rounds):
            yield from _round(sweeper, pid)
            time.sleep(PAUSE_SECONDS)
    finally:
        sweeper.close()


def _await_rest(pid: int) -> None:
    cpu = next(figure for figure in figures() if figure.name == "cpu_usage_seconds_total")
    deadline = time.monotonic() + REST_WITHIN_SECONDS
    before = None
    while (now := cpu.read(pid)) != before:
        assert time.monotonic() < deadline, "the container does not come to rest"
        before = now
        time.sleep(10 * PAUSE_SECONDS)


def _round(sweeper: Sweeper, pid: int) -> Iterator[Reading]:
    before = {figure.name: figure.read(pid) for figure in figures()}
    said = _said(sweeper, pid)
    after = {figure.name: figure.read(pid) for figure in figures()}
    for (name, part), value in said.items():
        if part in before.get(name, ()):
            yield Reading(name, part, before[name][part], value, after[name][part])


def _said(sweeper: Sweeper, pid: int) -> dict[tuple[str, str], float]:
    """One sweep's numbers about the container, by figure and part."""
    records = sweeper.sweep(Due(slow=True, limits=True))
    tree = sweeper.hierarchy.tree
    group = cgroup_of(pid, "" if sweeper.hierarchy.version == "v2" else tree.name)
    own = next(c for c in sweeper.containers if group.is_relative_to(tree / c.found.path[1:]))
    assert own.series is not None
    said: dict[tuple[str, str], float] = {}
    for record in records:
        tags = dict(record.series.tags)
        part = tags.pop("interface", "") or tags.pop("device", "")
        if record.series.measurement == "container" and tags == dict(own.series.tags):
            numbers = ((name, value) for name, value in record.fields.items())
            said |= {(name, part): float(value) for name, value in numbers}
    return said


if __name__ == "__main__":
    for reading in watched(int(sys.argv[1]), int(sys.argv[2]), still=sys.argv[3:] == ["still"]):
        print(json.dumps(reading))
