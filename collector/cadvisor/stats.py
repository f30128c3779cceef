"""A container's sample as cAdvisor's ContainerStats."""

from __future__ import annotations

from collector.cadvisor.containers import Fields
from collector.cadvisor.device_stats import Numbers, disk_io, filesystems, interfaces, network
from collector.cadvisor.figures import Parts, Stats, Table, by_tag, number, pressure, row, rows
from collector.cadvisor.gotime import rfc3339
from collector.cadvisor.memory_stats import memory
from collector.cadvisor.samples import Sample

_USAGE: Table = (
    ("total", "cpu_usage_seconds_total"),
    ("user", "cpu_user_seconds_total"),
    ("system", "cpu_system_seconds_total"),
)
_PER_CPU = "cpu_percpu_usage_seconds_total"
_CFS: Table = (
    ("periods", "cpu_cfs_periods_total"),
    ("throttled_periods", "cpu_cfs_throttled_periods_total"),
    ("throttled_time", "cpu_cfs_throttled_seconds_total"),
    ("bursts_periods", "cpu_cfs_burst_periods_total"),
    ("burst_time", "cpu_cfs_burst_seconds_total"),
)
_SCHEDSTAT: Table = (
    ("run_time", "cpu_schedstat_run_seconds_total"),
    ("runqueue_time", "cpu_schedstat_runqueue_seconds_total"),
    ("run_periods", "cpu_schedstat_run_periods_total"),
)
_PROCESSES: Table = (
    ("process_count", "processes"),
    ("fd_count", "file_descriptors"),
    ("socket_count", "sockets"),
)
_THREADS: Table = (("threads_current", "threads"), ("threads_max", "threads_max"))
_HUGETLB: Table = (
    ("usage", "hugetlb_usage_bytes"),
    ("max_usage", "hugetlb_max_usage_bytes"),
    ("failcnt", "hugetlb_failcnt"),
)
_TASKS = ("nr_sleeping", "nr_running", "nr_stopped", "nr_uninterruptible", "nr_io_wait")


def container_stats(sample: Sample, numbers: Numbers) -> Stats:
    """ContainerStats of a container's sample."""
    fields, parts = sample.fields, sample.parts
    stats: Stats = {
        "timestamp": rfc3339(sample.time_ns),
        "cpu": cpu(fields, parts),
        "diskio": disk_io(fields, parts, numbers),
        "memory": memory(fields, parts),
        "processes": _processes(fields, parts),
        **not_read(),
    }
    optional = {
        "hugetlb": rows(_HUGETLB, parts, "pagesize"),
        "network": network(interfaces(parts), parts),
        "filesystem": filesystems(parts, numbers),
        "oom_events": fields.get("oom_events_total"),
    }
    return stats | {name: value for name, value in optional.items() if value}


def not_read() -> Stats:
    """What every ContainerStats has and Weir has no figures for."""
    return {
        "task_stats": dict.fromkeys(_TASKS, 0),
        "resctrl": {},
        "cpuset": {"memory_migrate": 0},
        "health": {"status": ""},
    }


def cpu(fields: Fields, parts: Parts) -> Stats:
    """CpuStats; `per_cpu_usage` where it is read, with 0 for a CPU that was never used."""
    usage = row(_USAGE, fields)
    used = {
        int(name[3:]): number(one.get(_PER_CPU), _PER_CPU) for name, one in by_tag(parts, "cpu")
    }
    if used:
        usage["per_cpu_usage"] = [used.get(place, 0) for place in range(max(used) + 1)]
    return {
        "usage": usage,
        "cfs": row(_CFS, fields),
        "schedstat": row(_SCHEDSTAT, fields),
        "load_average": 0,
        "load_d_average": 0,
        "psi": pressure("cpu", fields),
    }


def _processes(fields: Fields, parts: Parts) -> Stats:
    found = row(_PROCESSES, fields)
    found |= {theirs: fields[ours] for theirs, ours in _THREADS if fields.get(ours)}
    ulimits = [
        {"name": name, "soft_limit": number(one.get("ulimits_soft"), ""), "hard_limit": 0}
        for name, one in by_tag(parts, "ulimit")
    ]
    return {**found, "ulimits": ulimits} if ulimits else found
