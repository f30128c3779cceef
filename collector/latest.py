"""The newest row of everything that is there now: what `/metrics` and `/api/v1/containers` show."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.oom_kills import OomKills
from monitor.catalogue import TAGS
from monitor.record import Record, Series, Value

_OF_CONTAINERS = frozenset({"container", "container_info"})
_SAMPLED = frozenset({"container", "pod"})
_SHOWN = _OF_CONTAINERS | {"pod", "node", "machine", "weir"}
_RARE = frozenset({"container_info", "machine"})
"""Written every few minutes only, so their age says nothing."""
_RARE_FIELD = "fs_usage_bytes"
"""So it is with rows that have this field: a container's layer is measured in the background."""

_POD_NS = 30 * 10**9
"""A pod's network is read in the slow tier: three of it without any mean that the pod is gone."""


class Current(NamedTuple):
    """A series with its newest records, the newest first; no field is in two of them."""

    series: Series
    records: tuple[Record, ...]

    @property
    def fields(self) -> dict[str, Value]:
        """All its fields."""
        return {name: value for record in self.records for name, value in record.fields.items()}

    @property
    def time_ns(self) -> int:
        """The time of the newest reading."""
        return self.records[0].time_ns


@dataclass(slots=True)
class _Entry:
    """A series' newest record for each set of fields; `owner` is the container or pod it is of."""

    series: Series
    owner: str
    records: dict[tuple[str, ...], Record] = field(default_factory=dict)


class Latest:
    """Holds one row for each series and set of fields, since tiers write different fields.

    A container's rows, and that of a pod's own group, go as soon as a sweep has none; any row goes
    when nothing has renewed it for `keep_seconds` (of the records' own time), those of a pod's
    network after 30 s. Events are not kept. Threads may read while one updates.
    """

    def __init__(self, keep_seconds: float) -> None:
        self._keep_ns = int(keep_seconds * 1e9)
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
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
            for key in [key for key, entry in self._entries.items() if entry.owner in owners]:
                del self._entries[key]

    def rows(self) -> list[Current]:
        """All that is there now, one entry for each series, in order of their first appearance."""
        with self._lock:
            found = [(one.series, tuple(one.records.values())) for one in self._entries.values()]
        return [
            Current(series, records if len(records) == 1 else _newest_first(records))
            for series, records in found
        ]

    def ended_oom_kills(self) -> dict[str, int]:
        """The OOM kills of earlier runs, whose counters are gone, by the key of the series."""
        with self._lock:
            return self._oom_kills.ended()

    def _take(self, records: Iterable[Record]) -> set[str]:
        """Returns the containers and pods that have a sample among them."""
        present = set()
        for record in records:
            series = record.series
            if series.measurement not in _SHOWN:
                continue
            entry = self._entries.get(series.key)
            if entry is None:
                entry = self._entries[series.key] = _Entry(series, _owner(series))
            entry.records[tuple(record.fields)] = record
            if series.measurement in _SAMPLED:
                present.add(entry.owner)
            if series.measurement == "container":
                self._oom_kills.note(record)
        return present

    def _drop(self, present: set[str], time_ns: int) -> None:
        oldest, oldest_of_pods = time_ns - self._keep_ns, time_ns - min(self._keep_ns, _POD_NS)
        for key, entry in list(self._entries.items()):
            if entry.owner and entry.owner not in present:
                del self._entries[key]
                continue
            limit = oldest_of_pods if _is_of_pod(entry.series) else oldest
            for shape, record in list(entry.records.items()):
                if record.time_ns < limit and not _is_rare(record):
                    del entry.records[shape]
            if not entry.records:
                del self._entries[key]


def _newest_first(records: Iterable[Record]) -> tuple[Record, ...]:
    seen: set[str] = set()
    found = []
    for series, fields, time_ns in sorted(records, key=lambda one: one.time_ns, reverse=True):
        own = {name: value for name, value in fields.items() if name not in seen}
        seen.update(own)
        if own:
            found.append(Record(series, own, time_ns))
    return tuple(found)


def _is_of_pod(series: Series) -> bool:
    """Whether it is a pod's row of each slow sweep; sockets are read in turns, so more rarely."""
    if series.measurement != "pod":
        return False
    return not any(key in ("tcp_state", "udp_state") for key, _ in series.tags)


def _is_rare(record: Record) -> bool:
    return record.series.measurement in _RARE or _RARE_FIELD in record.fields


def _owner(series: Series) -> str:
    """The container, or the pod, that a row belongs to, as text.

    "" for rows of the host and of Weir, and for a pod's network, which another container may read.
    """
    if series.measurement == "pod":
        own = TAGS["pod"]
        return series.key if all(key in own for key, _ in series.tags) else ""
    if series.measurement not in _OF_CONTAINERS:
        return ""
    own = TAGS["container"]
    return "\0".join(f"{key}\1{value}" for key, value in series.tags if key in own)
