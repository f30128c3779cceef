"""What devices did: NetworkStats, DiskIoStats and FsStats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from collector.cadvisor.containers import Fields
from collector.cadvisor.figures import Parts, Stats, Table, by_tag, number, pressure, row, rows

_INTERFACE: Table = tuple(
    (f"{short}_{theirs}", f"network_{way}_{ours}_total")
    for short, way in (("rx", "receive"), ("tx", "transmit"))
    for theirs, ours in (
        ("bytes", "bytes"), ("packets", "packets"), ("errors", "errors"),
        ("dropped", "packets_dropped"),
    )
)  # fmt: skip
_TCP = (
    "Established", "SynSent", "SynRecv", "FinWait1", "FinWait2", "TimeWait", "Close", "CloseWait",
    "LastAck", "Listen", "Closing",
)  # fmt: skip
_UDP = ("Listen", "Dropped", "RxQueued", "TxQueued")
_SOCKETS = (("tcp", _TCP), ("tcp6", _TCP), ("udp", _UDP), ("udp6", _UDP))
Operations = tuple[tuple[str, Table], ...]
_OPERATIONS: Operations = (
    (
        "io_service_bytes",
        (("Read", "fs_reads_bytes_total"), ("Write", "fs_writes_bytes_total")),
    ),
    ("io_serviced", (("Read", "fs_reads_total"), ("Write", "fs_writes_total"))),
    *(
        (f"io_cost_{what}", (("Count", f"fs_io_cost_{what}_seconds_total"),))
        for what in ("usage", "wait", "indebt", "indelay")
    ),
)
_FILESYSTEM: Table = (
    ("capacity", "fs_limit_bytes"),
    ("usage", "fs_usage_bytes"),
    ("base_usage", "fs_usage_bytes"),
    ("inodes", "fs_inodes_used"),
)
_NOT_READ = (
    "reads_completed", "reads_merged", "sectors_read", "read_time", "writes_completed",
    "writes_merged", "sectors_written", "write_time", "io_in_progress", "io_time",
    "weighted_io_time",
)  # fmt: skip

Numbers = Callable[[str], tuple[int, int]]
"""The major and minor number of the block device of that name."""


def interfaces(parts: Parts, tag: str = "interface", table: Table = _INTERFACE) -> dict[str, Stats]:
    """The figures of InterfaceStats by the interface's name, which stands under `tag`."""
    return rows(table, parts, tag)


def network(found: Mapping[str, Stats], parts: Parts) -> Stats | None:
    """NetworkStats: the first interface's figures, and all of them; None without an interface.

    `parts` may hold counts of sockets by state.
    """
    if not found:
        return None
    each = [{"name": name, **found[name]} for name in sorted(found)]
    return {**each[0], "interfaces": each, **dict(_sockets(parts))}


def disk_io(
    fields: Fields, parts: Parts, numbers: Numbers, operations: Operations = _OPERATIONS
) -> Stats:
    """DiskIoStats."""
    found: Stats = {}
    for theirs, table in operations:
        each = [_disk(name, stats, numbers) for name, stats in rows(table, parts, "device").items()]
        if each:
            found[theirs] = each
    return {**found, "psi": pressure("io", fields)}


def filesystems(parts: Parts, numbers: Numbers) -> list[Stats]:
    """FsStats of what a container has written."""
    return [
        filesystem(_path(device, numbers), "", row(_FILESYSTEM, fields))
        for device, fields in by_tag(parts, "device")
        if "fs_usage_bytes" in fields
    ]


def filesystem(device: str, kind: str, figures: Stats) -> Stats:
    """FsStats; what Weir does not read is 0.

    As in cAdvisor `inodes` are those in use for a container, and all that there are for the
    machine, of whose filesystems the free ones are told too.
    """
    return {
        "device": device,
        "type": kind,
        **dict.fromkeys(("available", "inodes_free", "base_usage", *_NOT_READ), 0),
        **figures,
        "has_inodes": "inodes_free" in figures,
    }


def _disk(name: str, stats: Stats, numbers: Numbers) -> Stats:
    if "Count" in stats:  # io.cost is in µs, as in the kernel
        stats = {"Count": stats["Count"] // 1000}
    major, minor = numbers(name)
    return {"device": _path(name, numbers), "major": major, "minor": minor, "stats": stats}


def _path(device: str, numbers: Numbers) -> str:
    """A block device's file; "" of one known by its numbers only; what is none (tmpfs) as it is."""
    if ":" in device:
        return ""
    return device if numbers(device) == (0, 0) else f"/dev/{device}"


def _sockets(parts: Parts) -> Iterator[tuple[str, Stats]]:
    counted = {kind: dict(by_tag(parts, f"{kind}_state")) for kind in ("tcp", "udp")}
    for protocol, states in _SOCKETS:
        of_kind, field = counted[protocol[:3]], f"network_{protocol}_usage_total"
        yield (
            protocol,
            {state: number(of_kind.get(state.lower(), {}).get(field), "") for state in states},
        )
