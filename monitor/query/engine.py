"""The engine: raw samples from a store, through the windows, summed over tags, the top kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from monitor.errors import BadRequest
from monitor.query import windows
from monitor.query.model import (
    COUNTER_FUNCTIONS,
    DEFAULT_POINTS,
    Query,
    absent_tags,
    unit_of,
)
from monitor.query.parameters import NS
from monitor.query.windows import Buckets, Flat, Floats
from monitor.stores.protocols import Reader, Samples

MAX_SAMPLES = 5_000_000
MAX_VALUES = 2_000_000
LOOK_ASIDE_NS = 120 * NS
"""Read this far before the start and behind the end, so that the edges' pairs are whole."""

CHUNK = 250_000
"""Samples that pass the windows at a time: it bounds memory."""

_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
_DAY = 86400
_JITTER = 0.9

Labels = dict[str, str]


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


def run(query: Query, reader: Reader, chunk_samples: int = CHUNK) -> Answer:
    """Answer the query. Raises BadRequest when it is beyond a limit, StoreError."""
    chunks = _chunks(_select(query, reader), chunk_samples)
    first = next(chunks, [])
    buckets = _buckets(query, first)
    labels: list[Labels] = []
    rows: list[Floats] = []
    groups = _Groups(query.by, buckets) if query.by is not None else None
    for chunk in (first, *chunks):
        kept, values = _evaluate(query, chunk, buckets)
        if groups is not None:
            groups.add(kept, values)
            continue
        labels += kept
        rows.append(values)
        _check_size(len(labels), buckets)
    if groups is not None:
        labels, values = groups.sums()
    else:
        values = np.concatenate(rows) if rows else np.empty((0, buckets.count))
    if query.top is not None and len(labels):
        order = np.argsort(-np.nanmean(values, axis=1), kind="stable")[: query.top]
        labels, values = [labels[i] for i in order.tolist()], values[order]
    return Answer(query, unit_of(query.metric, query.fn), buckets, labels, values)


def start_column(query_fn: str, measurement: str, field: str) -> list[str]:
    """The field to read beside a counter for its resets; only containers have one."""
    wanted = measurement == "container" and query_fn in COUNTER_FUNCTIONS
    return ["start_time_seconds"] if wanted and field != "start_time_seconds" else []


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


def _select(query: Query, reader: Reader) -> Iterator[Samples]:
    metric = query.metric
    return reader.select(
        metric.measurement,
        [metric.field, *start_column(query.fn, metric.measurement, metric.field)],
        [*query.matchers, *absent_tags(metric)],
        query.start_ns - LOOK_ASIDE_NS,
        query.end_ns + LOOK_ASIDE_NS,
        MAX_SAMPLES,
    )


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


def _evaluate(query: Query, chunk: list[Samples], buckets: Buckets) -> tuple[list[Labels], Floats]:
    """Labels and values of those series that have a value in some bucket."""
    values = windows.FUNCTIONS[query.fn](flatten(chunk, query.metric.field), buckets)
    known = np.flatnonzero(~np.isnan(values).all(axis=1))
    return [chunk[i].tags for i in known.tolist()], values[known]


class _Groups:
    """Sums over the series that have the same values of the tags `by`."""

    def __init__(self, by: tuple[str, ...], buckets: Buckets) -> None:
        self._by = by
        self._buckets = buckets
        self._sums: dict[tuple[str, ...], Floats] = {}

    def add(self, labels: list[Labels], values: Floats) -> None:
        members: dict[tuple[str, ...], list[int]] = {}
        for i, tags in enumerate(labels):
            members.setdefault(tuple(tags.get(tag, "") for tag in self._by), []).append(i)
        for key, rows in members.items():
            known = self._sums.get(key)
            if known is not None:
                self._sums[key] = _sum(np.vstack([known, values[rows]]))
            else:
                self._sums[key] = _sum(values[rows]) if len(rows) > 1 else values[rows[0]]
        _check_size(len(self._sums), self._buckets)

    def sums(self) -> tuple[list[Labels], Floats]:
        keys = sorted(self._sums)
        labels = [{tag: v for tag, v in zip(self._by, key, strict=True) if v} for key in keys]
        if not keys:
            return labels, np.empty((0, self._buckets.count))
        return labels, np.stack([self._sums[key] for key in keys])


def _sum(values: Floats) -> Floats:
    """The sum over series; NaN only where all of them are."""
    known = ~np.isnan(values)
    total: Floats = np.where(known, values, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total, np.nan)


def _buckets(query: Query, chunk: list[Samples]) -> Buckets:
    """The buckets: as asked, or of a round step with at most 360 of them and a sample in each."""
    step_ns = query.step_ns
    if step_ns is None:
        spacings = flatten(chunk, query.metric.field).spacings()
        spacing = int(np.median(spacings[spacings > 0])) if (spacings > 0).any() else 0
        least = max((query.end_ns - query.start_ns) / DEFAULT_POINTS, spacing * _JITTER)
        step_ns = round_step_ns(least)
    start_ns, end_ns = query.start_ns, query.end_ns
    if query.aligned:
        start_ns = -(-start_ns // step_ns) * step_ns
        if start_ns >= end_ns:
            start_ns -= step_ns
    return Buckets(start_ns, step_ns, -(-(end_ns - start_ns) // step_ns))


def round_step_ns(least_ns: float) -> int:
    """The smallest round step, such as 10 s or 5 min or whole days, that is at least this long."""
    for step in _STEPS:
        if step * NS >= least_ns:
            return step * NS
    return -int(-least_ns // (_DAY * NS)) * _DAY * NS


def _check_size(series: int, buckets: Buckets) -> None:
    if series * buckets.count > MAX_VALUES:
        raise BadRequest(
            f"more than {MAX_VALUES} values in the answer",
            "by",
            "sum with by=, select with match=, or ask for a longer step",
        )
