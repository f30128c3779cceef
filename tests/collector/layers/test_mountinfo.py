"""Where a container's writable layer lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.cgroup.parse import Malformed
from collector.layers.mountinfo import Mount, parse, upper_directory

DOCKER = b"\n".join(
    (
        b"640 480 0:55 / / rw,relatime master:223 - overlay overlay rw,lowerdir=/d/l/A:/d/l/B,"
        b"upperdir=/var/lib/docker/overlay2/ab/diff,workdir=/var/lib/docker/overlay2/ab/work",
        b"641 640 0:58 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw",
        b"650 640 254:0 /var/lib/docker/x/hosts /etc/hosts rw,relatime - ext4 /dev/vda rw",
        b"",
    )
)


def test_the_upper_directory_of_the_root() -> None:
    assert upper_directory(DOCKER) == "/var/lib/docker/overlay2/ab/diff"


def test_what_is_mounted_over_the_root_counts() -> None:
    over = DOCKER.splitlines()[0].replace(b"overlay2/ab/diff", b"overlay2/cd/diff")
    assert upper_directory(DOCKER + over) == "/var/lib/docker/overlay2/cd/diff"


def test_octal_escapes() -> None:
    data = DOCKER.replace(b"overlay2/ab/diff", rb"a\040b\054c\134\303\244")
    assert upper_directory(data) == "/var/lib/docker/a b,c\\ä"


@pytest.mark.parametrize(
    "root",
    [
        b"30 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw",
        b"30 1 0:20 / / rw - overlay overlay ro,lowerdir=/a:/b",
        b"30 1 0:20 / / rw - overlay overlay rw,lowerdir=/a,upperdir=relative",
        b"30 1 0:20 / / rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,upperdir=/x",
        b"30 1 0:20 / /else rw - overlay overlay rw,upperdir=/x",
        b"",
    ],
)
def test_no_layer(root: bytes) -> None:
    assert upper_directory(root) is None


@pytest.mark.parametrize(
    "line", [b"nonsense", b"1 2 3:4 / / rw overlay overlay rw", b"1 2 - x y z"]
)
def test_a_line_that_the_kernel_does_not_write(line: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        list(parse(DOCKER + line + b"\n"))
    assert caught.value.line == 4


def test_our_own_mounts() -> None:
    mounts = list(parse(Path("/proc/self/mountinfo").read_bytes()))
    proc = next(mount for mount in mounts if mount.point == "/proc")
    assert isinstance(proc, Mount) and proc.kind == "proc"
    number = Path("/proc").stat().st_dev
    assert proc.device == f"{os.major(number)}:{os.minor(number)}"
