"""When a container's first process started."""

from __future__ import annotations

import math
import os
from pathlib import Path

_MOST = 1024
"""Of how many processes; the listing is not by age, so too few could miss the first of a fork-heavy
container, and a start that is too late looks like a restart."""
_START_TIME = 19
"""The place of `starttime` behind the command's closing bracket in /proc/PID/stat: proc(5)."""


def start_time(proc: Path, pids: tuple[int, ...], now_seconds: float) -> float | None:
    """Unix seconds at which the eldest of `pids` started, to 10 ms; None if all have ended.

    Never later than now: a sample from before the start would look like one from before a restart.

    The kernel counts from its boot, so the present time less what passed since then is exact even
    where the clock was set after the boot.
    """
    ticks = [tick for pid in pids[:_MOST] if (tick := _started(proc, pid)) is not None]
    uptime = _uptime(proc)
    if not ticks or uptime is None:
        return None
    start = round(now_seconds - uptime + min(ticks) / os.sysconf("SC_CLK_TCK"), 2)
    return min(start, to_10_ms(now_seconds))


def to_10_ms(seconds: float) -> float:
    """Rounded down."""
    return math.floor(seconds * 100) / 100


def _started(proc: Path, pid: int) -> int | None:
    try:
        stat = (proc / str(pid) / "stat").read_bytes()
        return int(stat.rpartition(b")")[2].split()[_START_TIME])
    except (OSError, ValueError, IndexError):
        return None


def _uptime(proc: Path) -> float | None:
    try:
        return float((proc / "uptime").read_bytes().split()[0])
    except (OSError, ValueError, IndexError):
        return None
