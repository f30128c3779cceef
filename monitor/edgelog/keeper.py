"""Appending within the bounds: what is new is kept, what is oldest goes."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.edgelog import frame
from monitor.edgelog.directory import LogError
from monitor.edgelog.segment import FULL, Segment
from monitor.edgelog.segments import Segments

log = logging.getLogger(__name__)

_SEGMENTS = 64
"""That the whole is divided into: so much of it goes at once."""
_LEAST_BYTES = 16 * 1024
"""Of a segment on a disk that is smaller than the bound."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept.

    Whole segments are dropped, oldest first, once all together exceed `max_bytes` or one is older
    than `max_age_seconds`.
    """

    max_bytes: int = 256 * 1024 * 1024
    max_age_seconds: float = 24 * 3600

    @property
    def segment_ns(self) -> int:
        """Age at which a new segment is begun, so that in a quiet log too the old one can go."""
        return int(self.max_age_seconds * 1e9 / 24)


class Keeper:
    """Appends to the segments and drops from them; tells `on_drop` which segment went, and why.

    Each append waits for the disk (fdatasync), so a power cut costs no record that was appended.
    Age is counted by `steady`, a clock that nobody sets: where the wall clock jumps, nothing is
    dropped for it and nothing is kept for it.
    """

    def __init__(
        self,
        directory: Path,
        segments: Segments,
        limits: Limits,
        steady: Callable[[], int],
        on_drop: Callable[[Segment, str], None],
    ) -> None:
        self._directory = directory
        self._segments = segments
        self._limits = limits
        self._steady = steady
        self._on_drop = on_drop
        self._expire_failed = False

    def put(self, payload: bytes, time_ns: int) -> int:
        """Append one record, on the disk when this returns its sequence number.

        On a full disk the oldest segments are dropped until they freed twice what is needed;
        freeing more would not help. After any other failure it is tried once more, in a new
        segment. Raises LogError; nothing half-written stays.
        """
        need = frame.HEADER_BYTES + len(payload)
        while self._segments.total_bytes + need > self._limits.max_bytes:
            if not self._drop("size bound"):
                raise LogError(
                    f"edge log {self._directory}: a record of {need:,} bytes is larger than the "
                    f"whole log may be ({self._limits.max_bytes:,}); raise that bound"
                )
        freed, tries = 0, 2
        while True:
            try:
                return self._write(payload, time_ns)
            except OSError as error:
                if error.errno in FULL:
                    more = freed < 2 * need and self._drop("disk full")
                    freed += more
                else:
                    tries -= 1
                    more = tries
                if not more:
                    raise self._cannot(f"keep a record of {need:,} bytes", error) from None

    def expire(self) -> None:
        """Drop the segments that are older than the age bound, never the one appended to."""
        limit = self._steady() - int(self._limits.max_age_seconds * 1e9)
        try:
            while self._segments.count > 1 and self._segments.oldest_ended_before(limit):
                self._drop("age bound")
            self._expire_failed = False
        except LogError as error:
            if not self._expire_failed:
                log.warning("%s", error)
            self._expire_failed = True

    def _write(self, payload: bytes, time_ns: int) -> int:
        active = self._segments.active()
        if active.size >= self._segment_bytes() or self._is_old(active):
            self._segments.roll()
            active = self._segments.active()
        sequence = self._segments.next
        active.append(sequence, time_ns, payload)
        active.ended_at = self._steady()
        if active.begun_at is None:
            active.begun_at = active.ended_at
        self._segments.next = sequence + 1
        return sequence

    def _segment_bytes(self) -> int:
        """Size at which a new segment is begun: a part of the log's bound, or of a smaller disk."""
        disk = os.statvfs(self._directory)
        room = self._segments.total_bytes + disk.f_bavail * disk.f_frsize
        return min(self._limits.max_bytes // _SEGMENTS, max(_LEAST_BYTES, room // _SEGMENTS))

    def _is_old(self, active: Segment) -> bool:
        begun_at = active.begun_at
        return begun_at is not None and self._steady() - begun_at > self._limits.segment_ns

    def _drop(self, reason: str) -> int:
        """Drop the oldest segment; returns the bytes freed, 0 if there was none."""
        try:
            dropped = self._segments.drop_oldest()
        except OSError as error:
            raise self._cannot("drop its oldest segment", error) from None
        if dropped is None:
            return 0
        self._on_drop(dropped, reason)
        return dropped.size

    def _cannot(self, what: str, error: OSError) -> LogError:
        return LogError(
            f"edge log {self._directory}: cannot {what}: {error.strerror}; "
            "free space on its file system or choose another directory (--data)"
        )
