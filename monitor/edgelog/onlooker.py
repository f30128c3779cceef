"""A log directory for who only looks: nothing is locked, repaired or changed.

A collector may have it open and go on. What it is writing at the moment looks torn, and what it
drops meanwhile is no more there: neither is damage.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from monitor.edgelog import frame
from monitor.edgelog.consumers import Consumers
from monitor.edgelog.directory import LogError, read_epoch
from monitor.edgelog.runs import read_runs
from monitor.edgelog.segments import segment_paths


class Here(NamedTuple):
    """One frame, or bytes that hold none, in a segment that is open as `fd`."""

    path: Path
    fd: int
    found: frame.Frame | frame.Damage

    def payload(self) -> bytes | None:
        """The record's gzip member; None if it is damaged. OSError."""
        return frame.payload_of(self.fd, self.found) if isinstance(self.found, frame.Frame) else b""

    def is_dropped(self) -> bool:
        """Whether the segment was dropped meanwhile: then it was emptied first."""
        return os.fstat(self.fd).st_size == 0


@dataclass(frozen=True, slots=True)
class Onlooker:
    """What stands in a log directory: `consumers` are the last sequence numbers they have.

    `runs` are those of the writer, with the first number that each could give.
    """

    directory: Path
    epoch: str
    runs: Mapping[str, int]
    consumers: Mapping[str, int]
    segments: tuple[Path, ...]

    @classmethod
    def of(cls, directory: Path) -> Onlooker:
        """Look at what is there now. Raises LogError for what is no log or may not be read."""
        segments, consumers = directory / "segments", directory / "consumers"
        try:
            if not directory.is_dir():
                raise LogError(f"{directory}: there is no such directory; name an edge log's")
            names = [path.name for path in directory.iterdir()]
            if segments.name not in names:
                inner = [name for name in names if (directory / name / "segments").is_dir()]
                remedy = f"did you mean {directory / inner[0]}?" if inner else "name an edge log's"
                raise LogError(f"{directory} is no edge log, it has no segments; {remedy}")
            epoch = read_epoch(directory) or ""
            return cls(
                directory,
                epoch,
                read_runs(directory / "runs"),
                Consumers(consumers, epoch).all() if consumers.is_dir() else {},
                tuple(segment_paths(segments)),
            )
        except OSError as error:
            raise LogError(
                f"edge log {directory}: {error.strerror} ({error.filename}); "
                "be its owner or root, or name a copy"
            ) from None

    @property
    def total_bytes(self) -> int:
        """Bytes of all segments."""
        return sum(path.stat().st_size for path in self.segments if path.exists())

    def writer(self) -> int | None:
        """The process that has the log open for writing, from /proc/locks; None if none is seen."""
        try:
            lock = (self.directory / "lock").stat()
            known = Path("/proc/locks").read_text().splitlines()
        except OSError:
            return None
        place = f"{os.major(lock.st_dev):02x}:{os.minor(lock.st_dev):02x}:{lock.st_ino}"
        holders = [words[4] for words in map(str.split, known) if place in words]
        return int(holders[0]) if holders else None

    def walk(self) -> Iterator[Here]:
        """Everything in the segments, oldest first, read as it is taken. OSError."""
        for path, following in zip_longest(self.segments, self.segments[1:]):
            try:
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                yield from _walk(path, fd, int(following.stem) if following else None)
            finally:
                os.close(fd)


def _walk(path: Path, fd: int, following: int | None) -> Iterator[Here]:
    """`following` is the number that the next segment begins with, None where there is none."""
    size = os.fstat(fd).st_size
    for found in frame.walk(fd, 0, size):
        here = Here(path, fd, found)
        if isinstance(found, frame.Frame):
            if following is not None and found.sequence >= following:
                continue  # its sync failed, and the next segment has it
        elif here.is_dropped() or (following is None and _is_torn(fd, found, size)):
            return
        yield here


def _is_torn(fd: int, damage: frame.Damage, size: int) -> bool:
    """Whether it is the beginning of a record that is being written, or was when the power went."""
    is_last = damage.offset + damage.length == size
    has_begun = frame.header_at(fd, damage.offset) is not None
    return is_last and (damage.length < frame.HEADER_BYTES or has_begun)
