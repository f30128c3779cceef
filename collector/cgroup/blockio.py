"""Block I/O of a group, device by device.

A stacked device (device mapper, md, loop) hands its requests to the disks below it, where they are
counted for the same group once more, so it is left out: the sum over devices is what was moved.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from collector.cgroup.parse import ByPart, Fields, Malformed

_STACKED = ("dm-", "md", "loop")
_US = 1e6
_V2: dict[bytes, tuple[str, float | None]] = {
    b"rbytes": ("fs_reads_bytes_total", None),
    b"wbytes": ("fs_writes_bytes_total", None),
    b"rios": ("fs_reads_total", None),
    b"wios": ("fs_writes_total", None),
    b"cost.usage": ("fs_io_cost_usage_seconds_total", _US),
    b"cost.wait": ("fs_io_cost_wait_seconds_total", _US),
    b"cost.indebt": ("fs_io_cost_indebt_seconds_total", _US),
    b"cost.indelay": ("fs_io_cost_indelay_seconds_total", _US),
}


def v1(read: str, write: str) -> Callable[[bytes], ByPart]:
    """`blkio.throttle.io_serviced` and its like: lines of `8:0 Read 4096`, and a `Total`."""
    names = {b"Read": read, b"Write": write}

    def parse(data: bytes) -> ByPart:
        devices: ByPart = {}
        for line_number, line in enumerate(data.splitlines(), 1):
            parts = line.split()
            if len(parts) == 2 and parts[0] == b"Total":
                continue
            if len(parts) != 3 or not parts[2].isdigit():
                raise Malformed(line_number, line, rest=devices)
            if parts[1] in names:
                devices.setdefault(parts[0].decode(), {})[names[parts[1]]] = int(parts[2])
        return devices

    return parse


def lists_devices(data: bytes) -> bool:
    """Whether a version 1 file names a device: those that do not count hold only a `Total`."""
    return any(len(line.split()) == 3 for line in data.splitlines())


def v2(data: bytes) -> ByPart:
    """`io.stat`: lines of `8:0 rbytes=… wbytes=… rios=… wios=…`, and `cost.…=` in µs where the
    device has a cost model.

    Some kernels leave out the line break behind a device without figures, so a line may name
    several; the figures belong to the last of them.
    """
    devices: ByPart = {}
    for line_number, line in enumerate(data.splitlines(), 1):
        device: bytes | None = None
        fields: Fields = {}
        for token in line.split():
            key, equals, value = token.partition(b"=")
            if not equals:
                device = key
            elif key in _V2:
                if not value.isdigit():
                    raise Malformed(line_number, line, rest=devices)
                name, units = _V2[key]
                fields[name] = int(value) / units if units else int(value)
        if device is None or b":" not in device:
            raise Malformed(line_number, line, rest=devices)
        if fields:
            devices[device.decode()] = dict(fields)
    return devices


class DeviceNames:
    """The kernel's names of block devices, from /proc/diskstats; asked again for a new number."""

    def __init__(self, proc: Path) -> None:
        self._table = proc / "diskstats"
        self._names: dict[str, str | None] = {}

    def name_of(self, number: str) -> str | None:
        """The name of the device `major:minor`, the number itself if unknown; None if stacked."""
        if number not in self._names:
            self._names.update(_read(self._table))
            self._names.setdefault(number, number)
        return self._names[number]


def _read(table: Path) -> dict[str, str | None]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()]
    except OSError:
        return {}
    return {
        f"{row[0]}:{row[1]}": None if row[2].startswith(_STACKED) else row[2]
        for row in rows
        if len(row) > 2
    }
