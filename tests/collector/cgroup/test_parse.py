"""Parsers: what the kernel writes, what it leaves out, what it would never write, and `max`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.cgroup import v1, v2
from collector.cgroup.parse import (
    Fields,
    Keyed,
    Malformed,
    count,
    limit,
    pressure,
    processes,
    seconds,
)
from collector.cgroup.sources import Source

V2_CPU_STAT = b"""usage_usec 1754734
user_usec 1683109
system_usec 71625
nr_periods 92
nr_throttled 60
throttled_usec 2073767
nr_bursts 3
burst_usec 1200
"""
V1_MEMORY_STAT = b"""cache 1
pgfault 700
pgmajfault 7
total_cache 8192
total_rss 4096
total_mapped_file 2048
total_dirty 100
total_writeback 50
total_workingset_refault_anon 5
total_workingset_refault_file 6
total_swap 12
total_pgfault 900
total_pgmajfault 9
total_inactive_file 5000
total_active_file 3000
"""
V1_MEMORY = {
    "memory_cache": 8192,
    "memory_rss": 4096,
    "memory_mapped_file": 2048,
    "memory_file_dirty_bytes": 100,
    "memory_file_writeback_bytes": 50,
    "memory_workingset_refault_anon_total": 5,
    "memory_workingset_refault_file_total": 6,
    "memory_swap": 12,
    "memory_total_inactive_file_bytes": 5000,
    "memory_total_active_file_bytes": 3000,
    "pgfault": 700,
    "pgmajfault": 7,
    "total_pgfault": 900,
    "total_pgmajfault": 9,
}
V2_MEMORY_STAT = b"""anon 4096
file 8192
kernel 777
file_mapped 2048
file_dirty 100
file_writeback 50
inactive_file 5000
active_file 3000
workingset_refault_anon 5
workingset_refault_file 6
pgscan 40
pgsteal 30
pgfault 900
pgmajfault 9
"""
V2_MEMORY = {
    "memory_rss": 4096,
    "memory_cache": 8192,
    "memory_kernel_usage": 777,
    "memory_mapped_file": 2048,
    "memory_file_dirty_bytes": 100,
    "memory_file_writeback_bytes": 50,
    "memory_total_inactive_file_bytes": 5000,
    "memory_total_active_file_bytes": 3000,
    "memory_workingset_refault_anon_total": 5,
    "memory_workingset_refault_file_total": 6,
    "memory_pgscan_total": 40,
    "memory_pgsteal_total": 30,
    "pgfault": 900,
    "pgmajfault": 9,
    "total_pgfault": 900,
    "total_pgmajfault": 9,
}
PRESSURE = b"""some avg10=0.12 avg60=0.00 avg300=0.00 total=1717
full avg10=0.00 avg60=0.00 avg300=0.00 total=825
"""


def parser(sources: tuple[Source[Fields], ...], file: str) -> Callable[[bytes], Fields]:
    return next(source.parse for source in sources if source.file == file)


@pytest.mark.parametrize(
    ("parse", "data", "fields"),
    [
        (seconds("t", 1e9), b"1500000000\n", {"t": 1.5}),
        (count("n"), b"42\n", {"n": 42}),
        (limit("n"), b"max\n", {}),
        (limit("n"), b"50\n", {"n": 50}),
        (limit("n", too_much=100), b"100\n", {}),
        (parser(v1.CPU_LIMITS, "cpu.cfs_quota_us"), b"-1\n", {}),
        (parser(v1.CPU_LIMITS, "cpu.cfs_quota_us"), b"50000\n", {"spec_cpu_quota": 50000}),
        *((source.parse, b"9223372036854771712\n", {}) for source in v1.MEMORY_LIMITS),
        (
            parser(v1.MEMORY_LIMITS, "memory.limit_in_bytes"),
            b"67108864\n",
            {"spec_memory_limit_bytes": 67108864},
        ),
        (
            parser(v1.MEMORY_LIMITS, "memory.memsw.limit_in_bytes"),
            b"134217728\n",
            {"spec_memory_swap_limit_bytes": 134217728},
        ),
        (
            parser(v1.MEMORY_LIMITS, "memory.soft_limit_in_bytes"),
            b"33554432\n",
            {"spec_memory_reservation_limit_bytes": 33554432},
        ),
        (
            parser(v1.cpu(), "cpuacct.stat"),
            b"user 150\nsystem 7\n",
            {"cpu_user_seconds_total": 1.5, "cpu_system_seconds_total": 0.07},
        ),
        (
            parser(v1.cpu(), "cpu.stat"),
            b"nr_periods 92\nnr_throttled 60\nthrottled_time 2073767858\n",
            {
                "cpu_cfs_periods_total": 92,
                "cpu_cfs_throttled_periods_total": 60,
                "cpu_cfs_throttled_seconds_total": 2.073767858,
            },
        ),
        (
            parser(v1.cpu(), "cpu.stat"),
            b"nr_periods 9\nnr_throttled 6\nthrottled_time 7000000\nnr_bursts 2\nburst_time 5000\n",
            {
                "cpu_cfs_periods_total": 9,
                "cpu_cfs_throttled_periods_total": 6,
                "cpu_cfs_throttled_seconds_total": 0.007,
                "cpu_cfs_burst_periods_total": 2,
                "cpu_cfs_burst_seconds_total": 0.000005,
            },
        ),
        (parser(v1.cpu(), "cpu.stat"), b"nr_periods 0\nnr_throttled 0\nthrottled_time 0\n", {}),
        (
            parser(v1.memory_slow(), "memory.oom_control"),
            b"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
            {"oom_events_total": 3},
        ),
        (
            parser(v1.memory_slow(), "memory.kmem.usage_in_bytes"),
            b"131072\n",
            {"memory_kernel_usage": 131072},
        ),
        (parser(v1.memory_slow(), "memory.stat"), V1_MEMORY_STAT, V1_MEMORY),
        (parser(v2.memory_slow(), "memory.stat"), V2_MEMORY_STAT, V2_MEMORY),
        (
            v2.cpu_stat(),
            V2_CPU_STAT,
            {
                "cpu_usage_seconds_total": 1.754734,
                "cpu_user_seconds_total": 1.683109,
                "cpu_system_seconds_total": 0.071625,
                "cpu_cfs_periods_total": 92,
                "cpu_cfs_throttled_periods_total": 60,
                "cpu_cfs_throttled_seconds_total": 2.073767,
                "cpu_cfs_burst_periods_total": 3,
                "cpu_cfs_burst_seconds_total": 0.0012,
            },
        ),
        (
            v2.cpu_stat(),
            b"usage_usec 5000000\nuser_usec 0\nsystem_usec 5000000\n",
            {
                "cpu_usage_seconds_total": 5.0,
                "cpu_user_seconds_total": 0.0,
                "cpu_system_seconds_total": 5.0,
            },
        ),
        (v2.cpu_max, b"max 100000\n", {"spec_cpu_period": 100000}),
        (v2.cpu_max, b"50000 100000\n", {"spec_cpu_period": 100000, "spec_cpu_quota": 50000}),
        (
            parser(v2.memory_slow(), "memory.events"),
            b"low 4\nhigh 1\nmax 22\noom 3\noom_kill 2\noom_group_kill 5\n",
            {
                "memory_events_low_total": 4,
                "memory_events_high_total": 1,
                "memory_events_max_total": 22,
                "memory_failcnt": 22,
                "memory_events_oom_total": 3,
                "oom_events_total": 2,
                "memory_events_oom_group_kill_total": 5,
            },
        ),
        (
            parser(v2.memory_slow(), "memory.swap.events"),
            b"high 1\nmax 2\nfail 3\n",
            {
                "memory_swap_events_high_total": 1,
                "memory_swap_events_max_total": 2,
                "memory_swap_events_fail_total": 3,
            },
        ),
        *((source.parse, b"max\n", {}) for source in v2.MEMORY_LIMITS),
        (
            parser(v2.MEMORY_LIMITS, "memory.swap.max"),
            b"0\n",
            {"spec_memory_swap_limit_bytes": 0},
        ),
        (parser(v2.MEMORY_LIMITS, "memory.low"), b"0\n", {}),
        (
            parser(v2.MEMORY_LIMITS, "memory.low"),
            b"4096\n",
            {"spec_memory_reservation_limit_bytes": 4096},
        ),
        (
            pressure("cpu"),
            PRESSURE,
            {
                "pressure_cpu_waiting_seconds_total": 0.001717,
                "pressure_cpu_stalled_seconds_total": 0.000825,
            },
        ),
        (
            pressure("cpu"),
            PRESSURE.splitlines()[0],
            {"pressure_cpu_waiting_seconds_total": 0.001717},
        ),
    ],
)
def test_what_the_kernel_writes(
    parse: Callable[[bytes], Fields], data: bytes, fields: Fields
) -> None:
    for _ in range(2):  # the second time with the places of the keys learned
        assert parse(data) == fields


@pytest.mark.parametrize(
    ("parse", "data", "line", "rest"),
    [
        (count("n"), b"", 1, None),
        (count("n"), b"12 13\n", 1, None),
        (count("n"), b"-3\n", 1, None),
        (limit("n"), b"min\n", 1, None),
        (
            parser(v1.cpu(), "cpuacct.stat"),
            b"user 1\nsystem x\n",
            2,
            {"cpu_user_seconds_total": 0.01},
        ),
        (parser(v1.cpu(), "cpuacct.stat"), b"", 1, {}),
        (v2.cpu_max, b"50000\n", 1, None),
        (v2.cpu_max, b"many 100000\n", 1, None),
        (pressure("io"), b"some avg10=0.00\n", 1, {}),
        (
            pressure("io"),
            b"some avg10=0 total=1000000\nhalf total=3\n",
            2,
            {"pressure_io_waiting_seconds_total": 1.0},
        ),
        (processes, b"12\nx\n", 2, None),
        (v2.memory_low, b"min\n", 1, None),
        (parser(v2.memory_slow(), "memory.swap.events"), b"", 1, {}),
    ],
)
def test_what_it_would_never_write_is_named_by_line_and_hides_nothing(
    parse: Callable[[bytes], Any], data: bytes, line: int, rest: object
) -> None:
    with pytest.raises(Malformed) as caught:
        parse(data)
    assert (caught.value.line, caught.value.rest) == (line, rest)
    assert f"line {line}: " in str(caught.value)


def test_processes() -> None:
    assert processes(b"1\n23\n") == (1, 23)
    assert processes(b"") == ()


@pytest.mark.parametrize(("weight", "shares"), [(1, 2), (100, 1024), (10000, 262144), (0, None)])
def test_shares_of_a_weight_are_those_that_runc_made_it_of(weight: int, shares: int | None) -> None:
    assert v2.cpu_weight(b"%d\n" % weight).get("spec_cpu_shares") == shares


def test_a_key_that_moves_is_found_again() -> None:
    keyed = Keyed({"a": ("a", None), "b": ("b", None)})
    assert keyed(b"a 1\nx 9\nb 2\n") == {"a": 1, "b": 2}
    assert keyed(b"b 3\nx 9\na 4\n") == {"a": 4, "b": 3}
    assert keyed(b"x 9\na 5\nb 6\nnew 7\n") == {"a": 5, "b": 6}
    assert keyed(b"b 6\n") == {"b": 6}


@given(st.lists(st.permutations([(b"a", 1), (b"b", 2), (b"c", 3), (b"d", 4)]), min_size=1))
def test_the_order_of_keys_never_matters(files: list[list[tuple[bytes, int]]]) -> None:
    keyed = Keyed({"a": ("a", None), "c": ("c", 2.0), "d": ("d", None)})
    for pairs in files:
        data = b"".join(b"%s %d\n" % pair for pair in pairs)
        assert keyed(data) == {"a": 1, "c": 1.5, "d": 4}


def test_what_a_kernel_does_not_have_is_absent() -> None:
    parse = parser(v2.memory_slow(), "memory.events")
    assert parse(b"low 0\nhigh 0\nmax 1\noom 0\n").get("oom_events_total") is None
    assert "memory_kernel_usage" not in parser(v2.memory_slow(), "memory.stat")(b"anon 1\nfile 2\n")


def test_one_key_may_give_several_fields() -> None:
    keyed = Keyed({"a": ("x", None), "b": ("x", 10.0), "c": ("y", None)})
    for _ in range(2):
        assert keyed(b"y 3\nx 5\n") == {"a": 5, "b": 0.5, "c": 3}
