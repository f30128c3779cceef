"""The nodes that are pulled now: who names them, who joined, who left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from monitor.aggregator.node import Node


class Change(NamedTuple):
    """How many nodes came and went."""

    joined: int = 0
    left: int = 0


class Roster:
    """Nodes by their addresses; threads may share it.

    A node stays as long as one source names it. One that comes back begins anew: where it goes on
    is what the node itself remembers.
    """

    def __init__(self, on_join: Callable[[list[Node]], None]) -> None:
        self._on_join = on_join
        self._nodes: dict[str, Node] = {}
        self._named_by: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._nodes)

    def nodes(self) -> list[Node]:
        """The nodes as they are now."""
        with self._lock:
            return list(self._nodes.values())

    def name(self, source: str, named: Mapping[str, str]) -> Change:
        """`source` names exactly these nodes: address to labels (a JSON object).

        The labels of a node are those of the source that named it first.
        """
        with self._lock:
            joined = [self._add(url) for url in named if url not in self._nodes]
            left = 0
            for node in list(self._nodes.values()):
                if node.url in named:
                    self._named(node, source, named[node.url])
                elif source in node.sources:
                    left += self._dropped(node, source)
        if joined:
            self._on_join(joined)
        return Change(len(joined), left)

    def _add(self, url: str) -> Node:
        self._nodes[url] = node = Node(url)
        return node

    def _named(self, node: Node, source: str, labels: str) -> None:
        if source not in node.sources:
            node.sources = self._shared((*node.sources, source))
        if node.sources[0] == source and node.labels != labels:
            node.labels = labels

    def _dropped(self, node: Node, source: str) -> bool:
        """The source names the node no more; whether it is gone for that."""
        node.sources = self._shared(tuple(name for name in node.sources if name != source))
        if node.sources:
            return False
        node.gone = True
        del self._nodes[node.url]
        return True

    def _shared(self, sources: tuple[str, ...]) -> tuple[str, ...]:
        """One tuple for all nodes that have the same sources."""
        return self._named_by.setdefault(sources, sources)
