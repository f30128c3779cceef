"""One step: pull a node, write what came, and only then move its cursor."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import NamedTuple

from monitor.aggregator.backoff import pause
from monitor.aggregator.group_commit import GroupCommit
from monitor.aggregator.node import Node
from monitor.aggregator.quarantine import Quarantine, QuarantineError
from monitor.aggregator.telemetry import Telemetry
from monitor.errors import StoreError, StoreRejected
from monitor.stream.client import NodeClient, NodeError, Pulled

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_SLOW_SECONDS = 1.0
_ONE_RECORD = 1


class Next(NamedTuple):
    """When a node is due again, and whether its answer was slow."""

    in_seconds: float
    slow: bool


@dataclass(frozen=True, slots=True)
class Pipe:
    """The way of a body from a node to the store. It lives in `step` alone: nothing keeps it.

    Killed between the write and the next pull, the body is pulled and written again: the same
    points, so a reader sees them once.
    """

    client: NodeClient
    groups: GroupCommit
    quarantine: Quarantine
    telemetry: Telemetry
    consumer: str
    batch_bytes: int
    poll_seconds: float

    def step(self, node: Node) -> Next:
        """Pull `node` once, acknowledging what was written before."""
        began = time.monotonic()
        wanted = _ONE_RECORD if node.is_careful() else self.batch_bytes
        try:
            pulled = self.client.pull(node.url, self.consumer, node.cursor, wanted)
        except NodeError as error:
            self.telemetry.pull_errors.labels(error.kind).inc()
            slow = time.monotonic() - began > _SLOW_SECONDS
            return Next(self._failed(node, str(error)), slow)
        slow = time.monotonic() - began > _SLOW_SECONDS
        self.telemetry.pulls.inc()
        trouble = node.answered(time.time())
        if trouble is not None:
            log.info("node %s answers again, after %.0f s", node.url, trouble)
        if pulled is None:
            node.backlog = 0
            return Next(self.poll_seconds, slow)
        return Next(self._write(node, pulled), slow)

    def _write(self, node: Node, pulled: Pulled) -> float:
        """Write, then move the cursor. Returns the seconds after which to pull again."""
        try:
            self.groups.write(pulled.body, pulled.shape.decoded_bytes)
        except StoreRejected as error:
            return self._rejected(node, pulled, str(error))
        except StoreError:
            node.backlog = pulled.backlog + pulled.shape.records
            return 0.0  # the gate says when: the node is pulled again as soon as it opens
        self.telemetry.records.inc(pulled.shape.records)
        self.telemetry.lines.inc(pulled.shape.lines)
        self.telemetry.bytes.inc(len(pulled.body))
        return self._moved(node, pulled)

    def _rejected(self, node: Node, pulled: Pulled, reason: str) -> float:
        """Find the record that is refused, keep that one aside, and let the rest flow on."""
        if pulled.shape.records > 1 and not node.is_careful():
            node.careful_until = pulled.cursor.sequence
            return 0.0
        try:
            self.quarantine.keep(node.url, pulled, reason)
        except QuarantineError as error:
            return self._failed(node, str(error))
        self.telemetry.quarantined.inc(pulled.shape.records)
        return self._moved(node, pulled)

    def _moved(self, node: Node, pulled: Pulled) -> float:
        node.written(pulled)
        return 0.0 if pulled.backlog else self.poll_seconds

    def _failed(self, node: Node, error: str) -> float:
        if node.failed(error, time.time()):
            log.warning("%s; trying again with growing pauses", error)
        first = min(_FIRST_PAUSE_SECONDS, self.poll_seconds)
        return pause(node.failures, first, _LONGEST_PAUSE_SECONDS)
