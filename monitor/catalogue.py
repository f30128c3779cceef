"""The metric catalogue: one table from which exposition, documentation and validation are made.

A metric's name is `measurement_field`, the name that Prometheus, cAdvisor, the kubelet and
node_exporter use. `v1` and `v2` name the kernel's file (and the key in it) on each cgroup version;
for the host they are the same file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge"]
Unit = Literal["seconds", "bytes", "cores", "microseconds", "shares", "unix seconds", "1"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `tags` are those beside the measurement's own."""

    measurement: str
    field: str
    kind: Kind
    unit: Unit
    help: str
    v1: str = ""
    v2: str = ""
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.measurement}_{self.field}"


TAGS: dict[str, tuple[str, ...]] = {
    "container": ("cluster", "node", "namespace", "pod", "container"),
    "node": ("cluster", "node"),
    "machine": ("cluster", "node"),
    "weir": ("cluster", "node", "process"),
}
"""The tags of each measurement's rows; some metrics add their own (`Metric.tags`)."""


def _container(
    field: str,
    kind: Kind,
    unit: Unit,
    help: str,
    v1: str = "",
    v2: str = "",
    tags: tuple[str, ...] = (),
) -> Metric:
    return Metric("container", field, kind, unit, help, v1, v2, tags)


def _host(
    measurement: str,
    field: str,
    kind: Kind,
    unit: Unit,
    help: str,
    source: str,
    tags: tuple[str, ...] = (),
) -> Metric:
    return Metric(measurement, field, kind, unit, help, source, source, tags)


_CPU = (
    _container(
        "cpu_usage_seconds_total",
        "counter",
        "seconds",
        "CPU time consumed",
        "cpuacct.usage (ns)",
        "cpu.stat usage_usec",
    ),
    _container(
        "cpu_user_seconds_total",
        "counter",
        "seconds",
        "CPU time consumed in user mode",
        "cpuacct.stat user (ticks)",
        "cpu.stat user_usec",
    ),
    _container(
        "cpu_system_seconds_total",
        "counter",
        "seconds",
        "CPU time consumed in the kernel",
        "cpuacct.stat system (ticks)",
        "cpu.stat system_usec",
    ),
    _container(
        "cpu_cfs_periods_total",
        "counter",
        "1",
        "Quota periods that passed while the container could run",
        "cpu.stat nr_periods",
        "cpu.stat nr_periods",
    ),
    _container(
        "cpu_cfs_throttled_periods_total",
        "counter",
        "1",
        "Quota periods in which the container was held back",
        "cpu.stat nr_throttled",
        "cpu.stat nr_throttled",
    ),
    _container(
        "cpu_cfs_throttled_seconds_total",
        "counter",
        "seconds",
        "Time for which the container's CPUs were held back",
        "cpu.stat throttled_time (ns)",
        "cpu.stat throttled_usec",
    ),
    _container(
        "spec_cpu_quota",
        "gauge",
        "microseconds",
        "CPU time allowed in each period; absent when unlimited",
        "cpu.cfs_quota_us",
        "cpu.max",
    ),
    _container(
        "spec_cpu_period",
        "gauge",
        "microseconds",
        "Length of a quota period",
        "cpu.cfs_period_us",
        "cpu.max",
    ),
    _container(
        "spec_cpu_shares",
        "gauge",
        "shares",
        "Weight against other containers (1024 is the usual one)",
        "cpu.shares",
        "cpu.weight, by runc's mapping (100 is 1024)",
    ),
)

