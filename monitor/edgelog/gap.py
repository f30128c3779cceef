"""What the log says about itself, in itself: records that a consumer will never be given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.lineprotocol import encode
from monitor.record import Record, Series, Value


@dataclass(slots=True)
class Gap:
    """Records `first` to `last` went before `consumer` acknowledged them.

    `records` counts them; it and `last` are None when nobody can know, because the consumer's
    cursor was of another log. `since_ns` and `until_ns` are Unix times that enclose them, where
    known.
    """

    consumer: str
    reason: str
    first: int
    last: int | None
    records: int | None
    since_ns: int | None = None
    until_ns: int | None = None

    def extend(self, later: Gap) -> None:
        """Join a gap of the same consumer that follows this one."""
        self.last = later.last
        if self.records is not None and later.records is not None:
            self.records += later.records
        self.until_ns = later.until_ns or self.until_ns

    def record(self, tags: Mapping[str, str | None], time_ns: int) -> Record:
        """The gap as a `weir` line; fields that are not known are absent."""
        fields: dict[str, Value | None] = {
            "log_gap_records": self.records,
            "log_gap_first_seq": self.first,
            "log_gap_last_seq": self.last,
            "log_gap_since_seconds": None if self.since_ns is None else self.since_ns / 1e9,
            "log_gap_until_seconds": None if self.until_ns is None else self.until_ns / 1e9,
            "log_gap_reason": self.reason,
        }
        series = Series.of("weir", {**tags, "process": "collector", "consumer": self.consumer})
        return Record(series, {k: v for k, v in fields.items() if v is not None}, time_ns)


class Gaps:
    """The gaps that are still to be written into the log."""

    def __init__(self) -> None:
        self._pending: dict[tuple[str, str], Gap] = {}

    def __bool__(self) -> bool:
        return bool(self._pending)

    def add(self, gap: Gap) -> None:
        """Remember `gap`, joined to what the same consumer lost for the same reason before it."""
        key = gap.consumer, gap.reason
        if key in self._pending:
            self._pending[key].extend(gap)
        else:
            self._pending[key] = gap

    def take(self) -> list[Gap]:
        """What is still to be written; nothing is left here."""
        gaps = list(self._pending.values())
        self._pending.clear()
        return gaps

    def put_back(self, gaps: Iterable[Gap]) -> None:
        """These could not be written; they came before what is here now."""
        newer = self.take()
        for gap in (*gaps, *newer):
            self.add(gap)


def lines(gaps: Iterable[Gap], refused: int, tags: Mapping[str, str | None], time_ns: int) -> bytes:
    """Line protocol of `gaps`, and of the number of records that the log had to refuse.

    The lines are a nanosecond apart: one consumer's gaps shall not replace each other.
    """
    records = [gap.record(tags, time_ns + index) for index, gap in enumerate(gaps)]
    if refused:
        series = Series.of("weir", {**tags, "process": "collector"})
        records.append(Record(series, {"log_refused_records": refused}, time_ns))
    return encode(records)
