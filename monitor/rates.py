"""The one place where counters become rates.

A pair of samples `a`, `b` of one counter gives

    increase(a, b) = b.value             if the counter was reset between them
                     b.value - a.value   otherwise
    rate(a, b)     = increase(a, b) / (b.time - a.time)

A window's increase is the sum over its pairs; a pair that crosses the edge of a bucket is split in
proportion to time, so that over any window the sum of rate x covered seconds equals the increase of
the counter. The idea of adding up increases over resets is that of Prometheus' `rate()`; the
proportional edges replace its extrapolation, which does not keep the sum.

This module is plain Python, for the newest pair of a table's row and for the explanation of one
figure; `monitor.query.windows` is the same arithmetic over arrays, for everything that has buckets,
and a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

GAP_FACTOR = 3.5
"""A pair longer than this many times its series' median spacing is a gap."""
LEAST_SPACING_NS = 10 * 10**9
"""Counts as the spacing where the median is less. Between two ticks a collector may read a
container again: as it begins and ends, and where a scrape wants new figures. So short distances may
be many, and those between ticks are no gaps for that."""

FAR_NS = 9e18
"""Absurd start times end here, so that they fit into 64 bits."""


class Sample(NamedTuple):
    """One reading of a counter.

    `time_ns` is the Unix time of the read, `value` is in the counter's own unit, `start_seconds`
    the Unix time since when it counts (the container's start), None where unknown.
    """

    time_ns: int
    value: float
    start_seconds: float | None = None

    @property
    def start_ns(self) -> int:
        """The start in whole Unix nanoseconds; long ago where unknown (None or NaN)."""
        if self.start_seconds is None or self.start_seconds != self.start_seconds:
            return -int(FAR_NS)
        return int(min(max(self.start_seconds * 1e9, -FAR_NS), FAR_NS))


class Span(NamedTuple):
    """A pair's increase and the time [begin_ns, end_ns) over which it is spread."""

    begin_ns: int
    end_ns: int
    increase: float
    reset: bool
    gap: bool

    def share(self, start_ns: int, end_ns: int) -> float:
        """The part (0..1) of the increase that belongs to the bucket [start_ns, end_ns)."""
        if self.gap and not (start_ns <= self.begin_ns and self.end_ns <= end_ns):
            return 0.0
        overlap = min(self.end_ns, end_ns) - max(self.begin_ns, start_ns)
        return max(overlap, 0) / (self.end_ns - self.begin_ns)


class Bucket(NamedTuple):
    """What the pairs of one window give: an increase, and the seconds that they cover of it."""

    increase: float
    covered_seconds: float

    @property
    def rate(self) -> float | None:
        """increase / covered seconds; None where nothing is covered."""
        return self.increase / self.covered_seconds if self.covered_seconds > 0 else None


def restarted(a: Sample, b: Sample) -> bool:
    """True if `b` counts from a start later than sample `a`.

    Compared with the time of `a` and not with its start, because a start time is computed anew when
    the collector restarts and then differs by a tick or a second.
    """
    return b.start_ns > a.time_ns


def is_reset(a: Sample, b: Sample) -> bool:
    """True if the counter began anew between `a` and `b`: it is smaller, or was restarted."""
    return b.value < a.value or restarted(a, b)


def increase(a: Sample, b: Sample) -> float:
    """How much the counter grew from `a` to `b`, in its own unit; after a reset, all of `b`."""
    return b.value if is_reset(a, b) else b.value - a.value


def rate(a: Sample, b: Sample) -> float | None:
    """increase(a, b) for each second between the two samples; None if time did not pass."""
    passed = b.time_ns - a.time_ns
    return increase(a, b) / (passed / 1e9) if passed > 0 else None


def median_spacing_ns(times_ns: Sequence[int]) -> int:
    """The (lower) median distance of neighbours in `times_ns`; 0 for fewer than two."""
    distances = sorted(b - a for a, b in pairwise(times_ns))
    return distances[(len(distances) - 1) // 2] if distances else 0


def spans(samples: Sequence[Sample]) -> Iterator[Span]:
    """The pairs of one series' samples (times strictly ascending) as spans.

    A pair longer than GAP_FACTOR x the median spacing, which counts as 10 s at least, is a gap:
    nothing is known of the time in between. If a restart lies in it, the new counter's increase is
    known to be younger than its start: the span narrows to that time (but to no less than one
    spacing, lest it make a spike), so that the counter's sum is kept while the time of absence
    stays empty.
    """
    spacing = median_spacing_ns([s.time_ns for s in samples])
    longest = GAP_FACTOR * max(spacing, LEAST_SPACING_NS)
    for a, b in pairwise(samples):
        begin = a.time_ns
        if b.time_ns - begin > longest and restarted(a, b):
            begin = max(begin, min(b.start_ns, b.time_ns - spacing))
        gap = b.time_ns - begin > longest
        yield Span(begin, b.time_ns, increase(a, b), is_reset(a, b), gap)


def window(samples: Sequence[Sample], start_ns: int, step_ns: int, count: int) -> list[Bucket]:
    """`count` buckets [start + i*step, start + (i+1)*step) of one series' samples, edges split.

    A gap counts only where it lies wholly inside one bucket.
    """
    increases, covered = [0.0] * count, [0] * count
    for span in spans(samples):
        first = max((span.begin_ns - start_ns) // step_ns, 0)
        last = min((span.end_ns - 1 - start_ns) // step_ns, count - 1)
        for i in range(first, last + 1):
            low, high = start_ns + i * step_ns, start_ns + (i + 1) * step_ns
            share = span.share(low, high)
            increases[i] += span.increase * share
            if share > 0:
                covered[i] += min(span.end_ns, high) - max(span.begin_ns, low)
    return [Bucket(i, c / 1e9) for i, c in zip(increases, covered, strict=True)]
