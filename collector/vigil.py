"""Containers between two sweeps: each is read at its first process, and after the end of its last.

A container may come and go within one interval, and its counters go with its group. So a new group
is read as soon as there is something in it that has a name, and once more when its network and its
limits are likely to be there. From then on a process of it is waited for: the runtime removes the
group only some milliseconds after the end of the last one, and until then the kernel tells the
final figures.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.containers.container import Container
from collector.containers.directories import Directories
from collector.containers.process_end import ProcessEnd
from collector.sweep import Sweeper
from collector.ticker import Due
from collector.watch import Watch
from monitor.record import Record, Series

log = logging.getLogger(__name__)

ALL = Due(slow=True, limits=True)
FIRST_SECONDS, LAST_SECONDS = 0.01, 2.56
"""Until a group without a process or a name is looked at again, doubled from one to the next."""
COMPLETE_SECONDS = 0.5
"""A runtime sets up network and limits after the group has its first process."""
QUICK_ENDS = 10
CALM_SECONDS = 1.0
"""A group whose first process ended within a second, so many times in a row, is looked at like
those without: who starts and ends processes all the time makes no more work than they do."""
REST = 10.0
LEAST_REST_SECONDS = 0.01
"""After a look at changed directories comes a rest, ten times as long and at least this: who makes
and removes groups all the time takes no more than a tenth of a core."""


class News(NamedTuple):
    """Records, and the sample series of the containers that are no more after these."""

    records: list[Record]
    ended: list[Series]


@dataclass(slots=True)
class _Care:
    """What is known of a container; times are monotonic seconds.

    `looks` in a row came too early; `ends` in a row of the process waited for were quick, as it was
    waited for `since`. `dead` ones may still be listed: the kernel tells of an end a little before.
    When `complete` comes, the container is read once more. After its last process `has_ended` it
    was read.
    """

    looks: int = 0
    ends: int = 0
    since: float = 0.0
    dead: set[int] = field(default_factory=set)
    complete: float | None = None
    has_ended: bool = False


class Vigil:
    """Looks after a sweeper's containers, by what a watch tells; on the one thread of both."""

    def __init__(
        self, sweeper: Sweeper, watch: Watch, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sweeper = sweeper
        self._directories = sweeper.directories
        self._watch = watch
        self._monotonic = monotonic
        self._cares: dict[Container, _Care] = {}
        self._due: dict[Container, float] = {}
        self._told = False
        if self._directories is not None:
            watch.add(self._directories.fileno(), self._directories)

    @property
    def due(self) -> float:
        """When (monotonic seconds) `attend` is to be called though nothing happened."""
        return min(self._due.values(), default=float("inf"))

    def settle(self) -> None:
        """After a sweep: take in the containers that came, forget those that ended."""
        cares, now = self._cares, self._monotonic()
        self._cares = {one: cares.get(one) or _Care() for one in self._sweeper.all}
        came = self._cares.keys() - cares.keys()
        self._due = {one: due for one, due in self._due.items() if one in self._cares}
        self._due |= dict.fromkeys(came, now)

    def attend(self, ready: Sequence[Hashable]) -> Iterator[News]:
        """Do what is due. `ready` is what the watch told."""
        records: list[Record] = []
        for key in ready:
            if isinstance(key, Container):
                self._process_ended(key, records)
        now = self._monotonic()
        for container in [one for one, due in self._due.items() if due <= now]:
            del self._due[container]
            self._look(container, records)
        if records:
            yield News(records, self._sweeper.ended())
        if self._directories is not None and self._directories in ready:
            yield self._changed(self._directories)

    def close(self) -> None:
        """Wait for nothing any more."""
        for container in self._sweeper.all:
            container.wait_for(None)
        if self._directories is not None:
            self._watch.remove(self._directories.fileno())

    def _changed(self, directories: Directories) -> News:
        records: list[Record] = []
        began = self._monotonic()
        self._sweeper.look(directories.changes(), records)
        self.settle()
        took = self._monotonic() - began
        self._watch.rest(directories.fileno(), max(LEAST_REST_SECONDS, REST * took))
        return News(records, self._sweeper.ended())

    def _process_ended(self, container: Container, records: list[Record]) -> None:
        care = self._cares.get(container)
        if care is None or container.process_end is None:
            return
        # First of all, even before the question whether that was the last process: where systemd
        # makes the groups, it removes one as soon as it hears that nobody is in it.
        last = self._sweeper.read_end(container) if container.was_read else []
        care.dead.add(container.process_end.pid)
        container.wait_for(None)
        care.ends = care.ends + 1 if self._monotonic() - care.since < CALM_SECONDS else 0
        if care.ends <= QUICK_ENDS:
            self._look(container, records, last)
        else:
            self._look_later(container, care.ends - QUICK_ENDS)

    def _look(
        self, container: Container, records: list[Record], last: Sequence[Record] = ()
    ) -> None:
        """`last` are the rows of a moment ago, for the case that no process is left."""
        care = self._cares[container]
        listed = container.processes()
        care.dead &= set(listed)
        alive = [pid for pid in listed if pid not in care.dead]
        if alive:
            care.has_ended = False
            self._read(container, records)
            if self._waits_for_one_of(alive, container) and container.was_read:
                care.looks = 0
                if care.complete is not None:
                    self._due[container] = care.complete
                return
        elif container.started and not care.has_ended:
            care.has_ended = not listed
            records.extend(last)
            if not last:
                self._sweeper.read_nameless(container, ALL, records)
        if not container.gone:
            self._look_later(container, care.looks)
            care.looks += 1

    def _read(self, container: Container, records: list[Record]) -> None:
        care, now = self._cares[container], self._monotonic()
        if not container.was_read:
            self._sweeper.read(container, ALL, records)
            care.complete = now + COMPLETE_SECONDS
        elif care.complete is not None and now >= care.complete:
            self._sweeper.read(container, ALL, records)
            care.complete = None

    def _look_later(self, container: Container, times: int) -> None:
        pause = min(FIRST_SECONDS * 2.0 ** min(times, 16), LAST_SECONDS)
        self._due[container] = self._monotonic() + pause

    def _waits_for_one_of(self, processes: Sequence[int], container: Container) -> bool:
        """False where it has to be tried again."""
        seen = next((pid for pid in processes if pid), None)
        if container.process_end is not None or seen is None:
            return True
        if not self._sweeper.budget.allows("budget"):
            return True
        try:
            container.wait_for(ProcessEnd(seen, self._watch, container, self._sweeper.budget))
        except OSError as error:
            if error.errno == errno.ESRCH:
                return False
            if not self._told:
                log.warning(
                    "pidfd_open: %s; of a container that ends, the last figures are those of the "
                    "sweep before", error.strerror,
                )  # fmt: skip
                self._told = True
        self._cares[container].since = self._monotonic()
        return True
