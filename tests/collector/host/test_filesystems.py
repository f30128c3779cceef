"""Which filesystems are asked, and that what they say is what `stat -f` says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collector.host.filesystems import LOCAL, Mount, filesystems, local, parse

MOUNTINFO = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
26 1 254:0 / / ro,relatime shared:1 - ext4 /dev/vda rw,discard
29 26 254:1 / /data\\040two rw,relatime shared:3 master:2 - xfs /dev/vdb ro,attr2
not a line of a table
"""


def test_a_sandbox_makes_mounts_read_only_and_not_the_filesystem() -> None:
    assert list(parse(MOUNTINFO)) == [
        Mount("proc", "/proc", "proc"),
        Mount("/dev/vda", "/", "ext4", readonly=False),
        Mount("/dev/vdb", "/data two", "xfs", readonly=True),
    ]


def test_only_local_filesystems_are_asked_and_each_once() -> None:
    mounts = [
        Mount("/dev/sda1", "/", "ext4"),
        Mount("/dev/sda1", "/var/lib/kubelet/pods/x/volume", "ext4"),
        Mount("server:/export", "/mnt", "nfs4"),
        Mount("/dev/sdb1", "/mnt/below", "xfs"),
        Mount("user@host:", "/home/ann/remote", "fuse.sshfs"),
        Mount("/dev/sdc1", "/mnt2", "xfs"),
        Mount("tmpfs", "/run", "tmpfs"),
        Mount("/dev/sdd1", "/run/media/disk", "vfat"),
    ]
    assert [mount.mountpoint for mount in local(mounts)] == ["/", "/mnt2", "/run/media/disk"]


def test_sizes_and_inodes_are_those_of_stat() -> None:
    rows = {row.tags["mountpoint"]: row.fields for row in filesystems(Path("/proc"))}
    here = local(parse(Path("/proc/self/mountinfo").read_text()))
    assert rows.keys() <= {mount.mountpoint for mount in here if mount.fstype in LOCAL}
    if "/" not in rows:
        pytest.skip("the root here is on no local filesystem")
    shown = subprocess.run(
        ["stat", "-f", "-c", "%S %b %c", "/"], capture_output=True, text=True, check=True
    )
    block, blocks, files = (int(word) for word in shown.stdout.split())
    fields = rows["/"]
    assert fields["filesystem_size_bytes"] == block * blocks
    assert fields.get("filesystem_files", 0) == files
    free, available = fields["filesystem_free_bytes"], fields["filesystem_avail_bytes"]
    assert isinstance(free, int) and isinstance(available, int)
    assert 0 <= available <= free <= block * blocks
