"""EdgeLog: append, read, acknowledge, and say what was lost."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.edgelog import gap
from monitor.edgelog.backward import Past, Span, newest_first
from monitor.edgelog.consumers import Consumers, check_name
from monitor.edgelog.cursor import Cursor
from monitor.edgelog.directory import Lock, LogError, new_epoch, read_epoch
from monitor.edgelog.keeper import Keeper, Limits
from monitor.edgelog.reader import Batch, Place, SegmentGone, collect
from monitor.edgelog.segment import Segment, View
from monitor.edgelog.segments import Segments, segment_paths

log = logging.getLogger(__name__)

MAX_LINES_BYTES = 16 * 1024 * 1024
MAX_RECORD_BYTES = 4 * 1024 * 1024
"""The most that a reader takes at once, decoded and not: a record, and a gap in front of it."""
SMALL_LINES_BYTES = MAX_RECORD_BYTES - 64 * 1024
"""Lines of this size make a record that is never too large, however badly they compress."""
_PLACES = 64


@dataclass(frozen=True, slots=True)
class LogStats:
    """What the log holds, and what it lost since it was opened.

    `lost_records` went before some consumer had acknowledged them, `refused_records` could not be
    kept at all, `damaged` counts places that fail their checksum. `backlog` is the number of
    records that each consumer has yet to acknowledge.
    """

    total_bytes: int
    segments: int
    oldest_ns: int | None
    last_sequence: int
    dropped_records: int
    lost_records: int
    refused_records: int
    damaged: int
    backlog: Mapping[str, int]


class EdgeLog:
    """An append-only log in a directory of its own; one process has it open, any thread uses it.

    A record is one sweep's lines of line protocol, kept as one gzip member under a sequence number
    that only grows, over restarts too. `epoch` changes only when the log is made anew.
    """

    def __init__(
        self,
        directory: Path,
        limits: Limits | None = None,
        *,
        tags: Mapping[str, str | None] | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Open or create the log. `tags` (cluster, node) stand on the lines it writes itself.

        Raises LogError when the directory cannot be used or another process has it open.
        """
        self.directory = directory
        self._tags = dict(tags or {})
        self._clock = clock
        self._mutex = threading.RLock()
        self._losing: set[str] = set()
        self._places: OrderedDict[int, Place] = OrderedDict()
        self._damage_seen: set[tuple[Path, int]] = set()
        self._dropped = self._lost = self._damaged = self._refused = 0
        try:
            self._open(limits or Limits())
        except OSError as error:
            raise LogError(
                f"edge log {directory}: {error.strerror}"
                f"{f' ({error.filename})' if error.filename else ''}; "
                "make it writable for this user or choose another directory (--data)"
            ) from None

    def _open(self, limits: Limits) -> None:
        files, consumers = self.directory / "segments", self.directory / "consumers"
        for path in (self.directory, files, consumers):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = Lock(self.directory)
        known = read_epoch(self.directory) if segment_paths(files) else None
        self.epoch = known or new_epoch(self.directory)
        self._consumers = Consumers(consumers, self.epoch)
        self._segments = Segments(files, max([0, *self._consumers.all().values()]) + 1)
        self._segments.active()
        self._keeper = Keeper(self.directory, self._segments, limits, self._clock, self._on_drop)

    def append(self, lines: bytes, time_ns: int | None = None) -> int:
        """Keep one record of whole lines; returns its sequence number once it is on the disk.

        `time_ns` is its Unix time (default: now). Raises LogError if it cannot be kept; the log
        stays usable, and takes records again as soon as there is space.
        """
        payload = zlib.compress(lines, 1, wbits=31)
        with self._mutex:
            try:
                self._check_size(lines, payload)
                sequence = self._keeper.put(payload, self._clock() if time_ns is None else time_ns)
            except LogError:
                self._refused += 1
                raise
            self._keeper.expire()
            return sequence

    def _check_size(self, lines: bytes, payload: bytes) -> None:
        room = gap.ROOM_BYTES
        if len(lines) > MAX_LINES_BYTES - room or len(payload) > MAX_RECORD_BYTES - room:
            raise LogError(
                f"edge log {self.directory}: a record of {len(lines):,} bytes ({len(payload):,} "
                "compressed) is too large for a reader; split it"
            )

    def read(self, after: Cursor | None, max_bytes: int) -> Batch:
        """The records behind `after` (None, or another log's: from the oldest), at least one.

        Reads at most `max_bytes` of them, unless the first alone is larger. Records that are gone
        or a cursor of another log are told of in a gap, a first `weir` line. Changes nothing.
        Raises LogError.
        """
        with self._mutex:
            start = self._segments.before_oldest if after is None else after.sequence
            foreign = after if after is not None and not self._is_ours(after) else None
            if foreign is not None:
                start = self._segments.before_oldest
        return self._read(start, max_bytes, foreign, "")

    def newest_first(self, span: Span) -> Iterator[Past]:
        """The records of `span` from the newest back, each read when it is taken.

        Raises LogError.
        """
        with self._mutex:
            views = self._segments.views()
        try:
            yield from newest_first(views, span, self._note_damage)
        except OSError as error:
            raise LogError(f"edge log {self.directory}: cannot be read: {error}") from None

    def pull(self, consumer: str, ack: Cursor | None, max_bytes: int) -> Batch:
        """Acknowledge everything up to `ack` for `consumer`, durably, then read what follows.

        A new consumer starts at the oldest record. A cursor that this log never gave (another
        epoch) acknowledges nothing; the jump is told of in a gap, and so are records that are gone.
        Raises BadRequest for a name that cannot be or one consumer too many, LogError.
        """
        check_name(consumer)
        with self._mutex:
            foreign = ack if ack is not None and not self._is_ours(ack) else None
            done = self._consumers.done(consumer)
            start = self._segments.before_oldest if done is None else done
            if ack is not None and foreign is None:
                start = ack.sequence if done is None else max(done, ack.sequence)
            self._consumers.move(consumer, start)
        return self._read(start, max_bytes, foreign, consumer)

    def forget(self, consumer: str) -> bool:
        """Remove a consumer; False if there is none of that name. Raises BadRequest, LogError."""
        with self._mutex:
            try:
                return self._consumers.forget(consumer)
            except OSError as error:
                raise LogError(f"edge log {self.directory}: {error}") from None

    def stats(self) -> LogStats:
        """What the log holds now."""
        with self._mutex:
            views = self._segments.views()
            oldest = self._segments.oldest
            done = self._consumers.all()
            return LogStats(
                total_bytes=self._segments.total_bytes,
                segments=self._segments.count,
                oldest_ns=oldest.oldest_ns if oldest else None,
                last_sequence=self._segments.next - 1,
                dropped_records=self._dropped,
                lost_records=self._lost,
                refused_records=self._refused,
                damaged=self._damaged,
                backlog={name: _beyond(sequence, views) for name, sequence in done.items()},
            )

    def close(self) -> None:
        """Let another process open the log."""
        with self._mutex:
            self._segments.close()
            self._lock.release()

    # -- reading --------------------------------------------------------------------------------

    def _read(self, start: int, max_bytes: int, foreign: Cursor | None, consumer: str) -> Batch:
        while True:
            with self._mutex:
                views = self._segments.views()
                before = self._segments.before_oldest
                place = self._places.get(start)
            room = gap.ROOM_BYTES if foreign is not None or start < before else 0
            try:
                found = collect(views, start, max_bytes - room, place, self._note_damage)
                break
            except SegmentGone as gone:
                self._forget_vanished(gone.path)
            except OSError as error:
                raise LogError(f"edge log {self.directory}: cannot be read: {error}") from None
        if found.place is not None:
            self._remember(found.sequence, found.place)
        members = found.payloads
        at = self._clock() if found.oldest_ns is None else found.oldest_ns - 1
        if foreign is not None:
            members = [gap.other_log(foreign, consumer, self._tags, at), *members]
        elif start < before:
            members = [gap.dropped(start + 1, before, consumer, self._tags, at), *members]
        sequence = max(found.sequence, before)
        return Batch(
            body=b"".join(members),
            cursor=Cursor(self.epoch, sequence),
            records=len(members),
            backlog=_beyond(sequence, views),
            newest_ns=found.newest_ns,
        )

    def _remember(self, sequence: int, place: Place) -> None:
        with self._mutex:
            self._places[sequence] = place
            self._places.move_to_end(sequence)
            if len(self._places) > _PLACES:
                self._places.popitem(last=False)

    def _note_damage(self, path: Path, offset: int, what: str) -> None:
        with self._mutex:
            if (path, offset) not in self._damage_seen:
                self._damage_seen.add((path, offset))
                self._damaged += 1
                log.warning("%s is damaged at offset %d: %s; reading on", path, offset, what)

    def _forget_vanished(self, path: Path) -> None:
        with self._mutex:
            segment = self._segments.vanished(path)
            if segment is not None:
                self._damaged += 1
                log.warning("%s was removed by someone else; its records are lost", path)

    def _is_ours(self, cursor: Cursor) -> bool:
        return cursor.epoch == self.epoch and cursor.sequence <= self._segments.last_readable

    # -- losses ---------------------------------------------------------------------------------

    def _on_drop(self, dropped: Segment, reason: str) -> None:
        self._dropped += dropped.last - dropped.first + 1
        self._damage_seen = {seen for seen in self._damage_seen if seen[0] != dropped.path}
        lost = 0
        for name, done in self._consumers.all().items():
            missed = dropped.last - max(dropped.first - 1, done)
            if missed > 0:
                lost = max(lost, missed)
                self._say_losing(name, reason)
            else:
                self._losing.discard(name)
        self._lost += lost

    def _say_losing(self, consumer: str, reason: str) -> None:
        if consumer not in self._losing:
            self._losing.add(consumer)
            log.warning(
                "edge log %s: records are dropped (%s) before consumer %s has pulled them; "
                "is it running, and its store?",
                self.directory,
                reason,
                consumer,
            )


def _beyond(sequence: int, views: Sequence[View]) -> int:
    """How many records of `views` follow `sequence`."""
    return sum(max(0, view.last - max(view.first - 1, sequence)) for view in views)
