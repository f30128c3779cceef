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
        self._nodes: list[Node] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._nodes)

    def nodes(self) -> list[Node]:
        """The nodes as they are now."""
        with self._lock:
            return list(self._nodes)

    def name(self, source: str, named: Mapping[str, str]) -> Change:
        """`source` names exactly these nodes: address to labels (a JSON object).

        A node has the labels of the source that named it first; once that one drops it, those of
        the next, as soon as that one speaks again.
        """
        with self._lock:
            known = {node.url for node in self._nodes}
            joined = [Node(url) for url in named if url not in known]
            before = len(self._nodes) + len(joined)
            shared: dict[tuple[str, ...], tuple[str, ...]] = {}
            for node in (*self._nodes, *joined):
                sources = _named_by(node.sources, source, node.url in named)
                node.sources = shared.setdefault(sources, sources)
                if not sources:
                    node.gone = True
                elif sources[0] == source and node.labels != named[node.url]:
                    node.labels = named[node.url]
            self._nodes = [node for node in (*self._nodes, *joined) if not node.gone]
            left = before - len(self._nodes)
        if joined:
            self._on_join(joined)
        return Change(len(joined), left)


def _named_by(sources: tuple[str, ...], source: str, names: bool) -> tuple[str, ...]:
    """The sources of a node, now that `source` names it or does not."""
    if names == (source in sources):
        return sources
    return (*sources, source) if names else tuple(name for name in sources if name != source)
