"""The labels of each series, kept as long as it lives: they change with `container_info` only.

A container's `id` (cgroup path), `name` and `image` are labels here and nowhere else: they come
from its `container_info` row, as do those of its own labels that are allowed. The machine's ids are
labels as in cAdvisor. Labels that are empty are left out, which to Prometheus is the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collector.exposition.family import Labels
from collector.label_rules import LabelRules
from collector.latest import Current
from monitor.catalogue import TAGS
from monitor.record import Series, Value

_MACHINE_IDS = ("machine_id", "system_uuid", "boot_id")
_NOT_SHOWN = frozenset({"cluster", "node"})
"""A Prometheus adds its own word for whom it scrapes."""
_SHOWN_AS = {"numa_node": "node"}
"""Tags that cannot have cAdvisor's name, since ours have another meaning for it."""
_OF_CONTAINER = frozenset(TAGS["container"])
_INFOS = frozenset({"container_info", "machine"})


def versions(machine: Mapping[str, Value]) -> Labels:
    """What a `machine` row has as text, but for the ids: kernel, operating system, Weir."""
    texts = {key: value for key, value in machine.items() if isinstance(value, str)}
    return Labels({key: value for key, value in texts.items() if key not in _MACHINE_IDS and value})


class Known(NamedTuple):
    """What is known of a series: its labels, as of the row at `time_ns` that they depend on.

    `info_key` is the key of that row's series, "" where there is none. `is_container` tells a
    container's own row from those of its interfaces and the like.
    """

    labels: Labels
    is_container: bool
    info_key: str
    time_ns: int


class SeriesLabels:
    """Knows the labels of series; threads may ask at once."""

    def __init__(self, rules: LabelRules) -> None:
        self._rules = rules
        self._known: dict[str, Known] = {}

    def of(self, rows: Sequence[Current]) -> list[Known]:
        """What is known of each row, in order."""
        infos = {row.series.key: row for row in rows if row.series.measurement in _INFOS}
        if len(self._known) > 2 * len(rows):
            present = {row.series.key for row in rows}
            self._known = {key: known for key, known in self._known.items() if key in present}
        found = []
        for row in rows:
            known = self._known.get(row.series.key)
            if known is None or known.time_ns != _time_ns(infos.get(known.info_key)):
                known = self._known[row.series.key] = self._describe(row.series, infos)
            found.append(known)
        return found

    def _describe(self, series: Series, infos: Mapping[str, Current]) -> Known:
        measurement = series.measurement
        own = tuple(tag for tag in series.tags if tag[0] in _OF_CONTAINER)
        info_key = series.key if measurement == "machine" else ""
        if measurement == "container":
            info_key = Series("container_info", own).key
        info = infos.get(info_key)
        pairs = {_SHOWN_AS.get(key, key): v for key, v in series.tags if key not in _NOT_SHOWN}
        if info is not None:
            pairs |= self._more(measurement, info.fields)
        is_container = measurement == "container" and len(own) == len(series.tags)
        return Known(Labels(pairs), is_container, info_key, _time_ns(info))

    def _more(self, measurement: str, info: Mapping[str, Value]) -> dict[str, str]:
        if measurement == "machine":
            return {key: str(info[key]) for key in _MACHINE_IDS if info.get(key)}
        known = {"id": info.get("cgroup"), "name": info.get("name"), "image": info.get("image")}
        own = json.loads(str(info.get("labels") or "{}"))
        return self._rules.shown(own) | {key: str(value) for key, value in known.items() if value}


def _time_ns(row: Current | None) -> int:
    return 0 if row is None else row.time_ns
