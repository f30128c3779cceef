"""A consumer that reads on further than it acknowledges."""

from __future__ import annotations

from pathlib import Path

from monitor.edgelog import Cursor, EdgeLog, Limits
from tests.monitor.edgelog.helpers import lines, members


def _filled(directory: Path, count: int, limits: Limits | None = None) -> EdgeLog:
    log = EdgeLog(directory, limits)
    for n in range(1, count + 1):
        log.append(lines(n, 2000 if limits else 0))
    return log


def test_what_is_acknowledged_and_where_it_reads_are_two_things(fast_path: Path) -> None:
    log = _filled(fast_path, 6)
    first = log.pull("store", None, 1)
    second = log.pull("store", None, 1, after=first.cursor)
    assert members(first.body) + members(second.body) == [lines(1), lines(2)]
    assert log.stats().backlog == {"store": 6}
    third = log.pull("store", first.cursor, 1, after=second.cursor)
    assert members(third.body) == [lines(3)]
    assert (third.backlog, log.stats().backlog) == (3, {"store": 5})
    again = log.pull("store", None, 1)
    assert members(again.body) == [lines(2)], "from what is acknowledged on"


def test_what_is_acknowledged_is_never_read_again(fast_path: Path) -> None:
    log = _filled(fast_path, 4)
    log.pull("store", Cursor(log.epoch, 3), 1)
    assert members(log.pull("store", None, 1, after=Cursor(log.epoch, 1)).body) == [lines(4)]


def test_a_place_of_another_log_is_told_of_and_the_acknowledgement_of_another_is_not(
    fast_path: Path,
) -> None:
    log = _filled(fast_path, 2)
    old = Cursor("abcdef", 7)
    gap, *rest = members(log.pull("store", old, 100_000, after=old).body)
    assert b"the cursor abcdef:7 is of another log" in gap
    assert rest == [lines(1), lines(2)]
    on = log.pull("store", old, 100_000, after=Cursor(log.epoch, 1))
    assert members(on.body) == [lines(2)], "it was told once, with the place"
    assert log.stats().backlog == {"store": 2}


def test_records_that_went_before_the_place_are_no_gap(fast_path: Path) -> None:
    log = _filled(fast_path, 1, Limits(max_bytes=64 * 1024))
    log.pull("store", None, 1)
    for n in range(2, 100):
        log.append(lines(n, 2000))
    oldest = log.read(None, 1).cursor.sequence
    on = log.pull("store", None, 1, after=Cursor(log.epoch, oldest))
    assert members(on.body) == [lines(oldest + 1, 2000)]
    gap = members(log.pull("store", None, 1).body)[0]
    assert b"log_gap_first_seq=1i" in gap
