"""Parsers of what a container has several of: devices, CPUs, memory nodes, sizes of huge pages."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from collector.cgroup import blockio, numa, v1, v2
from collector.cgroup.parse import ByPart, Malformed

PAGE = os.sysconf("SC_PAGE_SIZE")
V1_NUMA = b"""total=14 N0=9 N1=5
file=12 N0=7 N1=5
anon=2 N0=2 N1=0
unevictable=0 N0=0 N1=0
hierarchical_total=24 N0=19 N1=5
hierarchical_file=22 N0=17 N1=5
"""
V2_NUMA = b"""anon N0=%d N1=0
file N0=%d N1=0
inactive_anon N0=%d N1=0
active_anon N0=%d N1=0
inactive_file N0=0 N1=%d
unevictable N0=0 N1=0
""" % (9 * PAGE, 9 * PAGE, 4 * PAGE, 5 * PAGE, 7 * PAGE)


def pages(number: int) -> dict[str, int]:
    return {"memory_numa_pages": number}


@pytest.mark.parametrize(
    ("parse", "data", "found"),
    [
        (
            blockio.v1("r", "w"),
            b"254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 8192\n254:0 Async 4096\n"
            b"254:0 Discard 0\n254:0 Total 12288\n8:0 Read 1\n8:0 Write 2\nTotal 12291\n",
            {"254:0": {"r": 4096, "w": 8192}, "8:0": {"r": 1, "w": 2}},
        ),
        (blockio.v1("r", "w"), b"Total 0\n", {}),
        (
            blockio.v2,
            b"8:16 8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n7:0 \n",
            {
                "8:0": {
                    "fs_reads_bytes_total": 1,
                    "fs_writes_bytes_total": 2,
                    "fs_reads_total": 3,
                    "fs_writes_total": 4,
                }
            },
        ),
        (
            blockio.v2,
            b"8:0 cost.vrate=100.00 cost.usage=1500000 cost.wait=7 cost.indebt=8 cost.indelay=9\n",
            {
                "8:0": {
                    "fs_io_cost_usage_seconds_total": 1.5,
                    "fs_io_cost_wait_seconds_total": 0.000007,
                    "fs_io_cost_indebt_seconds_total": 0.000008,
                    "fs_io_cost_indelay_seconds_total": 0.000009,
                }
            },
        ),
        (blockio.v2, b"", {}),
        (
            v1.percpu,
            b"1500000000 0 2500000000 \n",
            {
                "cpu00": {"cpu_percpu_usage_seconds_total": 1.5},
                "cpu02": {"cpu_percpu_usage_seconds_total": 2.5},
            },
        ),
        (v1.percpu, b"\n", {}),
        (
            numa.v1,
            V1_NUMA,
            {
                ("file", "container", "0"): pages(7),
                ("file", "container", "1"): pages(5),
                ("anon", "container", "0"): pages(2),
                ("anon", "container", "1"): pages(0),
                ("unevictable", "container", "0"): pages(0),
                ("unevictable", "container", "1"): pages(0),
                ("file", "hierarchy", "0"): pages(17),
                ("file", "hierarchy", "1"): pages(5),
            },
        ),
        (
            numa.v2,
            V2_NUMA,
            {
                ("anon", "hierarchy", "0"): pages(9),
                ("anon", "hierarchy", "1"): pages(0),
                ("file", "hierarchy", "0"): pages(0),
                ("file", "hierarchy", "1"): pages(7),
                ("unevictable", "hierarchy", "0"): pages(0),
                ("unevictable", "hierarchy", "1"): pages(0),
            },
        ),
        (v1.hugetlb(["2MB"])[0].parse, b"4194304\n", {"2MB": {"hugetlb_usage_bytes": 4194304}}),
        (v1.hugetlb(["2MB"])[1].parse, b"6\n", {"2MB": {"hugetlb_max_usage_bytes": 6}}),
        (v1.hugetlb(["1GB"])[2].parse, b"3\n", {"1GB": {"hugetlb_failcnt": 3}}),
        (v2.hugetlb(["1GB"])[0].parse, b"0\n", {"1GB": {"hugetlb_usage_bytes": 0}}),
        (v2.hugetlb(["1GB"])[1].parse, b"max 2\n", {"1GB": {"hugetlb_failcnt": 2}}),
    ],
)
def test_what_the_kernel_writes(
    parse: Callable[[bytes], ByPart], data: bytes, found: ByPart
) -> None:
    assert parse(data) == found


@pytest.mark.parametrize(
    ("parse", "data", "line", "rest"),
    [
        (blockio.v2, b"8:0 rbytes=1\n8:16 rbytes=z\n", 2, {"8:0": {"fs_reads_bytes_total": 1}}),
        (blockio.v2, b"8:0 cost.usage=1.5\n", 1, {}),
        (blockio.v2, b"rbytes=1\n", 1, {}),
        (blockio.v1("r", "w"), b"8:0 Read 5\n8:0 Write\n", 2, {"8:0": {"r": 5}}),
        (v1.percpu, b"1 x 3\n", 1, None),
        (numa.v1, b"file=1 N0=1\nanon=2 N0\n", 2, {("file", "container", "0"): pages(1)}),
        (numa.v2, b"inactive_file N0=x\n", 1, {}),
        (v2.hugetlb(["2MB"])[0].parse, b"max\n", 1, {}),
        (v2.hugetlb(["2MB"])[1].parse, b"max 3\nmax x\n", 2, {"2MB": {"hugetlb_failcnt": 3}}),
    ],
)
def test_what_it_would_never_write_is_named_by_line_and_hides_nothing(
    parse: Callable[[bytes], ByPart], data: bytes, line: int, rest: object
) -> None:
    with pytest.raises(Malformed) as caught:
        parse(data)
    assert (caught.value.line, caught.value.rest) == (line, rest)


@pytest.mark.parametrize(
    ("data", "lists"), [(b"Total 0\n", False), (b"254:0 Read 0\nTotal 0\n", True), (b"", False)]
)
def test_a_file_of_version_1_counts_where_it_names_a_device(data: bytes, lists: bool) -> None:
    assert blockio.lists_devices(data) is lists
