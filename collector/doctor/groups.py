"""Each group of container metrics: whether its files can be read, on real containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path

from collector.cgroup.hierarchy import Hierarchy
from collector.cgroup.present import page_sizes
from collector.doctor import layers
from collector.doctor.sources import PROC, File, Group, groups
from collector.doctor.trying import Outcome, Subject, attempt
from collector.doctor.words import words
from monitor.catalogue import OPTIONAL_GROUPS
from monitor.findings import Finding, State

AREA = "containers' metrics"
OPTIONAL = "metrics that --enable adds"

_CAPABILITIES = "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
_REMEDIES: Mapping[str, str] = {
    "fd": f"run it as root, or give it {_CAPABILITIES}",
    PROC: "mount procfs without hidepid, or with gid= of a group of this user's; in a systemd unit "
    "ProtectProc=default",
    "pressure": "boot with the kernel parameter psi=1",
}


def container_groups(
    hierarchy: Hierarchy,
    subjects: Sequence[Subject],
    proc: Path,
    enabled: Set[str],
    sys_root: Path = Path("/sys"),
) -> Iterator[Finding]:
    """A line for each group."""
    for group in groups(hierarchy, page_sizes(sys_root)):
        if group.name == layers.GROUP:
            area, needed = _asked_for(group.name, enabled)
            yield layers.layers(subjects, proc, area, needed)
        else:
            yield _found(group, hierarchy, subjects, proc, enabled)


def _found(
    group: Group,
    hierarchy: Hierarchy,
    subjects: Sequence[Subject],
    proc: Path,
    enabled: Set[str],
) -> Finding:
    area, needed = _asked_for(group.name, enabled)
    outcomes = {file: attempt(file, subjects, hierarchy, proc) for file in group.files}
    read = [file for file, outcome in outcomes.items() if outcome.read]
    refused = [file for file, outcome in outcomes.items() if outcome.refused]
    absent = [file for file in group.files if file not in read and file not in refused]
    if not any(outcome.tried for outcome in outcomes.values()):
        return _nothing(area, group, hierarchy)
    names = ", ".join(_shown(file) for file in read)
    lacking = ", ".join(_shown(file) for file in absent)
    if refused:
        path, error = outcomes[refused[0]].refused[0]
        why = _refusal(path, error, outcomes[refused[0]], proc)
        state: State = "partly" if read else "no"
        return Finding(area, group.name, state, why, _remedy(refused[0], group.name), needed)
    if not read:
        return Finding(
            area, group.name, "no", f"the kernel has no {lacking}", "a newer kernel", needed
        )
    why = f"{names}; no {lacking} here" if absent else names
    if group.without:
        return Finding(area, group.name, "partly", f"{why}; {_no_controller(group)}", "", needed)
    return Finding(area, group.name, "ok", why, "", needed)


def _asked_for(group: str, enabled: Set[str]) -> tuple[str, bool]:
    """Under which heading the group stands, and whether it is needed."""
    asked = group in enabled or group not in OPTIONAL_GROUPS
    return (AREA if asked else OPTIONAL), asked


def _nothing(area: str, group: Group, hierarchy: Hierarchy) -> Finding:
    """There was nothing to try."""
    if not group.files and not group.without:
        why = f"told by cgroup version {2 if hierarchy.controllers else 1} alone"
        remedy = ""
        if group.name == "pressure":
            why += ", which this node has not mounted"
            remedy = "mount -t cgroup2 none /sys/fs/cgroup/unified"
        return Finding(area, group.name, "no", why, remedy, needed=False)
    if group.without and not group.files:
        return Finding(area, group.name, "no", _no_controller(group), "see controllers, above")
    return Finding(area, group.name, "none", "nothing runs that could be tried", "", needed=False)


def _no_controller(group: Group) -> str:
    return f"this node has no controller {', '.join(group.without)}"


def _refusal(path: Path, error: OSError, outcome: Outcome, proc: Path) -> str:
    why = words(error, path)
    if path.is_relative_to(proc) and isinstance(error, FileNotFoundError):
        why = f"procfs hides process {path.relative_to(proc).parts[0]}, which runs"
    some = f" (of {len(outcome.refused)} of {outcome.tried} containers)"
    return why + (some if outcome.tried > 1 else "")


def _remedy(file: File, group: str) -> str:
    for key in (file.name, group):
        if key in _REMEDIES:
            return _REMEDIES[key]
    return _REMEDIES[PROC] if file.controller == PROC else "run it as root"


def _shown(file: File) -> str:
    return f"/proc/PID/{file.name}" if file.controller == PROC else file.name
