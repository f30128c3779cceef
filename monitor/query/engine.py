"""The engine: raw samples from a store, through the windows, summed over tags, the top kept.

Time is read in slices and series in chunks, so that memory depends on neither range nor number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.errors import BadRequest
from monitor.query import windows
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
LOOK_ASIDE_NS = 120 * NS
"""Read this far before the start and behind the end, so that the edges' pairs are whole."""
LONG_LOOK_ASIDE_NS = 660 * NS
"""The same for rows that come every 5 minutes, and between slices."""
NEWEST_NS = (75 * NS, 660 * NS)
"""How far back the newest samples are looked for: at first, and if there is no pair."""
SLICE_NS = 4 * 3600 * NS
CHUNK = 250_000
"""Samples that pass the windows at a time."""

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
    query: Query, reader: Reader, slice_ns: int = SLICE_NS, chunk_samples: int = CHUNK
) -> Answer:
    """Answer the query. Raises BadRequest when it is beyond a limit, StoreError."""
    source = _Source(query, reader)
    buckets = _buckets(query, query.step_ns or _default_step_ns(query, source))
    table = Table(query.by, buckets.count)
    size = max(slice_ns // buckets.step_ns, 1)
    far = size < buckets.count or query.metric.measurement == "machine"
    aside_ns = LONG_LOOK_ASIDE_NS if far else LOOK_ASIDE_NS
    for first in range(0, buckets.count, size):
        part = buckets.part(first, size)
        series = source.select(part.start_ns - aside_ns, part.end_ns + aside_ns)
        for chunk in _chunks(series, chunk_samples):
            values = windows.FUNCTIONS[query.fn](flatten(chunk, query.metric.field), part)
            table.add([samples.tags for samples in chunk], values, first)
    return Answer(query, unit_of(query.metric, query.fn), buckets, *table.top(query.top))


def flatten(samples: Iterable[Samples], field: str) -> Flat:
    """The arrays of some series; starts are NaN where they were not read."""
    return Flat.of(
        [
            (
                s.times,
                s.columns[field],
                s.columns.get("start_time_seconds", np.broadcast_to(np.nan, len(s.times))),
            )
            for s in samples
        ]
    )


class _Source:
    """Selects the query's samples while its budget lasts."""

    def __init__(self, query: Query, reader: Reader) -> None:
        metric = query.metric
        self._reader = reader
        self._measurement = metric.measurement
        self._fields: Sequence[str] = [metric.field, *start_field(metric, query.fn)]
        self._matchers = [*query.matchers, *absent_tags(metric)]
        self._left = MAX_SAMPLES

    def select(self, start_ns: int, end_ns: int) -> Iterator[Samples]:
        found = self._reader.select(
            self._measurement, self._fields, self._matchers, start_ns, end_ns, MAX_SAMPLES
        )
        for samples in found:
            self._left -= len(samples.times)
            if self._left < 0:
                raise BadRequest(
                    f"the query would read more than {MAX_SAMPLES} samples",
                    "start",
                    "ask for a shorter range (start, end) or for fewer series (match)",
                )
            yield samples


def _chunks(series: Iterator[Samples], most: int) -> Iterator[list[Samples]]:
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


def _default_step_ns(query: Query, source: _Source) -> int:
    """A round step with at most 360 buckets, in which there is a sample in each."""
    spacing = 0.0
    for back_ns in NEWEST_NS:
        newest = flatten(source.select(query.end_ns - back_ns, query.end_ns), query.metric.field)
        spacings = newest.spacings()
        if (spacings > 0).any():
            spacing = float(np.median(spacings[spacings > 0]))
            break
    return round_step_ns(max((query.end_ns - query.start_ns) / DEFAULT_POINTS, spacing * _JITTER))


def round_step_ns(least_ns: float) -> int:
    """The smallest round step, such as 10 s or 5 min or whole days, that is at least this long."""
    for step in _STEPS:
        if step * NS >= least_ns:
            return step * NS
    return -int(-least_ns // (_DAY * NS)) * _DAY * NS
