"""A real collector whose log's disk fails in every way that the kernel knows.

The same each time: it stays up, /metrics goes on, one line says so, and when the disk is well again
so is the log, with nothing of what was confirmed missing.
"""

from __future__ import annotations

import urllib.error
from pathlib import Path

import pytest

from monitor.edgelog.frame import Frame
from monitor.edgelog.onlooker import Onlooker
from monitor.edgelog.verify import Verifier
from tests.collector.logging_collector import Disk, LoggingCollector, failing, tmpfs

pytestmark = pytest.mark.root
REFUSED = "cannot keep a record|cannot drop"


def kept(data: Path) -> list[int]:
    """The numbers of the records on the disk."""
    walk = Onlooker.of(data).walk()
    return [h.found.sequence for h in walk if isinstance(h.found, Frame) and h.found.length]


def end(collector: LoggingCollector) -> None:
    assert collector.stop() == 0
    assert collector.has_no_traceback(), collector.tail()
    assert list(Verifier(Onlooker.of(collector.data)).flaws()) == []


@pytest.mark.parametrize(
    "fault",
    ["pwrite64:error=EIO", "pwrite64:error=EROFS", "fdatasync:error=EIO"],
)
def test_writes_that_fail_for_a_while(tmp_path: Path, fault: str) -> None:
    collector = LoggingCollector(tmp_path, tmp_path / "log")
    collector.start_and_wait()
    collector.keeps()
    before = collector.last()
    with failing(collector, "-e", f"trace={fault.split(':')[0]}", "-e", f"inject={fault}"):
        collector.sweeps_until("log_refused_records_total", 4)
        assert collector.last() == before, "what was not confirmed is not shown"
        assert "failing" in collector.get("/healthz").decode()
    collector.keeps(3)
    assert len(collector.lines(REFUSED)) == 1
    assert collector.lines("sweeps and /metrics go on")
    end(collector)
    numbers = kept(collector.data)
    assert numbers == list(range(1, max(numbers) + 1)), "no number was lost over the fault"


def test_a_sync_that_failed_once_is_not_believed_later(tmp_path: Path) -> None:
    """The kernel says so once and calls the pages clean: what they held has to be written anew."""
    collector = LoggingCollector(tmp_path, tmp_path / "log")
    collector.start_and_wait()
    collector.keeps()
    files = set((collector.data / "segments").iterdir())
    once = "inject=fdatasync:error=EIO:when=1"
    with failing(collector, "-e", "trace=fdatasync", "-e", once):
        collector.keeps(3)
    assert collector.figure("log_refused_records_total") == 0, "it was written to a new segment"
    assert len(set((collector.data / "segments").iterdir()) - files) == 1
    assert not collector.lines(REFUSED)
    end(collector)
    numbers = kept(collector.data)
    assert numbers == list(range(1, max(numbers) + 1))


def test_a_file_system_that_turns_read_only_and_is_replaced(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.mount()
    try:
        collector = LoggingCollector(tmp_path, disk.place / "log")
        collector.start_and_wait()
        collector.keeps()
        assert not disk.may_be_read_only(), "the kernel lets nobody take it away in order"
        before = collector.last()
        disk.break_down()
        collector.sweeps_until("log_refused_records_total", 3)
        assert collector.last() == before
        disk.replace()
        collector.keeps(3)
        said = collector.lines(REFUSED)
        assert len(said) == 1 and "Read-only file system" in said[0]
        end(collector)
        numbers = kept(collector.data)
        assert numbers == list(range(1, max(numbers) + 1))
    finally:
        disk.unmount()


def test_a_tmpfs_far_smaller_than_the_bound(tmp_path: Path) -> None:
    """The bound is 256 MiB: the newest records stay, and no line is printed for each sweep."""
    with tmpfs(tmp_path / "small", "1m") as place:
        collector = LoggingCollector(tmp_path, place / "log")
        collector.start_and_wait()
        filler = place / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        with filler.open("r+b") as file:
            file.truncate(max(0, filler.stat().st_size - 100 * 1024))  # some is free for the log
        collector.ready(lambda: collector.sweeps() and min(kept(collector.data)) > 10, 60)
        printed = len(collector.tail(1 << 20).splitlines())
        for _ in range(20):
            assert collector.sweeps()
        assert len(collector.tail(1 << 20).splitlines()) - printed <= 2, collector.tail()
        held = kept(collector.data)
        assert held[-1] - held[0] + 1 == len(held) > 5, "most of the space is used"
        end(collector)


def test_a_disk_that_does_not_read_for_a_while(tmp_path: Path) -> None:
    collector = LoggingCollector(tmp_path, tmp_path / "log")
    collector.start_and_wait()
    collector.keeps(3)
    (segment,) = (collector.data / "segments").iterdir()
    pull = "/api/v1/consumers/store/pull"
    inject = "inject=pread64:error=EIO"
    with failing(collector, "-P", str(segment), "-e", "trace=pread64", "-e", inject):
        with pytest.raises(urllib.error.HTTPError) as refused:
            collector.exchange(pull)
        assert refused.value.code >= 500
        assert collector.sweeps()
    body, _ = collector.exchange(pull)
    assert body and collector.figure("log_damaged_records_total") == 0
    end(collector)


def test_a_segment_directory_that_somebody_removed(tmp_path: Path) -> None:
    collector = LoggingCollector(tmp_path, tmp_path / "log")
    collector.start_and_wait()
    collector.keeps()
    (segment,) = (collector.data / "segments").iterdir()
    segment.unlink()
    collector.keeps(2)
    assert len(collector.lines("was removed by someone else")) == 1
    end(collector)
