"""Appending within the bounds: what is new is kept, what is oldest goes."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.edgelog import frame
from monitor.edgelog.directory import LogError
from monitor.edgelog.segment import Segment
from monitor.edgelog.segments import Segments

log = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept.

    Whole segments are dropped, oldest first, once all together exceed `max_bytes` or one is older
    than `max_age_seconds`.
    """

    max_bytes: int = 256 * 1024 * 1024
    max_age_seconds: float = 24 * 3600

    @property
    def segment_bytes(self) -> int:
        """Size at which a new segment is begun: a 64th of the whole."""
        return self.max_bytes // 64

    @property
    def segment_ns(self) -> int:
        """Age at which a new segment is begun, so that in a quiet log too the old one can go."""
        return int(self.max_age_seconds * 1e9 / 24)


class Keeper:
    """Appends to the segments and drops from them; tells `on_drop` which segment went, and why.

    Each append waits for the disk (fdatasync), so a power cut costs no record that was appended.
    """

    def __init__(
        self,
        directory: Path,
        segments: Segments,
        limits: Limits,
        clock: Callable[[], int],
        on_drop: Callable[[Segment, str], None],
    ) -> None:
        self._directory = directory
        self._segments = segments
        self._limits = limits
        self._clock = clock
        self._on_drop = on_drop
        self._expire_failed = False

    def put(self, payload: bytes, time_ns: int) -> int:
        """Append one record, on the disk when this returns its sequence number.

        On a full disk the oldest segments are dropped until they freed twice what is needed;
        freeing more would not help. Raises LogError; nothing half-written stays.
        """
        need = frame.HEADER_BYTES + len(payload)
        while self._segments.total_bytes + need > self._limits.max_bytes:
            if not self._drop("size bound"):
                raise LogError(
                    f"edge log {self._directory}: a record of {need:,} bytes is larger than the "
                    f"whole log may be ({self._limits.max_bytes:,}); raise that bound"
                )
        freed = 0
        while True:
            try:
                return self._write(payload, time_ns)
            except OSError as error:
                more = error.errno in _FULL and freed < 2 * need and self._drop("disk full")
                if not more:
                    raise self._cannot(f"keep a record of {need:,} bytes", error) from None
                freed += more

    def expire(self) -> None:
        """Drop the segments that are older than the age bound, never the one appended to."""
        limit = self._clock() - int(self._limits.max_age_seconds * 1e9)
        try:
            while self._segments.count > 1 and self._segments.oldest_is_before(limit):
                self._drop("age bound")
            self._expire_failed = False
        except LogError as error:
            if not self._expire_failed:
                log.warning("%s", error)
            self._expire_failed = True

    def _write(self, payload: bytes, time_ns: int) -> int:
        active = self._segments.active()
        if active.size >= self._limits.segment_bytes or self._is_old(active):
            self._segments.roll()
            active = self._segments.active()
        sequence = self._segments.next
        before = active.size, active.last
        active.append(sequence, time_ns, payload)
        try:
            active.sync()
        except OSError:
            active.take_back(*before)
            raise
        self._segments.next = sequence + 1
        return sequence

    def _is_old(self, active: Segment) -> bool:
        if active.oldest_ns is None:
            return False
        return self._clock() - active.oldest_ns > self._limits.segment_ns

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
