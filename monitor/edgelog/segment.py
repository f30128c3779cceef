"""One file of frames: appended at its end by one thread, read by others, dropped as a whole."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from monitor.durable import sync_directory
from monitor.edgelog import frame

FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class View:
    """What of a segment may be read at one instant: the records `first` to `last`."""

    path: Path
    first: int
    last: int
    size: int


class Cut(NamedTuple):
    """What was cut off the newest file: bytes, and places in them that no kill leaves so.

    A kill leaves the beginning of a record; what is whole in length and not in content is damage.
    """

    length: int
    damaged: int


class Segment:
    """A file named by its first sequence number.

    Attributes: `first` and `last` sequence number (`last` is `first - 1` while empty), `size` in
    bytes of whole frames, `oldest_ns` and `newest_ns` Unix time of its first and last record (None
    while empty), `begun_at` and `ended_at` when these were appended, by a steady clock. `view` is
    what readers may see: only what is known to be on the disk, so that no reader ever holds a
    cursor to a record that a power cut takes back. A `suspect` one is not to be appended to: after
    a failed sync the kernel may call clean what is not on the disk.
    """

    def __init__(self, path: Path, first: int) -> None:
        self.path = path
        self.first = first
        self.last = first - 1
        self.size = 0
        self.oldest_ns: int | None = None
        self.newest_ns: int | None = None
        self.begun_at: int | None = None
        self.ended_at: int | None = None
        self.suspect = False
        self.view = View(path, first, first - 1, 0)
        self._fd = -1

    @classmethod
    def create(cls, directory: Path, first: int) -> Segment:
        """A new empty file, its name durable. OSError."""
        segment = cls(directory / f"{first:020d}.log", first)
        try:
            segment.open(os.O_TRUNC)  # nothing of an attempt that failed
            sync_directory(directory)
        except OSError:
            segment.close()
            with suppress(OSError):
                segment.path.unlink()  # its name may never reach the disk
            raise
        return segment

    @classmethod
    def load(cls, path: Path, before: int) -> Segment:
        """An older file, its headers read (not its payloads); the next one begins at `before`.

        What is damaged in it counts as there: it is told of when it is read. Raises OSError.
        """
        segment = cls(path, int(path.stem))
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            stat = os.fstat(fd)
            for found in frame.walk(fd, 0, stat.st_size):
                if isinstance(found, frame.Frame) and found.sequence < before:
                    segment._grow(found)
        finally:
            os.close(fd)
        if stat.st_size:
            segment.size = stat.st_size
            segment.last = before - 1
            segment.newest_ns = segment.newest_ns or stat.st_mtime_ns
        segment.publish()
        return segment

    @classmethod
    def repair(cls, path: Path) -> tuple[Segment, Cut]:
        """The newest file after a crash: what follows its last whole record is cut away.

        Returns the segment and what was cut. In its place stands an empty record with
        the highest number that they may have held: a reader may know it, so it is not given again.
        Raises OSError.
        """
        segment = cls(path, int(path.stem))
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            stat = os.fstat(fd)
            taken, damaged = segment._find_end(fd, stat.st_size)
            cut = Cut(stat.st_size - segment.size, damaged)
            if cut.length:
                time_ns = segment.newest_ns or stat.st_mtime_ns
                os.ftruncate(fd, segment.size)
                os.pwrite(fd, frame.encode(taken, time_ns, b""), segment.size)
                os.fsync(fd)
                segment._grow(frame.Frame(segment.size, 0, taken, time_ns, 0))
        finally:
            os.close(fd)
        segment.publish()
        return segment, cut

    def _find_end(self, fd: int, size: int) -> tuple[int, int]:
        """Grow to the last whole record.

        Returns the highest number that may have been given, and the damaged places behind the end.
        """
        taken, damaged = self.last, 0
        for found in frame.walk(fd, 0, size):
            if isinstance(found, frame.Frame):
                taken, damaged = found.sequence, damaged + 1
                if frame.payload_of(fd, found) is not None:
                    self._grow(found)
                    damaged = 0
            elif (torn := frame.header_at(fd, found.offset)) is not None:
                taken = torn.sequence
            else:
                taken += -(-found.length // frame.HEADER_BYTES)
                damaged += found.length >= frame.HEADER_BYTES
        return taken, damaged

    def open(self, more: int = 0) -> None:
        """Get ready to append, if not ready yet; `more` are further flags of open(2). OSError."""
        if self._fd < 0:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | more, 0o600)

    def append(self, sequence: int, time_ns: int, payload: bytes) -> None:
        """Write one frame behind the last, wait until it is on the disk, let readers see it.

        Raises OSError: then nothing was appended, and nothing of it stays where the disk allows.
        """
        written = False
        try:
            self._write(frame.encode(sequence, time_ns, payload))
            written = True
            os.fdatasync(self._fd)
        except OSError as error:
            self.suspect = written or error.errno not in FULL
            with suppress(OSError):
                os.ftruncate(self._fd, self.size)
            raise
        self._grow(frame.Frame(self.size, len(payload), sequence, time_ns, 0))
        self.publish()

    def publish(self) -> None:
        """Let readers see all that was appended."""
        self.view = View(self.path, self.first, self.last, self.size)

    def close(self) -> None:
        """Append no more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def drop(self) -> None:
        """Delete the file. Emptied first, so that its space is free even while someone reads it."""
        self.close()
        with suppress(FileNotFoundError):  # someone else was here
            os.truncate(self.path, 0)
            self.path.unlink()

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        offset = self.size
        while rest:
            written = os.pwrite(self._fd, rest, offset)
            offset += written
            rest = rest[written:]

    def _grow(self, header: frame.Frame) -> None:
        self.size = header.end
        self.last = max(self.last, header.sequence)
        self.newest_ns = header.time_ns
        if self.oldest_ns is None:
            self.oldest_ns = header.time_ns
