"""Which directories of a cgroup tree got or lost a child, as the kernel tells it: inotify(7)."""

from __future__ import annotations

import errno
import logging
from pathlib import Path
from typing import NamedTuple

from inotify_simple import INotify, flags

from monitor.escaping import safe_text

log = logging.getLogger(__name__)

MOST = 4096
"""Watches. Each pins an inode; who may make groups of its own may make any number."""
_CAME = flags.CREATE | flags.MOVED_TO
_WENT = flags.DELETE | flags.MOVED_FROM
_REMEDY = {
    errno.EMFILE: "raise fs.inotify.max_user_instances",
    errno.ENOSPC: "raise fs.inotify.max_user_watches",
}


class Changes(NamedTuple):
    """`directories` got or lost a child; `gone` are children that went (there may be successors).

    Paths are from the tree. `lost` is true where more happened than the kernel could remember.
    """

    directories: set[str]
    gone: set[str]
    lost: bool


class Directories:
    """The watches. Raises OSError where the kernel gives none.

    The kernel does not end a watch with its cgroup, so `forget` must be told of each.
    """

    def __init__(self, tree: Path) -> None:
        self._tree = str(tree)
        self._inotify = INotify(nonblocking=True)
        self._watches: dict[str, int] = {}
        self._paths: dict[int, str] = {}
        self._told = False

    def fileno(self) -> int:
        """The descriptor, which is readable when there are changes."""
        descriptor: int = self._inotify.fileno()
        return descriptor

    def watch(self, path: str) -> None:
        """Tell of changes in this directory from now on; also where another stands there now."""
        if len(self._watches) >= MOST and path not in self._watches:
            self._refused(f"more than {MOST} directories may hold containers")
            return
        try:
            number = self._inotify.add_watch(
                self._tree + path, _CAME | _WENT | flags.ONLYDIR | flags.EXCL_UNLINK
            )
        except OSError as error:
            if error.errno == errno.ENOSPC:
                self._refused(f"{error.strerror}; {_REMEDY[errno.ENOSPC]}")
            return  # else it is gone, or hidden from this user: whoever lists it says so
        if self._watches.get(path, number) != number:
            self.forget(path)
        self._watches[path], self._paths[number] = number, path

    def forget(self, path: str) -> None:
        """Tell no more of this directory."""
        number = self._watches.pop(path, None)
        if number is not None:
            del self._paths[number]
            try:
                self._inotify.rm_watch(number)
            except OSError as error:
                if error.errno != errno.EINVAL:  # the kernel ended it by itself
                    raise

    def changes(self) -> Changes:
        """What changed since the last call."""
        changes = Changes(set(), set(), False)
        for event in self._inotify.read(timeout=0):
            if event.mask & flags.Q_OVERFLOW:
                changes = changes._replace(lost=True)
            directory = self._paths.get(event.wd)
            if directory is not None and event.mask & flags.ISDIR:
                changes.directories.add(directory)
                if event.mask & _WENT:
                    changes.gone.add(f"{directory}/{event.name}")
        return changes

    def close(self) -> None:
        self._inotify.close()

    def _refused(self, why: str) -> None:
        if not self._told:
            log.warning("inotify: %s; containers below the others are seen at each sweep only", why)
            self._told = True


def watching(tree: Path) -> Directories | None:
    """Watches for this tree; None, and one line that says why, where there can be none."""
    try:
        return Directories(tree)
    except OSError as error:
        remedy = f"; {_REMEDY[error.errno]}" if error.errno in _REMEDY else ""
        log.warning(
            "inotify: %s%s; containers that come are seen at each sweep only",
            safe_text(error.strerror or str(error)), remedy,
        )  # fmt: skip
        return None
