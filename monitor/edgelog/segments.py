"""The segments of a log in order: the last one is appended to, the first one is dropped."""

from __future__ import annotations

import itertools
import logging
import re
from pathlib import Path

from monitor.edgelog.segment import Segment, View

log = logging.getLogger(__name__)

_NAME = re.compile(r"[0-9]{20}\.log", re.ASCII)


def segment_paths(directory: Path) -> list[Path]:
    """The segment files of `directory`, oldest first. OSError."""
    return sorted(path for path in directory.iterdir() if _NAME.fullmatch(path.name))


class Segments:
    """The files and the sequence number that comes next. Every method may raise OSError."""

    def __init__(self, directory: Path, at_least: int) -> None:
        """Load what is there, repair the newest file, and go on no lower than `at_least`.

        `damaged` places were cut off in the repair.
        """
        self._directory = directory
        self._files: list[Segment] = []
        self.next = at_least
        self.damaged = 0
        self._load(segment_paths(directory))

    def _load(self, paths: list[Path]) -> None:
        if not paths:
            return
        for path, following in itertools.pairwise(paths):
            self._files.append(Segment.load(path, int(following.stem)))
        newest, cut = Segment.repair(paths[-1])
        self.damaged = cut.damaged
        if cut.length:
            text = "%s: %d bytes behind the last whole record were cut away"
            log.warning(text, newest.path, cut.length)
        self._files.append(newest)
        self.next = max(self.next, newest.last + 1)
        for empty in [s for s in self._files if s.last < s.first and s.first != self.next]:
            self._files.remove(empty)
            empty.drop()

    @property
    def total_bytes(self) -> int:
        """Bytes of all whole frames."""
        return sum(segment.size for segment in self._files)

    @property
    def count(self) -> int:
        """The number of files."""
        return len(self._files)

    @property
    def oldest(self) -> Segment | None:
        """The file that is dropped next."""
        return self._files[0] if self._files else None

    def oldest_ended_before(self, steady_ns: int) -> bool:
        """Whether all of the oldest file's records were appended before, by the steady clock."""
        ended_at = self._files[0].ended_at if self._files else None
        return ended_at is not None and ended_at < steady_ns

    def date(self, now_ns: int, steady_ns: int) -> None:
        """Say when the records that were found were appended, by a steady clock.

        This once the wall clock is believed; records that it calls future are of now.
        """
        for segment in self._files:
            if segment.oldest_ns is not None and segment.newest_ns is not None:
                segment.begun_at = steady_ns - max(0, now_ns - segment.oldest_ns)
                segment.ended_at = steady_ns - max(0, now_ns - segment.newest_ns)

    @property
    def before_oldest(self) -> int:
        """The sequence number in front of the oldest record: where a new consumer starts."""
        return (self._files[0].first if self._files else self.next) - 1

    @property
    def last_readable(self) -> int:
        """The newest sequence number that readers may see."""
        views = self.views()
        return views[-1].last if views else self.before_oldest

    def views(self) -> list[View]:
        """What may be read now, oldest first."""
        views = (segment.view for segment in self._files)
        return [view for view in views if view.last >= view.first]

    def active(self) -> Segment:
        """The file to append to; a new one is begun where there is none that ends at `next`."""
        last = self._files[-1] if self._files else None
        if last is None or last.last + 1 != self.next or last.suspect:
            self.roll()
        self._files[-1].open()
        return self._files[-1]

    def roll(self) -> None:
        """End the last file and begin a new one."""
        if self._files:
            self._files[-1].close()
            if self._files[-1].last < self._files[-1].first:
                self._files.pop().drop()  # the new one has its name
        self._files.append(Segment.create(self._directory, self.next))

    def drop_oldest(self) -> Segment | None:
        """Delete the oldest file and return what it was; None if no file holds a record."""
        if not self.total_bytes:
            return None
        dropped = self._files[0]
        dropped.drop()
        self._files.remove(dropped)
        return dropped

    def vanished(self, path: Path) -> Segment | None:
        """Forget a file that someone else removed; None if it is not (or no more) of this log."""
        for segment in self._files:
            if segment.path == path:
                self._files.remove(segment)
                segment.close()
                return segment
        return None

    def close(self) -> None:
        """Append no more."""
        if self._files:
            self._files[-1].close()
