"""Which files the catalogue names for each group, by what the node has."""

from __future__ import annotations

from pathlib import Path

from collector.cgroup.hierarchy import UNIFIED, Hierarchy
from collector.doctor.sources import PROC, START_TIMES, File, groups
from monitor.catalogue import CATALOGUE

V1 = ("cpu", "cpuacct", "memory", "blkio", "pids")


def node(*controllers: str, unified: tuple[str, ...] | None = None) -> Hierarchy:
    return Hierarchy(
        "v2" if not controllers else "hybrid" if unified is not None else "v1",
        {name: Path("/sys", name) for name in controllers},
        None if unified is None else Path("/sys/unified"),
        frozenset(unified or ()),
    )


def files(hierarchy: Hierarchy, name: str) -> set[File]:
    (group,) = (group for group in groups(hierarchy) if group.name == name)
    return set(group.files)


def test_version_1_and_2_have_files_of_their_own() -> None:
    v2 = node(unified=("cpu", "memory", "io", "pids"))
    assert File("cpuacct", "cpuacct.usage") in files(node(*V1), "cpu")
    assert files(v2, "cpu") == {File(UNIFIED, "cpu.stat")}
    assert File("memory", "memory.stat") in files(node(*V1), "memory")
    assert File(UNIFIED, "memory.stat") in files(v2, "memory")
    for hierarchy in (v2, node(*V1)):
        assert File(PROC, "net/dev") in files(hierarchy, "network")
        assert files(hierarchy, START_TIMES) == {File(PROC, "stat")}


def test_a_hybrid_node_is_read_from_whichever_has_the_controller() -> None:
    hybrid = node("cpu", "cpuacct", "pids", unified=("memory",))
    assert File("cpuacct", "cpuacct.usage") in files(hybrid, "cpu")
    assert File(UNIFIED, "memory.current") in files(hybrid, "memory")
    assert File(UNIFIED, "io.pressure") in files(hybrid, "pressure")


def test_what_no_controller_counts_is_named() -> None:
    (memory,) = (group for group in groups(node("cpu", "cpuacct")) if group.name == "memory")
    assert memory.files == ()
    assert memory.without == ("memory",)


def test_every_kernel_file_that_the_catalogue_names_is_found() -> None:
    """A new source in another spelling must not be left out in silence."""
    named = {
        metric.name
        for metric in CATALOGUE.values()
        if metric.measurement == "container" and ("." in metric.v2 or "/" in metric.v2)
    }
    everything = node(unified=("cpu", "memory", "io", "pids", "hugetlb"))
    found = {group.name for group in groups(everything, ["2MB"]) if group.files}
    assert {CATALOGUE[name].group for name in named} <= found | {"spec"}


def test_what_the_other_version_alone_tells_is_no_lack_of_a_controller() -> None:
    by_name = {group.name: group for group in groups(node(*V1))}
    assert by_name["memory"].without == by_name["diskIO"].without == ()
    assert File("memory", "memory.stat") in by_name["memory"].files
    v2 = {group.name: group for group in groups(node(unified=("cpu", "memory", "io", "pids")))}
    assert (v2["percpu"].files, v2["percpu"].without) == ((), ())


def test_huge_pages_by_the_sizes_that_the_node_has() -> None:
    hybrid = node(*V1, unified=("hugetlb",))
    assert "hugetlb" not in {group.name for group in groups(hybrid)}
    (found,) = (group for group in groups(hybrid, ["2MB", "1GB"]) if group.name == "hugetlb")
    assert File(UNIFIED, "hugetlb.1GB.current") in found.files
    assert File(UNIFIED, "hugetlb.2MB.events") in found.files
