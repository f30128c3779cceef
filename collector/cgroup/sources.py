"""Which files are read of a container, how often, and what each gives: the plan for one hierarchy.

Version 1 and version 2 say the same in different files (`v1`, `v2`); a hybrid node is served from
whichever has the controller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from collector.cgroup.parse import ByPart, Fields

T = TypeVar("T")
Kind = tuple[str, ...]
"""Of a container's parts: the tags that tell one from another."""

DEVICE: Kind = ("device",)
FAILURE: Kind = ("failure_type", "scope")
PAGESIZE: Kind = ("pagesize",)
CPU: Kind = ("cpu",)
NUMA: Kind = ("type", "scope", "numa_node")

FAILURES: Mapping[str, tuple[str, str]] = {
    "pgfault": ("pgfault", "container"),
    "pgmajfault": ("pgmajfault", "container"),
    "total_pgfault": ("pgfault", "hierarchy"),
    "total_pgmajfault": ("pgmajfault", "hierarchy"),
}
"""Fields that the parsers of memory.stat give and that are no metrics: the failures, by name."""


@dataclass(frozen=True, slots=True)
class Source(Generic[T]):
    """A file of the group in the tree of `controller`, and its parser."""

    controller: str
    file: str
    parse: Callable[[bytes], T]


PartSources = tuple[Source[ByPart], ...]
"""Where several tell of the same part, what a later one says of it goes."""


@dataclass(frozen=True, slots=True)
class Sources:
    """`fast` is read each tick, and its first file tells that the group still exists.

    `slow` and `parts` are read each 10 s; `limits` each minute.
    """

    fast: tuple[Source[Fields], ...]
    slow: tuple[Source[Fields], ...]
    limits: tuple[Source[Fields], ...]
    parts: Mapping[Kind, PartSources]
    processes: Source[tuple[int, ...]]
