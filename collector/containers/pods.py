"""The pods' own groups, in which their containers' lie: what a pod uses in all.

That is more than the sum of its containers: the sandbox, what the runtime runs beside them, and
what containers used that have ended. The kubelet's `pod_cpu_usage_seconds_total` is read there too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from collector.cgroup.cgroups import Cgroups
from collector.cgroup.group import add_working_set
from collector.cgroup.parse import Fields
from collector.containers.container import Container
from collector.containers.paths import pod_above
from collector.ticker import Due
from monitor.catalogue import CATALOGUE
from monitor.record import Record, Series

FIELDS = frozenset(m.field for m in CATALOGUE.values() if m.measurement == "pod" and not m.tags)


class _PodGroup:
    def __init__(self, cgroups: Cgroups, path: str) -> None:
        self._fast = cgroups.files(path, cgroups.sources.fast)
        self._slow = cgroups.files(
            path, tuple(s for s in cgroups.sources.slow if s.file == "memory.stat")
        )

    def read(self, slow: bool) -> Fields:
        row: Fields = {}
        for file in (*self._fast, *self._slow) if slow else self._fast:
            row.update(file.read() or {})
        add_working_set(row)
        return {field: value for field, value in row.items() if field in FIELDS}

    def close(self) -> None:
        for file in (*self._fast, *self._slow):
            file.close()


class Pods:
    """Reads the groups of the pods that have a container; one thread calls its methods."""

    def __init__(self, cgroups: Cgroups) -> None:
        self._cgroups = cgroups
        self._groups: dict[str, _PodGroup] = {}

    def read(
        self,
        containers: Iterable[Container],
        due: Due,
        now_ns: Callable[[], int],
        records: list[Record],
    ) -> None:
        """Append the rows of the pods of `containers`; let go of the others.

        A pod has its row once the name of one of its containers is known.
        """
        pods = _pods_of(containers)
        for path in self._groups.keys() - pods.keys():
            self._groups.pop(path).close()
        for path, series in pods.items():
            group = self._groups.get(path)
            is_new = group is None
            if group is None:
                group = self._groups[path] = _PodGroup(self._cgroups, path)
            time_ns = now_ns()
            if row := group.read(due.slow or is_new):
                records.append(Record(series, row, time_ns))

    def close(self) -> None:
        """Let all descriptors go."""
        for group in self._groups.values():
            group.close()
        self._groups = {}


def _pods_of(containers: Iterable[Container]) -> dict[str, Series]:
    pods = {}
    for container in containers:
        if container.pod_series is not None:
            path = pod_above(container.found.path)
            if path is not None:
                pods[path] = container.pod_series
    return pods
