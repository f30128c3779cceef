"""A Reader over records in memory: the protocol, said as plainly as possible."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from monitor.errors import BadRequest
from monitor.record import Record, Series, Value
from monitor.stores.protocols import Matcher, Samples

S = 1_000_000_000
T0 = 1_700_000_000
"""Unix seconds at which the tests' time begins: a multiple of 100 s."""


class FakeReader:
    """Holds records; `read` counts the samples that were given."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records = list(records)
        self.read = 0

    def add(self, measurement: str, tags: str, at: float, **fields: Value) -> None:
        """One row at T0 + `at` seconds; `tags` such as "node=a container=web"."""
        series = Series.of(measurement, dict(tag.split("=", 1) for tag in tags.split()))
        self.records.append(Record(series, fields, T0 * S + round(at * S)))

    def select(
        self,
        measurement: str,
        fields: Sequence[str],
        matchers: Sequence[Matcher],
        start_ns: int,
        end_ns: int,
        limit: int | None = None,
    ) -> Iterator[Samples]:
        rows: dict[Series, dict[int, dict[str, Value]]] = defaultdict(dict)
        for series, values, time_ns in self.records:
            if (
                series.measurement == measurement
                and start_ns <= time_ns <= end_ns
                and any(name in values for name in fields)
                and all(accepts(m, dict(series.tags)) for m in matchers)
            ):
                rows[series][time_ns] = dict(values)
        found = sum(map(len, rows.values()))
        self.read += found
        if limit is not None and found > limit:
            raise BadRequest(f"more than {limit} samples")
        for series in sorted(rows, key=lambda one: one.tags):
            times = sorted(rows[series])
            columns = {f: [rows[series][t].get(f) for t in times] for f in fields}
            yield Samples(
                dict(series.tags),
                np.array(times, dtype=np.int64),
                {name: array(values) for name, values in columns.items()},
            )

    def close(self) -> None: ...


def array(values: Sequence[Value | None]) -> np.ndarray:
    """float64 with NaN, or objects where there is text."""
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def accepts(matcher: Matcher, tags: dict[str, str]) -> bool:
    value = tags.get(matcher.label, "")
    if matcher.op in ("=", "!="):
        return (value == matcher.value) == (matcher.op == "=")
    return bool(re.fullmatch(matcher.value, value)) == (matcher.op == "=~")
