"""The window form of `monitor.rates` over arrays: many series and buckets at once.

Series lie one behind the other in flat arrays. Each pair of samples becomes a span, each span one
fragment for every bucket that it touches, and two `bincount`s add the fragments up: the same sums
as the scalar form's, without a loop over samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.rates import FAR_NS, GAP_FACTOR, LEAST_SPACING_NS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Buckets:
    """`count` buckets [start_ns + i*step_ns, start_ns + (i+1)*step_ns)."""

    start_ns: int
    step_ns: int
    count: int

    @property
    def end_ns(self) -> int:
        """The end of the last bucket."""
        return self.start_ns + self.count * self.step_ns

    def part(self, first: int, most: int) -> Buckets:
        """At most `most` of the buckets, from number `first` on."""
        start_ns = self.start_ns + first * self.step_ns
        return Buckets(start_ns, self.step_ns, min(most, self.count - first))

    def index(self, times: Ints) -> Ints:
        """The bucket in which each time lies; below 0 or from `count` on where in none."""
        return (times - self.start_ns) // self.step_ns


@dataclass(frozen=True, slots=True)
class Flat:
    """The samples of `count` series: `series` (ascending) and `times` (ascending in each series,
    int64 Unix ns), `values`, and `starts` (Unix seconds, NaN where unknown), all of one length.
    """

    count: int
    series: Ints
    times: Ints
    values: Floats
    starts: Floats

    @classmethod
    def of(cls, parts: Sequence[tuple[Ints, Floats, Floats | None]]) -> Flat:
        """From (times, values, starts) of each series; samples without a value are left out.

        Starts are None where they were not read: for all series, or for none.
        """
        if not parts:
            none = np.empty(0)
            return cls(0, none.astype(np.int64), none.astype(np.int64), none, none)
        times = np.concatenate([part[0] for part in parts])
        values = np.concatenate([part[1] for part in parts])
        read = [part[2] for part in parts if part[2] is not None]
        starts = np.concatenate(read) if read else np.full(len(times), np.nan)
        series = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
        missing = np.isnan(values)
        if missing.any():
            kept = ~missing
            series, times, values, starts = series[kept], times[kept], values[kept], starts[kept]
        return cls(len(parts), series, times, values, starts)

    def pairs(self) -> Ints:
        """The index of each sample that has a next one in its series."""
        return np.flatnonzero(self.series[1:] == self.series[:-1])

    def spacings(self) -> Ints:
        """Each series' (lower) median distance of samples in ns; 0 for fewer than two samples."""
        spacings = np.zeros(self.count, dtype=np.int64)
        bounds = np.searchsorted(self.series, np.arange(self.count + 1))
        distances = np.diff(self.times)
        for i, (low, high) in enumerate(
            zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        ):
            if high - low >= 2:
                middle = (high - low - 2) // 2
                spacings[i] = np.partition(distances[low : high - 1], middle)[middle]
        return spacings


def counters(flat: Flat, buckets: Buckets) -> tuple[Floats, Floats]:
    """Each series' increase in each bucket, and the seconds of the bucket that samples cover.

    Two arrays of shape (series, buckets); the rate is their quotient, null where nothing is
    covered. Resets, gaps and edges are those of `monitor.rates`.
    """
    a = flat.pairs()
    b = a + 1
    begin, end = flat.times[a], flat.times[b]
    with np.errstate(over="ignore"):
        start_ns = np.fmin(np.fmax(flat.starts[b] * 1e9, -FAR_NS), FAR_NS).astype(np.int64)
    restarted = start_ns > begin
    smaller = flat.values[b] < flat.values[a]
    increase = np.where(restarted | smaller, flat.values[b], flat.values[b] - flat.values[a])

    spacing = flat.spacings()[flat.series[a]]
    longest = _longest(spacing)
    narrowed = np.flatnonzero(restarted & (end - begin > longest))
    if len(narrowed):
        n = narrowed
        youngest = np.minimum(start_ns[n], end[n] - spacing[n])
        begin[n] = np.maximum(begin[n], youngest)
    gap = end - begin > longest

    first, last = buckets.index(begin), buckets.index(end - 1)
    used = (last >= 0) & (first < buckets.count) & ~(gap & (first != last))
    rows = flat.series[a][used] * buckets.count
    return _spread(begin[used], end[used], increase[used], rows, flat.count, buckets)


