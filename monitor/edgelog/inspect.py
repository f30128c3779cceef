"""What a log holds, who has what of it, and how long it will last: from the headers alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from monitor.edgelog import frame
from monitor.edgelog.keeper import Limits
from monitor.edgelog.onlooker import Onlooker

MINUTE_NS = 60 * 10**9
GROWTH_MINUTES = 60
MOST_HOLES = 20


@dataclass(slots=True)
class SegmentReport:
    """One file: sequence numbers, records, bytes and Unix times, `damaged` places among them."""

    file: str
    first: int
    last: int
    records: int = 0
    bytes: int = 0
    from_ns: int | None = None
    to_ns: int | None = None
    damaged: int = 0


@dataclass(slots=True)
class ConsumerReport:
    """A consumer: the last number it has, and what it has yet to get.

    `lost_records` went before it had them. `loses_in_seconds` is when that begins (again), should
    it stay away and the log grow as it does; None where nothing waits for it.
    """

    name: str
    acknowledged: int
    lost_records: int = 0
    backlog_records: int = 0
    backlog_bytes: int = 0
    waits_since_ns: int | None = None
    loses_in_seconds: float | None = None


@dataclass(slots=True)
class Report:
    """The whole log.

    `writer` is the process that has it open, as far as can be seen. `holes` are ranges of numbers
    that no record has (the first twenty), `steps_back` counts records older than the one before.
    `bytes_per_second` is the growth over the last hour of records, None for less than a minute of
    them; `drops_in_seconds` is when the oldest records go, and `drops_by` which bound it is.
    """

    directory: str
    epoch: str
    runs: int
    writer: int | None
    limits: Limits
    segments: list[SegmentReport] = field(default_factory=list)
    consumers: list[ConsumerReport] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)
    records: int = 0
    last: int = 0
    bytes: int = 0
    oldest_ns: int | None = None
    newest_ns: int | None = None
    steps_back: int = 0
    bytes_per_second: float | None = None
    drops_in_seconds: float | None = None
    drops_by: str = ""


def inspect(log: Onlooker, limits: Limits, now_ns: int) -> Report:
    """Read every header once. `limits` are the collector's, `now_ns` is Unix time. OSError."""
    report = Report(str(log.directory), log.epoch, len(log.runs), log.writer(), limits)
    report.consumers = [ConsumerReport(name, done) for name, done in sorted(log.consumers.items())]
    by_minute: Counter[int] = Counter()
    for here in log.walk():
        segment = _segment(report, here.path)
        if isinstance(here.found, frame.Damage):
            segment.damaged += 1
            report.bytes += here.found.length
        elif here.found.length:
            _count(report, segment, here.found)
            by_minute[here.found.time_ns // MINUTE_NS] += here.found.end - here.found.offset
    _foretell(report, by_minute, now_ns)
    return report


def _segment(report: Report, path: Path) -> SegmentReport:
    if not report.segments or report.segments[-1].file != path.name:
        first = int(path.stem)
        report.segments.append(SegmentReport(path.name, first, first - 1))
    return report.segments[-1]


def _count(report: Report, segment: SegmentReport, found: frame.Frame) -> None:
    size = found.end - found.offset
    if report.records and found.sequence > report.last + 1 and len(report.holes) < MOST_HOLES:
        report.holes.append((report.last + 1, found.sequence - 1))
    if report.newest_ns is not None and found.time_ns < report.newest_ns:
        report.steps_back += 1
    for consumer in report.consumers:
        if not report.records:
            consumer.lost_records = max(0, segment.first - 1 - consumer.acknowledged)
        if found.sequence > consumer.acknowledged:
            consumer.backlog_records += 1
            consumer.backlog_bytes += size
            consumer.waits_since_ns = consumer.waits_since_ns or found.time_ns
    segment.last = report.last = found.sequence
    segment.records += 1
    segment.bytes += size
    segment.to_ns = report.newest_ns = found.time_ns
    if segment.from_ns is None:
        segment.from_ns = found.time_ns
    if report.oldest_ns is None:
        report.oldest_ns = found.time_ns
    report.records += 1
    report.bytes += size


def _foretell(report: Report, by_minute: Counter[int], now_ns: int) -> None:
    """When the bounds will cut, should the log go on growing as it did in its last hour."""
    if report.newest_ns is None or report.oldest_ns is None:
        return
    last = report.newest_ns // MINUTE_NS
    recent = {minute: n for minute, n in by_minute.items() if last - GROWTH_MINUTES < minute < last}
    if recent:
        report.bytes_per_second = sum(recent.values()) / (60 * (last - min(recent)))
    oldest = next((s.to_ns for s in report.segments if s.to_ns is not None), report.newest_ns)
    report.drops_in_seconds, report.drops_by = _cut(report, report.bytes, oldest, now_ns)
    for consumer in report.consumers:
        if consumer.waits_since_ns is not None:
            since = consumer.waits_since_ns
            consumer.loses_in_seconds, _ = _cut(report, consumer.backlog_bytes, since, now_ns)


def _cut(report: Report, held_bytes: int, time_ns: int, now_ns: int) -> tuple[float, str]:
    """Seconds until a record of `time_ns` is dropped, `held_bytes` from it on, and by what."""
    by_age = (time_ns - now_ns) / 1e9 + report.limits.max_age_seconds
    rate = report.bytes_per_second
    by_size = (report.limits.max_bytes - held_bytes) / rate if rate else float("inf")
    return max(0.0, min(by_age, by_size)), "size" if by_size < by_age else "age"
