"""One container: what it is called, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from collector.cgroup.group import Group
from collector.cgroup.parse import Fields
from collector.cgroup.sources import Kind
from collector.containers.names import Found, Naming
from collector.containers.parts import INTERFACE, Parts
from collector.containers.process_end import ProcessEnd
from collector.containers.start import to_10_ms
from collector.layers.layer import Layer
from collector.network import Network
from collector.processes.figures import ProcessFigures
from collector.ticker import Due
from monitor.record import Record, Series

START = "start_time_seconds"
_RETRIES = (1, 2)
"""Slow readings that try absent files again: a group's directories are made one by one."""
_LIMITS_READS = 3
"""First slow readings that read the limits too, and look for the group that has them: a runtime may
make them after the start."""
StartOf = Callable[[tuple[int, ...]], float | None]


class Container:
    """A container that is there; only the sweep's own thread calls its methods.

    `start_seconds` is the start of its first process (Unix time). Where that cannot be read, it is
    the first sight of a container that `is_new`, which was not there before: no sample is older.
    For another it is None: its first sight would look like a restart to whoever has its samples of
    an earlier collector. `is_new` is true until the sweep has told of it. `started` is true once it
    has had a process: a group without one is not shown. `info_due` (monotonic seconds) is when its
    `container_info` is to be told again, and `labels_left_out` how many labels the last one had no
    room for. `process_end` tells of one of its processes, where somebody waits for it.
    """

    def __init__(
        self,
        found: Found,
        group: Group,
        network: Network,
        processes: ProcessFigures,
        layer: Layer | None,
        start_of: StartOf,
        seen_seconds: float,
        is_new: bool,
    ) -> None:
        self.found = found
        self.naming: Naming | None = None
        self.series: Series | None = None
        self.pod_series: Series | None = None
        self.seen_seconds = seen_seconds
        self.is_new = is_new
        self.start_seconds = to_10_ms(seen_seconds) if is_new else None
        self.started = False
        self.info_due = float("-inf")
        self.labels_left_out = 0
        self.process_end: ProcessEnd | None = None
        self._group = group
        self._network = network
        self._processes = processes
        self._layer = layer
        self._start_of = start_of
        self._start_known = False
        self._slow_reads = 0
        self._parts: dict[Kind, Parts] = {}

    @property
    def gone(self) -> bool:
        """Whether the kernel said, at the last reading, that the group was removed."""
        return self._group.gone

    @property
    def is_shown(self) -> bool:
        """Whether it has a name and is a container of its own, and not a pod's sandbox."""
        return self.naming is not None and not self.naming.is_sandbox

    @property
    def was_read(self) -> bool:
        """Whether there is a sample of it."""
        return self._slow_reads > 0

    @property
    def left_out(self) -> int:
        """How many interfaces, devices and processes, of too many, the last reading left out."""
        parts = sum(parts.left_out for parts in self._parts.values())
        return parts + self._processes.left_out

    def call(self, naming: Naming, series: Series, pod_series: Series | None) -> None:
        """Take a name, the first one or another.

        `series` is that of its `container` rows, `pod_series` that of its pod, whose network it
        reads when it is the one that speaks for it.
        """
        self.naming, self.series, self.pod_series = naming, series, pod_series
        self._parts = {}

    def wait_for(self, end: ProcessEnd | None) -> None:
        """Take over what tells the end of one of its processes; let go of the one before."""
        if self.process_end is not None:
            self.process_end.close()
        self.process_end = end

    def processes(self) -> tuple[int, ...]:
        """The processes as of this moment."""
        return self._noted(self._group.pids_now())

    def removed(self) -> bool:
        """Whether its group was removed; that of a successor may stand at its path."""
        return not self.was_read or self._group.removed()

    def read(self, due: Due, now_ns: Callable[[], int], records: list[Record]) -> None:
        """Append the rows of what is due; a container that was never read gets all tiers."""
        slow = due.slow or not self.was_read
        pids = self._look(slow)
        if self.started:
            self._read(Due(slow, due.limits), pids, now_ns, records)

    def read_end(self, now_ns: Callable[[], int], records: list[Record]) -> None:
        """Append the rows of one that was read before and whose last process has just ended.

        At once: its group is removed within milliseconds, so nothing else is read first.
        """
        self._group.retry()
        self._read(Due(slow=True, limits=False), (), now_ns, records)

    def _read(
        self,
        due: Due,
        pids: tuple[int, ...],
        now_ns: Callable[[], int],
        records: list[Record],
    ) -> None:
        assert self.series is not None  # noqa: S101 - the sweep names it first
        slow = due.slow
        if not self.is_shown:
            if slow:
                self._add_network(pids, now_ns(), records)
                self._slow_reads += 1
            return
        time_ns = now_ns()
        row = self._group.fast()
        if self._group.gone:
            return
        parts: dict[Kind, Mapping[Any, Fields]] = {}
        if slow:
            parts |= self._group.add_slow(row)
            row["processes"] = len(pids)
            self._processes.add(row, pids)
        if due.limits or (slow and self._slow_reads < _LIMITS_READS):
            self._group.add_limits(row)
            self._processes.retry()
            parts |= self._processes.limits(pids)
        row.update(self._start())
        records.append(Record(self.series, row, time_ns))
        if slow:
            self._add(parts, now_ns(), records)
            self._add_network(pids, now_ns(), records)
            self._add_layer(pids, records)
            self._slow_reads += 1

    def descriptors(self, due: Due) -> list[int]:
        """The kept descriptors that a reading of what is due reads, without the limits' files."""
        return [
            *self._group.descriptors(due.slow),
            *(self._network.descriptors if due.slow else ()),
        ]

    def close(self) -> None:
        """Let the descriptors go."""
        self.wait_for(None)
        self._group.close()
        self._network.close()
        self._processes.close()
        if self._layer is not None:
            self._layer.close()

    def _look(self, slow: bool) -> tuple[int, ...]:
        """The processes, where somebody wants to know; notes the first one's start."""
        if not slow and self._start_known:
            return ()
        if self._slow_reads in _RETRIES:
            self._group.retry()
        if self._slow_reads < _LIMITS_READS and (inner := self._group.inner()) is not None:
            self._group.close()
            self._group = inner
        return self._noted(self._group.pids())

    def _noted(self, pids: tuple[int, ...]) -> tuple[int, ...]:
        if pids:
            self.started = True
            if not self._start_known:
                start = self._start_of(pids)
                self._start_known = start is not None or set(pids) == {0}
                self.start_seconds = start if start is not None else self.start_seconds
        return pids

    def _start(self) -> Fields:
        return {} if self.start_seconds is None else {START: self.start_seconds}

    def _add(
        self, parts: Mapping[Kind, Mapping[Any, Fields]], time_ns: int, records: list[Record]
    ) -> None:
        assert self.series is not None  # noqa: S101
        start = self._start()
        for kind, found in parts.items():
            for series, fields in self._parts_of(kind).rows(self.series, found):
                records.append(Record(series, {**fields, **start}, time_ns))

    def _add_network(self, pids: tuple[int, ...], time_ns: int, records: list[Record]) -> None:
        """Interfaces and sockets, as the pod's where its name is known: its containers share them.

        A pod's rows have no start: whichever container reads them now, they go on counting.
        """
        parts = {INTERFACE: self._network.read(pids), **self._processes.sockets(pids)}
        if self.pod_series is None:
            self._add(parts, time_ns, records)
            return
        for kind, found in parts.items():
            for series, fields in self._parts_of(kind).rows(self.pod_series, found):
                records.append(Record(series, fields, time_ns))

    def _add_layer(self, pids: tuple[int, ...], records: list[Record]) -> None:
        """The use of the writable layer, where it was found anew; it has the time of that."""
        assert self.series is not None  # noqa: S101
        if self._layer is None:
            return
        self._layer.see(pids)
        use = self._layer.take()
        if use is not None:
            series = Series(self.series.measurement, (*self.series.tags, ("device", use.device)))
            records.append(Record(series, {**use.fields, **self._start()}, use.time_ns))

    def _parts_of(self, kind: Kind) -> Parts:
        parts = self._parts.get(kind)
        if parts is None:
            parts = self._parts[kind] = Parts(kind)
        return parts
