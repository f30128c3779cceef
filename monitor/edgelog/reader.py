"""Whole records after a sequence number, never more than asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from monitor.edgelog import frame
from monitor.edgelog.cursor import Cursor
from monitor.edgelog.segment import View

MAX_DECODED_BYTES = 4 * 1024 * 1024
"""A batch of several records decodes to at most this; a single record may be larger."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that follow one another.

    `body` is their gzip members in a row, which is one gzip stream; empty when there is nothing
    new. `records` counts the members, a gap in front of them included. `cursor` stands behind
    them, `backlog` counts the records that follow, `newest_ns` is the Unix time of the last record
    (None without one).
    """

    body: bytes
    cursor: Cursor
    records: int
    backlog: int
    newest_ns: int | None


class Place(NamedTuple):
    """Where the record behind a cursor begins, so that the next read need not search for it."""

    path: Path
    offset: int


class SegmentGone(Exception):
    """The segment's file went away while it was read; look again. `path` names it."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


DamageSeen = Callable[[Path, int, str], None]


class Collected:
    """A batch while it grows: says when a further record would be more than asked for."""

    def __init__(self, after: int, max_bytes: int) -> None:
        self.payloads: list[bytes] = []
        self.sequence = after
        self.oldest_ns: int | None = None
        self.newest_ns: int | None = None
        self.place: Place | None = None
        self._encoded_left = max_bytes
        self._decoded_left = MAX_DECODED_BYTES

    def fits(self, length: int) -> bool:
        """Whether a record of `length` encoded bytes may be read (the first always may)."""
        return not self.payloads or length <= self._encoded_left

    def take(self, payload: bytes, header: frame.Frame, path: Path) -> bool:
        """Add a record; False, and nothing added, if it would decode to too much."""
        decoded = int.from_bytes(payload[-4:], "little")  # the trailer of a gzip member, RFC 1952
        if self.payloads and decoded > self._decoded_left:
            return False
        self.payloads.append(payload)
        self._encoded_left -= len(payload)
        self._decoded_left -= decoded
        self.sequence = header.sequence
        self.newest_ns = header.time_ns
        if self.oldest_ns is None:
            self.oldest_ns = header.time_ns
        self.place = Place(path, header.end)
        return True


def collect(
    views: Sequence[View],
    after: int,
    max_bytes: int,
    start: Place | None,
    damaged: DamageSeen,
    strict: bool,
) -> Collected:
    """The records of `views` with a sequence above `after`, up to `max_bytes` but at least one.

    `start` may say where they begin. What the disk does not give is damage, where `strict` it
    raises OSError. Raises SegmentGone, OSError.
    """
    found = Collected(after, max_bytes)
    for view in views:
        if view.last <= after:
            continue
        offset = start.offset if start is not None and start.path == view.path else 0
        try:
            fd = os.open(view.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise SegmentGone(view.path) from None
        try:
            if not _collect_from(fd, view, offset, found, damaged, strict):
                return found
        finally:
            os.close(fd)
    if views:
        found.sequence = max(found.sequence, views[-1].last)
    return found


def _collect_from(
    fd: int, view: View, offset: int, found: Collected, damaged: DamageSeen, strict: bool
) -> bool:
    """Take what fits; False when the batch is full."""
    for header in _trusted(fd, view, offset, damaged, strict):
        if not found.sequence < header.sequence <= view.last or not header.length:
            continue  # had before, or of no segment of ours, or a number that is void
        if not found.fits(header.length):
            return False
        payload = frame.payload_of(fd, header, strict)
        if payload is None:
            _still_there(fd, view)
            damaged(view.path, header.offset, f"record {header.sequence} fails its checksum")
        elif not found.take(payload, header, view.path):
            return False
    return True


def _trusted(
    fd: int, view: View, offset: int, damaged: DamageSeen, strict: bool
) -> Iterator[frame.Frame]:
    for item in frame.walk(fd, offset, view.size, strict):
        if isinstance(item, frame.Frame):
            yield item
        else:
            _still_there(fd, view)
            damaged(view.path, item.offset, f"{item.length} bytes hold no readable record")


def _still_there(fd: int, view: View) -> None:
    """Dropping empties the file first: then its missing bytes are no damage."""
    if os.fstat(fd).st_size == 0:
        raise SegmentGone(view.path)
