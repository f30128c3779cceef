"""One container's writable layer: found by its processes, measured in turns."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from collector.cgroup.faults import Fault, Faults
from collector.cgroup.parse import Fields, Malformed
from collector.layers.device import device_name
from collector.layers.mountinfo import upper_directory
from collector.layers.space import space
from collector.layers.walk import Walk

Outcome = Literal["walking", "measured", "absent", "unreadable"]

_MOST_ASKED = 4
"""Processes; the first may have ended, or have moved to a root of its own."""
_MOUNTINFO_BYTES = 1_048_576
_ENDED = {errno.ENOENT, errno.ESRCH, errno.EINVAL}  # the last of one that nobody has waited for yet
_REMEDY = "it takes root, or CAP_DAC_READ_SEARCH"


class Use(NamedTuple):
    """What was found of a layer, at `time_ns`, on the device of its file system."""

    device: str
    fields: Fields
    time_ns: int


class Layer:
    """`see`, `take` and `close` are for the sweep's thread; `go_on` and `end` for the surveyor's.

    `due` (monotonic seconds) is when the surveyor is to go on with it: not before it was seen.
    """

    def __init__(self, proc: Path, faults: Faults, now_ns: Callable[[], int]) -> None:
        self.due = math.inf
        self.closed = False
        self._proc = proc
        self._fault = Fault(faults)
        self._now_ns = now_ns
        self._pids: tuple[int, ...] = ()
        self._newest: Use | None = None
        self._taken: Use | None = None
        self._walk: Walk | None = None
        self._path = ""
        self._device = ""
        self._fields: Fields = {}

    def see(self, pids: tuple[int, ...]) -> None:
        """Say which processes the container has now."""
        self._pids = pids
        if pids and self.due == math.inf:
            self.due = -math.inf

    def take(self) -> Use | None:
        """The newest that was found, once."""
        newest = self._newest
        if newest is self._taken:
            return None
        self._taken = newest
        return newest

    def close(self) -> None:
        """The container is gone."""
        self.closed = True

    @property
    def is_walking(self) -> bool:
        """Whether a walk has begun and not ended."""
        return self._walk is not None

    def go_on(self, entries: int) -> Outcome:
        """Begin to measure, or walk on from where it was, by at most so many entries."""
        try:
            if self._walk is None and not self._begin():
                return "absent"
            if self._walk is not None and not self._walk.step(entries):
                return "walking"
        except (OSError, Malformed) as error:
            self._fault.bad(self._path, _reason(error))
            self._stop()
            return "unreadable"
        self._fault.good()
        self._newest = Use(self._device, self._found(), self._now_ns())
        self._stop()
        return "measured"

    def end(self) -> None:
        """Let go of everything."""
        self._stop()
        self._fault.good()

    def _begin(self) -> bool:
        """Find the layer and what it may take, and begin to walk; whether there is a layer."""
        upper = self._upper()
        if upper is None:
            return False
        self._path = upper
        self._path = _reached(self._proc, upper)
        self._fields = space(self._path)
        self._device = device_name(self._proc, self._path)
        if "fs_usage_bytes" not in self._fields:
            self._walk = Walk(self._path)
        return True

    def _upper(self) -> str | None:
        """The layer's directory; none for processes that have the host's own root (yet)."""
        for pid in self._pids[:_MOST_ASKED]:
            upper = self._upper_of(pid)
            if upper is not None:
                return None if upper == self._upper_of(1) else upper
        return None

    def _upper_of(self, pid: int) -> str | None:
        self._path = f"{self._proc}/{pid}/mountinfo"
        try:
            with Path(self._path).open("rb") as file:
                return upper_directory(file.read(_MOUNTINFO_BYTES))
        except OSError as error:
            if error.errno in _ENDED:
                return None
            raise

    def _found(self) -> Fields:
        if self._walk is None:
            return self._fields
        walked: Fields = {
            "fs_usage_bytes": self._walk.used_bytes,
            "fs_inodes_used": self._walk.inodes,
        }
        return {**self._fields, **walked}

    def _stop(self) -> None:
        if self._walk is not None:
            self._walk.close()
            self._walk = None


def _reached(proc: Path, upper: str) -> str:
    """The way to the layer: through the host's root where we may go there, else as in our own."""
    through_host = f"{proc}/1/root{upper}"
    return through_host if os.access(through_host, os.R_OK | os.X_OK) else upper


def _reason(error: OSError | Malformed) -> str:
    if isinstance(error, PermissionError):
        return f"{error.strerror}; {_REMEDY}"
    return str(error) if isinstance(error, Malformed) else error.strerror or str(error)
