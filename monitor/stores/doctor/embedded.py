"""The embedded store: its directory, its files, the room on its disk."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from monitor.errors import StoreError
from monitor.findings import Finding
from monitor.stores.config import StoreConfig
from monitor.stores.embedded import days
from monitor.stores.embedded.schema import open_for_reading

_AREA = "the store"
_MIB = 1 << 20


def embedded(config: StoreConfig) -> Iterator[Finding]:
    """Its days, what is damaged, and whether all the days to be kept will fit."""
    directory = Path(config.place)
    found = days.days_in(directory)
    yield _files(directory, found)
    yield Finding(
        _AREA, "retention", "ok", f"{config.retention_days} days beside the present one are kept"
    )
    yield _room(directory, found, config.retention_days)


def _files(directory: Path, found: list[int]) -> Finding:
    broken = [path for day in found if _is_broken(path := days.path_of(directory, day))]
    size = sum(_bytes(days.path_of(directory, day)) for day in found) / _MIB
    have = f"{directory}: {len(found)} {'day' if len(found) == 1 else 'days'}, {size:.0f} MiB"
    if not broken:
        return Finding(_AREA, "files", "ok", have)
    names = ", ".join(path.name for path in broken)
    remedy = "move each away with its -wal and -shm; the other days are not affected"
    return Finding(_AREA, "files", "partly", f"{have}; damaged: {names}", remedy)


def _is_broken(path: Path) -> bool:
    """Whether it cannot be opened, or its tables cannot be read."""
    try:
        db = open_for_reading(path)
        if db is not None:
            with contextlib.closing(db):
                db.execute("SELECT count(*) FROM layout").fetchone()
                db.execute("SELECT max(time_ns) FROM frame").fetchone()
    except (sqlite3.Error, StoreError):
        return True
    return False


def _room(directory: Path, found: list[int], retention_days: int) -> Finding:
    """The largest day so far, times the days that are yet to come until the first is removed."""
    free = shutil.disk_usage(directory).free
    largest = max((_bytes(days.path_of(directory, day)) for day in found), default=0)
    more = max(retention_days + 1 - len(found), 0) * largest
    why = (
        f"{free // _MIB:,} MiB free; the largest day so far has {largest // _MIB:,} MiB, so"
        f" {more // _MIB:,} MiB more will be needed"
    )
    if more > free:
        remedy = f"free space under {directory}, or keep fewer days (retention_days)"
        return Finding(_AREA, "room", "partly", why, remedy)
    return Finding(_AREA, "room", "ok", why)


def _bytes(path: Path) -> int:
    size = 0
    for name in (path, Path(f"{path}-wal")):
        with contextlib.suppress(FileNotFoundError):
            size += name.stat().st_size
    return size
