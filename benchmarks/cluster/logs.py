"""The nodes' edge logs: only acknowledgements are kept, since any record can be made again."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.cluster.plan import Plan
from benchmarks.cluster.sweep import Sweeps
from monitor.edgelog import Batch, Cursor, gap
from monitor.edgelog.consumers import check_name
from monitor.edgelog.reader import MAX_DECODED_BYTES


class Logs:
    """Answers as a collector's edge log does (`monitor.edgelog.EdgeLog`), for each node."""

    def __init__(self, plan: Plan, clock: Callable[[], int] = time.time_ns) -> None:
        self.plan = plan
        self.sweeps = Sweeps(plan)
        self.pulls = self.made = self.made_bytes = 0
        self._clock = clock
        self._done: dict[tuple[str, int], int] = {}

    def pull(
        self,
        node: int,
        consumer: str,
        ack: Cursor | None,
        max_bytes: int,
        after: Cursor | None = None,
    ) -> Batch:
        """Acknowledge up to `ack` for the consumer, then give what follows it, or `after`.

        Raises BadRequest.
        """
        self.pulls += 1
        place = check_name(consumer), node
        done = self._done.get(place, 0)
        foreign = ack is not None and not self._is_ours(node, ack)
        if ack is not None and not foreign:
            done = max(done, ack.sequence)
        self._done[place] = done
        if after is None:
            return self._batch(node, done, max_bytes, ack if foreign else None, consumer)
        if not self._is_ours(node, after):
            return self._batch(node, done, max_bytes, after, consumer)
        return self._batch(node, max(done, after.sequence), max_bytes, None, consumer)

    def read(self, node: int, after: Cursor | None, max_bytes: int) -> Batch:
        """What follows `after`, from the oldest on where it is None. Nothing is acknowledged."""
        foreign = after is not None and not self._is_ours(node, after)
        start = 0 if after is None or foreign else after.sequence
        return self._batch(node, start, max_bytes, after if foreign else None, "")

    def newest(self, node: int) -> int:
        """The sequence of the node's newest record, 0 for none."""
        return self.plan.newest(node, self._clock())

    def done(self, consumer: str, node: int) -> int:
        """What the consumer has acknowledged, 0 for nothing."""
        return self._done.get((consumer, node), 0)

    def acknowledged(self, consumer: str) -> int:
        """Records of all nodes that the consumer has acknowledged."""
        return sum(self.done(consumer, node) for node in range(self.plan.nodes))

    def backlog(self, consumer: str) -> int:
        """Records of all nodes that the consumer has not acknowledged."""
        return sum(map(self.newest, range(self.plan.nodes))) - self.acknowledged(consumer)

    def _is_ours(self, node: int, cursor: Cursor) -> bool:
        return cursor.epoch == self.plan.epoch(node) and cursor.sequence <= self.newest(node)

    def _batch(
        self, node: int, after: int, max_bytes: int, foreign: Cursor | None, consumer: str
    ) -> Batch:
        newest = self.newest(node)
        members: list[bytes] = []
        if foreign is not None:
            tags = {"cluster": "bench", "node": f"node-{node:05d}"}
            time_ns = self.plan.time_ns(node, after + 1) - 1
            members.append(gap.other_log(foreign, consumer, tags, time_ns))
        encoded = decoded = 0
        sequence = after
        while sequence < newest:
            lines, payload = self.sweeps.record(node, sequence + 1)
            encoded += len(payload)
            decoded += len(lines)
            if sequence > after and (encoded > max_bytes or decoded > MAX_DECODED_BYTES):
                break
            members.append(payload)
            sequence += 1
            self.made += 1
            self.made_bytes += len(payload)
        return Batch(
            body=b"".join(members),
            cursor=Cursor(self.plan.epoch(node), sequence),
            records=len(members),
            backlog=newest - sequence,
            newest_ns=self.plan.time_ns(node, sequence) if sequence > after else None,
        )
