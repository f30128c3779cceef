"""Fields that are series of their own, joined into Samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.stores.limits import Budget
from monitor.stores.protocols import Samples

TagPairs = tuple[tuple[str, str], ...]
Times = NDArray[np.int64]
Values = NDArray[np.float64]

MS = 1_000_000
"""Nanoseconds of a millisecond, in which these stores count time."""


class Joined:
    """Series as they come in, by their tags; the fields of one record have the same time.

    `names` are the metrics that are wanted and their fields. A value that is not a number (a
    marker that a series ended) is no sample. A time that stands there twice counts once: the last
    that came.
    """

    def __init__(
        self,
        names: Mapping[str, str],
        wanted_ms: range,
        accepts: Callable[[Mapping[str, str]], bool],
        budget: Budget,
    ) -> None:
        self._names = names
        self._wanted_ms = wanted_ms
        self._accepts = accepts
        self._budget = budget
        self._parts: dict[TagPairs, dict[str, list[tuple[Times, Values]]]] = {}
        self._longest: dict[TagPairs, int] = {}

    def add(
        self,
        metric: Mapping[str, str],
        times_ms: Sequence[float],
        values: Sequence[float | str | None],
    ) -> None:
        """Take (a part of) one series. Raises BadRequest when it is too much."""
        field = self._names.get(metric.get("__name__", ""))
        pairs = tuple(sorted((k, v) for k, v in metric.items() if v and k != "__name__"))
        if field is None or not self._accepts(dict(pairs)):
            return
        times = np.rint(np.array(times_ms, np.float64)).astype(np.int64)
        numbers = np.array(values, np.float64)
        inside = (times >= self._wanted_ms.start) & (times < self._wanted_ms.stop)
        inside &= ~np.isnan(numbers)
        if not inside.all():
            times, numbers = times[inside], numbers[inside]
        if not len(times):
            return
        parts = self._parts.setdefault(pairs, {}).setdefault(field, [])
        parts.append((times, numbers))
        size = sum(len(part) for part, _ in parts)
        longest = self._longest.get(pairs, 0)
        if size > longest:
            self._longest[pairs] = size
            self._budget.spend(size - longest)

    def samples(self, fields: Sequence[str]) -> Iterator[Samples]:
        """All of it, in order of the tags."""
        for pairs in sorted(self._parts):
            found = {field: _whole(parts) for field, parts in self._parts.pop(pairs).items()}
            times = _union([times for times, _ in found.values()])
            columns = {field: _column(times, found.get(field)) for field in fields}
            yield Samples(dict(pairs), times * MS, columns)


def first_ms(start_ns: int) -> int:
    """The first whole millisecond that is not before."""
    return -(-start_ns // MS)


def last_ms(end_ns: int) -> int:
    """The last whole millisecond that is not after."""
    return end_ns // MS


def _whole(parts: Sequence[tuple[Times, Values]]) -> tuple[Times, Values]:
    """In order of time, each time once."""
    times = np.concatenate([times for times, _ in parts])
    values = np.concatenate([values for _, values in parts])
    if (np.diff(times) > 0).all():
        return times, values
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    last = np.append(np.diff(times) > 0, True)
    return times[last], values[last]


def _union(several: Sequence[Times]) -> Times:
    first = several[0]
    if all(np.array_equal(first, other) for other in several[1:]):
        return first
    return np.unique(np.concatenate(several))


def _column(times: Times, found: tuple[Times, Values] | None) -> Values:
    if found is not None and len(found[0]) == len(times):
        return found[1]
    column = np.full(len(times), np.nan)
    if found is not None:
        column[np.searchsorted(times, found[0])] = found[1]
    return column
