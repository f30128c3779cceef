"""EdgeLog as its users see it: append, pull, acknowledge, reopen."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from monitor.edgelog import Cursor, EdgeLog, Limits, LogError
from monitor.errors import BadRequest
from tests.monitor.edgelog.helpers import lines, members, read_all

SMALL = Limits(max_bytes=64 * 1024)


def _pull(log: EdgeLog, ack: Cursor | None = None, max_bytes: int = 1 << 20) -> list[bytes]:
    return members(log.pull("store", ack, max_bytes).body)


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    assert [log.append(lines(n)) for n in range(5)] == [1, 2, 3, 4, 5]
    assert read_all(log) == [lines(n) for n in range(5)]


def test_a_pull_repeats_until_it_is_acknowledged(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    log.append(lines(1))
    first = log.pull("store", None, 1000)
    assert log.pull("store", None, 1000) == first
    log.append(lines(2))
    assert _pull(log, first.cursor) == [lines(2)]
    assert _pull(log) == [lines(2)], "the acknowledgement is kept by the log"


def test_an_acknowledgement_never_moves_back(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    for n in range(3):
        log.append(lines(n))
    log.pull("store", Cursor(log.epoch, 2), 1000)
    assert _pull(log, Cursor(log.epoch, 1)) == [lines(2)]


def test_a_batch_is_as_large_as_asked_but_has_one_record_at_least(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    for n in range(20):
        log.append(lines(n, 400))
    one = len(log.read(None, 1).body)
    batch = log.read(None, 5 * one + one // 2)
    assert (batch.records, batch.backlog) == (5, 15)
    assert len(batch.body) <= 5 * one + one // 2
    assert log.read(None, 1).records == 1


def test_a_batch_does_not_decode_to_much_more_however_well_it_compresses(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    for _ in range(4):
        log.append(b"x,a=b v=1i 1\n" * 100_000)
    batch = log.read(None, 1 << 20)
    assert batch.records == 3
    assert sum(map(len, members(batch.body))) <= 4 << 20


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    for n in range(3):
        log.append(lines(n))
    log.pull("store", Cursor(log.epoch, 1), 1000)
    epoch = log.epoch
    log.close()
    log = EdgeLog(tmp_path)
    assert log.epoch == epoch
    assert log.append(lines(3)) == 4
    assert _pull(log) == [lines(1), lines(2), lines(3)]
    assert read_all(log) == [lines(n) for n in range(4)]


def test_a_log_that_was_emptied_goes_on_counting(tmp_path: Path) -> None:
    now = [0]
    log = EdgeLog(tmp_path, Limits(max_age_seconds=240), steady=lambda: now[0])
    log.append(lines(1))
    now[0] = 1000 * 10**9
    log.append(lines(2))
    assert read_all(log) == [lines(2)]
    log.close()
    assert EdgeLog(tmp_path).append(lines(3)) == 3


def test_a_quiet_log_too_lets_go_of_what_is_old(tmp_path: Path) -> None:
    now = [0]
    log = EdgeLog(tmp_path, Limits(max_age_seconds=240), steady=lambda: now[0])
    for n in range(100):
        now[0] += 10 * 10**9
        log.append(lines(n))
    kept = read_all(log)
    assert kept == [lines(n) for n in range(100 - len(kept), 100)]
    assert 24 <= len(kept) <= 26
    assert log.stats().lost_records == 0, "no consumer, no loss"


def test_size_is_bounded(fast_path: Path) -> None:
    log = EdgeLog(fast_path, SMALL)
    for n in range(200):
        log.append(lines(n, 2000))
        on_disk = sum(path.stat().st_size for path in (fast_path / "segments").iterdir())
        assert on_disk == log.stats().total_bytes <= SMALL.max_bytes
    kept = read_all(log)
    assert kept == [lines(n, 2000) for n in range(200 - len(kept), 200)]
    assert on_disk > SMALL.max_bytes * 0.9


def test_a_new_log_has_a_new_epoch(tmp_path: Path) -> None:
    first, second = EdgeLog(tmp_path / "a"), EdgeLog(tmp_path / "b")
    assert first.epoch != second.epoch


def test_a_log_whose_segments_were_deleted_is_a_new_log(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    log.append(lines(1))
    epoch = log.epoch
    log.close()
    for path in (tmp_path / "segments").iterdir():
        path.unlink()
    assert EdgeLog(tmp_path).epoch != epoch


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"no epoch\n"])
def test_a_damaged_epoch_makes_consumers_start_again(tmp_path: Path, damage: bytes) -> None:
    log = EdgeLog(tmp_path)
    log.append(lines(1))
    log.pull("store", Cursor(log.epoch, 1), 100)
    log.close()
    (tmp_path / "epoch").write_bytes(damage)
    log = EdgeLog(tmp_path)
    assert _pull(log) == [lines(1)]
    assert log.append(lines(2)) == 2


def test_a_damaged_acknowledgement_costs_a_repetition(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = EdgeLog(tmp_path)
    log.append(lines(1))
    log.pull("store", Cursor(log.epoch, 1), 100)
    log.close()
    (tmp_path / "consumers" / "store").write_bytes(b"\x00\xffgarbage")
    assert _pull(EdgeLog(tmp_path)) == [lines(1)]
    assert "consumers/store is damaged" in caplog.text


def test_an_acknowledgement_without_a_checksum_is_of_an_earlier_version(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    log.append(lines(1))
    log.append(lines(2))
    log.pull("store", None, 100)
    log.close()
    (tmp_path / "consumers" / "store").write_text(f"{log.epoch}:1\n")
    assert _pull(EdgeLog(tmp_path)) == [lines(2)]


def test_opening_twice_is_refused_in_words(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    with pytest.raises(LogError, match=f"edge log {tmp_path}: process [0-9]+ has it open; stop"):
        EdgeLog(tmp_path)
    log.close()
    EdgeLog(tmp_path)


def test_a_place_that_is_no_directory_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match=r"edge log .*/file/log: Not a directory .*choose another"):
        EdgeLog(tmp_path / "file" / "log")


@pytest.mark.parametrize("name", ["", "A", "a" * 65, "a/b", "..", "a\n", "ä"])
def test_names_of_consumers_are_checked(tmp_path: Path, name: str) -> None:
    log = EdgeLog(tmp_path)
    with pytest.raises(BadRequest, match="no consumer's name"):
        log.pull(name, None, 100)
    assert list((tmp_path / "consumers").iterdir()) == []


def test_there_are_at_most_sixteen_consumers(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    for n in range(16):
        log.pull(f"store-{n}", None, 100)
    with pytest.raises(BadRequest, match="16 consumers already"):
        log.pull("one-more", None, 100)
    assert log.forget("store-3")
    assert not log.forget("store-3")
    log.pull("one-more", None, 100)


def test_a_new_consumer_starts_at_the_oldest_record(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    log.append(lines(1))
    log.pull("early", Cursor(log.epoch, 1), 100)
    assert _pull(log) == [lines(1)]


@pytest.mark.parametrize("size", [(16 << 20) + 1])
def test_a_record_that_no_reader_would_take_is_refused(tmp_path: Path, size: int) -> None:
    log = EdgeLog(tmp_path)
    with pytest.raises(LogError, match="too large for a reader; split it"):
        log.append(b"x" * size)
    log.append(lines(1))
    assert read_all(log) == [lines(1)]


def test_reading_while_another_thread_appends_and_drops(fast_path: Path) -> None:
    log = EdgeLog(fast_path, SMALL)
    done = threading.Event()

    def append() -> None:
        for n in range(300):
            log.append(lines(n, 2000))
        done.set()

    cursor = log.read(None, 5000).cursor
    thread = threading.Thread(target=append)
    thread.start()
    seen: list[bytes] = []
    lost = 0
    while True:
        finished = done.is_set()
        batch = log.read(cursor, 5000)
        cursor = batch.cursor
        for record in members(batch.body):
            gap = re.search(rb"log_gap_records=([0-9]+)i", record)
            lost += int(gap[1]) if gap else 0
            seen += [] if gap else [record]
        if finished and not batch.records:
            break
    thread.join()
    appended = [lines(n, 2000) for n in range(300)]
    assert seen == [record for record in appended if record in set(seen)]
    assert len(seen) + lost == 300
    assert log.stats().damaged == 0


def test_a_segment_that_someone_deletes_is_said_and_no_hang(
    fast_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = EdgeLog(fast_path, SMALL)
    for n in range(100):
        log.append(lines(n, 100))
    gone = sorted((fast_path / "segments").iterdir())[1]
    gone.unlink()
    kept = read_all(log)
    assert 90 < len(kept) < 100
    assert read_all(log) == kept == [r for r in (lines(n, 100) for n in range(100)) if r in kept]
    assert caplog.text.count(f"{gone} was removed by someone else; its records are lost") == 1
    assert log.stats().damaged == 1
