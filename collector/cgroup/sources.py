"""Which files are read of a container, how often, and what each gives: the plan for one hierarchy.

Version 1 and version 2 say the same in different files (`v1`, `v2`); a hybrid node is served from
whichever has the controller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from collector.cgroup.blockio import Devices
from collector.cgroup.parse import Fields

T = TypeVar("T")
INACTIVE_FILE = "inactive_file"
"""Not a metric: what the working set is less than the usage."""


@dataclass(frozen=True, slots=True)
class Source(Generic[T]):
    """A file of the group in the tree of `controller`, and its parser."""

    controller: str
    file: str
    parse: Callable[[bytes], T]


@dataclass(frozen=True, slots=True)
class Sources:
    """`fast` is read each tick, and its first file tells that the group still exists.

    `slow` and `devices` are read each 10 s; `limits` each minute.
    """

    fast: tuple[Source[Fields], ...]
    slow: tuple[Source[Fields], ...]
    limits: tuple[Source[Fields], ...]
    devices: tuple[Source[Devices], ...]
    processes: Source[tuple[int, ...]]
