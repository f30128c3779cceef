"""EdgeLog: append, read, acknowledge, and say what was lost."""

from __future__ import annotations

import errno
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
from monitor.edgelog.losses import Losses
from monitor.edgelog.patience import Patience
from monitor.edgelog.reader import Batch, Place, SegmentGone, collect
from monitor.edgelog.runs import Runs
from monitor.edgelog.segment import Segment, View
from monitor.edgelog.segments import Segments, segment_paths

MAX_LINES_BYTES = 16 * 1024 * 1024
MAX_RECORD_BYTES = 4 * 1024 * 1024
"""The most that a reader takes at once, decoded and not: a record, and a gap in front of it."""
SMALL_LINES_BYTES = MAX_RECORD_BYTES - 64 * 1024
"""Lines of this size make a record that is never too large, however badly they compress."""
_PLACES = 64


def steady_ns() -> int:
    """Nanoseconds of a clock that nobody sets, and that counts on while the machine sleeps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


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
        steady: Callable[[], int] = steady_ns,
    ) -> None:
        """Open or create the log. `tags` (cluster, node) stand on the lines it writes itself.

        `clock` is Unix ns; `steady` ns of a clock that nobody sets, by which records grow old.
        Raises LogError when the directory cannot be used or another process has it open.
        """
        self.directory = directory
        self._tags = dict(tags or {})
        self._clock = clock
        self._steady = steady
        self._mutex = threading.RLock()
        self._places: OrderedDict[int, Place] = OrderedDict()
        self._losses = Losses(directory, steady)
        self._patience = Patience(steady)
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
        self._losses.damaged += self._segments.damaged
        self._segments.date(self._clock(), self._steady())
        self._runs = Runs(self.directory, self._segments.next)
        self._segments.active()
        self._keeper = Keeper(self.directory, self._segments, limits, self._steady, self._on_drop)

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
                self._losses.refuse()
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
            yield from newest_first(views, span, self._losses.damage)
        except OSError as error:
            raise LogError(f"edge log {self.directory}: cannot be read: {error}") from None

    def pull(
        self, consumer: str, ack: Cursor | None, max_bytes: int, after: Cursor | None = None
    ) -> Batch:
        """Acknowledge everything up to `ack` for `consumer`, durably, then read what follows.

        A consumer that has more than it may acknowledge yet says by `after` behind what to read on.
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
            if after is not None:
                foreign = None if self._is_ours(after) else after
                start = start if foreign else max(start, after.sequence)
            if foreign is not None:
                self._losses.foreign(consumer, foreign, start)
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
                dropped_records=self._losses.dropped,
                lost_records=self._losses.lost,
                refused_records=self._losses.refused,
                damaged=self._losses.damaged,
                backlog={name: _beyond(sequence, views) for name, sequence in done.items()},
            )

    def close(self) -> None:
        """Let another process open the log."""
        with self._mutex:
            self._segments.close()
            self._lock.release()

    # -- reading --------------------------------------------------------------------------------

    def _read(self, start: int, max_bytes: int, foreign: Cursor | None, consumer: str) -> Batch:
        strict = True
        while True:
            with self._mutex:
                views = self._segments.views()
                before = self._segments.before_oldest
                place = self._places.get(start)
            room = gap.ROOM_BYTES if foreign is not None or start < before else 0
            try:
                found = collect(views, start, max_bytes - room, place, self._losses.damage, strict)
                break
            except SegmentGone as gone:
                self._forget_vanished(gone.path)
            except OSError as error:
                waits = error.errno == errno.EIO and not self._patience.is_over(start)
                if waits or not strict or error.errno != errno.EIO:
                    raise LogError(f"edge log {self.directory}: cannot be read: {error}") from None
                strict = False
        self._patience.succeeded(start)
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
            cursor=Cursor(self.epoch, sequence, self._runs.current),
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

    def _forget_vanished(self, path: Path) -> None:
        with self._mutex:
            if self._segments.vanished(path) is not None:
                self._losses.vanish(path)

    def _is_ours(self, cursor: Cursor) -> bool:
        last = self._segments.last_readable
        return cursor.epoch == self.epoch and self._runs.gave(cursor, last)

    def _on_drop(self, dropped: Segment, reason: str) -> None:
        self._losses.drop(dropped, reason, self._consumers.all())


def _beyond(sequence: int, views: Sequence[View]) -> int:
    """How many records of `views` follow `sequence`."""
    return sum(max(0, view.last - max(view.first - 1, sequence)) for view in views)
