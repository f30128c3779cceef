"""The names and bounds that both sides of the stream share.

POST /api/v1/consumers/NAME/pull?ack=EPOCH.RUN:SEQ&after=EPOCH.RUN:SEQ&max_bytes=N
GET  /api/v1/stream?after=EPOCH.RUN:SEQ&max_bytes=N
"""

from __future__ import annotations

from monitor.edgelog.log import MAX_LINES_BYTES, MAX_RECORD_BYTES

CURSOR = "Weir-Cursor"
"""EPOCH.RUN:SEQ behind the last record of the answer."""

BACKLOG = "Weir-Backlog-Records"
"""How many records follow it."""

NEWEST = "Weir-Newest-Ns"
"""Unix nanoseconds of the last record of the answer; absent where it has only a gap."""

DEFAULT_BYTES = 1024 * 1024
MAX_BYTES = MAX_RECORD_BYTES
"""Compressed bytes of one answer: what a pull may ask for, and what a single record may have."""

MAX_DECODED_BYTES = MAX_LINES_BYTES
"""Decoded bytes of one answer; the log ends a batch of several records earlier."""
