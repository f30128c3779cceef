"""Bytes through the node's disks and network interfaces.

Only what is the host's own: partitions are parts of disks, and the interfaces that container
engines make come and go by the hundred and would count each byte twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import psutil

from collector.host.rows import Row
from collector.interfaces import counts

_NO_DISK = re.compile(r"(z?ram|loop|fd|sr)\d+|(h|s|v|xv)d[a-z]+\d+|(nvme\d+n|mmcblk|nbd)\d+p\d+")


def disks() -> Iterator[Row]:
    """Bytes read and written since boot, for each whole disk that was ever used."""
    counters = psutil.disk_io_counters(perdisk=True, nowrap=False)
    for name, disk in counters.items():
        if not _NO_DISK.fullmatch(name) and (disk.read_bytes or disk.write_bytes):
            yield Row(
                {"device": name},
                {
                    "disk_read_bytes_total": disk.read_bytes,
                    "disk_written_bytes_total": disk.write_bytes,
                },
            )


def network() -> Iterator[Row]:
    """Bytes received and sent since boot, for each interface of the host."""
    counters = psutil.net_io_counters(pernic=True, nowrap=False)
    for name, interface in counters.items():
        if counts(name):
            yield Row(
                {"device": name},
                {
                    "network_receive_bytes_total": interface.bytes_recv,
                    "network_transmit_bytes_total": interface.bytes_sent,
                },
            )
