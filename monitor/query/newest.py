"""The newest samples of a series: its last values, and the rate of its last pair.

Here a series is a handful of samples, and plain lists are quicker than arrays.
"""

from __future__ import annotations

import math

from monitor.query.parameters import NS
from monitor.rates import Sample, median_spacing_ns, rate
from monitor.stores.protocols import Samples

MACHINE_NS = 660 * NS
"""Rows that come every 5 minutes (machine, container_info) are looked for this far back."""
SWEEPS_NS = 75 * NS
"""Rows of each sweep are looked for this far back, at first; intervals up to 30 s fit."""
AHEAD_NS = 60 * NS
"""A node's clock may be ahead of ours by this much."""


def spacing_ns(samples: Samples) -> int:
    """The (lower) median distance of the series' samples, 0 for fewer than two."""
    return median_spacing_ns(samples.times.tolist())


def newest_ns(samples: Samples) -> int:
    """The time of the last sample."""
    return int(samples.times[-1])


def last(samples: Samples, field: str) -> float | None:
    """The newest value of a numeric field; None if there is none."""
    values: list[float] = samples.columns[field].tolist()
    for value in reversed(values):
        if math.isfinite(value):
            return value
    return None


def last_text(samples: Samples, field: str) -> str | None:
    """The newest value of a text field that is not empty; None if there is none."""
    values = samples.columns[field].tolist()
    return next((value for value in reversed(values) if isinstance(value, str) and value), None)


def last_rate(samples: Samples, field: str, since_ns: int = 0) -> float | None:
    """The rate of the newest two samples of a counter; None if there are not two since then."""
    values: list[float] = samples.columns[field].tolist()
    starts = samples.columns.get("start_time_seconds")
    b: Sample | None = None
    for i in range(len(values) - 1, -1, -1):
        if samples.times[i] < since_ns:
            break
        if math.isfinite(values[i]):
            start = None if starts is None else float(starts[i])
            sample = Sample(int(samples.times[i]), values[i], start)
            if b is not None:
                return rate(sample, b)
            b = sample
    return None


def ratio(part: float | None, whole: float | None) -> float | None:
    """part / whole; None where one is not known or the whole is nothing."""
    return part / whole if part is not None and whole is not None and whole > 0 else None


def whole(value: float | None) -> int | None:
    """A count or number of bytes as the integer that it is."""
    return None if value is None else round(value)
