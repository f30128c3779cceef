"""The store's directory: one file for each UTC day, and what is removed when it is too old."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

DAY_NS = 86_400_000_000_000
_EPOCH = date(1970, 1, 1)
log = logging.getLogger(__name__)


def day_of(time_ns: int) -> int:
    """Days since 1970-01-01 UTC."""
    return time_ns // DAY_NS


def path_of(directory: Path, day: int) -> Path:
    """The file of a day, such as `2026-01-31.sqlite`."""
    return directory / f"{_EPOCH + timedelta(days=day)}.sqlite"


def days_in(directory: Path) -> list[int]:
    """The days that have a file, oldest first; none if the directory is not there (yet)."""
    days = []
    for path in directory.glob("????-??-??.sqlite"):
        try:
            when = datetime.strptime(path.stem, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            continue
        days.append((when.date() - _EPOCH).days)
    return sorted(days)


def remove_before(directory: Path, first: int) -> None:
    """Remove the files of all days before `first`. Raises OSError."""
    for day in days_in(directory):
        if day < first:
            path = path_of(directory, day)
            for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                name.unlink(missing_ok=True)
            log.info("removed %s: it is older than the days to keep (retention_days)", path)
