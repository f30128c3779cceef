"""Who was not given everything is told so, exactly, in the place of what is missing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from monitor.edgelog import Cursor, EdgeLog, Limits, LogError
from monitor.edgelog.log import MAX_RECORD_BYTES
from monitor.lineprotocol import Parser
from monitor.record import Record
from tests.monitor.edgelog.helpers import lines, members, read_all

LIMITS = Limits(max_bytes=64 * 1024)


def _record(data: bytes) -> Record:
    (record,) = Parser().parse(data)
    return record


def _drain(log: EdgeLog, consumer: str) -> list[bytes]:
    found: list[bytes] = []
    cursor = None
    while (batch := log.pull(consumer, cursor, 4000)).records:
        cursor = batch.cursor
        found += members(batch.body)
    return found


def test_delivered_and_told_of_is_all_that_was_appended(fast_path: Path) -> None:
    log = EdgeLog(fast_path, LIMITS, tags={"node": "n1", "cluster": "c1"})
    log.pull("store", None, 100)
    for n in range(200):
        log.append(lines(n, 2000), time_ns=1000 * n)
    gap, *delivered = _drain(log, "store")
    lost = 200 - len(delivered)
    assert delivered == [lines(n, 2000) for n in range(lost, 200)]
    assert 0 < lost < 200
    assert gap == (
        b"weir,cluster=c1,consumer=store,node=n1,process=collector "
        b"log_gap_records=%di,log_gap_first_seq=1i,log_gap_last_seq=%di,"
        b'log_gap_reason="dropped by size, age or a full disk" %d\n' % (lost, lost, 1000 * lost - 1)
    )
    assert log.stats().lost_records == lost


def test_a_gap_is_repeated_until_it_is_acknowledged(fast_path: Path) -> None:
    log = EdgeLog(fast_path, LIMITS)
    log.pull("store", None, 100)
    for n in range(100):
        log.append(lines(n, 2000))
    first = log.pull("store", None, 4000)
    assert log.pull("store", None, 4000) == first
    log.close()
    log = EdgeLog(fast_path, LIMITS)
    assert log.pull("store", None, 4000).body == first.body
    assert not members(log.pull("store", first.cursor, 4000).body)[0].startswith(b"weir")


def test_a_gap_of_days_is_one_gap(fast_path: Path) -> None:
    log = EdgeLog(fast_path, LIMITS)
    log.append(lines(0))
    log.pull("store", Cursor(log.epoch, 1), 100)
    for _ in range(4):
        for n in range(60):
            log.append(lines(n, 2000))
        log.close()
        log = EdgeLog(fast_path, LIMITS)
    gap, *delivered = _drain(log, "store")
    assert _record(gap).fields["log_gap_records"] == 240 - len(delivered)
    assert _record(gap).fields["log_gap_first_seq"] == 2


def test_losing_is_said_once(fast_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = EdgeLog(fast_path, LIMITS)
    log.pull("store", None, 100)
    for n in range(200):
        log.append(lines(n, 2000))
    assert [r.getMessage() for r in caplog.records] == [
        f"edge log {fast_path}: records are dropped (size bound) before consumer store has pulled "
        "them; is it running, and its store?"
    ]


def test_who_has_acknowledged_loses_nothing(fast_path: Path) -> None:
    log = EdgeLog(fast_path, LIMITS)
    cursor = None
    seen: list[bytes] = []
    for n in range(200):
        log.append(lines(n, 2000))
        batch = log.pull("quick", cursor, 1 << 20)
        cursor = batch.cursor
        seen += members(batch.body)
    assert log.stats().dropped_records > 0
    assert log.stats().lost_records == 0
    assert seen == [lines(n, 2000) for n in range(200)]


def test_a_new_consumer_has_lost_nothing(fast_path: Path) -> None:
    log = EdgeLog(fast_path, LIMITS)
    for n in range(200):
        log.append(lines(n, 2000))
    assert _drain(log, "late") == read_all(log)
    assert log.stats().lost_records == 0


@pytest.mark.parametrize("cursor", [Cursor("0123456789abcdef", 500), None])
def test_a_cursor_of_another_log_is_a_gap(tmp_path: Path, cursor: Cursor | None) -> None:
    log = EdgeLog(tmp_path)
    log.append(lines(1), time_ns=77)
    foreign = cursor or Cursor(log.epoch, 7)  # or one that this log never gave
    batch = log.pull("store", foreign, 1 << 20)
    assert log.pull("store", foreign, 1 << 20) == batch
    gap, record = members(batch.body)
    assert record == lines(1)
    assert _record(gap).time_ns == 76
    assert _record(gap).fields == {
        "log_gap_first_seq": foreign.sequence + 1,
        "log_gap_reason": f"the cursor {foreign} is of another log, "
        "or of a later state of this one",
    }
    assert log.pull("store", batch.cursor, 100).records == 0


def test_another_log_that_is_still_empty_says_so_too(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    batch = log.pull("store", Cursor("ab", 500), 100)
    assert (batch.records, batch.newest_ns) == (1, None)
    assert batch.cursor[:2] == (log.epoch, 0)
    assert log.pull("store", batch.cursor, 100).records == 0


def test_a_foreign_cursor_does_not_move_a_consumer(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    for n in range(3):
        log.append(lines(n))
    log.pull("store", Cursor(log.epoch, 2), 100)
    assert members(log.pull("store", Cursor("ab", 9), 100).body)[1:] == [lines(2)]


def test_reading_tells_of_gaps_and_changes_nothing(fast_path: Path) -> None:
    log = EdgeLog(fast_path, LIMITS)
    for n in range(100):
        log.append(lines(n, 2000))
    before = log.stats()
    gap = _record(members(log.read(Cursor(log.epoch, 3), 100).body)[0])
    assert gap.fields["log_gap_first_seq"] == 4
    foreign = _record(members(log.read(Cursor("ab", 3), 100).body)[0])
    assert "another log" in str(foreign.fields["log_gap_reason"])
    assert log.stats() == before


WIDE = {"cluster": "," * 4096, "node": "=" * 4096}
"""The longest tags, of what is escaped."""


@pytest.mark.parametrize("foreign", [False, True])
def test_a_gap_and_what_follows_it_are_no_more_than_was_asked_for(
    fast_path: Path, foreign: bool
) -> None:
    log = EdgeLog(fast_path, Limits(max_bytes=1 << 20), tags=WIDE)
    log.pull("c" * 64, None, 100)
    for n in range(300):
        log.append(lines(n, 20_000))
    cursor = Cursor("f" * 64, 9**19) if foreign else None
    gap, record, *_ = members(log.pull("c" * 64, cursor, 1 << 20).body)
    assert b"log_gap_reason" in gap and b"log_gap" not in record
    for max_bytes in range(100_000, 130_000, 500):
        batch = log.pull("c" * 64, cursor, max_bytes)
        assert len(batch.body) <= max_bytes and batch.records > 1


def test_the_largest_record_leaves_room_for_a_gap(fast_path: Path) -> None:
    log = EdgeLog(fast_path, Limits(max_bytes=1 << 23), tags=WIDE)
    noise = random.Random(1).randbytes(MAX_RECORD_BYTES)
    log.pull("store", None, 100)
    size, refused = int(0.95 * MAX_RECORD_BYTES), MAX_RECORD_BYTES
    while refused - size > 16:
        middle = (size + refused) // 2
        try:
            log.append(noise[:middle])
            size = middle
        except LogError:
            refused = middle
    log.append(noise[:size])
    batch = log.pull("store", None, 1)
    gap, _ = members(batch.body)
    assert b"log_gap_records" in gap
    assert len(batch.body) <= MAX_RECORD_BYTES
