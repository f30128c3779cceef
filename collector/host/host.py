"""The host's rows: which reader is asked when, and what happens when one fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from collector.host import cpu, devices, filesystems, machine, memory, pressure, temperature
from collector.host.rows import Row
from collector.ticker import Due
from monitor.record import Record, Series

log = logging.getLogger(__name__)

Reader = Callable[[], Iterable[Row]]
MACHINE_SECONDS = 300.0
ALL = Due(slow=True, limits=True)


class Readers(NamedTuple):
    """The readers by what they read: at each tick, each 10 s, each minute; and of the machine."""

    fast: Mapping[str, Reader]
    slow: Mapping[str, Reader]
    rare: Mapping[str, Reader]
    machine: Reader

    def of(self, due: Due) -> dict[str, Reader]:
        """Those of `node` that are due."""
        return {
            **self.fast,
            **(self.slow if due.slow else {}),
            **(self.rare if due.limits else {}),
        }


def readers(proc_root: Path, root: Path = Path("/")) -> Readers:
    """All readers of the host. Mounts and sensors cost most and change least, so they are rare."""
    return Readers(
        {"CPU time": cpu.cpu, "memory": partial(memory.memory, proc_root)},
        {
            "load": cpu.load,
            "disks": devices.disks,
            "network": partial(devices.network, proc_root),
            "pressure": partial(pressure.pressure, proc_root),
        },
        {
            "filesystems": partial(filesystems.filesystems, proc_root),
            "temperature": partial(temperature.temperatures, root / "sys"),
        },
        partial(machine.machine, proc_root, root),
    )


class Host:
    """Reads the node's own figures.

    `identity` holds the tags cluster and node. psutil knows one procfs for the whole process, so
    the last Host made says which. `errors` counts readings that failed; one that fails hides no
    other, and is told of when it begins and when it ends.
    """

    def __init__(self, identity: Mapping[str, str], proc_root: Path = Path("/proc")) -> None:
        psutil.PROCFS_PATH = str(proc_root)
        self.errors = 0
        self._identity = dict(identity)
        self._series: dict[tuple[tuple[str, str], ...], Series] = {}
        self._failing: set[str] = set()
        self._machine_due = 0.0
        self._readers = readers(proc_root)

    def read(self, due: Due = ALL) -> list[Record]:
        """One sweep's rows of `node`, with the `machine` row when that is due (every 5 min)."""
        records: dict[Series, Record] = {}
        for what, reader in self._readers.of(due).items():
            for record in self._try(what, reader, "node"):
                # One row a sweep for the node itself; its time is that of the first reading (CPU).
                first = records.get(record.series, record)
                fields = {**first.fields, **record.fields}
                records[record.series] = Record(record.series, fields, first.time_ns)
        if time.monotonic() < self._machine_due:
            return list(records.values())
        machine = self._try("machine", self._readers.machine, "machine")
        if machine:
            self._machine_due = time.monotonic() + MACHINE_SECONDS
        return [*records.values(), *machine]

    def _try(self, what: str, reader: Reader, measurement: str) -> list[Record]:
        try:
            rows = list(reader())
        except (OSError, ValueError, RuntimeError, psutil.Error) as error:
            self.errors += 1
            if what not in self._failing:
                self._failing.add(what)
                log.warning("host: cannot read %s, left out until it can be: %s", what, error)
            return []
        if what in self._failing:
            self._failing.discard(what)
            log.info("host: can read %s again", what)
        now = time.time_ns()
        return [Record(self._named(measurement, row.tags), row.fields, now) for row in rows]

    def _named(self, measurement: str, tags: Mapping[str, str]) -> Series:
        key = (("", measurement), *tags.items())
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series.of(measurement, {**self._identity, **tags})
        return series
