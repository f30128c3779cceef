"""What `weir log inspect` found, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.edgelog.inspect import ConsumerReport, Report
from weir.words import duration, moment, size


def text(report: Report) -> str:
    """The report in a terminal's width; times are UTC."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    writer = "" if report.writer is None else f", open in process {report.writer}"
    yield f"edge log {report.directory}{writer}"
    yield f"  epoch      {report.epoch or 'none that can be read'}, run {report.runs} of its writer"
    if not report.records:
        yield "  records    none"
        return
    first, last = report.segments[0].first, report.last
    held, mean = size(report.bytes), size(report.bytes / report.records)
    yield f"  records    {report.records:,} ({first:,} to {last:,}), {held}, {mean} each"
    span = duration(((report.newest_ns or 0) - (report.oldest_ns or 0)) / 1e9)
    yield f"  time       {moment(report.oldest_ns)} to {moment(report.newest_ns)} UTC, {span}"
    if report.steps_back:
        yield f"  clock      was set back {report.steps_back} times between two records"
    yield f"  growth     {_growth(report)}"
    yield (
        f"  bounds     {size(report.limits.max_bytes)}, {duration(report.limits.max_age_seconds)}: "
        f"the oldest records go by {report.drops_by} in {duration(report.drops_in_seconds)}"
    )
    for hole in report.holes:
        yield f"  hole       no record has the numbers {hole[0]:,} to {hole[1]:,}"
    yield ""
    yield from _table(
        ("segment", "records", "bytes", "from", "to", "damaged"),
        [
            (
                s.file,
                f"{s.records:,}",
                size(s.bytes),
                moment(s.from_ns),
                moment(s.to_ns),
                str(s.damaged or "-"),
            )
            for s in report.segments
        ],
    )
    yield ""
    if not report.consumers:
        yield "no consumer has asked for records yet"
        return
    yield from _table(
        ("consumer", "has up to", "backlog", "bytes", "waits since", "loses in", "lost"),
        [_consumer(consumer) for consumer in report.consumers],
    )


def _growth(report: Report) -> str:
    rate = report.bytes_per_second
    if rate is None:
        return "not known before a minute of records"
    full = (report.limits.max_bytes - report.bytes) / rate
    reached = f"the size bound is reached in {duration(full)}" if full > 0 else "at the size bound"
    return f"{size(3600 * rate)} an hour; {reached}"


def _consumer(consumer: ConsumerReport) -> tuple[str, ...]:
    return (
        consumer.name,
        f"{consumer.acknowledged:,}",
        f"{consumer.backlog_records:,}",
        size(consumer.backlog_bytes),
        moment(consumer.waits_since_ns),
        duration(consumer.loses_in_seconds),
        f"{consumer.lost_records:,}" if consumer.lost_records else "-",
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as they need; the first is a name, the others are figures."""
    widths = [max(len(row[n]) for row in (header, *rows)) for n in range(len(header))]
    for name, *figures in (header, *rows):
        cells = [name.ljust(widths[0]), *map(str.rjust, figures, widths[1:])]
        yield "  ".join(cells).rstrip()
