"""Every number of ContainerStats is that of one field of one line."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis.strategies import integers

from collector.cadvisor.containers import split_tags
from collector.cadvisor.machine_stats import machine_stats
from collector.cadvisor.samples import Sample
from collector.cadvisor.stats import container_stats
from monitor.catalogue import CATALOGUE
from tests.collector.cadvisor.recorded import SHAPES, T0, complaints, container, records

STATS = SHAPES["model.ContainerInfo"]["stats?"][1]
FIELDS = {
    # as a line has it -> where it stands, and as what
    "cpu_usage_seconds_total=12.345678901": ("cpu.usage.total", 12345678901),
    "cpu_user_seconds_total=7.13": ("cpu.usage.user", 7130000000),
    "cpu_system_seconds_total=0.29": ("cpu.usage.system", 290000000),
    "cpu_cfs_periods_total=101i": ("cpu.cfs.periods", 101),
    "cpu_cfs_throttled_periods_total=99i": ("cpu.cfs.throttled_periods", 99),
    "cpu_cfs_throttled_seconds_total=1.675280264": ("cpu.cfs.throttled_time", 1675280264),
    "cpu_cfs_burst_periods_total=3i": ("cpu.cfs.bursts_periods", 3),
    "cpu_cfs_burst_seconds_total=0.000004": ("cpu.cfs.burst_time", 4000),
    "pressure_cpu_waiting_seconds_total=0.143349": ("cpu.psi.some.total", 143349),
    "pressure_cpu_stalled_seconds_total=0.137704": ("cpu.psi.full.total", 137704),
    "pressure_memory_waiting_seconds_total=0.000002": ("memory.psi.some.total", 2),
    "pressure_memory_stalled_seconds_total=0.000001": ("memory.psi.full.total", 1),
    "pressure_io_waiting_seconds_total=4.5": ("diskio.psi.some.total", 4500000),
    "pressure_io_stalled_seconds_total=4.25": ("diskio.psi.full.total", 4250000),
    "memory_usage_bytes=225280i": ("memory.usage", 225280),
    "memory_max_usage_bytes=3579904i": ("memory.max_usage", 3579904),
    "memory_cache=11i": ("memory.cache", 11),
    "memory_rss=49152i": ("memory.rss", 49152),
    "memory_swap=13i": ("memory.swap", 13),
    "memory_mapped_file=14i": ("memory.mapped_file", 14),
    "memory_working_set_bytes=225279i": ("memory.working_set", 225279),
    "memory_failcnt=16i": ("memory.failcnt", 16),
    "processes=17i": ("processes.process_count", 17),
    "threads=18i": ("processes.threads_current", 18),
    "threads_max=19i": ("processes.threads_max", 19),
    "oom_events_total=20i": ("oom_events", 20),
}


def sample(*lines: str) -> Sample:
    """The sample that one sweep's lines make; each without a time."""
    rows = records("\n".join(f"{line} {T0}" for line in lines))
    parts = {split_tags(row.series)[1]: row.fields for row in rows}
    return Sample(T0, parts.pop((), {}), parts)


def numbers(device: str) -> tuple[int, int]:
    return {"vda": (254, 0), "vda1": (254, 1)}.get(device, (0, 0))


def stats(*lines: str) -> dict[str, Any]:
    return container_stats(sample(*lines), numbers)


def _numa(fields: str, tags: str) -> str:
    return f"container,cluster=c,container=web,node=n,{tags} {fields}"


def at(found: Any, path: str) -> Any:
    for step in path.split("."):
        found = found[step]
    return found


def test_each_field_stands_where_cadvisor_has_it() -> None:
    found = stats(container(",".join(FIELDS)))
    assert {path: at(found, path) for path, _ in FIELDS.values()} == dict(FIELDS.values())
    assert found["timestamp"] == "2023-11-14T22:13:20Z"
    assert complaints(STATS, found) == []


@given(integers(0, 2**23 * 10**9 - 1))
def test_nanoseconds_of_97_days_of_cpu_time_are_exact(cpu_ns: int) -> None:
    line = container(f"cpu_usage_seconds_total={cpu_ns / 1e9!r}")
    assert stats(line)["cpu"]["usage"]["total"] == cpu_ns


def test_every_field_of_these_tests_is_one_that_a_collector_has() -> None:
    for field in FIELDS:
        assert f"container_{field.partition('=')[0]}" in CATALOGUE


def test_what_was_not_read_is_zero_or_absent() -> None:
    found = stats(container("cpu_usage_seconds_total=0.0"))
    assert complaints(STATS, found) == []
    assert found["memory"]["usage"] == found["cpu"]["cfs"]["periods"] == 0
    assert not found.keys() & {"network", "filesystem", "hugetlb", "oom_events"}
    assert "threads_max" not in found["processes"]


def test_devices_and_interfaces() -> None:
    figures = {
        "receive_bytes": 806, "receive_packets": 9, "receive_errors": 1,
        "receive_packets_dropped": 2, "transmit_bytes": 70, "transmit_packets": 6,
        "transmit_errors": 3, "transmit_packets_dropped": 4,
    }  # fmt: skip
    network = ",".join(f"network_{name}_total={value}i" for name, value in figures.items())
    disk = (
        "fs_reads_bytes_total=8388608i,fs_writes_bytes_total=4096i,"
        "fs_reads_total=16i,fs_writes_total=8i"
    )
    found = stats(
        container("cpu_usage_seconds_total=1.0"),
        container(network, more=",interface=eth1"),
        container(network.replace("=806i", "=807i"), more=",interface=eth0"),
        container(disk, more=",device=vda"),
    )
    first = {
        "name": "eth0", "rx_bytes": 807, "rx_packets": 9, "rx_errors": 1, "rx_dropped": 2,
        "tx_bytes": 70, "tx_packets": 6, "tx_errors": 3, "tx_dropped": 4,
    }  # fmt: skip
    assert found["network"]["interfaces"] == [first, {**first, "name": "eth1", "rx_bytes": 806}]
    assert first.items() <= found["network"].items()
    device = {"device": "/dev/vda", "major": 254, "minor": 0}
    assert found["diskio"]["io_service_bytes"] == [
        {**device, "stats": {"Read": 8388608, "Write": 4096}}
    ]
    assert found["diskio"]["io_serviced"] == [{**device, "stats": {"Read": 16, "Write": 8}}]
    assert complaints(STATS, found) == []