_MEMORY = (
    _container(
        "memory_usage_bytes",
        "gauge",
        "bytes",
        "Memory in use, page cache included",
        "memory.usage_in_bytes",
        "memory.current",
    ),
    _container(
        "memory_working_set_bytes",
        "gauge",
        "bytes",
        "Memory in use less inactive file pages, not below 0: what the OOM killer looks at",
        "memory.usage_in_bytes - memory.stat total_inactive_file",
        "memory.current - memory.stat inactive_file",
    ),
    _container(
        "memory_rss",
        "gauge",
        "bytes",
        "Anonymous memory",
        "memory.stat total_rss",
        "memory.stat anon",
    ),
    _container(
        "memory_cache",
        "gauge",
        "bytes",
        "Page cache",
        "memory.stat total_cache",
        "memory.stat file",
    ),
    _container(
        "memory_mapped_file",
        "gauge",
        "bytes",
        "Mapped file pages",
        "memory.stat total_mapped_file",
        "memory.stat file_mapped",
    ),
    _container(
        "memory_swap",
        "gauge",
        "bytes",
        "Swap in use",
        "memory.stat total_swap",
        "memory.swap.current",
    ),
    _container(
        "memory_max_usage_bytes",
        "gauge",
        "bytes",
        "Most memory ever in use",
        "memory.max_usage_in_bytes",
        "memory.peak (kernel 5.19)",
    ),
    _container(
        "memory_failcnt",
        "counter",
        "1",
        "Times the memory limit was hit",
        "memory.failcnt",
        "memory.events max",
    ),
    _container(
        "memory_page_faults_total",
        "counter",
        "1",
        "Page faults",
        "memory.stat total_pgfault",
        "memory.stat pgfault",
    ),
    _container(
        "memory_major_page_faults_total",
        "counter",
        "1",
        "Page faults that had to read from disk",
        "memory.stat total_pgmajfault",
        "memory.stat pgmajfault",
    ),
    _container(
        "oom_events_total",
        "counter",
        "1",
        "Processes killed for want of memory",
        "memory.oom_control oom_kill",
        "memory.events oom_kill",
    ),
    _container(
        "spec_memory_limit_bytes",
        "gauge",
        "bytes",
        "Memory limit; absent when unlimited",
        "memory.limit_in_bytes",
        "memory.max",
    ),
)

_DEVICE = ("device",)
_IO = (
    _container(
        "fs_reads_bytes_total",
        "counter",
        "bytes",
        "Bytes read from a block device",
        "blkio.throttle.io_service_bytes_recursive Read",
        "io.stat rbytes",
        _DEVICE,
    ),
    _container(
        "fs_writes_bytes_total",
        "counter",
        "bytes",
        "Bytes written to a block device",
        "blkio.throttle.io_service_bytes_recursive Write",
        "io.stat wbytes",
        _DEVICE,
    ),
    _container(
        "fs_reads_total",
        "counter",
        "1",
        "Reads from a block device",
        "blkio.throttle.io_serviced_recursive Read",
        "io.stat rios",
        _DEVICE,
    ),
    _container(
        "fs_writes_total",
        "counter",
        "1",
        "Writes to a block device",
        "blkio.throttle.io_serviced_recursive Write",
        "io.stat wios",
        _DEVICE,
    ),
)

_NETWORK = tuple(
    _container(
        f"network_{way}_{what}_total",
        "counter",
        "bytes" if what == "bytes" else "1",
        f"{text} {'received' if way == 'receive' else 'sent'}",
        f"/proc/PID/net/dev {column}",
        f"/proc/PID/net/dev {column}",
        ("interface",),
    )
    for way in ("receive", "transmit")
    for what, text, column in (
        ("bytes", "Bytes", "bytes"),
        ("packets", "Packets", "packets"),
        ("errors", "Errors: packets that could not be", "errs"),
        ("packets_dropped", "Dropped: packets that should have been", "drop"),
    )
)

_PROCESSES = (
    _container(
        "processes", "gauge", "1", "Processes", "cgroup.procs, counted", "cgroup.procs, counted"
    ),
    _container("threads", "gauge", "1", "Threads", "pids.current", "pids.current"),
    _container(
        "threads_max",
        "gauge",
        "1",
        "Threads allowed; absent when unlimited",
        "pids.max",
        "pids.max",
    ),
    _container(
        "start_time_seconds",
        "gauge",
        "unix seconds",
        "When the container's first process started",
        "/proc/PID/stat starttime",
        "/proc/PID/stat starttime",
    ),
)

_PRESSURE_HELP = {
    ("cpu", "waiting"): "Time in which some task waited for a CPU",
    ("cpu", "stalled"): "Time in which all tasks waited for a CPU",
    ("memory", "waiting"): "Time in which some task waited for memory",
    ("memory", "stalled"): "Time in which all tasks waited for memory",
    ("io", "waiting"): "Time in which some task waited for a disk",
    ("io", "stalled"): "Time in which all tasks waited for a disk",
}
_KERNEL_WORD = {"waiting": "some", "stalled": "full"}
_PRESSURE = tuple(
    _container(
        f"pressure_{what}_{kind}_seconds_total",
        "counter",
        "seconds",
        help,
        "",
        f"{what}.pressure {_KERNEL_WORD[kind]} total (µs)",
    )
    for (what, kind), help in _PRESSURE_HELP.items()
)

