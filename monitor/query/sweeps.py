"""Which containers there are now: those with a sample of their node's newest sweep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.catalogue import CATALOGUE
from monitor.query.engine import MAX_SAMPLES
from monitor.query.model import absent_tags
from monitor.query.newest import AHEAD_NS, SWEEPS_NS, newest_ns, spacing_ns
from monitor.query.nodes import DEFAULT_SPACING_NS, PRESENT_SPACINGS, Node, NodeKey
from monitor.query.parameters import NS
from monitor.rates import GAP_FACTOR
from monitor.stores.protocols import Reader, Samples

_LEAST_BACK_NS = 25 * NS  # two samples of what is read every 10 s only, whatever the interval


class ContainerKey(NamedTuple):
    """Who a container is: equal names on two nodes are two containers."""

    cluster: str
    node: str
    namespace: str
    pod: str
    container: str

    @classmethod
    def of(cls, samples: Samples) -> ContainerKey:
        tag = samples.tags.get
        return cls(
            tag("cluster", ""),
            tag("node", ""),
            tag("namespace", ""),
            tag("pod", ""),
            tag("container", ""),
        )

    @property
    def node_key(self) -> NodeKey:
        return NodeKey(self.cluster, self.node)


@dataclass(frozen=True, slots=True)
class Window:
    """The time of the newest sweeps of some nodes: of those that `has` accepts.

    `since` is the moment of each node from which on a sample belongs to its newest sweep.
    """

    start_ns: int
    end_ns: int
    has: Callable[[NodeKey], bool]
    since: dict[NodeKey, int]

    def select(
        self, reader: Reader, fields: Sequence[str], more_ns: int = 0
    ) -> Iterator[tuple[ContainerKey, Samples]]:
        """The containers' own rows, and those of interfaces and devices where `fields` has some
        of theirs; from `more_ns` earlier on."""
        metrics = [CATALOGUE[f"container_{name}"] for name in fields]
        alone = set.intersection(*(set(absent_tags(metric)) for metric in metrics))
        start_ns = self.start_ns - more_ns
        for samples in reader.select(
            "container", fields, sorted(alone, key=str), start_ns, self.end_ns, MAX_SAMPLES
        ):
            key = ContainerKey.of(samples)
            if self.has(key.node_key):
                yield key, samples


def windows(nodes: Mapping[NodeKey, Node], now_ns: int) -> Iterator[Window]:
    """The last few sweeps of the nodes that live, and those of the nodes that are silent now."""
    since = {key: node.present_from_ns for key, node in nodes.items()}
    silent = {key: n for key, n in nodes.items() if n.newest_ns < now_ns - SWEEPS_NS}
    live = [node for key, node in nodes.items() if key not in silent]
    start = min(map(_start_ns, live), default=now_ns - SWEEPS_NS)
    yield Window(start, now_ns + AHEAD_NS, lambda key: key not in silent, since)
    if silent:
        start = min(map(_start_ns, silent.values()))
        end = max(node.newest_ns + node.spacing_ns for node in silent.values())
        yield Window(start, end, silent.__contains__, since)


def _start_ns(node: Node) -> int:
    return node.newest_ns - max(round(GAP_FACTOR * node.spacing_ns), _LEAST_BACK_NS)


def present(
    window: Window, found: Iterable[tuple[ContainerKey, Samples]]
) -> dict[ContainerKey, Samples]:
    """Those of the containers that were found which are there now.

    A node without rows of its own is as new as its newest container.
    """
    own = dict(found)
    guessed: dict[NodeKey, int] = defaultdict(int)
    for key, samples in own.items():
        if key.node_key not in window.since:
            slack = round(PRESENT_SPACINGS * (spacing_ns(samples) or DEFAULT_SPACING_NS))
            guessed[key.node_key] = max(guessed[key.node_key], newest_ns(samples) - slack)
    window.since.update(guessed)
    return {key: s for key, s in own.items() if newest_ns(s) >= window.since[key.node_key]}