def test_what_has_other_tags() -> None:
    found = stats(
        container("cpu_usage_seconds_total=3.0"),
        container("cpu_percpu_usage_seconds_total=2.0", more=",cpu=cpu02"),
        container("cpu_percpu_usage_seconds_total=1.0", more=",cpu=cpu00"),
        container("hugetlb_usage_bytes=2097152i,hugetlb_failcnt=1i", more=",pagesize=2MB"),
        container(
            "fs_usage_bytes=5000i,fs_limit_bytes=9000i,fs_inodes_used=4i,fs_inodes_free=5i",
            more=",device=vda1",
        ),
        container("network_receive_bytes_total=1i", more=",interface=eth0"),
        container("network_tcp_usage_total=7i", more=",tcp_state=closewait"),
        container("network_udp6_usage_total=2i", more=",udp_state=listen"),
        container("memory_failures_total=41i", more=",failure_type=pgfault,scope=container"),
        container("memory_failures_total=42i", more=",failure_type=pgfault,scope=hierarchy"),
        _numa("memory_numa_pages=77i", "numa_node=1,scope=hierarchy,type=anon"),
        _numa("ulimits_soft=1024i", "ulimit=max_open_files"),
        container("fs_io_cost_wait_seconds_total=0.000009", more=",device=vda"),
    )
    assert found["cpu"]["usage"]["per_cpu_usage"] == [1000000000, 0, 2000000000]
    assert found["memory"]["hierarchical_data"]["numa_stats"] == {"anon": {"1": 77}}
    assert found["memory"]["container_data"]["numa_stats"] == {}
    assert found["processes"]["ulimits"] == [
        {"name": "max_open_files", "soft_limit": 1024, "hard_limit": 0}
    ]
    (waited,) = found["diskio"]["io_cost_wait"]
    assert waited["stats"] == {"Count": 9}
    assert found["hugetlb"] == {"2MB": {"usage": 2097152, "max_usage": 0, "failcnt": 1}}
    (filesystem,) = found["filesystem"]
    assert (filesystem["device"], filesystem["usage"], filesystem["capacity"]) == (
        "/dev/vda1", 5000, 9000,
    )  # fmt: skip
    assert (filesystem["inodes"], filesystem["has_inodes"]) == (4, False)
    assert found["network"]["tcp"]["CloseWait"] == 7
    assert found["network"]["tcp"]["Established"] == found["network"]["tcp6"]["CloseWait"] == 0
    assert found["network"]["udp6"]["Listen"] == 2
    assert found["memory"]["container_data"]["pgfault"] == 41
    assert found["memory"]["hierarchical_data"]["pgfault"] == 42
    assert complaints(STATS, found) == []


def test_the_machine_s_own_sample() -> None:
    def node(fields: str, more: str = "") -> str:
        return f"node,cluster=c{more},node=n {fields}"

    found = machine_stats(
        sample(
            node(
                "cpu_usage_seconds_total=50.5,memory_MemTotal_bytes=1000i,memory_MemFree_bytes=400i,"
                "memory_working_set_bytes=300i,memory_Cached_bytes=200i,memory_SwapTotal_bytes=90i,"
                "memory_SwapFree_bytes=80i,pressure_io_stalled_seconds_total=0.5"
            ),
            *(
                node(f"cpu_seconds_total={seconds}", f",mode={mode}")
                for mode, seconds in {"user": 30.0, "nice": 0.5, "system": 15.0, "irq": 1.0,
                                      "softirq": 2.0, "steal": 2.0, "idle": 99.0}.items()
            ),
            node("disk_read_bytes_total=512i,disk_written_bytes_total=1024i", ",device=vda"),
            node("network_receive_bytes_total=5i,network_receive_drop_total=6i", ",device=eth0"),
            node(
                "filesystem_size_bytes=900i,filesystem_free_bytes=500i,filesystem_avail_bytes=450i,"
                "filesystem_files=70i,filesystem_files_free=60i",
                ",mountpoint=/",
            ),
        ),
        numbers,
        {"/": ("/dev/vda1", "ext4")},
    )  # fmt: skip
    assert found["cpu"]["usage"] == {
        "total": 50500000000, "user": 30500000000, "system": 18000000000,
    }  # fmt: skip
    memory = found["memory"]
    assert (memory["usage"], memory["working_set"], memory["cache"]) == (600, 300, 200)
    assert memory["swap"] == 10
    assert found["diskio"]["io_service_bytes"][0]["stats"] == {"Read": 512, "Write": 1024}
    assert found["diskio"]["psi"]["full"]["total"] == 500000
    assert (found["network"]["name"], found["network"]["rx_dropped"]) == ("eth0", 6)
    (root,) = found["filesystem"]
    assert {key: root[key] for key in ("device", "type", "capacity", "usage", "available")} == {
        "device": "/dev/vda1", "type": "ext4", "capacity": 900, "usage": 400, "available": 450,
    }  # fmt: skip
    assert (root["has_inodes"], root["inodes"], root["inodes_free"]) == (True, 70, 60)
    assert complaints(STATS, found) == []
