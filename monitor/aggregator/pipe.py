"""One step: pull a node, write what came, and only then move its cursor."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import NamedTuple

from monitor.aggregator.backoff import pause
from monitor.aggregator.bisection import refused_in
from monitor.aggregator.group_commit import GroupCommit
from monitor.aggregator.in_flight import InFlight, Room
from monitor.aggregator.node import Node
from monitor.aggregator.quarantine import Quarantine, QuarantineError
from monitor.aggregator.settling import Settling
from monitor.aggregator.telemetry import Telemetry
from monitor.errors import StoreError, StoreRejected
from monitor.stream import wire
from monitor.stream.client import NodeClient
from monitor.stream.connection import AnswerTooLarge
from monitor.stream.pulled import NodeError, Pulled

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_SLOW_SECONDS = 1.0
"""Who takes longer is slow. A node that is not has no more time than this, or the many that hang at
once, for instance behind a broken link, would hold all workers for the whole time of a pull."""
_FIRST_BYTES = 16 * 1024
"""What the first pull asks for: enough to learn from it in which lane the node belongs."""


class Next(NamedTuple):
    """When a node is due again, and whether among the slow."""

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
    settling: Settling
    quarantine: Quarantine
    in_flight: InFlight
    telemetry: Telemetry
    consumer: str
    batch_bytes: int
    poll_seconds: float

    def step(self, node: Node) -> Next:
        """Pull `node` once, acknowledging what was written before."""
        in_seconds, slow = self._step(node)
        node.slow = slow or node.careful  # the careful wait for each other, as for the slow
        return Next(in_seconds, node.slow)

    def _step(self, node: Node) -> Next:
        if node.careful:
            with self.in_flight.lane(wire.MAX_BYTES):
                return self._pull(node, wire.MAX_BYTES, None)
        with self.in_flight.room(self.batch_bytes) as room:
            return self._pull(node, self.batch_bytes, room)

    def _pull(self, node: Node, at_most: int, room: Room | None) -> Next:
        began = time.monotonic()
        asked = min(self.batch_bytes, self.groups.max_bytes)
        if node.failures or not node.answered_at:
            asked = min(asked, _FIRST_BYTES)
        seconds = math.inf if node.slow else _SLOW_SECONDS
        try:
            ack, after = self.settling.places(node)
            pulled = self.client.pull(
                node.url, self.consumer, ack, asked, at_most, after=after, seconds=seconds
            )
        except AnswerTooLarge:
            return self._with_care(node)
        except NodeError as error:
            self.telemetry.pull_errors.labels(error.kind).inc()
            node.careful = False
            slow = time.monotonic() - began >= _SLOW_SECONDS
            return Next(self._failed(node, str(error)), slow)
        slow = time.monotonic() - began > _SLOW_SECONDS
        self.telemetry.pulls.inc()
        trouble = node.answered(time.time())
        if trouble is not None:
            log.info("node %s answers again, after %.0f s", node.url, trouble)
        if pulled is None:
            node.backlog = 0
            node.found_nothing(node.answered_at)
            return Next(self._wait(node), slow)
        if room is not None:
            room.shrink(len(pulled.body))
        return self._write(node, pulled, slow)

    def _write(self, node: Node, pulled: Pulled, slow: bool) -> Next:
        """Write, then move the cursor."""
        try:
            refused = self._stored(node, pulled)
        except StoreRejected:
            return self._with_care(node)
        except StoreError:
            node.backlog = pulled.backlog + pulled.shape.records
            return Next(0.0, slow)  # the gate says when: pulled again as soon as it opens
        except QuarantineError as error:
            return Next(self._failed(node, str(error)), slow)
        self.telemetry.records.inc(pulled.shape.records)
        self.telemetry.lines.inc(pulled.shape.lines - refused)
        self.telemetry.bytes.inc(len(pulled.body))
        node.written(pulled)
        return Next(0.0 if pulled.backlog else self._wait(node), slow)

    def _stored(self, node: Node, pulled: Pulled) -> int:
        """Have the store take the body; of a `careful` node how many lines had to be set apart.

        Raises StoreRejected for another's, StoreError, QuarantineError.
        """
        try:
            self.groups.write(pulled.body, pulled.shape.decoded_bytes, alone=node.careful)
        except StoreRejected as error:
            if not node.careful:
                raise
            return self._set_apart(node, pulled, str(error))
        node.careful = len(pulled.body) > self.batch_bytes
        return 0

    def _set_apart(self, node: Node, pulled: Pulled, reason: str) -> int:
        """Write what the store takes of the body, keep the rest aside; how many lines that is."""

        def write(piece: bytes) -> None:
            self.groups.write(piece, 0, alone=True)

        found = refused_in(pulled.body, reason, write)
        for refused in found:
            self.quarantine.keep(node.url, refused)
        lines = sum(each.count_lines() for refused in found for each in refused)
        self.telemetry.quarantined.inc(lines)
        return lines

    def _with_care(self, node: Node) -> Next:
        """Pull it again, in the lane where one body at a time is taken apart, or is a large one."""
        node.careful = True
        return Next(0.0, slow=True)

    def _wait(self, node: Node) -> float:
        return node.wait_seconds(time.time(), self.poll_seconds)

    def _failed(self, node: Node, error: str) -> float:
        if node.failed(error, time.time()):
            log.warning("%s; trying again with growing pauses", error)
        first = min(_FIRST_PAUSE_SECONDS, self.poll_seconds)
        return pause(node.failures, first, _LONGEST_PAUSE_SECONDS)
