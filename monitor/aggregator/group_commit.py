"""Group commit: while one write is under way, the bodies that come meanwhile make up the next."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from monitor.aggregator.gate import Gate
from monitor.aggregator.telemetry import Telemetry
from monitor.errors import StoreRejected, StoreTooLarge

log = logging.getLogger(__name__)

MAX_DECODED_BYTES = 8 * 1024 * 1024
"""Of one group: below the 10 MB that InfluxDB 3 takes, and the embedded store's memory follows."""

_FEW_BYTES = 64 * 1024


class GroupCommit:
    """Writes the bodies of many workers in few writes; threads share it.

    A worker that comes while fewer than `writers` writes are under way writes at once. The others
    queue; when a write ends, the first of them writes for as many as fit into `max_bytes`. There is
    no timer: a lone body never waits for company, and under load the groups grow until the store
    keeps up.
    """

    def __init__(self, gate: Gate, telemetry: Telemetry, *, max_bytes: int, writers: int) -> None:
        """`max_bytes` are compressed ones, fewer once the store has called a write too large.

        A single body may have more.
        """
        self._gate = gate
        self._telemetry = telemetry
        self.max_bytes = max_bytes
        self._free_writers = writers
        self._queue: deque[_Waiting] = deque()  # empty while a writer is free
        self._mutex = threading.Lock()

    def write(self, body: bytes, decoded_bytes: int, *, alone: bool = False) -> None:
        """Return once the store has `body`, whole gzip members; raises what Gate.write does.

        The bodies of a group that was refused are written again one by one, so that none is blamed
        for another. `alone` says that this one is never to be in a group.
        """
        try:
            self._in_turn(_Waiting(body, decoded_bytes, alone))
        except _RefusedTogether:
            self._in_turn(_Waiting(body, decoded_bytes, alone=True))

    def _in_turn(self, waiting: _Waiting) -> None:
        with self._mutex:
            self._queue.append(waiting)
            if self._free_writers:
                self._free_writers -= 1
                self._hand_over()
        try:
            group = waiting.turn.result()
        finally:
            del waiting  # an error's traceback would keep its body, in a circle
        if group is not None:
            try:
                self._write(group)
            finally:
                group.clear()  # the same: the first of them knows the group

    def _hand_over(self) -> None:
        """Take the next group from the queue; its first writes for all of it."""
        first = self._queue.popleft()
        group, size, decoded = [first], len(first.body), first.decoded_bytes
        while self._queue and not (first.alone or self._queue[0].alone):
            size += len(self._queue[0].body)
            decoded += self._queue[0].decoded_bytes
            if size > self.max_bytes or decoded > MAX_DECODED_BYTES:
                break
            group.append(self._queue.popleft())
        first.turn.set_result(group)

    def _write(self, group: list[_Waiting]) -> None:
        body = b"".join([each.body for each in group])
        try:
            self._attempt(body, len(group))
        except StoreRejected as error:
            if isinstance(error, StoreTooLarge) and not group[0].alone:
                self._be_content_with(len(body) // 2)
            if len(group) == 1:
                raise
            _tell(group, _RefusedTogether())
            raise _RefusedTogether from None
        except Exception as error:  # whatever it is, each of them has to hear of it
            _tell(group, error)
            raise
        for other in group[1:]:
            other.turn.set_result(None)

    def _attempt(self, body: bytes, bodies: int) -> None:
        began = time.monotonic()
        try:
            self._gate.write(body)
        finally:
            with self._mutex:
                if self._queue:
                    self._hand_over()
                else:
                    self._free_writers += 1
        self._telemetry.on_write(bodies, len(body), time.monotonic() - began)

    def _be_content_with(self, size: int) -> None:
        """Not too little: it may have been one large line among small ones."""
        size = max(size, _FEW_BYTES)
        if size < self.max_bytes:
            self.max_bytes = size
            log.info("the store calls a write too large: at most %d bytes from now on", size)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A body in the queue. `turn` gives the group to write, or None: another worker wrote it."""

    body: bytes
    decoded_bytes: int
    alone: bool
    turn: Future[list[_Waiting] | None] = field(default_factory=Future)


class _RefusedTogether(Exception):
    """A group was refused; which body's fault it is is not known."""


def _tell(group: list[_Waiting], error: Exception) -> None:
    """All but the first, whose worker writes, hear of it."""
    for other in group[1:]:
        other.turn.set_exception(error)
