"""What a file system is called: by its block device, else by what was mounted."""

from __future__ import annotations

import os
from pathlib import Path

from collector.layers.mountinfo import parse


def device_name(proc: Path, directory: str) -> str:
    """`vda1` or `dm-0`, as in the host's diskstats; else a mount's source: `tmpfs`, a pool's name.

    The number major:minor where neither is known. Raises OSError, or Malformed for mountinfo.
    """
    number = Path(directory).stat().st_dev
    shown = f"{os.major(number)}:{os.minor(number)}"
    for line in (proc / "diskstats").read_text().splitlines():
        parts = line.split()
        if ":".join(parts[:2]) == shown:
            return parts[2]
    mounts = parse((proc / "1/mountinfo").read_bytes())
    return next((mount.source for mount in mounts if mount.device == shown), shown)
