"""What a consumer is told in the place of records that it will never be given.

A gap is not stored among the records, where a long outage would drop it like any other: it follows
from the consumer's cursor and the oldest record that is left, so it is exact whenever it is asked
for, survives every kill, and is repeated until what follows it has been acknowledged.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from monitor.edgelog.cursor import Cursor
from monitor.lineprotocol import encode
from monitor.record import Record, Series, Value

Tags = Mapping[str, str | None]

ROOM_BYTES = 32 * 1024
"""More than a gap takes, decoded or not: the tags cluster and node of 4 KiB each, escaped."""


def dropped(first: int, last: int, consumer: str, tags: Tags, time_ns: int) -> bytes:
    """A gzip member: records `first` to `last` went before they were acknowledged."""
    fields: dict[str, Value] = {
        "log_gap_records": last - first + 1,
        "log_gap_first_seq": first,
        "log_gap_last_seq": last,
        "log_gap_reason": "dropped by size, age or a full disk",
    }
    return _member(fields, consumer, tags, time_ns)


def other_log(cursor: Cursor, consumer: str, tags: Tags, time_ns: int) -> bytes:
    """A gzip member: what followed `cursor` is not in this log; nobody can know how much it was."""
    fields: dict[str, Value] = {
        "log_gap_first_seq": cursor.sequence + 1,
        "log_gap_reason": f"the cursor {cursor} is of another log, or of a later state of this one",
    }
    return _member(fields, consumer, tags, time_ns)


def _member(fields: dict[str, Value], consumer: str, tags: Tags, time_ns: int) -> bytes:
    series = Series.of("weir", {**tags, "process": "collector", "consumer": consumer})
    return zlib.compress(encode([Record(series, fields, time_ns)]), 1, wbits=31)
