"""What the stores' tests write and compare."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import Any

import numpy as np

from monitor.lineprotocol import encode
from monitor.record import Record, Series, Value
from monitor.stores.protocols import Matcher, Reader, Samples

SECOND = 1_000_000_000
DAY = 86_400 * SECOND


def record(
    measurement: str, tags: dict[str, str], fields: dict[str, Value], time_ns: int
) -> Record:
    return Record(Series.of(measurement, tags), fields, time_ns)


def body(*members: Iterable[Record]) -> bytes:
    """A gzip member for each of the arguments."""
    return b"".join(gzip.compress(encode(records), 1) for records in members)


def raw(text: str) -> bytes:
    return gzip.compress(text.encode(), 1)


def plain(samples: Iterable[Samples]) -> list[tuple[dict[str, str], list[int], dict[str, Any]]]:
    """Samples as Python values, in order of their tags; what a sample lacks is None."""
    found = [
        (
            each.tags,
            each.times.tolist(),
            {name: _values(column) for name, column in each.columns.items()},
        )
        for each in samples
    ]
    return sorted(found, key=lambda series: sorted(series[0].items()))


def _values(column: Any) -> list[Any]:
    if column.dtype == object:
        return list(column)
    assert column.dtype == np.float64
    return [None if value != value else value for value in column.tolist()]


def select(
    reader: Reader,
    measurement: str,
    fields: list[str],
    *matchers: Matcher,
    start: int = 0,
    end: int = 1 << 62,
    limit: int | None = None,
) -> list[tuple[dict[str, str], list[int], dict[str, Any]]]:
    return plain(reader.select(measurement, fields, matchers, start, end, limit))
