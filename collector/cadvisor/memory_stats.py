"""MemoryStats."""

from __future__ import annotations

from collector.cadvisor.containers import Fields
from collector.cadvisor.figures import Parts, Stats, Table, number, pressure, row

_MEMORY: Table = (
    ("usage", "memory_usage_bytes"),
    ("max_usage", "memory_max_usage_bytes"),
    ("cache", "memory_cache"),
    ("rss", "memory_rss"),
    ("swap", "memory_swap"),
    ("mapped_file", "memory_mapped_file"),
    ("working_set", "memory_working_set_bytes"),
    ("total_active_file", "memory_total_active_file_bytes"),
    ("total_inactive_file", "memory_total_inactive_file_bytes"),
    ("file_dirty", "memory_file_dirty_bytes"),
    ("file_writeback", "memory_file_writeback_bytes"),
    ("pgscan", "memory_pgscan_total"),
    ("pgsteal", "memory_pgsteal_total"),
    ("workingset_refault_file", "memory_workingset_refault_file_total"),
    ("workingset_refault_anon", "memory_workingset_refault_anon_total"),
    ("failcnt", "memory_failcnt"),
    ("kernel", "memory_kernel_usage"),
)
_EVENTS: Table = (("high", "memory_events_high_total"), ("max", "memory_events_max_total"))
_FAULTS = ("pgfault", "pgmajfault")


def memory(fields: Fields, parts: Parts) -> Stats:
    """MemoryStats; page faults and pages on NUMA nodes are parts, by scope."""
    return {
        **row(_MEMORY, fields),
        "container_data": _of_scope(parts, "container"),
        "hierarchical_data": _of_scope(parts, "hierarchy"),
        "psi": pressure("memory", fields),
        "events": row(_EVENTS, fields),
    }


def _of_scope(parts: Parts, scope: str) -> Stats:
    found: Stats = {}
    for kind in _FAULTS:
        of_kind = parts.get((("failure_type", kind), ("scope", scope)), {})
        found[kind] = number(of_kind.get("memory_failures_total"), "")
    numa: dict[str, dict[str, int]] = {}
    for tags, fields in parts.items():
        names = dict(tags)
        if names.keys() == {"numa_node", "scope", "type"} and names["scope"] == scope:
            pages = number(fields.get("memory_numa_pages"), "")
            numa.setdefault(names["type"], {})[names["numa_node"]] = pages
    return {**found, "numa_stats": numa}
