"""What is simulated: everything that a record follows from, beside its node and its sequence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from benchmarks.cluster.chance import words

Shape = Literal["usual", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A cluster of `nodes`, each with `pods` of two containers, swept each `interval_ns`.

    Sweeps are numbered from 1; sweep s is at `origin_ns` + s intervals + the phase of the node.
    An origin in the past is a backlog. After sweep `last` (None: never) nothing more comes. Shape
    "usual" is one line for a container, a pod and a node (91 lines of thirty pods, the figures of
    the collector's fast tier and the pods' network), "full" all lines that a collector writes.
    """

    nodes: int
    origin_ns: int
    interval_ns: int = 10_000_000_000
    pods: int = 30
    shape: Shape = "usual"
    last: int | None = None

    def epoch(self, node: int) -> str:
        """The epoch of the node's log."""
        return f"{_word(node, self.origin_ns):016x}"

    def time_ns(self, node: int, sequence: int) -> int:
        """When sweep `sequence` of `node` is, Unix nanoseconds."""
        return self.origin_ns + sequence * self.interval_ns + _word(node) % self.interval_ns

    def newest(self, node: int, now_ns: int) -> int:
        """The sequence of the node's newest record at `now_ns`; 0 for none yet."""
        swept = max(0, (now_ns - self.time_ns(node, 0)) // self.interval_ns)
        return swept if self.last is None else min(swept, self.last)


@lru_cache(maxsize=16384)
def _word(*parts: int) -> int:
    return int(words(*parts)[0])
