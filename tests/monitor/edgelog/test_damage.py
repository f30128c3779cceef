"""Torn tails at every byte, flipped bits, sectors of zeros: what was whole is read, in order."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.edgelog import Cursor, EdgeLog, Limits
from tests.monitor.edgelog.helpers import lines, members, read_all

COUNT = 4


@pytest.fixture
def written(fast_path: Path) -> Path:
    """A closed log of COUNT records in one segment."""
    log = EdgeLog(fast_path / "log")
    for n in range(COUNT):
        log.append(lines(n))
    log.close()
    return fast_path / "log"


def _segment(directory: Path) -> Path:
    (path,) = (directory / "segments").iterdir()
    return path


def _ends(directory: Path) -> list[int]:
    """Offsets of the ends of the records."""
    log = EdgeLog(directory)
    ends = [0]
    cursor = None
    for _ in range(COUNT):
        batch = log.read(cursor, 1)
        cursor = batch.cursor
        ends.append(ends[-1] + 32 + len(batch.body))
    log.close()
    return ends


def test_a_tail_torn_at_any_byte_is_cut(written: Path) -> None:
    data = _segment(written).read_bytes()
    ends = _ends(written)
    assert ends[-1] == len(data)
    for length in range(len(data)):
        copy = written.parent / "copy"
        shutil.copytree(written, copy)
        _segment(copy).write_bytes(data[:length])
        whole = sum(end <= length for end in ends) - 1
        log = EdgeLog(copy)
        assert read_all(log) == [lines(n) for n in range(whole)], f"cut at {length}"
        assert log.append(lines(99)) > whole
        assert read_all(log) == [*(lines(n) for n in range(whole)), lines(99)]
        log.close()
        log = EdgeLog(copy)
        assert read_all(log) == [*(lines(n) for n in range(whole)), lines(99)]
        log.close()
        shutil.rmtree(copy)


@pytest.mark.parametrize("garbage", [b"\x00" * 5000, b"\xf5WR\x01" * 100, b"?" * 31])
def test_garbage_behind_the_last_record_is_cut(
    written: Path, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with _segment(written).open("ab") as file:
        file.write(garbage)
    log = EdgeLog(written)
    assert f"{len(garbage)} bytes behind the last whole record were cut away" in caplog.text
    assert read_all(log) == [lines(n) for n in range(COUNT)]


def test_a_sequence_number_that_was_torn_away_is_not_given_again(written: Path) -> None:
    data = _segment(written).read_bytes()
    _segment(written).write_bytes(data[:-1])
    log = EdgeLog(written)
    assert log.append(lines(9)) > COUNT
    assert log.read(Cursor(log.epoch, COUNT), 1000).records == 1


def test_damage_is_counted_and_said_once(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    ends = _ends(written)
    log = EdgeLog(written)
    data = bytearray(_segment(written).read_bytes())
    data[ends[1] + 40] ^= 1
    _segment(written).write_bytes(data)
    for _ in range(3):
        assert read_all(log) == [lines(0), lines(2), lines(3)]
    assert log.stats().damaged == 1
    said = [r.getMessage() for r in caplog.records]
    path = _segment(written)
    assert said == [
        f"{path} is damaged at offset {ends[1]}: record 2 fails its checksum; reading on"
    ]


def test_the_cursor_gets_past_damage_at_the_end(written: Path) -> None:
    log = EdgeLog(written)
    data = bytearray(_segment(written).read_bytes())
    data[-1] ^= 1
    _segment(written).write_bytes(data)
    first = log.pull("store", None, 1 << 20)
    assert (first.records, first.backlog) == (COUNT - 1, 0)
    assert log.append(lines(9)) == COUNT + 1
    assert members(log.pull("store", first.cursor, 1 << 20).body) == [lines(9)]


def test_every_record_survives_but_those_in_zeroed_sectors(fast_path: Path) -> None:
    log = EdgeLog(fast_path, Limits(max_bytes=1 << 20))
    for n in range(60):
        log.append(lines(n, 1000))
    log.close()
    path = sorted((fast_path / "segments").iterdir())[0]
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)
    log = EdgeLog(fast_path)
    kept = read_all(log)
    assert 50 <= len(kept) < 60
    assert kept == [r for r in (lines(n, 1000) for n in range(60)) if r in kept]
