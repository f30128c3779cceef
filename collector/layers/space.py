"""What a layer may take: the size of its file system, or its quota where there is one.

Docker's and podman's `size` options set a project quota of XFS or ext4. The kernel then answers
statvfs(2) in the layer as if it were a file system of that size, which also tells what is used.
"""

from __future__ import annotations

import os
from pathlib import Path

from collector.cgroup.parse import Fields


def space(layer: str) -> Fields:
    """Limit and inodes; with `fs_usage_bytes` where a quota counts it. Raises OSError.

    A runtime gives a project to the layer's directory or to the one above it.
    """
    own, whole = os.statvfs(layer), os.statvfs(Path(layer).parent.parent)
    fields: Fields = {"fs_limit_bytes": own.f_blocks * own.f_frsize}
    if own.f_files:  # btrfs does not count inodes
        fields |= {"fs_inodes_total": own.f_files, "fs_inodes_free": own.f_ffree}
    if own.f_blocks < whole.f_blocks:
        fields["fs_usage_bytes"] = (own.f_blocks - own.f_bfree) * own.f_frsize
    return fields
