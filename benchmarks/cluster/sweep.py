"""The lines of one sweep of one node: of its pods as they live and end, and of the node."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.cluster.block import Block, Numbers, Rows
from benchmarks.cluster.chance import shares, words
from benchmarks.cluster.lives import lives
from benchmarks.cluster.plan import Plan, Shape
from monitor.lineprotocol import Parser
from monitor.record import Record

RECORDED = Path(__file__).with_name("recorded.lp")

OWNERS = ("", "app", "sidecar")
SECONDS = 10.0
"""Between the sweeps of the recording."""
NAMESPACES, NAMESPACES_OF_NODE = 40, 7
FIRST_AGE = 8640
"""Sweeps that the node had been up for at the first one."""
POD_NS = 200_000
"""From the reading of one pod to that of the next."""
_FAST = {"memory_usage_bytes", "start_time_seconds"}


class Sweeps:
    """Makes the lines of any sweep of a plan; nothing is remembered from one to another."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._node, self._pods, self._namespaces = _blocks(plan.shape)
        counts = {self._node: 1, self._pods: plan.pods, self._namespaces: NAMESPACES_OF_NODE}
        blocks = [(block, count) for block, count in counts.items() if block is not None]
        self._lines = "".join(block.lines[0] * count for block, count in blocks)
        self._page = "".join(block.page[0] * count for block, count in blocks)
        self.lines_each = self._lines.count("\n")

    def lines(self, node: int, sequence: int) -> bytes:
        """The record's lines."""
        numbers: list[int] = []
        for block, rows in self._rows(node, sequence):
            numbers += block.table(rows)[:, block.lines[1]].ravel().tolist()
        return (self._lines % tuple(numbers)).encode()

    def page(self, node: int, sequence: int) -> bytes:
        """The same samples as a page for Prometheus."""
        numbers: list[int] = []
        for block, rows in self._rows(node, sequence):
            numbers += block.table(rows)[:, block.page[1]].ravel().tolist()
        return (self._page % tuple(numbers)).encode()

    def record(self, node: int, sequence: int) -> tuple[bytes, bytes]:
        """The record's lines, and the same as the edge log keeps them: one gzip member."""
        lines = self.lines(node, sequence)
        return lines, zlib.compress(lines, 1, wbits=31)

    def _rows(self, node: int, sequence: int) -> Iterator[tuple[Block, Rows]]:
        time_ns = self._plan.time_ns(node, sequence)
        yield self._node, self._lasting(node, sequence, time_ns, 1)
        yield self._pods, self._living(node, sequence, time_ns)
        if self._namespaces is not None:
            yield self._namespaces, self._lasting(node, sequence, time_ns, NAMESPACES_OF_NODE)

    def _living(self, node: int, sequence: int, time_ns: int) -> Rows:
        """The node's pods."""
        found = lives(node, self._plan.pods, sequence)
        slots = np.arange(self._plan.pods)
        started_ns = time_ns - (found.ages + shares(found.starts)) * self._plan.interval_ns
        return Rows(
            node=node,
            namespace=_namespaces(node, slots),
            replica_set=(found.who % np.uint64(2**40)).astype(np.int64),
            pod=(found.who >> np.uint64(44)).astype(np.int64),
            ages=found.ages,
            starts_cs=(started_ns / 1e7).astype(np.int64),
            times_ns=time_ns + slots * POD_NS,
            who=found.who,
            now=words(node, slots, sequence),
            since=words(node, slots, (sequence + slots) // 4),
        )

    def _lasting(self, node: int, sequence: int, time_ns: int, count: int) -> Rows:
        """The node itself, or its namespaces: they do not end."""
        slots = np.arange(count)
        ages = np.full((count, 1), sequence + FIRST_AGE)
        nothing = np.zeros(count, np.int64)
        origin_cs = self._plan.time_ns(node, -FIRST_AGE) // 10_000_000
        return Rows(
            node=node,
            namespace=_namespaces(node, slots),
            replica_set=nothing,
            pod=nothing,
            ages=ages,
            starts_cs=np.full((count, 1), origin_cs),
            times_ns=np.full(count, time_ns),
            who=words(node, slots, count),
            now=words(node, slots, count, sequence),
            since=words(node, slots, count, (sequence + slots) // 4),
        )


def _namespaces(node: int, slots: Numbers) -> Numbers:
    return (node * NAMESPACES_OF_NODE + slots % NAMESPACES_OF_NODE) % NAMESPACES


@cache
def _blocks(shape: Shape) -> tuple[Block, Block, Block | None]:
    """Of the node, of a pod, of a namespace."""
    records = list(Parser().parse(RECORDED.read_bytes()))
    tick_ns = min(record.time_ns for record in records)  # the namespaces' sums have the tick's time
    started = min(_number(record, "start_time_seconds") for record in _of(records, "container"))
    booted = _number(records[0], "boot_time_seconds")
    pod_sweeps, node_sweeps = ((tick_ns / 1e9 - since) / SECONDS for since in (started, booted))
    node, pod = _of(records, "node"), _of(records, "pod", "container")
    namespaces = None
    if shape == "usual":
        node, pod = node[:1], [_fast(record) for record in pod if _is_main(record)]
    else:
        node += _of(records, "weir")
        namespaces = Block(_of(records, "namespace"), [""], tick_ns, pod_sweeps)
    pods = Block(pod, OWNERS, tick_ns, pod_sweeps)
    return Block(node, [""], tick_ns, node_sweeps), pods, namespaces


def _of(records: Sequence[Record], *measurements: str) -> list[Record]:
    return [record for record in records if record.series.measurement in measurements]


def _number(record: Record, field: str) -> float:
    return float(record.fields.get(field, math.inf))


def _is_main(record: Record) -> bool:
    """Whether it is the pod's network or the line of a container as a whole."""
    return "cpu_usage_seconds_total" in record.fields or "interface" in dict(record.series.tags)


def _fast(record: Record) -> Record:
    """A container's line with the figures of the fast tier only."""
    fields = {
        name: value
        for name, value in record.fields.items()
        if name.startswith(("cpu_", "network_")) or name in _FAST
    }
    return record._replace(fields=fields)
