"""OOM kills of a container's earlier runs: a restart begins the kernel's counter anew.

The stores get that counter with its last sample and reckon the reset in. A Prometheus that scrapes
now and then would never see the last sample of a container that the OOM killer ended, so for it,
and for this counter only, the runs that ended are added up as long as the collector lives.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.rates import Sample, is_reset
from monitor.record import Record

FIELD = "oom_events_total"
FORGET_NS = 3600 * 10**9


@dataclass(slots=True)
class _Count:
    ended: int
    last: Sample


class OomKills:
    """Counts for each container, by its series; one that was not seen for an hour is forgotten."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._looked_ns = 0

    def note(self, record: Record) -> None:
        """Take a row of `container`, in the order of reading; most have nothing to say."""
        value = record.fields.get(FIELD)
        if value is None:
            return
        start = record.fields.get("start_time_seconds")
        sample = Sample(record.time_ns, float(value), None if start is None else float(start))
        known = self._counts.get(record.series.key)
        if known is None:
            self._counts[record.series.key] = _Count(0, sample)
            return
        if is_reset(known.last, sample):
            known.ended += int(known.last.value)
        known.last = sample

    def ended(self) -> dict[str, int]:
        """The kills in runs that are over, by the key of the series; only where there were some."""
        return {key: count.ended for key, count in self._counts.items() if count.ended}

    def forget(self, time_ns: int) -> None:
        """Let go, once a minute, of what was not seen for an hour before `time_ns`."""
        if time_ns - self._looked_ns < 60 * 10**9:
            return
        self._looked_ns = time_ns
        oldest = time_ns - FORGET_NS
        gone = [key for key, count in self._counts.items() if count.last.time_ns < oldest]
        for key in gone:
            del self._counts[key]
