"""The newest row of everything that is there now: what `/metrics` and `/api/v1/containers` show."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from collector.oom_kills import OomKills
from monitor.catalogue import TAGS
from monitor.record import Record, Series, Value

_OF_CONTAINERS = frozenset({"container", "container_info"})
_SHOWN = _OF_CONTAINERS | {"pod", "node", "machine", "weir"}
_RARE = frozenset({"container_info", "machine"})
"""Written every few minutes only, so their age says nothing."""
_RARE_FIELD = "fs_usage_bytes"
"""So it is with rows that have this field: a container's layer is measured in the background."""

_POD_NS = 30 * 10**9
"""A pod's rows are of the slow tier, so three of it without any mean that the pod is gone."""

_Shape = tuple[str, tuple[str, ...]]


class Reading(NamedTuple):
    """Fields that were read together, at `time_ns` (Unix)."""

    fields: Mapping[str, Value]
    time_ns: int


class Current(NamedTuple):
    """A series with its newest readings, the newest first; no field is in two of them."""

    series: Series
    readings: tuple[Reading, ...]

    @property
    def fields(self) -> dict[str, Value]:
        """All its fields."""
        return {name: value for one in self.readings for name, value in one.fields.items()}

    @property
    def time_ns(self) -> int:
        """The time of the newest reading."""
        return self.readings[0].time_ns


class Latest:
    """Holds one row for each series and set of fields, since tiers write different fields.

    A container's rows go as soon as a sweep has no row of it; any row goes when nothing has renewed
    it for `keep_seconds` (of the records' own time), a pod's for 30 s. Events are not kept. Threads
    may read while one updates.
    """

    def __init__(self, keep_seconds: float) -> None:
        self._keep_ns = int(keep_seconds * 1e9)
        self._lock = threading.Lock()
        self._rows: dict[_Shape, Record] = {}
        self._owner: dict[_Shape, str] = {}
        self._oom_kills = OomKills()
        self.time_ns = 0

    def update(self, records: Iterable[Record], time_ns: int) -> None:
        """Take one sweep's records; `time_ns` is when the sweep began."""
        with self._lock:
            self._drop(self._take(records), time_ns)
            self._oom_kills.forget(time_ns)
            self.time_ns = time_ns

    def add(self, records: Iterable[Record], ended: Iterable[Series]) -> None:
        """Take some containers' records between two sweeps, then drop those of the ended ones.

        `ended` are the series of their samples.
        """
        with self._lock:
            self._take(records)
            owners = {_owner(series) for series in ended}
            for shape in [shape for shape, owner in self._owner.items() if owner in owners]:
                del self._rows[shape], self._owner[shape]

    def rows(self) -> list[Current]:
        """All that is there now, one entry for each series, in order of their first appearance."""
        with self._lock:
            records = list(self._rows.values())
        found: dict[str, list[Record]] = {}
        for record in records:
            found.setdefault(record.series.key, []).append(record)
        return [Current(records[0].series, _readings(records)) for records in found.values()]

    def ended_oom_kills(self, series: Series) -> int:
        """How many OOM kills earlier runs of the container had, whose counters are gone."""
        with self._lock:
            return self._oom_kills.ended(series)

    def _take(self, records: Iterable[Record]) -> set[str]:
        """Returns the containers that have a sample among them."""
        present = set()
        for record in records:
            if record.series.measurement not in _SHOWN:
                continue
            shape = (record.series.key, tuple(record.fields))
            if shape not in self._rows:
                self._owner[shape] = _owner(record.series)
            self._rows[shape] = record
            if record.series.measurement == "container":
                present.add(self._owner[shape])
                self._oom_kills.note(record)
        return present

    def _drop(self, present: set[str], time_ns: int) -> None:
        oldest, oldest_of_pods = time_ns - self._keep_ns, time_ns - min(self._keep_ns, _POD_NS)
        gone = [
            shape
            for shape, record in self._rows.items()
            if ((owner := self._owner[shape]) and owner not in present)
            or (record.time_ns < oldest and not _is_rare(record))
            or (record.time_ns < oldest_of_pods and _is_of_pod(record))
        ]
        for shape in gone:
            del self._rows[shape], self._owner[shape]


def _readings(records: list[Record]) -> tuple[Reading, ...]:
    if len(records) == 1:
        return (Reading(records[0].fields, records[0].time_ns),)
    records.sort(key=lambda record: record.time_ns, reverse=True)
    seen: set[str] = set()
    readings = []
    for _, fields, time_ns in records:
        own = {name: value for name, value in fields.items() if name not in seen}
        seen.update(own)
        if own:
            readings.append(Reading(own, time_ns))
    return tuple(readings)


def _is_of_pod(record: Record) -> bool:
    """Whether it is a pod's row of each slow sweep; sockets are read in turns, so more rarely."""
    kept_longer = {"tcp_state", "udp_state"}.intersection(dict(record.series.tags))
    return record.series.measurement == "pod" and not kept_longer


def _is_rare(record: Record) -> bool:
    return record.series.measurement in _RARE or _RARE_FIELD in record.fields


def _owner(series: Series) -> str:
    """The container that a row belongs to, as text; "" for rows of the host and of Weir."""
    if series.measurement not in _OF_CONTAINERS:
        return ""
    own = TAGS["container"]
    return "\0".join(f"{key}\1{value}" for key, value in series.tags if key in own)
