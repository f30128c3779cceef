"""The labels of each series, kept as long as it lives: they change with `container_info` only.

A container's `id` (cgroup path), `name` and `image` are labels here and nowhere else: they come
from its `container_info` row, as do those of its own labels that are allowed. The machine's ids are
labels as in cAdvisor. Labels that are empty are left out, which to Prometheus is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

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

_Tags = tuple[tuple[str, str], ...]


def is_whole_container(series: Series) -> bool:
    """Whether the rows are of a container as a whole, not of one of its interfaces and the like."""
    return series.measurement == "container" and all(key in _OF_CONTAINER for key, _ in series.tags)


def versions(machine: Mapping[str, Value]) -> Labels:
    """What a `machine` row has as text, but for the ids: kernel, operating system, Weir."""
    texts = {key: value for key, value in machine.items() if isinstance(value, str)}
    return Labels({key: value for key, value in texts.items() if key not in _MACHINE_IDS and value})


class SeriesLabels:
    """Knows the labels of series; threads may ask at once."""

    def __init__(self, rules: LabelRules) -> None:
        self._rules = rules
        self._kept: dict[str, tuple[int, Labels]] = {}

    def of(self, rows: Iterable[Current]) -> list[Labels]:
        """The labels of each row, in order."""
        rows = list(rows)
        infos = {row.series.tags: row for row in rows if row.series.measurement == "container_info"}
        if len(self._kept) > 2 * len(rows):
            present = {row.series.key for row in rows}
            self._kept = {key: kept for key, kept in self._kept.items() if key in present}
        return [self._of(row, infos) for row in rows]

    def _of(self, row: Current, infos: Mapping[_Tags, Current]) -> Labels:
        measurement, tags = row.series.measurement, row.series.tags
        info = None
        if measurement == "container":
            info = infos.get(tuple(tag for tag in tags if tag[0] in _OF_CONTAINER))
        elif measurement == "machine":
            info = row
        as_of = 0 if info is None else info.time_ns
        known = self._kept.get(row.series.key)
        if known is not None and known[0] == as_of:
            return known[1]
        pairs = {_SHOWN_AS.get(key, key): value for key, value in tags if key not in _NOT_SHOWN}
        if info is not None:
            pairs |= self._more(measurement, info.fields)
        labels = Labels(pairs)
        self._kept[row.series.key] = as_of, labels
        return labels

    def _more(self, measurement: str, info: Mapping[str, Value]) -> dict[str, str]:
        if measurement == "machine":
            return {key: str(info[key]) for key in _MACHINE_IDS if info.get(key)}
        known = {"id": info.get("cgroup"), "name": info.get("name"), "image": info.get("image")}
        own = json.loads(str(info.get("labels") or "{}"))
        return self._rules.shown(own) | {key: str(value) for key, value in known.items() if value}
