"""What few nodes have, and those not always: huge pages, and block I/O that version 1 counts.

No container's files are read for what its node does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from collector.cgroup.blockio import lists_devices

BLOCK_IO = ("blkio.throttle.", "blkio.", "blkio.bfq.")
"""Beginnings of the names of version 1's files on block I/O: of blk-throttle, CFQ and BFQ.

Kernels from 6.10 on count in blk-throttle's from when some group first has a limit for the device;
the schedulers count in theirs for the devices that they serve. As cAdvisor does, a scheduler's
figures are preferred; but for each device, since two devices may have two schedulers.
"""
_NUMBERS = ("nr_hugepages", "nr_overcommit_hugepages")


@dataclass(frozen=True, slots=True)
class Present:
    """`page_sizes` as the kernel writes them in file names (2MB), `block_io` of BLOCK_IO."""

    page_sizes: tuple[str, ...] = ()
    block_io: tuple[str, ...] = ()


def look(sys_root: Path | None, blkio: Path | None) -> Present:
    """What there is now. `blkio` is the top of version 1's tree, if there is one."""
    return Present(
        page_sizes(sys_root) if sys_root else (),
        tuple(begin for begin in BLOCK_IO if blkio and _counts(blkio / f"{begin}io_serviced")),
    )


def page_sizes(sys_root: Path) -> tuple[str, ...]:
    """The sizes of huge pages of which the node has some, or may get some."""
    sizes = sorted((sys_root / "kernel/mm/hugepages").glob("hugepages-*kB"))
    return tuple(
        _shown(int(size.name.removeprefix("hugepages-").removesuffix("kB")))
        for size in sizes
        if any(_number(size / name) for name in _NUMBERS)
    )


def _shown(kib: int) -> str:
    """As the kernel's hugetlb_cgroup does."""
    for unit, size in (("GB", 1024**2), ("MB", 1024)):
        if kib >= size:
            return f"{kib // size}{unit}"
    return f"{kib}KB"


def _number(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0


def _counts(file: Path) -> bool:
    """Whether the top group's own file names a device: then it does so for every group's I/O."""
    try:
        return lists_devices(file.read_bytes())
    except OSError:
        return False
