"""Of what a container has several (interfaces, devices, …): which are read, the series of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from collector.cgroup.parse import Fields
from monitor.record import Series

MAX_PARTS = 64
"""Of one kind in one container. Who may make interfaces in its own network may make thousands."""


class Parts:
    """Those of one kind; `tag` is interface, device, … `left_out` is how many were too many."""

    def __init__(self, tag: str) -> None:
        self.left_out = 0
        self._tag = tag
        self._series: dict[str, Series] = {}

    def rows(self, whole: Series, found: Mapping[str, Fields]) -> Iterator[tuple[Series, Fields]]:
        """The series and figures of what was `found` just now, of at most 64: known ones first.

        `whole` is the series of the container. What was not found is forgotten.
        """
        known = [name for name in self._series if name in found]
        others = (name for name in found if name not in self._series)
        names = list(islice((*known, *others), MAX_PARTS))
        self.left_out = len(found) - len(names)
        self._series = {name: self._series.get(name) or self._make(whole, name) for name in names}
        return ((series, found[name]) for name, series in self._series.items())

    def _make(self, whole: Series, name: str) -> Series:
        return Series(whole.measurement, (*whole.tags, (self._tag, name)))
