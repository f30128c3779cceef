"""Memory and swap of the node, in bytes, from /proc/meminfo.

Not through psutil, whose `cached` is another figure than the kernel's Cached (the reclaimable slab
is in it), and which would read the file twice for memory and swap, and /proc/vmstat beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from collector.cgroup.parse import Fields, Malformed
from collector.host.rows import Row

KEYS = ("MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapTotal", "SwapFree")
_FIELDS = {f"{key}:".encode(): f"memory_{key}_bytes" for key in KEYS}


def memory(proc_root: Path) -> Iterator[Row]:
    """The kernel's figures, and what programs hold and will not give up: total less available.

    Raises ValueError naming the file and the line.
    """
    path = proc_root / "meminfo"
    try:
        fields = parse(path.read_bytes())
    except Malformed as error:
        raise ValueError(f"{path}, {error}") from None
    total, available = fields.get("memory_MemTotal_bytes"), fields.get("memory_MemAvailable_bytes")
    if isinstance(total, int) and isinstance(available, int):
        fields["memory_working_set_bytes"] = max(0, total - available)
    yield Row({}, fields)


def parse(data: bytes) -> Fields:
    """What /proc/meminfo says of KEYS."""
    fields: Fields = {}
    for number, line in enumerate(data.splitlines(), 1):
        words = line.split()
        field = _FIELDS.get(words[0]) if words else None
        if field is None:
            continue
        if len(words) != 3 or not words[1].isdigit() or words[2] != b"kB":
            raise Malformed(number, line)
        fields[field] = int(words[1]) * 1024
    return fields
