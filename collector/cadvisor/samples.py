"""One container's rows of many sweeps, put together to samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from collector.cadvisor.containers import Fields, Node, Tags
from collector.cadvisor.figures import nanoseconds
from collector.cadvisor.requests import Window
from collector.ticker import SLOW_SECONDS
from monitor.record import Record

LEAD_NS = round((SLOW_SECONDS + 1) * 1e9)
"""So far before the first sample lie the newest figures of the slow tier that hold for it."""

_HOLDS_NS = round(3 * SLOW_SECONDS * 1e9)
"""An interface or device that no row was seen of for so long is gone."""
_RARE = ("fs_usage_", "fs_limit_", "fs_inodes_")
_WORKING_SET = "memory_working_set_bytes"
_TICK = "cpu_usage_seconds_total"
"""Every sweep has it of everything: a row that has it is a sample."""


class Sample(NamedTuple):
    """One container in one sweep; `parts` are its interfaces, devices and so on.

    Figures of the slow tier stand here as they were last read.
    """

    time_ns: int
    fields: Fields
    parts: Mapping[Tags, Fields]


class Point(NamedTuple):
    """A sample's time, its CPU counter in ns and its working set in bytes."""

    time_ns: int
    cpu_ns: int
    memory: int


class Gathering:
    """Takes a container's rows, those of the newest sweep first, until it has what is asked for."""

    def __init__(self, node: Node, count: int, window: Window) -> None:
        self._count = count
        self._start_ns, self._end_ns = window.start_ns, window.end_ns
        self._began_ns = node.start_ns or 0
        self._standing = {part: rare for part, of in node.parts.items() if (rare := _rare(of))}
        self._sweeps: dict[int, list[tuple[Tags, Record]]] = {}
        self._ticks: list[int] = []

    def is_full(self, sweep_ns: int) -> bool:
        """Whether a sweep of that time, and all older ones, can add nothing."""
        if sweep_ns < self._began_ns - LEAD_NS:
            return True
        if len(self._ticks) < self._count:
            return False
        return sweep_ns < self._ticks[self._count - 1] - LEAD_NS

    def add(self, sweep_ns: int, part: Tags, record: Record) -> None:
        """Take a row; one of the run before this one is left out."""
        if record.time_ns < self._began_ns:
            return
        self._sweeps.setdefault(sweep_ns, []).append((part, record))
        if not part and _TICK in record.fields and self._ticks[-1:] != [sweep_ns]:
            self._ticks.append(sweep_ns)

    def samples(self) -> list[Sample]:
        """Oldest first; each with all that was known then."""
        whole: Fields = {}
        parts: dict[Tags, tuple[int, Fields]] = {}
        standing = dict(self._standing)
        found = []
        for sweep_ns in sorted(self._sweeps):
            time_ns = None
            for part, record in self._sweeps[sweep_ns]:
                if part:
                    _, known = parts.get(part, (0, {}))
                    parts[part] = sweep_ns, {**known, **record.fields}
                    if rare := _rare(record.fields):
                        standing[part] = rare
                else:
                    whole = {**whole, **record.fields}
                    time_ns = record.time_ns if _TICK in record.fields else time_ns
            if time_ns is not None and self._is_asked_for(time_ns):
                holds = sweep_ns - _HOLDS_NS
                shown = {part: fields for part, (seen, fields) in parts.items() if seen >= holds}
                shown |= {part: {**shown.get(part, {}), **rare} for part, rare in standing.items()}
                found.append(Sample(time_ns, whole, shown))
        return found[-self._count :]

    def _is_asked_for(self, time_ns: int) -> bool:
        return (self._start_ns is None or time_ns >= self._start_ns) and (
            self._end_ns is None or time_ns <= self._end_ns
        )


def _rare(fields: Fields) -> Fields:
    """What is found every few minutes only, and stands until then: a writable layer's use."""
    return {name: value for name, value in fields.items() if name.startswith(_RARE)}


def point(record: Record) -> Point | None:
    """What a whole row says; None for one without CPU time, a working set of -1 where not read."""
    cpu, memory = (record.fields.get(name) for name in (_TICK, _WORKING_SET))
    if not isinstance(cpu, float):
        return None
    return Point(record.time_ns, nanoseconds(cpu), memory if isinstance(memory, int) else -1)


def with_memory(points: Iterable[Point]) -> list[Point]:
    """Points, oldest first, with the working set as it was last read; none before it was."""
    found: list[Point] = []
    for one in points:
        if one.memory >= 0:
            found.append(one)
        elif found:
            found.append(one._replace(memory=found[-1].memory))
    return found
