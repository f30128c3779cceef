"""Of what a container has several (interfaces, devices, …): which are read, the series of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from collector.cgroup.parse import Fields, Name
from collector.cgroup.sources import DEVICE, Kind
from monitor.record import Series

INTERFACE: Kind = ("interface",)
MAX_PARTS = 64
"""Of interfaces, or devices, in one container: who may make interfaces in its own network may make
thousands. Of the other kinds there are as many as the machine has."""
_LIMITED = (INTERFACE, DEVICE)


class Parts:
    """Those of one kind. `left_out` is how many were too many."""

    def __init__(self, kind: Kind) -> None:
        self.left_out = 0
        self._kind = kind
        self._at_most = MAX_PARTS if kind in _LIMITED else None
        self._series: dict[Name, Series] = {}

    def rows(self, whole: Series, found: Mapping[Any, Fields]) -> Iterator[tuple[Series, Fields]]:
        """The series and figures of what was `found` just now: known ones first.

        `whole` is the series of the container. What was not found is forgotten.
        """
        if found.keys() != self._series.keys():
            known = [name for name in self._series if name in found]
            others = (name for name in found if name not in self._series)
            names = islice((*known, *others), self._at_most)
            self._series = {n: self._series.get(n) or self._make(whole, n) for n in names}
        self.left_out = len(found) - len(self._series)
        return ((series, found[name]) for name, series in self._series.items())

    def _make(self, whole: Series, name: Name) -> Series:
        values = (name,) if isinstance(name, str) else name
        return Series(whole.measurement, (*whole.tags, *zip(self._kind, values, strict=True)))
