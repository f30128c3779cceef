"""What a log lost since it was opened: counted, and said in few words."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from monitor.edgelog.cursor import Cursor
from monitor.edgelog.segment import Segment

log = logging.getLogger(__name__)

_SAY_AGAIN_NS = 3600 * 10**9


class Losses:
    """Counts records that were `dropped`, `lost` to some consumer, `refused`, places `damaged`.

    A consumer that loses records is named at most once an hour, a damaged place once. `steady` is
    in ns. Any thread may call it.
    """

    def __init__(self, directory: Path, steady: Callable[[], int]) -> None:
        self._directory = directory
        self._steady = steady
        self._mutex = threading.Lock()
        self._said_losing: dict[str, int] = {}
        self._said_foreign: dict[str, Cursor] = {}
        self._damage_seen: set[tuple[Path, int]] = set()
        self.dropped = self.lost = self.refused = self.damaged = 0

    def drop(self, segment: Segment, reason: str, done: Mapping[str, int]) -> None:
        """A segment went; `done` is what each consumer had acknowledged."""
        missed = {
            name: segment.last - max(segment.first - 1, sequence) for name, sequence in done.items()
        }
        with self._mutex:
            self.dropped += segment.last - segment.first + 1
            self.lost += max([0, *missed.values()])
            self._damage_seen = {seen for seen in self._damage_seen if seen[0] != segment.path}
            for name in (name for name, count in missed.items() if count > 0):
                self._say_losing(name, reason)

    def refuse(self) -> None:
        """A record could not be kept; whoever brought it says so."""
        with self._mutex:
            self.refused += 1

    def damage(self, path: Path, offset: int, what: str) -> None:
        """A place in a segment cannot be read; counted once."""
        with self._mutex:
            if (path, offset) in self._damage_seen:
                return
            self._damage_seen.add((path, offset))
            self.damaged += 1
        log.warning("%s is damaged at offset %d: %s; reading on", path, offset, what)

    def vanish(self, path: Path) -> None:
        """Someone else removed a segment."""
        with self._mutex:
            self.damaged += 1
        log.warning("%s was removed by someone else; its records are lost", path)

    def foreign(self, consumer: str, cursor: Cursor, start: int) -> None:
        """A consumer holds a cursor that this log never gave, and goes on behind `start`."""
        with self._mutex:
            if self._said_foreign.get(consumer) == cursor:
                return
            self._said_foreign[consumer] = cursor
        log.warning(
            "edge log %s: consumer %s came with the cursor %s, of another log or of a later state "
            "of this one; it goes on behind record %d",
            self._directory,
            consumer,
            cursor,
            start,
        )

    def _say_losing(self, consumer: str, reason: str) -> None:
        now, said = self._steady(), self._said_losing.get(consumer)
        if said is not None and now - said < _SAY_AGAIN_NS:
            return
        self._said_losing[consumer] = now
        log.warning(
            "edge log %s: records are dropped (%s) before consumer %s has pulled them; "
            "is it running, and its store?",
            self._directory,
            reason,
            consumer,
        )
