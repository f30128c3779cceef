"""The node's cgroups: which hierarchies, whose view of them, which containers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from collector.cgroup.hierarchy import Hierarchy
from collector.containers.names import Found
from collector.doctor.trying import Subject
from collector.doctor.words import words
from monitor.findings import Finding

AREA = "cgroups"
_READ = {"v1": ("cpu", "cpuacct", "memory", "blkio", "pids"), "v2": ("cpu", "memory", "io", "pids")}


def cgroups(
    hierarchy: Hierarchy, root: Path, found: Sequence[Found], tried: Sequence[Subject]
) -> Iterator[Finding]:
    """A line each for the hierarchy, its controllers and its containers."""
    yield _hierarchy(hierarchy, root)
    yield _controllers(hierarchy)
    yield _readable(hierarchy) or _containers(hierarchy, found, tried)


def _hierarchy(hierarchy: Hierarchy, root: Path) -> Finding:
    """Which version there is, and that it is the host's and not a container's own."""
    version = {"v1": "version 1", "v2": "version 2", "hybrid": "version 1, and 2 beside it"}
    why = f"{version[hierarchy.version]}, at {root}"
    if not _is_own_view(hierarchy):
        return Finding(AREA, "hierarchy", "ok", why)
    why += ": this process's own group and what is below it, not the host's"
    remedy = "run it in the host's cgroup namespace (docker run --cgroupns host)"
    return Finding(AREA, "hierarchy", "no", why, remedy)


def _is_own_view(hierarchy: Hierarchy) -> bool:
    """Whether the tree's top is a group of somebody's: the host's top lacks a group's files."""
    if hierarchy.controllers:
        return not (hierarchy.tree / "release_agent").exists()
    return (hierarchy.tree / "cgroup.events").exists()


def _controllers(hierarchy: Hierarchy) -> Finding:
    """Whether the kernel counts what Weir reads."""
    there = {*hierarchy.controllers, *hierarchy.unified_controllers}
    if "blkio" in there or "io" in there:
        there |= {"blkio", "io"}
    wanted = _READ["v2" if hierarchy.version == "v2" else "v1"]
    lacking = [name for name in wanted if name not in there]
    if not lacking:
        return Finding(AREA, "controllers", "ok", ", ".join(wanted))
    remedy = "boot a kernel that has them enabled"
    if "memory" in lacking:
        remedy = "boot with the kernel parameters cgroup_enable=memory cgroup_memory=1"
    return Finding(AREA, "controllers", "partly", f"there is no {', '.join(lacking)}", remedy)


def _containers(hierarchy: Hierarchy, found: Sequence[Found], tried: Sequence[Subject]) -> Finding:
    """How many, and whether their processes are seen."""
    if not found:
        on = f"; files are tried on {tried[0].path} instead" if tried else ""
        why = f"none runs now below {hierarchy.tree}{on}"
        return Finding(AREA, "containers", "none", why, "start one, and ask again", needed=False)
    kinds = Counter(container.runtime or "unknown runtime" for container in found)
    shown = ", ".join(f"{count} of {kind}" for kind, count in sorted(kinds.items()))
    foreign = [subject for subject in tried if 0 in subject.pids]
    if foreign:
        why = f"{shown}; the processes of {len(foreign)} are in another PID namespace"
        remedy = "run it in the host's (docker run --pid host; hostPID: true in Kubernetes)"
        return Finding(AREA, "containers", "partly", why, remedy)
    return Finding(AREA, "containers", "ok", shown)


def _readable(hierarchy: Hierarchy) -> Finding | None:
    """Whether the tree may be looked through at all; None if so."""
    try:
        next(hierarchy.tree.iterdir(), None)
    except OSError as error:
        remedy = "make it readable for this user (cgroup file systems are, by default)"
        return Finding(AREA, "groups", "no", words(error, hierarchy.tree), remedy)
    return None
