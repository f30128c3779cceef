"""Memory and swap of the node, in bytes."""

from __future__ import annotations

from collections.abc import Iterator

import psutil

from collector.host.rows import Row


def memory() -> Iterator[Row]:
    """Total, available, and their difference: what programs hold and will not give up."""
    found = psutil.virtual_memory()
    yield Row(
        {},
        {
            "memory_working_set_bytes": max(0, found.total - found.available),
            "memory_MemTotal_bytes": found.total,
            "memory_MemAvailable_bytes": found.available,
        },
    )


def swap() -> Iterator[Row]:
    """Swap space, in whole and what is free of it."""
    found = psutil.swap_memory()
    yield Row({}, {"memory_SwapTotal_bytes": found.total, "memory_SwapFree_bytes": found.free})
