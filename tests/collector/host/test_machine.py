"""Memory, sensors and what the machine is, from trees as kernels show them."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from collector.host.machine import machine
from collector.host.memory import memory
from collector.host.temperature import temperatures

MEMINFO = """\
MemTotal:       16384 kB
MemFree:         1024 kB
MemAvailable:    8192 kB
Buffers:          128 kB
Cached:          4096 kB
SwapCached:         0 kB
SReclaimable:     512 kB
SwapTotal:       2048 kB
SwapFree:        2047 kB
HugePages_Total:       0
"""


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_memory_in_bytes_and_cache_without_slab(tmp_path: Path) -> None:
    put(tmp_path / "meminfo", MEMINFO)
    (row,) = memory(tmp_path)
    assert row.fields == {
        "memory_MemTotal_bytes": 16 << 20,
        "memory_MemFree_bytes": 1 << 20,
        "memory_MemAvailable_bytes": 8 << 20,
        "memory_Buffers_bytes": 128 << 10,
        "memory_Cached_bytes": 4 << 20,
        "memory_SwapTotal_bytes": 2 << 20,
        "memory_SwapFree_bytes": 2047 << 10,
        "memory_working_set_bytes": 8 << 20,
    }


@pytest.mark.parametrize("line", ["Cached: 4096", "Cached: x kB", "Cached: -1 kB", "Cached:"])
def test_memory_of_another_form_is_an_error_with_its_line(tmp_path: Path, line: str) -> None:
    put(tmp_path / "meminfo", MEMINFO.replace("Cached:          4096 kB", line, 1))
    with pytest.raises(ValueError, match="meminfo, line 5"):
        list(memory(tmp_path))


def test_sensors_have_node_exporters_names_and_one_that_sleeps_is_absent(tmp_path: Path) -> None:
    for number, device in enumerate(("platform/coretemp.0", "platform/coretemp.1", "")):
        chip = tmp_path / f"class/hwmon/hwmon{number}"
        put(chip / "name", "coretemp\n" if device else "CPU thermal\n")
        put(chip / "temp1_input", f"{45500 + number}\n")
        if device:
            (tmp_path / "devices" / device).mkdir(parents=True)
            (chip / "device").symlink_to(tmp_path / "devices" / device)
    put(tmp_path / "class/hwmon/hwmon0/temp2_input", "")
    put(tmp_path / "class/hwmon/hwmon0/temp1_max", "100000\n")
    assert [
        (row.tags["chip"], row.tags["sensor"], *row.fields.values())
        for row in temperatures(tmp_path)
    ] == [
        ("platform_coretemp_0", "temp1", 45.5),
        ("platform_coretemp_1", "temp1", 45.501),
        ("cpu_thermal", "temp1", 45.502),
    ]


def test_no_sensors_are_no_rows(tmp_path: Path) -> None:
    assert list(temperatures(tmp_path)) == []


def test_the_machine_by_what_its_files_say(tmp_path: Path) -> None:
    put(tmp_path / "proc/meminfo", MEMINFO)
    put(tmp_path / "proc/sys/kernel/random/boot_id", "1d6c\n")
    put(tmp_path / "etc/machine-id", "\n")
    put(tmp_path / "var/lib/dbus/machine-id", "f00d\n")
    put(tmp_path / "sys/class/dmi/id/product_uuid", "4C4C4544\n")
    put(tmp_path / "etc/os-release", 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12"\n')
    for cpu, package in enumerate("0011"):
        put(
            tmp_path / f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id",
            f"{package}\n",
        )
    (row,) = machine(tmp_path / "proc", tmp_path)
    assert row.fields["kernel_version"] == os.uname().release
    assert row.fields["cpu_cores"] == psutil.cpu_count()
    assert {key: row.fields.get(key) for key in (
        "cpu_sockets", "memory_bytes", "swap_bytes", "machine_id", "system_uuid", "boot_id",
        "os_version",
    )} == {
        "cpu_sockets": 2, "memory_bytes": 16 << 20, "swap_bytes": 2 << 20, "machine_id": "f00d",
        "system_uuid": "4C4C4544", "boot_id": "1d6c", "os_version": "Debian GNU/Linux 12",
    }  # fmt: skip


def test_what_a_machine_does_not_tell_is_absent(tmp_path: Path) -> None:
    put(tmp_path / "meminfo", MEMINFO)
    (row,) = machine(tmp_path, tmp_path / "nothing")
    assert not row.fields.keys() & {
        "cpu_sockets", "machine_id", "system_uuid", "boot_id", "os_version"
    }  # fmt: skip
