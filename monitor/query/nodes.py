"""The nodes that there are, from their newest rows: size, usage, and how old that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from monitor.catalogue import CATALOGUE
from monitor.query.engine import MAX_SAMPLES
from monitor.query.model import absent_tags
from monitor.query.newest import (
    AHEAD_NS,
    MACHINE_NS,
    SWEEPS_NS,
    last,
    last_rate,
    newest_ns,
    spacing_ns,
)
from monitor.query.parameters import NS
from monitor.stores.protocols import Reader, Samples

PRESENT_SPACINGS = 1.5
DEFAULT_SPACING_NS = 10 * NS
"""Assumed of a node of which there is one row so far."""

_FIELDS = ("cpu_usage_seconds_total", "memory_working_set_bytes", "memory_MemTotal_bytes")
_MACHINE_FIELDS = ("cpu_cores", "memory_bytes")


class NodeKey(NamedTuple):
    """Who a node is; two clusters may have nodes of one name."""

    cluster: str
    node: str

    @classmethod
    def of(cls, samples: Samples) -> NodeKey:
        return cls(samples.tags.get("cluster", ""), samples.tags.get("node", ""))


@dataclass(frozen=True, slots=True)
class Node:
    """A node as of its newest sweep; what is not known is None."""

    key: NodeKey
    newest_ns: int
    spacing_ns: int
    cpu_count: float | None = None
    memory_bytes: float | None = None
    cpu_cores: float | None = None
    memory_working_set_bytes: float | None = None

    @property
    def present_from_ns(self) -> int:
        """What is there now has a sample since this moment: that of the newest sweep."""
        return self.newest_ns - round(PRESENT_SPACINGS * self.spacing_ns)


def nodes(reader: Reader, now_ns: int) -> dict[NodeKey, Node]:
    """Every node with a row in the last 11 minutes. Raises StoreError."""
    machines = {
        NodeKey.of(s): s for s in _select(reader, "machine", _MACHINE_FIELDS, now_ns, MACHINE_NS)
    }
    sweeps = _sweeps(reader, now_ns, SWEEPS_NS)
    if not machines.keys() <= sweeps.keys() or any(len(s.times) < 2 for s in sweeps.values()):
        sweeps = _sweeps(reader, now_ns, MACHINE_NS)
    return {key: _node(key, rows, machines.get(key)) for key, rows in sweeps.items()}


def _sweeps(reader: Reader, now_ns: int, back_ns: int) -> dict[NodeKey, Samples]:
    return {NodeKey.of(s): s for s in _select(reader, "node", _FIELDS, now_ns, back_ns)}


def _select(
    reader: Reader, measurement: str, fields: tuple[str, ...], now_ns: int, back_ns: int
) -> Iterator[Samples]:
    alone = absent_tags(CATALOGUE[f"{measurement}_{fields[0]}"])
    return reader.select(
        measurement, fields, alone, now_ns - back_ns, now_ns + AHEAD_NS, MAX_SAMPLES
    )


def _node(key: NodeKey, rows: Samples, machine: Samples | None) -> Node:
    memory = last(rows, "memory_MemTotal_bytes")
    return Node(
        key,
        newest_ns(rows),
        spacing_ns(rows) or DEFAULT_SPACING_NS,
        last(machine, "cpu_cores") if machine else None,
        memory if memory is not None or not machine else last(machine, "memory_bytes"),
        last_rate(rows, "cpu_usage_seconds_total"),
        last(rows, "memory_working_set_bytes"),
    )
