"""What a cgroup path says about a container, and the one question that a runtime is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from monitor.escaping import safe_name

SYSTEMD = "systemd"
OTHER_RUNTIMES = frozenset({"containerd", "crio", "podman"})
"""Those that are not asked: their state files say the names."""
ROOT_SLICE = "-.slice"
"""What systemd calls the slice that holds all others."""


@dataclass(frozen=True, slots=True)
class Found:
    """A container as its cgroup path tells it. `path` starts with "/", from the hierarchy's root.

    `runtime` is docker, containerd, crio, podman, or "" where the path does not say it; systemd for
    a service, whose unit name is the `id`. `pod_uid` (with dashes, as Kubernetes writes it) is None
    outside Kubernetes.
    """

    path: str
    id: str
    runtime: str
    pod_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """How people call a container: the tags `container`, `namespace`, `pod`, and what is known.

    `name` is the runtime's own name of the container; in Kubernetes it differs from `container`.
    A sandbox does nothing but hold its pod's namespaces: the pod's network is read through it.
    `labels_left_out` is how many labels it has beside `labels`, of which there are at most 64.
    """

    container: str
    namespace: str | None = None
    pod: str | None = None
    image: str = ""
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    is_sandbox: bool = False
    labels_left_out: int = 0


class Names(Protocol):
    """A runtime that knows names."""

    def name_of(self, found: Found) -> Naming | None:
        """The container's naming, without waiting; None while it is not known."""

    def forget(self, found: Found) -> None:
        """The container is gone; another may come to stand in its place."""


class NoNames:
    """The names of a node without a runtime that could be asked: those that the paths give."""

    def name_of(self, found: Found) -> Naming | None:
        return fallback(found)

    def forget(self, found: Found) -> None:
        pass


@lru_cache(maxsize=4096)
def fallback(found: Found) -> Naming:
    """The naming that the cgroup path alone gives: `docker-0123456789ab`, `pod<uid>`.

    A service is called by its unit, in its slice; a container whose id is a name by that name.
    """
    if found.runtime == SYSTEMD:
        unit, parent = safe_name(found.id), found.path.split("/")[-2]
        return Naming(unit, namespace=safe_name(parent) or ROOT_SLICE, name=unit)
    if not is_digest(found.id):
        return Naming(found.id, name=found.id)
    container = f"{found.runtime or 'container'}-{found.id[:12]}"
    pod = f"pod{found.pod_uid}" if found.pod_uid else None
    return Naming(container, pod=pod, name=container)


def is_digest(id: str) -> bool:
    """Whether an id is one of the 64 hex digits that most runtimes make up, and no name."""
    return len(id) == 64 and not id.strip("0123456789abcdef")