_NODE = (
    _host(
        "node",
        "cpu_usage_seconds_total",
        "counter",
        "seconds",
        "CPU time of the whole node that was not idle and not waiting for disks",
        "/proc/stat cpu: user nice system irq softirq steal",
    ),
    _host(
        "node",
        "cpu_seconds_total",
        "counter",
        "seconds",
        "CPU time of the whole node in each mode",
        "/proc/stat cpu",
        ("mode",),
    ),
    _host(
        "node",
        "memory_working_set_bytes",
        "gauge",
        "bytes",
        "Memory that is not available to new programs: total less available",
        "/proc/meminfo MemTotal - MemAvailable",
    ),
    _host("node", "memory_MemTotal_bytes", "gauge", "bytes", "Memory", "/proc/meminfo MemTotal"),
    _host(
        "node",
        "memory_MemAvailable_bytes",
        "gauge",
        "bytes",
        "Memory available to new programs without swapping",
        "/proc/meminfo MemAvailable",
    ),
    _host(
        "node", "memory_SwapTotal_bytes", "gauge", "bytes", "Swap space", "/proc/meminfo SwapTotal"
    ),
    _host(
        "node",
        "memory_SwapFree_bytes",
        "gauge",
        "bytes",
        "Free swap space",
        "/proc/meminfo SwapFree",
    ),
    *(
        _host("node", f"load{n}", "gauge", "1", f"Load average over {n} min", "/proc/loadavg")
        for n in (1, 5, 15)
    ),
    *(
        _host(
            "node",
            f"network_{way}_bytes_total",
            "counter",
            "bytes",
            f"Bytes {verb} by a network interface",
            "/proc/net/dev bytes",
            _DEVICE,
        )
        for way, verb in (("receive", "received"), ("transmit", "sent"))
    ),
    *(
        _host(
            "node",
            f"disk_{verb}_bytes_total",
            "counter",
            "bytes",
            f"Bytes {verb} {way} a disk",
            "/proc/diskstats sectors",
            _DEVICE,
        )
        for verb, way in (("read", "from"), ("written", "to"))
    ),
    _host(
        "node",
        "filesystem_size_bytes",
        "gauge",
        "bytes",
        "Size of a filesystem",
        "statvfs",
        ("mountpoint",),
    ),
    _host(
        "node",
        "filesystem_avail_bytes",
        "gauge",
        "bytes",
        "Space in a filesystem that ordinary users may still take",
        "statvfs",
        ("mountpoint",),
    ),
    _host(
        "node",
        "boot_time_seconds",
        "gauge",
        "unix seconds",
        "When the node booted",
        "/proc/stat btime",
    ),
    *(
        _host(
            "node",
            f"pressure_{what}_{kind}_seconds_total",
            "counter",
            "seconds",
            help,
            f"/proc/pressure/{what} {_KERNEL_WORD[kind]} total (µs)",
        )
        for (what, kind), help in _PRESSURE_HELP.items()
    ),
    _host("machine", "cpu_cores", "gauge", "cores", "Logical CPUs", "/proc/stat, CPUs online"),
    _host("machine", "memory_bytes", "gauge", "bytes", "Memory", "/proc/meminfo MemTotal"),
)

_WEIR = tuple(
    Metric("weir", field, kind, unit, help)
    for field, kind, unit, help in (
        ("sweep_seconds", "gauge", "seconds", "How long the last sweep took"),
        ("sweep_cpu_seconds_total", "counter", "seconds", "CPU time of all sweeps"),
        ("sweep_errors_total", "counter", "1", "Files that did not hold what they should"),
        ("sweeps_missed_total", "counter", "1", "Ticks that passed while a sweep still ran"),
        ("containers", "gauge", "1", "Containers that are read"),
        ("open_descriptors", "gauge", "1", "Descriptors kept open on kernel files"),
        ("log_bytes", "gauge", "bytes", "Size of the edge log"),
        ("log_gap_records", "gauge", "1", "Records that were dropped before they were delivered"),
        ("log_damaged_records_total", "counter", "1", "Records lost to damage on the disk"),
    )
)

CATALOGUE: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        *_CPU,
        *_MEMORY,
        *_IO,
        *_NETWORK,
        *_PROCESSES,
        *_PRESSURE,
        *_NODE,
        *_WEIR,
    )
}
"""Every metric by its name."""
