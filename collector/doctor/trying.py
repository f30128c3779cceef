"""Reads the files of real containers, and keeps how each attempt ended."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from collector.cgroup.hierarchy import Hierarchy
from collector.cgroup.parse import processes
from collector.containers.discovery import Discovery
from collector.containers.names import Found
from collector.doctor.sources import PROC, File

_ABSENT = {errno.ENOENT, errno.ENODEV, errno.ENOTDIR, errno.ESRCH}
MOST = 50
"""Of so many containers the files are tried."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A group whose files are tried, and its processes. 0 is one of a foreign PID namespace."""

    path: str
    pids: tuple[int, ...]


@dataclass(slots=True)
class Outcome:
    """How the attempts on one file of several containers ended."""

    read: int = 0
    absent: int = 0
    refused: list[tuple[Path, OSError]] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return self.read + self.absent + len(self.refused)


def containers(hierarchy: Hierarchy) -> list[Found]:
    """The containers that a collector would find."""
    discovery = Discovery(hierarchy.tree, lambda: 0.0)
    discovery.poll()
    return sorted(discovery.found.values(), key=lambda found: found.path)


def subjects(hierarchy: Hierarchy, found: Iterable[Found]) -> list[Subject]:
    """The containers, or where none runs, some group with a process in it, or none."""
    tree = hierarchy.tree
    paths = [container.path for container in found][:MOST]
    if not paths:
        other = next((d for d, _ in _groups(tree) if d != str(tree) and _procs(d)), None)
        paths = [other.removeprefix(str(tree))] if other else []
    return [Subject(path, _pids(f"{tree}{path}")) for path in paths]


def attempt(file: File, subjects: Iterable[Subject], hierarchy: Hierarchy, proc: Path) -> Outcome:
    """Read the file of each subject."""
    outcome = Outcome()
    for subject in subjects:
        for path in _paths(file, subject, hierarchy, proc):
            try:
                _read(path)
            except OSError as error:
                if error.errno not in _ABSENT:
                    outcome.refused.append((path, error))
                elif file.controller != PROC or (proc / str(subject.pids[0])).exists():
                    outcome.absent += 1
                elif subject.pids == _pids(f"{hierarchy.tree}{subject.path}"):
                    outcome.refused.append((path, error))  # it runs, and procfs hides it
            else:
                outcome.read += 1
    return outcome


def _paths(file: File, subject: Subject, hierarchy: Hierarchy, proc: Path) -> list[Path]:
    if file.controller == PROC:
        first = subject.pids[:1]
        return [proc / str(pid) / file.name.replace("TID", str(pid)) for pid in first if pid]
    root = hierarchy.controllers.get(file.controller) or hierarchy.unified
    assert root is not None  # noqa: S101 - groups() gives no file of a tree that is not there
    group = root / subject.path.lstrip("/")
    if not group.is_dir():
        return []  # gone, or not in this tree
    return sorted(group.glob(file.name)) if "*" in file.name else [group / file.name]


def _read(path: Path) -> None:
    if path.is_dir():
        for entry in list(path.iterdir())[:1]:
            entry.readlink()
        return
    with path.open("rb") as file:
        file.read()


def _pids(directory: str) -> tuple[int, ...]:
    """The processes of a group or, if it has none of its own, of the first below that has."""
    for path, _ in _groups(Path(directory)):
        if pids := _procs(path):
            return pids
    return ()


def _groups(directory: Path) -> Iterable[tuple[str, list[str]]]:
    return ((path, children) for path, children, _ in os.walk(directory))


def _procs(directory: str) -> tuple[int, ...]:
    try:
        return processes(Path(directory, "cgroup.procs").read_bytes())
    except (OSError, ValueError):
        return ()
