"""From a cgroup path to the systemd service that lives there, for nodes that are told to show them.

    /system.slice/nginx.service
    /system.slice/system-getty.slice/getty@tty1.service
    /user.slice/user-1000.slice/user@1000.service

Only the services of the node's own systemd: what a user's or a container's systemd runs is part of
that user's service or of that container.
"""

from __future__ import annotations

from collector.containers import paths
from collector.containers.names import SYSTEMD, Found


def find(path: str) -> Found | None:
    """The container or the service whose own group `path` is, or None."""
    return paths.find(path) or _service(path)


def _service(path: str) -> Found | None:
    *slices, unit = path.strip("/").split("/")
    if unit == ".service" or not unit.endswith(".service"):
        return None
    if not all(name.endswith(".slice") for name in slices):
        return None
    return Found(path, unit, SYSTEMD)
