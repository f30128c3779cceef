"""Kernel files that are read again and again: kept open, read from their start, parsed if changed.

Reading through a kept descriptor costs 1 µs where opening costs 5 to 15. Each one pins about 5 KiB
in the kernel, so their number has a bound; beyond it a file is opened for each reading. A kept
descriptor of a group that was removed answers ENODEV: so the kernel tells, free of charge, that a
container is gone.
"""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Literal, TypeVar

from collector.cgroup.faults import Faults
from collector.cgroup.parse import Malformed

T = TypeVar("T")
Keep = Literal["always", "budget", "never"]
_ABSENT = {errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP, errno.ESRCH, errno.ENOTDIR}
_READ_BYTES = 4096
_LONG_BYTES = 2048  # a listing comes in pages, so only what is clearly shorter is surely whole


class Root:
    """A directory that files are opened from, by their path below it; its descriptor is kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self.fd)


SPARE_DESCRIPTORS = 256
"""Of what `claim_descriptors` leaves: for files that are to be kept always, and not all of it."""


class Budget:
    """How many descriptors may be kept, and how many are."""

    def __init__(self, descriptors: int) -> None:
        self.descriptors = descriptors
        self.kept = 0

    def allows(self, keep: Keep) -> bool:
        """Whether one more of a file that is to be kept so may be kept."""
        spare = SPARE_DESCRIPTORS if keep == "always" else 0
        return keep != "never" and self.kept < self.descriptors + spare


class KernelFile(Generic[T]):
    """One file. `absent` is true once the kernel said that it does not exist (any more).

    `keep` says whether its descriptor is kept: always (for that the budget is a little larger),
    while the budget lasts, or never.
    """

    __slots__ = (
        "_broken",
        "_budget",
        "_data",
        "_faults",
        "_fd",
        "_given_up",
        "_keep",
        "_parse",
        "_path",
        "_root",
        "_value",
        "absent",
    )

    def __init__(
        self,
        root: Root,
        path: str,
        parse: Callable[[bytes], T],
        budget: Budget,
        faults: Faults,
        keep: Keep = "budget",
    ) -> None:
        self._root = root
        self._path = path.lstrip("/")
        self._parse = parse
        self._budget = budget
        self._faults = faults
        self._keep = keep
        self._fd = -1
        self._data: bytes | None = None
        self._value: T | None = None
        self._broken = False
        self._given_up = False
        self.absent = False

    def read(self) -> T | None:
        """What the file says now; None if it is absent, broken, or was so and is not to be retried.

        The value is shared between readings: do not change it.
        """
        if self._given_up:
            return None
        fd = self._fd
        try:
            data = os.pread(fd, _READ_BYTES, 0) if fd >= 0 else self._open()
            if len(data) >= _LONG_BYTES and fd >= 0:
                data = _rest(fd, data)
        except OSError as error:
            self._failed(error)
            return None
        if data != self._data or self._broken:
            self._changed(data)
        return self._value

    @property
    def kept(self) -> bool:
        """Whether the descriptor is kept: then every reading is of one and the same file."""
        return self._fd >= 0

    @property
    def descriptor(self) -> int:
        """The kept descriptor, or -1."""
        return self._fd

    def retry(self) -> None:
        """Try an absent or forbidden file again at the next reading."""
        self._given_up = False

    def close(self) -> None:
        """Let the descriptor go, and with it what the kernel holds for it."""
        self._release()
        if self._broken:
            self._broken = False
            self._faults.good(self._shown)

    def _release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._budget.kept -= 1

    @property
    def _shown(self) -> str:
        return f"{self._root.path}/{self._path}"

    def _open(self) -> bytes:
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._root.fd)
        try:
            data = _rest(fd, os.pread(fd, _READ_BYTES, 0))
        except OSError:
            os.close(fd)
            raise
        if self._budget.allows(self._keep):
            self._budget.kept += 1
            self._fd = fd
        else:
            os.close(fd)
        self.absent = False
        return data

    def _failed(self, error: OSError) -> None:
        self._release()
        self._data = self._value = None
        self._given_up = True
        self.absent = error.errno in _ABSENT
        if not self.absent:
            self._broken = True
            self._faults.bad(self._shown, error.strerror or str(error))

    def _changed(self, data: bytes) -> None:
        self._data = data
        was_broken = self._broken
        try:
            self._value, self._broken = self._parse(data), False
        except Malformed as error:
            self._value, self._broken = error.rest, True
            self._faults.bad(self._shown, str(error))
        if was_broken and not self._broken:
            self._faults.good(self._shown)


def _rest(fd: int, data: bytes) -> bytes:
    """All of a file whose beginning is `data`."""
    while len(data) >= _LONG_BYTES:
        more = os.pread(fd, 16 * _READ_BYTES, len(data))
        if not more:
            break
        data += more
    return data


def claim_descriptors(reserve: int = 512, at_most: int = 65536) -> int:
    """Raise this process's limit of open files as far as allowed; how many of them may be kept."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = at_most if hard == resource.RLIM_INFINITY else min(hard, at_most)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(0, min(soft if soft != resource.RLIM_INFINITY else at_most, at_most) - reserve)
