"""From a cgroup path to the container that lives there: where every runtime puts its groups.

| runtime    | cgroupfs driver           | systemd driver                                   |
|------------|---------------------------|--------------------------------------------------|
| docker     | /docker/ID                | /system.slice/docker-ID.scope                    |
| kubernetes | /kubepods[/QOS]/podUID/ID | /kubepods.slice/…-podUID_.slice/RUNTIME-ID.scope |
| cri-o      | …/crio-ID                 | …/crio-ID.scope                                  |
| podman     | /libpod_parent/libpod-ID  | /machine.slice/libpod-ID.scope                   |
| containerd | /NAMESPACE/ID             | /system.slice/nerdctl-ID.scope                   |

An ID has 64 hex digits. Only containerd takes names for it (`ctr run IMAGE NAME`), and /x/y may be
anything, so of those the ones in its namespace `default` are known: /default/NAME.

Nested runtimes (kind, Docker in Docker) repeat these below a container's own group; a user's podman
does below /user.slice/…/user@UID.service. What stands beside containers and looks similar is none:
conmon (podman's and CRI-O's), BuildKit's steps, systemd's `.mount` units; nor are the groups that
crun makes inside a container's.
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
_PARENTS = {"docker": "docker", "default": "containerd", "k8s.io": "containerd"}
"""Two of containerd's namespaces; what others are called is for their users to choose."""
_POD = re.compile(
    r"(?:.*-)?pod(?P<uid>[0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})(?:\.slice)?"
)
_CTR = re.compile(r"/default/(?P<name>(?=.{1,76}$)[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*)")
"""https://github.com/containerd/containerd/blob/main/pkg/identifiers/validate.go"""
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
        named = _CTR.fullmatch(path)
        return Found(path, named["name"], "containerd") if named else None
    said, unit, id = match["runtime"], match["unit"], match["id"]
    if unit:  # containerd told to use systemd names with the cgroupfs driver: SLICE:PREFIX:ID
        parents.append(unit)
    elif said is None and parents[-1:] == ["libpod_parent"]:
        return None  # a pod of podman's, not a container
    runtime = _RUNTIMES.get(said, said) if said else _runtime_of(parents)
    return Found(path, id, runtime, _pod(parents))


def _runtime_of(parents: list[str]) -> str:
    return _PARENTS.get(parents[-1], "") if parents else ""


def _pod(parents: list[str]) -> str | None:
    """The UID of the innermost pod among the parents."""
    for name in reversed(parents):
        match = _POD.fullmatch(name)
        if match:
            return match["uid"].replace("_", "-")
    return None


def pod_above(path: str) -> str | None:
    """The path of the innermost pod's own group above a container's; None where there is none."""
    above = path.rpartition("/")[0]
    while above:
        if _POD.fullmatch(above.rpartition("/")[2]):
            return above
        above = above.rpartition("/")[0]
    return None


def holds_no_container(name: str) -> bool:
    """Whether a group of this name never has a container below it.

    A node has one `.mount` unit for each mount of each container; to walk them is all cost.
    """
    return name.endswith((".mount", ".swap", ".socket", ".timer"))
