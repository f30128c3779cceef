"""Percentiles of CPU and memory over the last minute, hour and day: cAdvisor's DerivedStats.

As there, samples make a summary of each minute, and those make the hour's: its percentiles are over
the minutes' 90th percentiles. The day is looked at every ten minutes only, which cAdvisor, that
keeps one hour, does not do at all; `percent_complete` says how much of a time there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from collector.cadvisor.gotime import rfc3339
from collector.cadvisor.samples import Point

Summary = Mapping[str, Any]

_MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * _MINUTE_NS
DAY_NS = 24 * HOUR_NS
HOUR_STEP_NS, DAY_STEP_NS = 10 * 10**9, 10 * _MINUTE_NS
"""So far apart are the samples that make the hour, and the day."""
_SLACK_NS = 58 * 10**9
"""A minute's samples that span so much are a whole minute's."""
_LEAST_NS = 10**7


def derived(recent: Sequence[Point], sparse: Sequence[Point]) -> dict[str, Any]:
    """DerivedStats. `recent` are the last hour's samples, `sparse` the day's, oldest first."""
    newest = recent[-1] if recent else None
    minutes = [_usage(points) for points in _minutes(recent)]
    day = [_usage(points) for points in pairwise(sparse)]
    rates = _rates(recent[-2:])
    return {
        "timestamp": rfc3339(newest.time_ns if newest else None),
        "latest_usage": {
            "cpu": rates[-1] if rates else 0,
            "memory": newest.memory if newest else 0,
        },
        "minute_usage": minutes[-1] if minutes else _over([], 1),
        "hour_usage": _over(minutes, 60),
        "day_usage": _over(day, DAY_NS // DAY_STEP_NS),
    }


def _minutes(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """Runs of points that span a minute, counted from the newest back; each shares one point."""
    runs: list[Sequence[Point]] = []
    last = len(points) - 1
    for first in range(len(points) - 2, -1, -1):
        if points[last].time_ns - points[first].time_ns >= _SLACK_NS:
            runs.append(points[first : last + 1])
            last = first
    if not runs and len(points) > 1:
        runs.append(points)
    return reversed(runs)


def _usage(points: Sequence[Point]) -> Summary:
    """Usage of some samples: of CPU in milli-cores, of memory in bytes."""
    span = points[-1].time_ns - points[0].time_ns
    return {
        "percent_complete": 100 if span >= _SLACK_NS else span * 100 // _MINUTE_NS,
        "cpu": _percentiles(_rates(points)),
        "memory": _percentiles([point.memory for point in points]),
    }


def _over(usages: Sequence[Summary], whole: int) -> Summary:
    """Usage over the usages of shorter times, of which `whole` would be complete."""
    found: dict[str, Any] = {"percent_complete": min(100, len(usages) * 100 // whole)}
    for what in ("cpu", "memory"):
        present = [usage[what] for usage in usages if usage[what]["present"]]
        found[what] = _percentiles(
            [one["ninety"] for one in present],
            [one["mean"] for one in present],
            [one["max"] for one in present],
        )
    return found


def _rates(points: Sequence[Point]) -> list[int]:
    """Milli-cores between each two samples; none over a reset or less than 10 ms."""
    return [
        (new.cpu_ns - old.cpu_ns) * 1000 // (new.time_ns - old.time_ns)
        for old, new in pairwise(points)
        if new.cpu_ns >= old.cpu_ns and new.time_ns - old.time_ns >= _LEAST_NS
    ]


def _percentiles(
    values: Sequence[int], means: Sequence[int] | None = None, most: Sequence[int] | None = None
) -> Summary:
    """Percentiles; of summaries, `values` are their 90th percentiles."""
    values = sorted(values)
    means = values if means is None else means
    mean = sum(means) / len(means) if means else 0.0
    return {
        "present": bool(values),
        "mean": int(mean),
        "std": int(_deviation(values, mean)),
        "max": max(most or values, default=0),
        "fifty": _percentile(values, 0.5),
        "ninety": _percentile(values, 0.9),
        "ninetyfive": _percentile(values, 0.95),
        "count": len(values),
    }


def _percentile(values: Sequence[int], share: float) -> int:
    """cAdvisor's: between neighbours by the place share * (n + 1), kept within the values."""
    if not values:
        return 0
    rest, place = math.modf(share * (len(values) + 1))
    index = min(max(int(place), 1), len(values))
    found = float(values[index - 1])
    if 1 < index < len(values):
        found += rest * (values[index] - values[index - 1])
    return int(found)


def _deviation(values: Sequence[int], mean: float) -> float:
    if len(values) <= 1:
        return 0.0
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
