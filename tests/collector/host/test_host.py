"""The host's figures, beside what the kernel and other programs say."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from collector.host.host import Host
from collector.host.pressure import pressure
from collector.ticker import Due
from monitor.catalogue import CATALOGUE
from monitor.record import Record

IDENTITY = {"cluster": "default", "node": "here"}
FAST = Due(slow=False, limits=False)


@pytest.fixture(autouse=True)
def procfs() -> Iterator[None]:
    yield
    psutil.PROCFS_PATH = "/proc"


def the(records: list[Record], field: str, **tags: str) -> float:
    wanted = {**IDENTITY, **tags}
    (value,) = (
        r.fields[field] for r in records if dict(r.series.tags) == wanted and field in r.fields
    )
    assert isinstance(value, int | float)
    return value


def test_the_figures_are_those_of_the_kernel() -> None:
    user, nice, system, _, _, irq, softirq, steal = (
        int(ticks) / os.sysconf("SC_CLK_TCK")
        for ticks in Path("/proc/stat").read_text().split()[1:9]
    )
    meminfo = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    records = [r for r in Host(IDENTITY).read() if r.series.measurement == "node"]

    used = user + nice + system + irq + softirq + steal
    assert the(records, "cpu_usage_seconds_total") == pytest.approx(used, abs=1)
    assert the(records, "cpu_seconds_total", mode="user") == pytest.approx(user, abs=1)
    total = int(meminfo["MemTotal"].split()[0]) * 1024
    assert the(records, "memory_MemTotal_bytes") == total
    assert the(records, "memory_working_set_bytes") == total - the(
        records, "memory_MemAvailable_bytes"
    )
    assert the(records, "memory_Cached_bytes") == pytest.approx(
        int(meminfo["Cached"].split()[0]) * 1024, rel=0.05
    )
    assert the(records, "boot_time_seconds") == pytest.approx(
        time.time() - float(Path("/proc/uptime").read_text().split()[0]), abs=3
    )
    assert all(abs(record.time_ns - time.time_ns()) < 5e9 for record in records)


def test_every_number_is_in_the_catalogue_with_its_tags() -> None:
    for record in Host(IDENTITY).read():
        for field, value in record.fields.items():
            if not isinstance(value, str):
                metric = CATALOGUE[f"{record.series.measurement}_{field}"]
                assert dict(record.series.tags).keys() == {*IDENTITY, *metric.tags}


def test_seconds_are_floats_and_bytes_integers() -> None:
    for record in Host(IDENTITY).read():
        for field, value in record.fields.items():
            if isinstance(value, str):
                continue
            unit = CATALOGUE[f"{record.series.measurement}_{field}"].unit
            expected = {"bytes": int, "cores": int, "seconds": float, "celsius": float}
            assert isinstance(value, expected.get(unit, int | float)), field


def test_the_node_has_one_row_a_sweep_and_the_machine_is_rare() -> None:
    host = Host(IDENTITY)
    first, second = host.read(), host.read(FAST)
    for records in (first, second):
        assert len({record.series for record in records}) == len(records)
    assert {r.series.measurement for r in first} == {"node", "machine"}
    assert {r.series.measurement for r in second} == {"node"}
    groups = {CATALOGUE[f"node_{key}"].group for r in second for key in r.fields}
    assert groups == {"cpu", "memory"}


def test_one_reading_that_fails_hides_no_other_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("stat", "meminfo"):
        shutil.copy(f"/proc/{name}", tmp_path / name)
    host = Host(IDENTITY, tmp_path)
    assert the(host.read(FAST), "memory_MemTotal_bytes") > 0
    (tmp_path / "meminfo").rename(tmp_path / "hidden")
    for _ in range(3):
        records = host.read(FAST)
        assert the(records, "cpu_usage_seconds_total") > 0
    assert host.errors == 3
    (tmp_path / "hidden").rename(tmp_path / "meminfo")
    assert the(host.read(FAST), "memory_MemTotal_bytes") > 0
    said = [r.getMessage() for r in caplog.records if "memory" in r.getMessage()]
    assert [line.partition(",")[0] for line in said] == [
        "host: cannot read memory",
        "host: can read memory again",
    ]


def test_pressure_is_absent_where_the_kernel_does_not_count_it(tmp_path: Path) -> None:
    assert list(pressure(tmp_path)) == []


def put_pressure(proc_root: Path, resource: str, text: str) -> None:
    (proc_root / "pressure").mkdir(exist_ok=True)
    (proc_root / "pressure" / resource).write_text(text)


def test_pressure_in_seconds(tmp_path: Path) -> None:
    put_pressure(tmp_path, "cpu", "some avg10=0.00 avg60=0.34 avg300=0.35 total=10463066\n")
    put_pressure(tmp_path, "io", "some avg10=0 total=1\nfull avg10=0 avg60=0 total=2000000\n")
    (row,) = pressure(tmp_path)
    assert row.fields == {
        "pressure_cpu_waiting_seconds_total": 10.463066,
        "pressure_io_waiting_seconds_total": 1e-06,
        "pressure_io_stalled_seconds_total": 2.0,
    }


@pytest.mark.parametrize(
    "text", ["nonsense", "some avg10=0", "some total=x", "some total=-1", "\n"]
)
def test_pressure_of_another_form_is_an_error_with_its_line(tmp_path: Path, text: str) -> None:
    put_pressure(tmp_path, "io", text)
    with pytest.raises(ValueError, match=r"pressure/io, line 1"):
        list(pressure(tmp_path))
