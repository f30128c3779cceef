"""memory.numa_stat: on which memory nodes a group's pages lie, by type and scope."""

from __future__ import annotations

import os
from collections.abc import Iterator

from collector.cgroup.parse import ByPart, Malformed, Name

_FIELD = "memory_numa_pages"
_TYPES = (b"file", b"anon", b"unevictable")
_OF_HIERARCHY = b"hierarchical_"
_LISTS = {
    b"active_file": "file",
    b"inactive_file": "file",
    b"active_anon": "anon",
    b"inactive_anon": "anon",
    b"unevictable": "unevictable",
}
"""Version 2's lists, of which version 1's types are the sums."""


def v1(data: bytes) -> ByPart:
    """Lines of `file=12 N0=7 N1=5`, in pages; `hierarchical_` begins those with the groups below.

    The type `total` is left out: it would double every sum.
    """
    pages: ByPart = {}
    for line_number, line in enumerate(data.splitlines(), 1):
        head, *nodes = line.split() or [b""]
        key = head.partition(b"=")[0]
        kind = key.removeprefix(_OF_HIERARCHY)
        if kind not in _TYPES:
            continue
        scope = "container" if kind == key else "hierarchy"
        for node, number in _counts(nodes, line_number, line, pages):
            pages[kind.decode(), scope, node] = {_FIELD: number}
    return pages


def v2(data: bytes) -> ByPart:
    """Lines of `inactive_file N0=8192 N1=0`, in bytes, always with the groups below."""
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    total: dict[Name, int] = {}
    pages: ByPart = {}
    for line_number, line in enumerate(data.splitlines(), 1):
        head, *nodes = line.split() or [b""]
        kind = _LISTS.get(head)
        if kind is None:
            continue
        for node, number in _counts(nodes, line_number, line, pages):
            name = (kind, "hierarchy", node)
            total[name] = total.get(name, 0) + number
            pages[name] = {_FIELD: total[name] // page_bytes}
    return pages


def _counts(
    nodes: list[bytes], line_number: int, line: bytes, rest: ByPart
) -> Iterator[tuple[str, int]]:
    """The number of each memory node, from `N0=7`."""
    for token in nodes:
        node, _, number = token.partition(b"=")
        if not (node[:1] == b"N" and node[1:].isdigit() and number.isdigit()):
            raise Malformed(line_number, line, rest=rest)
        yield node[1:].decode(), int(number)
