"""The engine: raw samples from a store, through the windows, summed over tags, the top kept.

Time is read in slices and series in chunks, so that memory depends on neither range nor number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.query import windows
from monitor.query.effort import Effort
from monitor.query.model import (
    DEFAULT_POINTS,
    Query,
    absent_tags,
    start_field,
    unit_of,
)
from monitor.query.parameters import NS
from monitor.query.table import Labels, Table
from monitor.query.windows import Buckets, Flat, Floats
from monitor.stores.protocols import Reader, Samples

MAX_SAMPLES = 5_000_000
"""In one select: what is held in memory at a time."""
SPACED_SERIES = 50
"""The distance of samples is looked for in about so many of the series."""
LOOK_ASIDE_NS = 120 * NS
"""Read this far before the start and behind the end, so that the edges' pairs are whole."""
LONG_LOOK_ASIDE_NS = 660 * NS
"""The same for rows that come every 5 minutes, and between slices."""
NEWEST_NS = (75 * NS, 660 * NS)
"""How far back the newest samples are looked for: at first, and if there is no pair."""
SLICE_NS = 4 * 3600 * NS
CHUNK = 16_000
"""Samples that pass the windows at a time: few enough that the arrays stay in the cache."""

_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
_DAY = 86400
_JITTER = 0.9


@dataclass(frozen=True, slots=True)
class Answer:
    """The series of a query: `values` has a row for each of `labels`, NaN where nothing is known.

    Bucket i is [start_ns + i*step_ns, start_ns + (i+1)*step_ns).
    """

    query: Query
    unit: str
    buckets: Buckets
    labels: list[Labels]
    values: Floats


def run(
    query: Query,
    reader: Reader,
    effort: Effort | None = None,
    slice_ns: int = SLICE_NS,
    chunk_samples: int = CHUNK,
) -> Answer:
    """Answer the query. Raises BadRequest when it is beyond a limit, StoreError."""
    work = _Work(query, reader, effort or Effort(), chunk_samples)
    step_ns = query.step_ns
    if step_ns is None:
        if query.end_ns - query.start_ns <= slice_ns:
            answer = work.at_once()
            if answer is not None:
                return answer
        step_ns = work.default_step_ns()
    return work.by_slices(_buckets(query, step_ns), slice_ns)


def flatten(samples: Iterable[Samples], field: str) -> Flat:
    """The arrays of some series."""
    return Flat.of(
        [
            (
                s.times,
                s.columns[field],
                s.columns.get("start_time_seconds"),
            )
            for s in samples
        ]
    )


class _Work:
    """One query while it is answered."""

    def __init__(self, query: Query, reader: Reader, effort: Effort, chunk_samples: int) -> None:
        metric = query.metric
        self._query = query
        self._reader = reader
        self._effort = effort
        self._chunk_samples = chunk_samples
        self._fields: Sequence[str] = [metric.field, *start_field(metric, query.fn)]
        self._matchers = [*query.matchers, *absent_tags(metric)]

    def at_once(self) -> Answer | None:
        """Read first and choose the step by what was read; None if that needs more samples."""
        query = self._query
        reach_ns = max(round_step_ns(_least_step_ns(query)), 60 * NS)
        aside_ns = reach_ns + LOOK_ASIDE_NS
        with self._effort.turn():
            series = list(self._select(query.start_ns - aside_ns, query.end_ns + aside_ns))
            step_ns = _step_ns(query, _spacing_ns(series, query.metric.field))
            if step_ns > reach_ns:
                return None
            buckets = _buckets(query, step_ns)
            table = Table(query.by, buckets.count)
            self._add(table, series, buckets, 0)
            return self._answer(buckets, table)

    def default_step_ns(self) -> int:
        """The step by the newest samples."""
        query = self._query
        spacing_ns = 0.0
        with self._effort.turn():
            for back_ns in NEWEST_NS:
                newest = list(self._select(query.end_ns - back_ns, query.end_ns))
                spacing_ns = _spacing_ns(newest, query.metric.field)
                if spacing_ns:
                    break
        return _step_ns(query, spacing_ns)

    def by_slices(self, buckets: Buckets, slice_ns: int) -> Answer:
        """Read one slice of time after the other; others may have their turn in between."""
        table = Table(self._query.by, buckets.count)
        size = max(slice_ns // buckets.step_ns, 1)
        far = size < buckets.count or self._query.metric.measurement == "machine"
        aside_ns = LONG_LOOK_ASIDE_NS if far else LOOK_ASIDE_NS
        for first in range(0, buckets.count, size):
            part = buckets.part(first, size)
            with self._effort.turn():
                series = self._select(part.start_ns - aside_ns, part.end_ns + aside_ns)
                self._add(table, series, part, first)
        return self._answer(buckets, table)

    def _select(self, start_ns: int, end_ns: int) -> Iterator[Samples]:
        measurement = self._query.metric.measurement
        return self._reader.select(
            measurement, self._fields, self._matchers, start_ns, end_ns, MAX_SAMPLES
        )

    def _add(self, table: Table, series: Iterable[Samples], part: Buckets, first: int) -> None:
        metric, function = self._query.metric, windows.FUNCTIONS[self._query.fn]
        for chunk in _chunks(series, self._chunk_samples):
            self._effort.check()
            values = function(flatten(chunk, metric.field), part)
            table.add([samples.tags for samples in chunk], values, first)

    def _answer(self, buckets: Buckets, table: Table) -> Answer:
        query = self._query
        unit = unit_of(query.metric, query.fn)
        return Answer(query, unit, buckets, *table.top(query.top))


def _chunks(series: Iterable[Samples], most: int) -> Iterator[list[Samples]]:
    chunk: list[Samples] = []
    size = 0
    for samples in series:
        chunk.append(samples)
        size += len(samples.times)
        if size >= most:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _buckets(query: Query, step_ns: int) -> Buckets:
    start_ns, end_ns = query.start_ns, query.end_ns
    if query.aligned:
        start_ns = -(-start_ns // step_ns) * step_ns
        if start_ns >= end_ns:
            start_ns -= step_ns
    return Buckets(start_ns, step_ns, -(-(end_ns - start_ns) // step_ns))


def _spacing_ns(series: Sequence[Samples], field: str) -> float:
    """The median distance of samples that have the field, of some of the series; 0.0 if none has
    two."""
    some = series[:: max(len(series) // SPACED_SERIES, 1)]
    spacings = flatten(some, field).spacings()
    return float(np.median(spacings[spacings > 0])) if (spacings > 0).any() else 0.0


def _least_step_ns(query: Query) -> float:
    return (query.end_ns - query.start_ns) / DEFAULT_POINTS


def _step_ns(query: Query, spacing_ns: float) -> int:
    """A round step with at most 360 buckets, in which there is a sample in each."""
    return round_step_ns(max(_least_step_ns(query), spacing_ns * _JITTER))


def round_step_ns(least_ns: float) -> int:
    """The smallest round step, such as 10 s or 5 min or whole days, that is at least this long."""
    for step in _STEPS:
        if step * NS >= least_ns:
            return step * NS
    return -int(-least_ns // (_DAY * NS)) * _DAY * NS
