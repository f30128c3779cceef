"""Finds the containers' groups in one cgroup tree, and sees new ones for the price of a stat.

A cgroup directory's link count is two more than its children. So each poll asks only for the link
counts of the directories that have, or may get, children, and lists again those that changed. A
child that went while another came leaves the count as it was: whoever reads the files of the one
that went is told by the kernel, and calls `forget`. Everything is walked anew once a minute.

The same directories are the ones to watch between two polls: the kernel tells that one changed,
and it is listed again.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from collector.containers.directories import Changes, Directories
from collector.containers.names import Found
from collector.containers.paths import find, holds_no_container
from monitor.escaping import safe_text

log = logging.getLogger(__name__)

RESCAN_SECONDS = 60.0
MAX_DEPTH = 32
"""Runtimes in one another take a dozen levels; a container may make thousands in its own group."""
_NO_CHILDREN = 2
_GONE = {errno.ENOENT, errno.ENODEV, errno.ENOTDIR}
_COUNTS_NOTHING = 1  # overlayfs and btrfs, under a fixture tree: always look


class Discovery:
    """What `find` knows below `tree`, by its path from it (with a leading "/").

    A directory that cannot be looked into hides no other; what was known below it stays. That is
    told of when it begins and when it ends.
    """

    def __init__(
        self,
        tree: Path,
        monotonic: Callable[[], float],
        find: Callable[[str], Found | None] = find,
        directories: Directories | None = None,
    ) -> None:
        self._tree = str(tree)
        self._monotonic = monotonic
        self._find = find
        self._directories = directories
        self._links: dict[str, int] = {}
        self._children: dict[str, set[str]] = {}
        self._found: dict[str, Found] = {}
        self._known_children = self._children
        self._next_rescan = float("-inf")
        self._failed = self._told_failure = False

    @property
    def found(self) -> Mapping[str, Found]:
        """What was there at the last poll."""
        return self._found

    def poll(self) -> None:
        """Bring `found` up to date."""
        now = self._monotonic()
        if now >= self._next_rescan:
            self._next_rescan = now + RESCAN_SECONDS
            self._rescan()
            return
        for path, links in list(self._links.items()):
            if path not in self._links:
                continue  # dropped with its parent, a moment ago
            count = self._count(path)
            if count is None:
                self.forget(path)
            elif count != links or count == _COUNTS_NOTHING:
                self._list(path, count)

    def look(self, changes: Changes) -> None:
        """Bring `found` up to date with what is said to have changed."""
        if changes.lost:
            self.poll()
        for path in changes.gone:
            self.forget(path)
        for path in changes.directories & self._links.keys():
            count = self._count(path)
            if count is None:
                self.forget(path)
            else:
                self._list(path, count)

    def _rescan(self) -> None:
        self._failed = False
        before = self._links
        self._links, self._children, self._found = {}, {}, {}
        self._visit("")
        self._known_children = self._children
        for path in before.keys() - self._links.keys():
            self._watch_no_more(path)
        if self._told_failure and not self._failed:
            log.info("cgroups: all of %s can be looked through again", self._tree)
            self._told_failure = False

    def forget(self, path: str) -> None:
        """Drop what is gone, and list its parent at the next poll: a successor may stand there."""
        self._drop(path)
        parent = path.rpartition("/")[0]
        if path and parent in self._links:
            self._links[parent] = -1
            self._children[parent].discard(path)

    def _visit(self, path: str) -> None:
        """Look at a directory for the first time, and at all below it."""
        stack = [path]
        while stack:
            path = stack.pop()
            count = self._count(path)
            if count is None:
                continue
            found = self._find(path)
            if found:
                self._found[path] = found
            if path.count("/") >= MAX_DEPTH:
                continue
            if count != _NO_CHILDREN or not (found or path.endswith((".service", ".scope"))):
                stack.extend(self._listed(path, self._watched(path, count)))

    def _list(self, path: str, count: int) -> None:
        known = self._children[path]
        for child in self._listed(path, count):
            if child not in known:
                self._visit(child)
        for child in known - self._children.get(path, set()):
            self._drop(child)

    def _listed(self, path: str, count: int) -> set[str]:
        self._links[path] = count
        self._children[path] = set() if count == _NO_CHILDREN else self._subdirectories(path)
        return self._children[path]

    def _watched(self, path: str, count: int) -> int:
        """Watch the directory; returns its link count since then, so that nothing is missed."""
        if self._directories is None:
            return count
        self._directories.watch(path)
        return self._count(path) or count

    def _watch_no_more(self, path: str) -> None:
        if self._directories is not None:
            self._directories.forget(path)

    def _drop(self, path: str) -> None:
        stack = [path]
        while stack:
            path = stack.pop()
            self._found.pop(path, None)
            if self._links.pop(path, None) is not None:
                self._watch_no_more(path)
            stack.extend(self._children.pop(path, ()))

    def _count(self, path: str) -> int | None:
        """The directory's link count; None if it is gone, or was never known and cannot be."""
        try:
            return os.stat(self._tree + path).st_nlink  # noqa: PTH116 - half the cost of Path's
        except OSError as error:
            return self._links.get(path) if self._is_failure(error) else None

    def _subdirectories(self, path: str) -> set[str]:
        try:
            with os.scandir(self._tree + path) as entries:
                return {
                    f"{path}/{entry.name}"
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False) and not holds_no_container(entry.name)
                }
        except OSError as error:
            return set(self._known_children.get(path, ()) if self._is_failure(error) else ())

    def _is_failure(self, error: OSError) -> bool:
        """Whether it is more than that something is gone; the first time, it is logged."""
        if error.errno in _GONE:
            return False
        self._failed = True
        if not self._told_failure:
            log.warning(
                "cgroups: %.256s: %s; containers that come below it are not seen",
                safe_text(str(error.filename)), error.strerror,
            )  # fmt: skip
            self._told_failure = True
        return True
