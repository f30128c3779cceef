"""The space that a tree of files takes, counted as du(1) does, in steps.

What is counted belongs to a container, which may change it meanwhile and means no good: no link is
followed, directories are opened from the one above, and neither depth nor hard links may grow
without end.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from itertools import islice

MAX_DEPTH = 64
"""Each level keeps two descriptors open."""
MAX_HARD_LINKED = 200_000
_BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_VANISHED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE}


class Walk:
    """A walk through the tree at `path`.

    `used_bytes` and `inodes` are complete once `step` said so. A file with several names counts
    once; what is mounted inside does not count.
    """

    def __init__(self, path: str, hard_linked: int = MAX_HARD_LINKED) -> None:
        self.used_bytes = 0
        self.inodes = 0
        self._linked: set[int] = set()
        self._most_linked = hard_linked
        self._entries = _tree(path, None, None, 0)

    def step(self, most: int) -> bool:
        """Go on by at most so many entries; whether the end was reached.

        Raises OSError for what may not be read or has no end.
        """
        seen = 0
        for entry in islice(self._entries, most):
            self._count(entry)
            seen += 1
        return seen < most

    def close(self) -> None:
        """Let the directories go that are open."""
        self._entries.close()

    def _count(self, entry: os.stat_result) -> None:
        if entry.st_nlink > 1 and not stat.S_ISDIR(entry.st_mode):
            if entry.st_ino in self._linked:
                return
            if len(self._linked) >= self._most_linked:
                raise OSError(errno.E2BIG, f"more than {self._most_linked} files of several names")
            self._linked.add(entry.st_ino)
        self.used_bytes += entry.st_blocks * _BLOCK_BYTES
        self.inodes += 1


def _tree(
    name: str, parent: int | None, device: int | None, depth: int
) -> Generator[os.stat_result, None, None]:
    """The directory `name` and all that is in it, on one file system."""
    if depth > MAX_DEPTH:
        raise OSError(errno.ENAMETOOLONG, f"directories are nested more than {MAX_DEPTH} deep")
    fd = os.open(name, _OPEN, dir_fd=parent)
    try:
        own = os.fstat(fd)
        if own.st_dev != (own.st_dev if device is None else device):
            return
        yield own
        with os.scandir(fd) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        yield from _tree(entry.name, fd, own.st_dev, depth + 1)
                    elif (found := entry.stat(follow_symlinks=False)).st_dev == own.st_dev:
                        yield found
                except OSError as error:
                    if error.errno not in _VANISHED:
                        raise
    finally:
        os.close(fd)
