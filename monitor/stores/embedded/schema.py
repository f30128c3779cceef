"""The layout of a day's file, and how a file is opened.

A row for each value would be about 350 MB a day for twenty containers of sixty fields, and reading
one metric would pass over all sixty. So values lie in columns:

- A **frame** is the lines of one gzip member (one record of the edge log, one sweep of one node)
  that have the same measurement and the same numeric fields, within one minute.
- Its **layout** is what frames of one node share from sweep to sweep: the fields, and the series
  in order of their lines (uint32 ids). It is stored once.
- A frame has its lines' times (int64 ns) once, and a `value` row for each field: the field's
  float64 values in the layout's order (see `monitor.stores.embedded.codec`).
- Both are keyed by time behind the measurement or the field, so one field over a range of time is
  one contiguous scan.
- Text goes row by row into `text`.

The same member written again has the same layout and times, and replaces its frame. Otherwise
frames may overlap; `twin` tells frames apart that start at the same nanosecond in the same layout
but go on differently. Readers take each series and time once, from the frame with the highest
`written`.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from pathlib import Path

from monitor.errors import StoreUnavailable

VERSION = 1
"""PRAGMA user_version of a file with this layout."""

SPAN_NS = 60_000_000_000
"""A frame's first and last time are less than this apart."""

NUMBER, TEXT = 0, 1
"""What `field.kind` says; booleans are numbers, 0 and 1."""

_TABLES = """
CREATE TABLE series (
    id INTEGER PRIMARY KEY, measurement TEXT NOT NULL, tags TEXT NOT NULL,
    UNIQUE (measurement, tags));
CREATE TABLE field (
    id INTEGER PRIMARY KEY, measurement TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL,
    UNIQUE (measurement, name));
CREATE TABLE layout (
    id INTEGER PRIMARY KEY, fields BLOB NOT NULL, series BLOB NOT NULL,
    digest BLOB NOT NULL UNIQUE);
CREATE TABLE frame (
    measurement TEXT NOT NULL, time_ns INTEGER NOT NULL, layout INTEGER NOT NULL,
    twin INTEGER NOT NULL, written INTEGER NOT NULL, times BLOB NOT NULL,
    PRIMARY KEY (measurement, time_ns, layout, twin)) WITHOUT ROWID;
CREATE TABLE value (
    field INTEGER NOT NULL, time_ns INTEGER NOT NULL, layout INTEGER NOT NULL,
    twin INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (field, time_ns, layout, twin)) WITHOUT ROWID;
CREATE TABLE text (
    field INTEGER NOT NULL, time_ns INTEGER NOT NULL, series INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (field, time_ns, series)) WITHOUT ROWID;
CREATE TABLE written (count INTEGER NOT NULL);
INSERT INTO written VALUES (0);
"""
_LOCK_TIMEOUT_SECONDS = 5.0


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that commits durably, to a file that is made if it is not there.

    It may be used by one thread at a time. Raises sqlite3.Error and StoreUnavailable.
    """
    db = sqlite3.connect(
        path, timeout=_LOCK_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    with ExitStack() as unless_opened:
        unless_opened.callback(db.close)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("BEGIN IMMEDIATE")
        if _version(db, path) == 0:
            for statement in _TABLES.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
        unless_opened.pop_all()
    return db


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """A read-only connection, or None while the file has no tables yet.

    Raises sqlite3.Error and StoreUnavailable.
    """
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_LOCK_TIMEOUT_SECONDS,
        isolation_level=None,
    )
    with ExitStack() as unless_opened:
        unless_opened.callback(db.close)
        if _version(db, path) == 0:
            return None
        unless_opened.pop_all()
    return db


def _version(db: sqlite3.Connection, path: Path) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, VERSION):
        raise StoreUnavailable(
            f"{path} was written by another version of Weir (layout {version}, this one reads"
            f" {VERSION}): use that version, or move the file away"
        )
    return version
