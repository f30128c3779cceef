"""The newest samples of a series: its last values, and the rate of its last pair."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.query.parameters import NS
from monitor.rates import Sample, rate
from monitor.stores.protocols import Samples

MACHINE_NS = 660 * NS
"""Rows that come every 5 minutes (machine, container_info) are looked for this far back."""
SWEEPS_NS = 75 * NS
"""Rows of each sweep are looked for this far back, at first; intervals up to 30 s fit."""
AHEAD_NS = 60 * NS
"""A node's clock may be ahead of ours by this much."""


def spacing_ns(samples: Samples) -> int:
    """The (lower) median distance of the series' samples, 0 for fewer than two."""
    distances = np.sort(np.diff(samples.times))
    return int(distances[(len(distances) - 1) // 2]) if len(distances) else 0


def newest_ns(samples: Samples) -> int:
    """The time of the last sample."""
    return int(samples.times[-1])


def last(samples: Samples, field: str) -> float | None:
    """The newest value of a numeric field; None if there is none."""
    column = samples.columns[field]
    value = column[-1]
    if value == value:
        return float(value)
    known = np.flatnonzero(~np.isnan(column))
    return float(column[known[-1]]) if len(known) else None


def last_text(samples: Samples, field: str) -> str | None:
    """The newest value of a text field; None if there is none."""
    for value in samples.columns[field][::-1].tolist():
        if isinstance(value, str):
            return value
    return None


def last_rate(samples: Samples, field: str) -> float | None:
    """The rate of the newest two samples of a counter; None if there are not two."""
    column = samples.columns[field]
    known = np.flatnonzero(~np.isnan(column))[-2:].tolist()
    if len(known) < 2:
        return None
    starts = samples.columns.get("start_time_seconds")
    a, b = (Sample(int(samples.times[i]), float(column[i]), _start(starts, i)) for i in known)
    return rate(a, b)


def _start(starts: Any, i: int) -> float | None:
    start = None if starts is None else float(starts[i])
    return start if start == start else None


def ratio(part: float | None, whole: float | None) -> float | None:
    """part / whole; None where one is not known or the whole is nothing."""
    return part / whole if part is not None and whole is not None and whole > 0 else None


def whole(value: float | None) -> int | None:
    """A count or number of bytes as the integer that it is."""
    return None if value is None else round(value)
