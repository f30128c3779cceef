"""A log on a disk that fills up, and has space again."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.sweep_log import SweepLog
from monitor.edgelog import EdgeLog, Limits
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
    edge_log = EdgeLog(small_disk / "log", Limits(max_bytes=2**20))
    sweep_log = SweepLog(edge_log)
    record = Record(Series.of("container", {"container": "web"}), {"threads": 1}, 10**18)
    sweep_log.keep([record], 10**18)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"\0" * 4096)
    many = [record._replace(time_ns=10**18 + n * 7919) for n in range(5000)]
    for _ in range(3):
        sweep_log.keep(many, 10**18 + 1)
    assert sweep_log.failing
    filler.unlink()
    sweep_log.keep(many, 10**18 + 2)
    assert not sweep_log.failing
    edge_log.close()
    said = [(r.levelname, r.getMessage()) for r in caplog.records if "collector" in r.name]
    assert [level for level, _ in said] == ["ERROR", "INFO"]
    assert str(small_disk) in said[0][1] and "sweeps and /metrics go on" in said[0][1]
    assert "takes records again; 3 sweeps were not kept" in said[1][1]
