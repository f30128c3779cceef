"""When what was written may be acknowledged to its node, and from where a node is read on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from monitor.aggregator.node import Node
from monitor.aggregator.store_watch import StoreWatch
from monitor.edgelog import Cursor
from monitor.stores.protocols import Forgetful, Writer


class Places(NamedTuple):
    """What a pull says: acknowledged up to `ack`, read on behind `after` (None: behind `ack`)."""

    ack: Cursor | None
    after: Cursor | None


class Settling(Protocol):
    """Says for each pull of a node what it acknowledges and where it reads on."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def places(self, node: Node) -> Places: ...


def settling_of(writer: Writer, on_dropped: Callable[[Mapping[str, int]], None]) -> Settling:
    """The one for the writer's store; `on_dropped` as in `StoreWatch`."""
    if isinstance(writer, Forgetful):
        return Later(StoreWatch(writer, on_dropped), writer.settle_seconds)
    return AtOnce()


class AtOnce:
    """For a store whose word is its last: the next pull acknowledges what was written."""

    def start(self) -> None:
        """There is nothing to watch."""

    def stop(self) -> None:
        """So there is nothing to end."""

    def places(self, node: Node) -> Places:
        """See `Settling`."""
        return Places(_cursor(node.cursor), None)


class Later:
    """For a store that may forget: a record is acknowledged once the store has run on for a while.

    Of each node one place is a candidate at a time. When the store, not started anew since, is seen
    `settle_seconds` after it was written, it is acknowledged, and where the node is read by then is
    the next candidate. An acknowledgement that is lost on its way is made good by the next one.
    When the store was started anew, each node is read again from what it knows to be acknowledged:
    the last one or two times `settle_seconds`. These are the same points, so a reader sees each
    once.
    """

    def __init__(
        self,
        watch: StoreWatch,
        settle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch = watch
        self._settle_seconds = settle_seconds
        self._clock = clock

    def start(self) -> None:
        """Begin to watch the store."""
        self._watch.start()

    def stop(self) -> None:
        """Watch it no more."""
        self._watch.stop()

    def places(self, node: Node) -> Places:
        """See `Settling`. Whatever stands before the node's `cursor` was written before this."""
        start, seen_at = self._watch.seen
        settled = ""
        if node.store_start != start:
            node.store_start = start
            node.cursor = node.candidate = ""
        elif node.candidate and seen_at >= node.candidate_at + self._settle_seconds:
            settled, node.candidate = node.candidate, ""
        if not node.candidate:
            node.candidate, node.candidate_at = node.cursor, self._clock()
        return Places(_cursor(settled), _cursor(node.cursor))


def _cursor(text: str) -> Cursor | None:
    return Cursor.parse(text) if text else None
