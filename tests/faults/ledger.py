"""What an edge log holds and what a store holds, in one form, so that they can be compared."""

from __future__ import annotations

import gzip
import math
import urllib.request
from collections import defaultdict
from collections.abc import Iterator

from monitor.lineprotocol import Parser
from monitor.record import Series, Value
from monitor.stores.protocols import Reader
from tests.real.process import wait_until

Point = tuple[str, int, str]
"""A series' key, a time in Unix nanoseconds, a field."""

Ledger = dict[Point, Value]


def edge_log(*collector_urls: str) -> Ledger:
    """Everything in the edge logs of collectors, by their pure read."""
    parser, ledger = Parser(), Ledger()
    for collector_url in collector_urls:
        for body in _bodies(collector_url):
            for series, fields, time_ns in parser.parse(body):
                for field, value in fields.items():
                    ledger[series.key, time_ns, field] = value
    return ledger


def _bodies(collector_url: str) -> Iterator[bytes]:
    cursor = ""
    while True:
        url = f"{collector_url}/api/v1/stream?after={cursor}&max_bytes=1000000"
        with urllib.request.urlopen(url, timeout=30) as reply:
            cursor = reply.headers["Weir-Cursor"]
            if reply.status == 204:
                return
            yield gzip.decompress(reply.read())


def stored(reader: Reader, like: Ledger) -> Ledger:
    """All that a store holds of the measurements and fields that `like` has."""
    fields: dict[str, set[str]] = defaultdict(set)
    for key, _, field in like:
        fields[key.split(",", 1)[0]].add(field)
    ledger = Ledger()
    for measurement, names in fields.items():
        for samples in reader.select(measurement, sorted(names), [], 0, 2**62):
            key = Series.of(measurement, samples.tags).key
            times = samples.times.tolist()
            assert times == sorted(set(times)), f"{key}: a time twice"
            for field, column in samples.columns.items():
                for time_ns, value in zip(times, column.tolist(), strict=True):
                    if value is not None and not (isinstance(value, float) and math.isnan(value)):
                        ledger[key, time_ns, field] = value
    return ledger


def assert_delivered(reader: Reader, *collector_urls: str, seconds: float = 60.0) -> int:
    """The store has all that the edge logs have, once, and nothing else; returns how many points.

    The logs go on growing meanwhile, so they are read before the store and after it.
    """
    before = edge_log(*collector_urls)
    missing: list[Point] = []

    def nothing_missing() -> bool:
        found = stored(reader, before)
        missing[:] = [point for point in before if point not in found]
        return not missing

    try:
        wait_until(nothing_missing, "the store has everything", seconds, pause=0.5)
    except AssertionError:
        raise AssertionError(f"{len(missing)} points are lost, such as {missing[0]}") from None
    kept = stored(reader, before)
    after = edge_log(*collector_urls)
    wrong = {p: (v, after.get(p)) for p, v in kept.items() if not _equal(after.get(p), v)}
    assert not wrong, f"{len(wrong)} invented or changed, such as {next(iter(wrong.items()))}"
    return len(kept)


def _equal(one: Value | None, other: Value) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-12)
    return one == other
