"""Size and free space of the node's local filesystems.

Asking a filesystem whose server is away blocks for ever, so only local types are asked, and none
that is mounted below one that is not. The table of mounts is read here and not through psutil,
which leaves out whether the filesystem itself is read-only: in a sandbox each mount is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from collector.cgroup.parse import Fields
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
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted filesystem. `readonly` is said of the filesystem, not of this mount of it."""

    device: str
    mountpoint: str
    fstype: str
    readonly: bool = False


def filesystems(proc_root: Path) -> Iterator[Row]:
    """Bytes and inodes of each local filesystem, in whole and what is free."""
    table = (proc_root / "self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    for mount in local(parse(table)):
        try:
            found = os.statvfs(mount.mountpoint)
        except OSError:
            continue  # unmounted meanwhile, or below a directory that this user may not enter
        yield Row({"mountpoint": mount.mountpoint}, _fields(found, mount.readonly))


def parse(mountinfo: str) -> Iterator[Mount]:
    """The mounts in /proc/PID/mountinfo; what is no line of one is left out. See proc(5)."""
    for line in mountinfo.splitlines():
        here, _, filesystem = line.partition(" - ")
        where, what = here.split(" "), filesystem.split(" ")
        if len(where) >= 6 and len(what) == 3:
            fstype, device, options = what
            yield Mount(device, _plain(where[4]), fstype, "ro" in options.split(","))


def local(mounts: Iterable[Mount]) -> list[Mount]:
    """Those that can be asked without fear; each device once, at its shortest path."""
    mounts = list(mounts)
    doubtful = tuple(f"{m.mountpoint}/" for m in mounts if m.fstype not in HARMLESS)
    by_device: dict[str, Mount] = {}
    places = [m for m in mounts if m.fstype in LOCAL]
    for mount in sorted(places, key=lambda m: (len(m.mountpoint), m.mountpoint)):
        if not mount.mountpoint.startswith(doubtful):
            by_device.setdefault(mount.device, mount)
    return sorted(by_device.values(), key=lambda m: m.mountpoint)


def _fields(found: os.statvfs_result, readonly: bool) -> Fields:
    fields: Fields = {
        "filesystem_size_bytes": found.f_blocks * found.f_frsize,
        "filesystem_free_bytes": found.f_bfree * found.f_frsize,
        "filesystem_avail_bytes": found.f_bavail * found.f_frsize,
        "filesystem_readonly": int(readonly),
    }
    if found.f_files:  # btrfs and vfat count no inodes
        fields["filesystem_files"] = found.f_files
        fields["filesystem_files_free"] = found.f_ffree
    return fields


def _plain(path: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), path)
