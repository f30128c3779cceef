"""From a cgroup path to the container that lives there: where every runtime puts its groups.

| runtime    | cgroupfs driver           | systemd driver                                   |
|------------|---------------------------|--------------------------------------------------|
| docker     | /docker/ID                | /system.slice/docker-ID.scope                    |
| kubernetes | /kubepods[/QOS]/podUID/ID | /kubepods.slice/…-podUID_.slice/RUNTIME-ID.scope |
| cri-o      | …/crio-ID                 | …/crio-ID.scope                                  |
| podman     | /libpod_parent/libpod-ID  | /machine.slice/libpod-ID.scope                   |

Nested runtimes (kind, Docker in Docker) repeat these below a container's own group. conmon, which
stands beside each container of podman and CRI-O, and systemd's `.mount` units look similar and are
none.
"""

from __future__ import annotations

import re

from collector.containers.names import Found

_CONTAINER = re.compile(
    r"(?:(?P<unit>[^:]+):)?"
    r"(?:(?P<runtime>docker|cri-containerd|containerd|nerdctl|crio|libpod|libpod-payload)[-:])?"
    r"(?P<id>[0-9a-f]{64})"
    r"(?:\.scope)?"
)
_POD = re.compile(
    r"(?:.*-)?pod(?P<uid>[0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})(?:\.slice)?"
)
_RUNTIMES = {
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "libpod": "podman",
    "libpod-payload": "podman",
}


def find(path: str) -> Found | None:
    """The container whose own group `path` is (from the hierarchy's root), or None."""
    *parents, last = path.strip("/").split("/")
    match = _CONTAINER.fullmatch(last)
    if match is None:
        return None
    said, unit, id = match["runtime"], match["unit"], match["id"]
    if unit:  # containerd told to use systemd names with the cgroupfs driver: SLICE:PREFIX:ID
        parents.append(unit)
    elif said is None and parents[-1:] == ["libpod_parent"]:
        return None  # a pod of podman's, not a container
    runtime = _RUNTIMES.get(said, said) if said else _runtime_of(parents)
    return Found(path, id, runtime, _pod(parents))


def _runtime_of(parents: list[str]) -> str:
    return "docker" if parents and parents[-1] == "docker" else ""


def _pod(parents: list[str]) -> str | None:
    """The UID of the innermost pod among the parents."""
    for name in reversed(parents):
        match = _POD.fullmatch(name)
        if match:
            return match["uid"].replace("_", "-")
    return None


def holds_no_container(name: str) -> bool:
    """Whether a group of this name never has a container below it.

    A node has one `.mount` unit for each mount of each container; to walk them is all cost.
    """
    return name.endswith((".mount", ".swap", ".socket", ".timer"))
