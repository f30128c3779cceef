"""A log on a disk that fills up, and has space again."""

from __future__ import annotations

import gzip
import logging
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.sweep_log import SweepLog
from monitor.edgelog import EdgeLog, Limits
from monitor.edgelog.log import MAX_RECORD_BYTES
from monitor.lineprotocol import Parser
from monitor.record import Record, Series


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path], check=True)
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.root
def test_a_full_disk_is_said_once_and_its_end_too(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="collector")
    now = [0.0]
    edge_log = EdgeLog(small_disk / "log", Limits(max_bytes=2**20))
    sweep_log = SweepLog(edge_log, lambda: now[0])
    record = Record(Series.of("container", {"container": "web"}), {"threads": 1}, 10**18)
    sweep_log.keep([record], 10**18)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"\0" * 4096)
    many = [record._replace(time_ns=10**18 + n * 7919) for n in range(5000)]
    for n in range(3):
        sweep_log.keep(many, 10**18 + 1)
        assert sweep_log.failing
        sweep_log.keep([record], 10**18 + 2 + n)  # what is small still fits
        assert not sweep_log.failing
        now[0] += 10
    filler.unlink()
    for _ in range(10):
        sweep_log.keep(many, 10**18 + 9)
        now[0] += 10
    edge_log.close()
    said = [(r.levelname, r.getMessage()) for r in caplog.records if "collector" in r.name]
    assert [level for level, _ in said] == ["ERROR", "INFO"]
    assert str(small_disk) in said[0][1] and "sweeps and /metrics go on" in said[0][1]
    assert "takes records again; 3 sweeps were not kept" in said[1][1]


def large(count: int) -> list[Record]:
    """Records of 4 KiB each that hardly compress."""
    letters = random.Random(7)
    series = Series.of("event", {"kind": "Container"})
    return [
        Record(series, {"message": letters.randbytes(2000).hex()}, 10**18 + n) for n in range(count)
    ]


def test_a_sweep_too_large_for_a_reader_is_kept_in_parts(tmp_path: Path) -> None:
    edge_log = EdgeLog(tmp_path)
    sweep_log = SweepLog(edge_log)
    records = large(5000)  # 20 MB, which compress to 11 MB
    sweep_log.keep(records, time.time_ns())
    assert not sweep_log.failing
    assert edge_log.stats().last_sequence > 1 and edge_log.stats().refused_records == 0
    kept: list[Record] = []
    cursor = None
    while (batch := edge_log.read(cursor, MAX_RECORD_BYTES)).records:
        cursor = batch.cursor
        kept += Parser().parse(gzip.decompress(batch.body))
    assert kept == records
    edge_log.close()


def test_one_record_too_large_costs_no_other(tmp_path: Path) -> None:
    edge_log = EdgeLog(tmp_path)
    sweep_log = SweepLog(edge_log)
    before, after = large(2)
    fields = {f"f{n}": n for n in range(1_100_000)}
    sweep_log.keep([before, before._replace(fields=fields), after], time.time_ns())
    assert sweep_log.failing
    assert edge_log.stats().refused_records == 1
    kept = list(Parser().parse(gzip.decompress(edge_log.read(None, MAX_RECORD_BYTES).body)))
    assert kept == [before, after]
    edge_log.close()
