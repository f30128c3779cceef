"""/proc/PID/mountinfo: where a container's writable layer lies, whatever its runtime. See proc(5).

The root of a container is an overlay whose `upperdir` is the layer: Docker, containerd, CRI-O and
podman all make it so. A root that is none (btrfs, zfs, fuse-overlayfs) has no layer to be found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from collector.cgroup.parse import Malformed

_ESCAPED = re.compile(rb"\\([0-3][0-7]{2})")
_FIELDS = 6
_UPPER = b"upperdir="


class Mount(NamedTuple):
    """One line. `device` is major:minor, `options` are those of the file system itself."""

    device: str
    point: str
    kind: str
    source: str
    options: tuple[bytes, ...]


def parse(data: bytes) -> Iterator[Mount]:
    """The mounts in their order; one on top of another at the same point comes after it."""
    for line_number, line in enumerate(data.splitlines(), 1):
        place, dash, filesystem = line.partition(b" - ")
        places, parts = place.split(b" "), filesystem.split(b" ", 2)
        if not dash or len(places) < _FIELDS or len(parts) < 3:
            raise Malformed(line_number, line)
        yield Mount(
            places[2].decode("ascii", "replace"),
            _path(places[4]),
            parts[0].decode("ascii", "replace"),
            _path(parts[1]),
            tuple(parts[2].split(b",")),
        )


def upper_directory(data: bytes) -> str | None:
    """The writable layer of the process's root, as a path of whoever mounted it; None if none."""
    root = [mount for mount in parse(data) if mount.point == "/"][-1:]
    for option in root[0].options if root and root[0].kind == "overlay" else ():
        if option.startswith(_UPPER + b"/"):
            return _path(option.removeprefix(_UPPER))
    return None


def _path(text: bytes) -> str:
    """Text with the kernel's octal escapes undone."""
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes((int(found[1], 8),)), text))
