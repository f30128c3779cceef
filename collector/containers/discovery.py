"""Finds the containers' groups in one cgroup tree, and sees new ones for the price of a stat.

A cgroup directory's link count is two more than its children. So each poll asks only for the link
counts of the directories that have, or may get, children, and lists again those that changed. A
child that went while another came leaves the count as it was: whoever reads the files of the one
that went is told by the kernel, and calls `forget`. Everything is walked anew once a minute.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from collector.containers.names import Found
from collector.containers.paths import find, holds_no_container

log = logging.getLogger(__name__)

RESCAN_SECONDS = 60.0
_NO_CHILDREN = 2
_COUNTS_NOTHING = 1  # overlayfs and btrfs, under a fixture tree: always look


class Discovery:
    """The containers below `tree`, by their path from it (with a leading "/")."""

    def __init__(self, tree: Path, monotonic: Callable[[], float]) -> None:
        self._tree = str(tree)
        self._monotonic = monotonic
        self._links: dict[str, int] = {}
        self._children: dict[str, set[str]] = {}
        self._found: dict[str, Found] = {}
        self._next_rescan = float("-inf")

    @property
    def found(self) -> Mapping[str, Found]:
        """What was there at the last poll."""
        return self._found

    def poll(self) -> None:
        """Bring `found` up to date."""
        now = self._monotonic()
        if now >= self._next_rescan:
            self._next_rescan = now + RESCAN_SECONDS
            self._links, self._children, self._found = {}, {}, {}
            self._visit("")
            return
        for path, links in list(self._links.items()):
            if path not in self._links:
                continue  # dropped with its parent, a moment ago
            count = self._count(path)
            if count is None:
                self.forget(path)
            elif count != links or count == _COUNTS_NOTHING:
                self._list(path, count)

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
            found = find(path)
            if found:
                self._found[path] = found
            if count != _NO_CHILDREN:
                stack.extend(self._listed(path, count))
            elif not found and not path.endswith((".service", ".scope")):
                self._links[path], self._children[path] = count, set()

    def _list(self, path: str, count: int) -> None:
        known = self._children[path]
        for child in self._listed(path, count):
            if child not in known:
                self._visit(child)
        for child in known - self._children.get(path, set()):
            self._drop(child)

    def _listed(self, path: str, count: int) -> set[str]:
        self._links[path] = count
        self._children[path] = children = set(self._subdirectories(path))
        return children

    def _drop(self, path: str) -> None:
        self._found.pop(path, None)
        self._links.pop(path, None)
        for child in self._children.pop(path, ()):
            self._drop(child)

    def _count(self, path: str) -> int | None:
        try:
            return os.stat(self._tree + path).st_nlink  # noqa: PTH116 - half the cost of Path's
        except FileNotFoundError:
            return None

    def _subdirectories(self, path: str) -> Iterator[str]:
        try:
            with os.scandir(self._tree + path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False) and not holds_no_container(entry.name):
                        yield f"{path}/{entry.name}"
        except FileNotFoundError:
            return
