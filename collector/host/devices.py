"""Traffic of the node's disks and network interfaces.

Only what is the host's own: partitions are parts of disks, and the interfaces that container
engines make come and go by the hundred and would count each byte twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psutil

from collector.cgroup.parse import Malformed
from collector.host.rows import Row
from collector.network import parse

_NO_DISK = re.compile(r"(z?ram|loop|fd|sr)\d+|(h|s|v|xv)d[a-z]+\d+|(nvme\d+n|mmcblk|nbd)\d+p\d+")
_ABROAD = (PermissionError, FileNotFoundError)
_NODE_EXPORTERS = {"errors": "errs", "packets_dropped": "drop"}


def disks() -> Iterator[Row]:
    """What was read and written since boot, for each whole disk that was ever used."""
    counters = psutil.disk_io_counters(perdisk=True, nowrap=False)
    for name, disk in counters.items():
        if not _NO_DISK.fullmatch(name) and (disk.read_bytes or disk.write_bytes):
            yield Row(
                {"device": name},
                {
                    "disk_reads_completed_total": disk.read_count,
                    "disk_writes_completed_total": disk.write_count,
                    "disk_read_bytes_total": disk.read_bytes,
                    "disk_written_bytes_total": disk.write_bytes,
                    "disk_read_time_seconds_total": disk.read_time / 1000,
                    "disk_write_time_seconds_total": disk.write_time / 1000,
                    "disk_io_time_seconds_total": disk.busy_time / 1000,
                },
            )


def network(proc_root: Path) -> Iterator[Row]:
    """What was received and sent since boot, for each interface of the host.

    That is the network namespace of the host's first process, so that a collector in a container
    with a network of its own shows the host's all the same; psutil would show the container's.
    Raises ValueError naming the file and the line.
    """
    path = proc_root / "1/net/dev"
    try:
        data = path.read_bytes()
    except _ABROAD:  # procfs may hide other users' processes; the own one is always there
        path = proc_root / "net/dev"
        data = path.read_bytes()
    try:
        interfaces = parse(data)
    except Malformed as error:
        raise ValueError(f"{path}, {error}") from None
    for name, fields in interfaces.items():
        yield Row({"device": name}, {_named(field): value for field, value in fields.items()})


def _named(field: str) -> str:
    """node_exporter's name for cAdvisor's: network_receive_errs_total."""
    for theirs, name in _NODE_EXPORTERS.items():
        field = field.replace(theirs, name)
    return field
