"""Temperatures, where the machine has sensors that the kernel knows.

Read from /sys/class/hwmon and not through psutil, which knows a sensor by its driver's name alone:
two processors, or two disks, would be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from collector.host.rows import Row

_UNCLEAN = re.compile("[^a-z0-9:_]")


def temperatures(sys_root: Path) -> Iterator[Row]:
    """Degrees Celsius of each sensor, by node_exporter's labels chip and sensor."""
    for file in sorted((sys_root / "class/hwmon").glob("hwmon*/temp*_input")):
        try:
            degrees = int(file.read_bytes()) / 1000
        except (OSError, ValueError):
            continue  # a sensor that sleeps, or has nothing to tell now
        tags = {"chip": _chip(file.parent), "sensor": file.name.removesuffix("_input")}
        yield Row(tags, {"hwmon_temp_celsius": degrees})


def _chip(directory: Path) -> str:
    """The device by its bus and place there, which stay when drivers load in another order.

    As node_exporter makes it: https://github.com/prometheus/node_exporter
    /blob/master/collector/hwmon_linux.go
    """
    device = directory / "device"
    if device.exists():
        place = device.resolve()
        return f"{_clean(place.parent.name)}_{_clean(place.name)}"
    try:
        return _clean((directory / "name").read_text())
    except OSError:
        return _clean(directory.name)


def _clean(name: str) -> str:
    return _UNCLEAN.sub("_", name.strip().lower()).strip("_")
