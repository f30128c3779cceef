"""Size and free space of the node's local filesystems.

Asking a filesystem whose server is away blocks for ever, so only local types are asked, and none
that is mounted below one that is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import psutil

from collector.host.rows import Row

LOCAL = frozenset(
    ("bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "ntfs3",
     "reiserfs", "vfat", "xfs", "zfs")
)  # fmt: skip
HARMLESS = LOCAL | frozenset(
    ("autofs", "bpf", "binfmt_misc", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
     "devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "overlay",
     "proc", "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs", "squashfs", "sysfs",
     "tmpfs", "tracefs")
)  # fmt: skip


class Mount(Protocol):
    """What psutil says about a mounted filesystem."""

    @property
    def device(self) -> str: ...

    @property
    def mountpoint(self) -> str: ...

    @property
    def fstype(self) -> str: ...


def filesystems() -> Iterator[Row]:
    """Bytes in whole, and bytes that ordinary users may still take, for each local filesystem."""
    for mountpoint in local(psutil.disk_partitions(all=True)):
        try:
            usage = psutil.disk_usage(mountpoint)
        except OSError:
            continue  # unmounted meanwhile, or below a directory that this user may not enter
        yield Row(
            {"mountpoint": mountpoint},
            {"filesystem_size_bytes": usage.total, "filesystem_avail_bytes": usage.free},
        )


def local(mounts: Iterable[Mount]) -> list[str]:
    """Mountpoints that can be asked without fear; each device once, at its shortest path."""
    mounts = list(mounts)
    doubtful = tuple(f"{m.mountpoint}/" for m in mounts if m.fstype not in HARMLESS)
    by_device: dict[str, str] = {}
    places = [(m.mountpoint, m.device) for m in mounts if m.fstype in LOCAL]
    for mountpoint, device in sorted(places, key=lambda place: (len(place[0]), place[0])):
        if not mountpoint.startswith(doubtful):
            by_device.setdefault(device, mountpoint)
    return sorted(by_device.values())
