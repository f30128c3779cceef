"""Every byte of a small log spoiled, one at a time: what was hit is lost at most, and counted."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.edgelog import Cursor, EdgeLog, Limits
from monitor.edgelog.onlooker import Onlooker
from monitor.edgelog.verify import Verifier
from tests.monitor.edgelog.helpers import lines, members, read_all

COUNT = 6
RECORDS = [lines(n, 60) for n in range(COUNT)]
LIMITS = Limits(max_bytes=64 * 256)
"""Two records in a segment, so that older segments, the newest, and its last record are hit."""


@pytest.fixture
def directory(fast_path: Path) -> Path:
    """A closed log of COUNT records; `store` has the first two."""
    log = EdgeLog(fast_path / "log", LIMITS)
    for record in RECORDS:
        log.append(record)
    log.pull("store", Cursor(log.epoch, 2), 100)
    assert log.stats().segments == 3
    log.close()
    return fast_path / "log"


def flips(directory: Path, pattern: str) -> Iterator[Path]:
    """A copy of the log for each byte of the files: there one bit, or more, of it is another."""
    chance = random.Random(1)
    for path in sorted(directory.glob(pattern)):
        data = path.read_bytes()
        for offset in range(len(data)):
            copy = directory.with_name("copy")
            shutil.copytree(directory, copy)
            spoiled = bytearray(data)
            spoiled[offset] ^= chance.choice([1, 2, 4, 8, 16, 32, 64, 128, 255])
            (copy / path.relative_to(directory)).write_bytes(spoiled)
            yield copy
            shutil.rmtree(copy)


def test_one_record_is_lost_and_counted_and_the_others_are_delivered(directory: Path) -> None:
    for copy in flips(directory, "segments/*"):
        flaws = list(Verifier(Onlooker.of(copy)).flaws())
        assert len(flaws) == 1
        log = EdgeLog(copy, LIMITS)
        kept = read_all(log)
        assert len(kept) == COUNT - 1, flaws
        assert kept == [record for record in RECORDS if record in kept]
        assert log.stats().damaged == 1
        assert members(log.pull("store", None, 1 << 20).body) == [
            record for record in kept if record in RECORDS[2:]
        ]
        number = log.append(lines(99))
        assert number > COUNT
        assert read_all(log) == [*kept, lines(99)]
        log.close()


def test_a_log_that_is_open_delivers_the_others_too(directory: Path) -> None:
    log = EdgeLog(directory, LIMITS)
    for path in sorted(directory.glob("segments/*")):
        data = path.read_bytes()
        for offset in range(len(data)):
            spoiled = bytearray(data)
            spoiled[offset] ^= 16
            path.write_bytes(spoiled)
            kept = read_all(log)
            assert len(kept) == COUNT - 1
            assert kept == [record for record in RECORDS if record in kept]
        path.write_bytes(data)
    assert read_all(log) == RECORDS
    log.close()


def test_other_files_spoiled_cost_a_repetition_and_no_record(directory: Path) -> None:
    for pattern in ("epoch", "runs", "consumers/*"):
        for copy in flips(directory, pattern):
            log = EdgeLog(copy, LIMITS)
            delivered = members(log.pull("store", None, 1 << 20).body)
            assert delivered in (RECORDS, RECORDS[2:])
            assert log.append(lines(99)) == COUNT + 1
            log.close()
