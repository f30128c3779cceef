"""A group's figures beside the kernel's own files, read before and after."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from collector.cgroup.cgroups import Cgroups
from collector.cgroup.faults import Faults
from collector.cgroup.group import Group
from collector.cgroup.hierarchy import detect
from collector.cgroup.parse import ByPart, Fields
from collector.cgroup.sources import CPU, FAILURE, NUMA, Kind
from tests.real.cgroups import Groups
from tests.real.process import wait_until

pytestmark = pytest.mark.root

MIB = 2**20
BUSY = """
dd if=/dev/zero of={directory}/file bs=1M count=4 2> /dev/null
i=0; while :; do i=$((i+1)); [ $((i % 200000)) = 0 ] && sleep 0.3; done
"""


class Node:
    """A real group that is busy, and what a collector reads of it with all options on."""

    def __init__(self, groups: Groups, directory: Path) -> None:
        self.real = groups.add(BUSY.format(directory=directory))
        hierarchy = detect(groups.root)
        self.version = 1 if "memory" in hierarchy.controllers else 2
        wanted = frozenset({"percpu", "memory_numa"})
        self.shared = Cgroups(hierarchy, Path("/proc"), 100, Faults(), groups=wanted)
        self.group = Group(self.shared, self.real.path)

    def kernel(self, name: str) -> str:
        """A file of the group in whichever hierarchy has it."""
        files = (directory / name for directory in self.real.directories)
        return next(file for file in files if file.exists()).read_text()

    def entry(self, file: str, key: str) -> int:
        return int(dict(line.split()[:2] for line in self.kernel(file).splitlines())[key])

    def write(self, name: str, text: str) -> None:
        for directory in self.real.directories:
            if (directory / name).exists():
                (directory / name).write_text(text)

    def read(self) -> tuple[Fields, dict[Kind, ByPart]]:
        row = self.group.fast()
        return row, self.group.add_slow(row)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    links = tmp_path / "links"
    links.mkdir()
    with Groups(links) as groups:
        node = Node(groups, tmp_path)
        yield node
        node.group.close()
        node.shared.close()


def bracketed(kernel: Callable[[], float], ours: Callable[[], float]) -> None:
    for _ in range(5):
        before = kernel()
        figure = ours()
        assert before <= figure <= kernel()


def test_page_faults_by_type_and_scope(node: Node) -> None:
    wait_until(lambda: node.entry("memory.stat", "pgfault") > 100, "some page faults")
    scopes = {"container": "", "hierarchy": "total_" if node.version == 1 else ""}
    for scope, begin in scopes.items():
        for kind in ("pgfault", "pgmajfault"):
            bracketed(
                lambda begin=begin, kind=kind: node.entry("memory.stat", f"{begin}{kind}"),
                lambda kind=kind, scope=scope: node.read()[1][FAILURE][kind, scope][
                    "memory_failures_total"
                ],
            )
    assert not {"pgfault", "total_pgfault"} & node.read()[0].keys()


def test_memory_by_what_it_is_for(node: Node) -> None:
    begin = "total_" if node.version == 1 else ""
    active, inactive = f"{begin}active_file", f"{begin}inactive_file"

    def file_bytes() -> int:
        return node.entry("memory.stat", active) + node.entry("memory.stat", inactive)

    wait_until(lambda: file_bytes() >= 4 * MIB, "the file's pages")
    row, _ = node.read()
    # The kernel moves pages between its lists in batches, and at its own time.
    slack = MIB
    assert (
        abs(
            row["memory_total_active_file_bytes"]
            + row["memory_total_inactive_file_bytes"]
            - file_bytes()
        )
        < slack
    )
    dirty = "total_dirty" if node.version == 1 else "file_dirty"
    assert abs(row["memory_file_dirty_bytes"] - node.entry("memory.stat", dirty)) <= 5 * MIB
    if node.version == 1:
        kernel = int(node.kernel("memory.kmem.usage_in_bytes"))
    else:
        kernel = node.entry("memory.stat", "kernel")
    assert 0 < row["memory_kernel_usage"] < kernel + MIB


def test_limits_are_those_that_were_set_and_absent_before(node: Node) -> None:
    unlimited: Fields = {}
    node.group.add_limits(unlimited)
    names = {f"spec_memory_{name}limit_bytes" for name in ("", "swap_", "reservation_")}
    assert not names & unlimited.keys()
    node.write("memory.limit_in_bytes", str(64 * MIB))
    node.write("memory.memsw.limit_in_bytes", str(96 * MIB))
    node.write("memory.soft_limit_in_bytes", str(32 * MIB))
    node.write("memory.max", str(64 * MIB))
    node.write("memory.swap.max", str(96 * MIB))
    node.write("memory.low", str(32 * MIB))
    limited: Fields = {}
    node.group.add_limits(limited)
    assert {name: limited[name] for name in names} == {
        "spec_memory_limit_bytes": 64 * MIB,
        "spec_memory_swap_limit_bytes": 96 * MIB,
        "spec_memory_reservation_limit_bytes": 32 * MIB,
    }


def test_bursts_are_counted_where_a_quota_allows_them(node: Node) -> None:
    assert "cpu_cfs_burst_periods_total" not in node.group.fast()
    node.write("cpu.cfs_quota_us", "50000")
    node.write("cpu.cfs_burst_us", "50000")
    node.write("cpu.max", "50000 100000")
    node.write("cpu.max.burst", "50000")
    wait_until(lambda: node.entry("cpu.stat", "nr_bursts") > 0, "a burst", seconds=20)
    bracketed(
        lambda: node.entry("cpu.stat", "nr_bursts"),
        lambda: node.group.fast()["cpu_cfs_burst_periods_total"],
    )
    key, units = ("burst_time", 1e9) if node.version == 1 else ("burst_usec", 1e6)
    bracketed(
        lambda: node.entry("cpu.stat", key) / units,
        lambda: node.group.fast()["cpu_cfs_burst_seconds_total"],
    )


def test_time_on_each_cpu_adds_up_to_the_whole(node: Node) -> None:
    if CPU not in node.read()[1]:
        assert node.version == 2  # the kernel does not tell it there
        return
    cpus = node.read()[1][CPU]
    assert cpus and all(name.startswith("cpu") for name in cpus)
    bracketed(
        lambda: int(node.kernel("cpuacct.usage")),
        lambda: round(1e9 * sum(f["cpu_percpu_usage_seconds_total"] for f in cpus_of(node))),
    )


def cpus_of(node: Node) -> Iterable[Fields]:
    return node.read()[1][CPU].values()


def test_pages_on_each_memory_node(node: Node) -> None:
    def file_pages() -> int:
        found = node.read()[1][NUMA]
        assert ("anon", "hierarchy", "0") in found
        return sum(
            fields["memory_numa_pages"]
            for (kind, scope, _), fields in found.items()
            if (kind, scope) == ("file", "hierarchy")
        )

    wait_until(lambda: file_pages() * os.sysconf("SC_PAGE_SIZE") >= 4 * MIB, "the file's pages")