def _longest(spacing: Ints) -> Floats:
    """What is longer is a gap."""
    return GAP_FACTOR * np.maximum(spacing, LEAST_SPACING_NS)


def _spread(
    begin: Ints, end: Ints, increase: Floats, rows: Ints, series: int, buckets: Buckets
) -> tuple[Floats, Floats]:
    """Add each span's share to the cells `rows + bucket` that it touches."""
    span, bucket = _pieces(buckets.index(begin), buckets.index(end - 1), buckets)
    low = buckets.start_ns + bucket * buckets.step_ns
    begins, ends = begin[span], end[span]
    overlap = np.minimum(ends, low + buckets.step_ns) - np.maximum(begins, low)
    share = overlap / (ends - begins)
    cell = rows[span] + bucket
    shape, size = (series, buckets.count), series * buckets.count
    total = np.bincount(cell, increase[span] * share, size).astype(np.float64)
    covered = np.bincount(cell, overlap, size) / 1e9
    return total.reshape(shape), covered.reshape(shape)


def _pieces(first: Ints, last: Ints, buckets: Buckets) -> tuple[Ints, Ints]:
    """Each of the buckets first..last that exist: the index of its range, and its own number."""
    first = np.maximum(first, 0)
    pieces = np.maximum(np.minimum(last, buckets.count - 1) - first + 1, 0)
    owner = np.repeat(np.arange(len(first)), pieces)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + first[
        owner
    ]


def rates(flat: Flat, buckets: Buckets) -> Floats:
    """Each series' rate in each bucket, NaN where nothing is covered."""
    increase, covered = counters(flat, buckets)
    return np.divide(increase, covered, out=np.full_like(increase, np.nan), where=covered > 0)


def increases(flat: Flat, buckets: Buckets) -> Floats:
    """Each series' increase in each bucket, NaN where nothing is covered."""
    increase, covered = counters(flat, buckets)
    return np.where(covered > 0, increase, np.nan)


def last(flat: Flat, buckets: Buckets) -> Floats:
    """The last sample of each bucket (as `gauges` has it)."""
    return gauges(flat, buckets, lambda values, first, end: values[end - 1])


def mean(flat: Flat, buckets: Buckets) -> Floats:
    """The mean of each bucket's samples (as `gauges` has it)."""
    return gauges(flat, buckets, lambda v, first, end: np.add.reduceat(v, first) / (end - first))


def maximum(flat: Flat, buckets: Buckets) -> Floats:
    """The largest of each bucket's samples (as `gauges` has it)."""
    return gauges(flat, buckets, lambda v, first, end: np.maximum.reduceat(v, first))


def gauges(flat: Flat, buckets: Buckets, reduce: Callable[[Floats, Ints, Ints], Floats]) -> Floats:
    """`reduce(values, first, end)` of the samples first..end of each bucket; NaN where none is.

    A bucket without samples between two samples that are no gap keeps the earlier one's value: a
    missed sweep is no hole, and no dip in a sum over many series.
    """
    result = np.full(flat.count * buckets.count, np.nan)
    index = buckets.index(flat.times)
    row = flat.series * buckets.count

    a = flat.pairs()
    near = flat.times[a + 1] - flat.times[a] <= _longest(flat.spacings()[flat.series[a]])
    a = a[near & (index[a + 1] - index[a] > 1)]
    pair, bucket = _pieces(index[a] + 1, index[a + 1] - 1, buckets)
    result[row[a][pair] + bucket] = flat.values[a][pair]

    inside = (index >= 0) & (index < buckets.count)
    cell, values = (row + index)[inside], flat.values[inside]
    if len(cell):
        first = np.concatenate(([0], np.flatnonzero(np.diff(cell)) + 1))
        result[cell[first]] = reduce(values, first, np.append(first[1:], len(cell)))
    return result.reshape(flat.count, buckets.count)


FUNCTIONS: dict[str, Callable[[Flat, Buckets], Floats]] = {
    "rate": rates,
    "increase": increases,
    "last": last,
    "mean": mean,
    "max": maximum,
}
"""The window functions by the name that a query gives them."""
