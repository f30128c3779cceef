"""The Reader of stores that speak PromQL: fields are series of their own there, joined here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from monitor.stores import matching
from monitor.stores.limits import Budget
from monitor.stores.promql.joined import Joined, first_ms, last_ms
from monitor.stores.promql.selector import can_stand_there, names, selector
from monitor.stores.protocols import Matcher, Samples

BEYOND_MS = 1
"""So much later does the range end that is asked for: where it ends at a midnight (UTC),
VictoriaMetrics 1.79 overlooks series that begin there."""


class Series(NamedTuple):
    """Samples of one series, or some of them: its labels, Unix milliseconds, and the values.

    A value is a number, a text that is one, or None.
    """

    metric: Mapping[str, str]
    times_ms: Sequence[float]
    values: Sequence[float | str | None]


class Source(Protocol):
    """Asks the store for raw samples."""

    def series(self, selector: str, start_ms: int, end_ms: int) -> Iterator[Series]:
        """At least the samples from start_ms to end_ms. Raises BadRequest, StoreError."""

    def close(self) -> None: ...


class PromqlReader:
    """Reads from `source`; threads may share it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def select(
        self,
        measurement: str,
        fields: Sequence[str],
        matchers: Sequence[Matcher],
        start_ns: int,
        end_ns: int,
        limit: int | None = None,
    ) -> Iterator[Samples]:
        """See `monitor.stores.protocols.Reader`. Times are whole milliseconds, values numbers."""
        matching.check(matchers)
        start_ms, end_ms = first_ms(start_ns), last_ms(end_ns)
        if not fields or end_ms < start_ms:
            return iter(())
        wanted = names(measurement, fields)
        there = [matcher for matcher in matchers if can_stand_there(matcher)]
        here = matching.predicate([m for m in matchers if not can_stand_there(m)])
        joined = Joined(wanted, range(start_ms, end_ms + 1), here, Budget(limit))
        for series in self._source.series(selector(list(wanted), there), start_ms, end_ms):
            joined.add(*series)
        return joined.samples(list(wanted.values()))

    def close(self) -> None:
        self._source.close()
