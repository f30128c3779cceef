"""The log read from the newest record back."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from monitor.edgelog import EdgeLog, Limits, Span

SECOND = 10**9


def numbers(log: EdgeLog, span: Span) -> list[int]:
    """The payloads of records that `filled` wrote."""
    return [int(zlib.decompress(past.payload, 31)) for past in log.newest_first(span)]


def filled(directory: Path, count: int, segment_bytes: int = 4096) -> EdgeLog:
    """Record N was made at second N."""
    log = EdgeLog(directory, Limits(max_bytes=64 * segment_bytes), clock=lambda: count * SECOND)
    for number in range(count):
        log.append(str(number).encode(), number * SECOND)
    return log


def test_records_come_newest_first_over_segments(tmp_path: Path) -> None:
    log = filled(tmp_path, 400)
    assert log.stats().segments > 3
    assert numbers(log, Span()) == list(range(399, -1, -1))


def test_a_span_has_both_ends(tmp_path: Path) -> None:
    log = filled(tmp_path, 400)
    assert numbers(log, Span(100 * SECOND, 300 * SECOND)) == list(range(300, 99, -1))
    assert numbers(log, Span(500 * SECOND)) == []


def test_steps_have_their_first_record_and_each_segment_its_last(tmp_path: Path) -> None:
    log = filled(tmp_path, 95, segment_bytes=64 * 1024)
    assert log.stats().segments == 1
    assert numbers(log, Span(step_ns=30 * SECOND)) == [94, 90, 60, 30, 0]
    many = filled(tmp_path / "many", 400)
    found = numbers(many, Span(step_ns=30 * SECOND))
    assert set(range(0, 400, 30)) <= set(found) and found == sorted(found, reverse=True)
    assert len(found) <= 14 + 2 * many.stats().segments


def test_who_stops_early_reads_no_payload_too_many(tmp_path: Path) -> None:
    log = filled(tmp_path, 400)
    segments = sorted((tmp_path / "segments").iterdir())
    for older in segments[:-1]:
        older.write_bytes(b"")
    assert next(iter(log.newest_first(Span()))).time_ns == 399 * SECOND
    newest = int(segments[-1].stem)
    assert numbers(log, Span()) == list(range(399, newest - 2, -1))


def test_a_damaged_record_costs_that_record_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = filled(tmp_path, 5)
    (segment,) = (tmp_path / "segments").iterdir()
    data = bytearray(segment.read_bytes())
    middle = data.index(zlib.compress(b"2", 1, wbits=31))
    data[middle + 12] ^= 1
    segment.write_bytes(data)
    assert numbers(log, Span()) == [4, 3, 1, 0]
    assert "record 3 fails its checksum" in caplog.text and log.stats().damaged == 1


def test_what_is_dropped_meanwhile_ends_it(tmp_path: Path) -> None:
    log = filled(tmp_path, 400)
    walk = log.newest_first(Span())
    next(walk)
    for segment in sorted((tmp_path / "segments").iterdir())[:-1]:
        segment.unlink()
    rest = [past.time_ns // SECOND for past in walk]
    assert rest and rest == list(range(398, 398 - len(rest), -1))
