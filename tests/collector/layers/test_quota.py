"""A project quota, which the kernel of the virtual machine has: it is the layer's size and use."""

from __future__ import annotations

import ast

import pytest

from tests.real.vm import VirtualMachine

pytestmark = pytest.mark.root

LIMIT_BYTES = 8 * 2**20
MAKE = """
set -e
cd /tmp && truncate -s 64M image && mkdir image.mount
mkfs.ext4 -q -O quota,project -E quotatype=prjquota image
mount -o loop,prjquota image image.mount && cd image.mount
mkdir -p overlay2/limited/diff overlay2/free/diff
chattr -p 42 +P overlay2/limited overlay2/limited/diff
"""
SET_LIMIT = f"""
import ctypes, struct
device = next(line.split()[0] for line in open("/proc/mounts") if "/tmp/image.mount" in line)
blocks = {LIMIT_BYTES} // 1024
limits = struct.pack("8QI4x", blocks, blocks, 0, 0, 0, 0, 0, 0, 1)  # struct if_dqblk, QIF_BLIMITS
set_project_quota = 0x800008 << 8 | 2
assert ctypes.CDLL(None).quotactl(ctypes.c_int(set_project_quota), device.encode(), 42, limits) == 0
"""
SPACE = """
import sys
sys.path.insert(0, "/opt/weir")
from collector.layers.space import space
print([space("/tmp/image.mount/overlay2/" + name + "/diff") for name in ("limited", "free")])
"""


def python(script: str) -> str:
    return f"python3 - <<'END'\n{script}\nEND\n"


def test_the_quota_is_the_limit_and_counts_what_is_used(virtual_machine: VirtualMachine) -> None:
    run = virtual_machine.run
    run(f"modprobe loop; modprobe quota_v2; {MAKE}")
    try:
        run(python(SET_LIMIT))
        run("head -c 1000000 /dev/zero > /tmp/image.mount/overlay2/limited/diff/file; sync")
        limited, free = ast.literal_eval(run(python(SPACE)))
        used = run("du -sx --block-size=1 /tmp/image.mount/overlay2/limited").split()[0]
    finally:
        run("umount /tmp/image.mount")
    assert limited["fs_limit_bytes"] == LIMIT_BYTES
    assert limited["fs_usage_bytes"] == int(used) > 1_000_000
    assert free["fs_limit_bytes"] > 5 * LIMIT_BYTES
    assert "fs_usage_bytes" not in free  # to be walked through
