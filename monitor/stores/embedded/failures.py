"""What an error of SQLite means to the person who runs Weir."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from monitor.errors import StoreUnavailable

_NO_SPACE_BYTES = 1 << 20


def unavailable(error: sqlite3.Error | OSError, path: Path) -> StoreUnavailable:
    """The one line for `error`, met at a day's file or the store's directory `path`."""
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL" or (_io(error, name) and _full(path.parent)):
        return StoreUnavailable(
            f"the disk under {path.parent} is full: free space there or keep fewer days"
            " (retention_days); new samples wait on their nodes until then"
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreUnavailable(f"{path} is locked by another process: is another Weir writing?")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(path, str(error))
    return StoreUnavailable(f"{path}: {error}: check that it may be read and written")


def damaged(path: Path, reason: str) -> StoreUnavailable:
    """The one line for a day's file that is no longer what was written."""
    return StoreUnavailable(
        f"{path} is damaged ({reason}): move it away together with its -wal and -shm files;"
        " the other days are not affected"
    )


def _io(error: Exception, name: str) -> bool:
    return isinstance(error, OSError) or name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN"))


def _full(directory: Path) -> bool:
    try:
        return shutil.disk_usage(directory).free < _NO_SPACE_BYTES
    except OSError:
        return False
