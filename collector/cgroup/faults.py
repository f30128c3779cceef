"""Files that do not hold what they should: counted each time, told once when it begins and ends."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


class Faults:
    """Keeps which files are broken. One line is logged for each kind of file, not for each file."""

    def __init__(self) -> None:
        self.total = 0
        self._broken: dict[str, set[str]] = {}

    def bad(self, path: str, reason: str) -> None:
        """The file at `path` could not be read or understood."""
        self.total += 1
        name = path.rpartition("/")[2]
        broken = self._broken.setdefault(name, set())
        if not broken:
            log.warning("%s: %s; what it says is left out, the other figures go on", path, reason)
        broken.add(path)

    def good(self, path: str) -> None:
        """The file at `path`, which was broken, is well again, or gone."""
        name = path.rpartition("/")[2]
        broken = self._broken.get(name, set())
        broken.discard(path)
        if name in self._broken and not broken:
            del self._broken[name]
            log.info("%s: no file of this name is broken any more", name)


class Fault:
    """The fault of one reader of many paths: only of the last path that was bad."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._path = ""
        self._is_bad = False

    def bad(self, path: str, reason: str) -> None:
        """The file or directory at `path` could not be read or understood."""
        self._is_bad = True
        before, self._path = self._path, path
        self._faults.bad(path, reason)
        if before != path:
            self._faults.good(before)

    def settle(self) -> None:
        """A reading is over: if nothing was bad in it, all is well again."""
        if not self._is_bad:
            self.good()
        self._is_bad = False

    def good(self) -> None:
        """All is well again, or nobody looks any more."""
        if self._path:
            self._faults.good(self._path)
            self._path = ""
