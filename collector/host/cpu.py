"""CPU time of the whole node, by mode and in sum, and its load."""

from __future__ import annotations

from collections.abc import Iterator

import psutil

from collector.host.rows import Row

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
NOT_USED = ("idle", "iowait")


def cpu() -> Iterator[Row]:
    """Seconds since boot, summed over all CPUs. Guests are in `user`, as the kernel counts them."""
    times = psutil.cpu_times()
    modes = {mode: float(getattr(times, mode, 0.0)) for mode in MODES}
    used = sum(seconds for mode, seconds in modes.items() if mode not in NOT_USED)
    yield Row({}, {"cpu_usage_seconds_total": round(used, 2)})
    for mode, seconds in modes.items():
        yield Row({"mode": mode}, {"cpu_seconds_total": seconds})


def load() -> Iterator[Row]:
    """Load averages over 1, 5 and 15 minutes, and when the node booted (Unix seconds)."""
    averages = zip(("load1", "load5", "load15"), psutil.getloadavg(), strict=True)
    yield Row({}, {**dict(averages), "boot_time_seconds": float(psutil.boot_time())})
