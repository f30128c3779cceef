"""A full disk under the log: the oldest goes, what is new is kept, and the rest is one line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.edgelog import EdgeLog, Limits, LogError
from tests.monitor.edgelog.helpers import lines, members, read_all

LIMITS = Limits(max_bytes=16 << 20)
"""Segments of 256 KiB on a disk of 1 MiB: the disk is the tighter bound."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "disk"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", directory], check=True)


def _fill(disk: Path) -> Path:
    """Someone else takes all the space that is left."""
    hog = disk / "hog"
    with hog.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return hog


@pytest.mark.root
def test_the_oldest_goes_and_the_gap_is_exact(small_disk: Path) -> None:
    log = EdgeLog(small_disk / "log", LIMITS)
    log.pull("store", None, 100)
    for n in range(100):
        log.append(lines(n, 60_000))
    gap, *kept = members(log.pull("store", None, 4 << 20).body)
    assert gap.startswith(b"weir,")
    assert len(kept) > 5
    assert kept == [lines(n, 60_000) for n in range(100 - len(kept), 100)]
    assert f"log_gap_records={100 - len(kept)}i,".encode() in gap
    assert log.stats().refused_records == 0
    log.close()


@pytest.mark.root
def test_space_is_freed_although_a_reader_has_the_segment_open(small_disk: Path) -> None:
    log = EdgeLog(small_disk / "log", LIMITS)
    log.append(lines(0, 60_000))
    with sorted((small_disk / "log" / "segments").iterdir())[0].open("rb"):
        for n in range(100):
            log.append(lines(n, 60_000))
    assert log.stats().refused_records == 0
    log.close()


@pytest.mark.root
def test_when_others_fill_the_disk_it_is_one_line_and_the_log_recovers(small_disk: Path) -> None:
    log = EdgeLog(small_disk / "log", LIMITS)
    log.append(lines(0))
    hog = _fill(small_disk)
    with pytest.raises(LogError) as refused:
        log.append(lines(1, 60_000))
    assert str(refused.value).startswith(f"edge log {small_disk / 'log'}: cannot keep a record of ")
    assert str(refused.value).endswith(
        ": No space left on device; "
        "free space on its file system or choose another directory (--data)"
    )
    with pytest.raises(LogError):
        log.append(lines(2, 60_000))
    hog.unlink()
    log.append(lines(3, 60_000))
    found = read_all(log)
    assert found[-1] == lines(3, 60_000)
    assert log.stats().refused_records == 2
    log.close()
    log = EdgeLog(small_disk / "log", LIMITS)
    assert read_all(log) == found
    log.close()


@pytest.mark.root
def test_acknowledging_goes_on_while_the_disk_is_full(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = EdgeLog(small_disk / "log", LIMITS)
    log.append(lines(0))
    log.append(lines(1))
    hog = _fill(small_disk)
    first = log.pull("store", None, 1)
    second = log.pull("store", first.cursor, 1)
    assert members(second.body) == [lines(1)]
    assert caplog.text.count("cannot be stored, kept in memory") == 1
    hog.unlink()
    assert log.pull("store", second.cursor, 1).records == 0
    log.close()
    log = EdgeLog(small_disk / "log", LIMITS)
    assert log.pull("store", None, 1).records == 0
    log.close()
