"""Connections that stay open between two pulls, so many at most."""

from __future__ import annotations

import threading
import time

from monitor.stream.connection import Connection

_UNUSED_SECONDS = 60.0


class Kept:
    """Idle connections by the address of their node; threads share it.

    Who has a place keeps it as long as it is used: if the longest unused had to go for a new one,
    more nodes than places, pulled in turn, would each find theirs closed.
    """

    def __init__(self, places: int, unused_seconds: float = _UNUSED_SECONDS) -> None:
        """After `unused_seconds` a place may be given to another node."""
        self._places = places
        self._unused_seconds = unused_seconds
        self._idle: dict[str, tuple[Connection, float]] = {}  # the longest unused first
        self._mutex = threading.Lock()

    def take(self, node_url: str) -> Connection | None:
        """The node's connection, now the caller's, if there is one."""
        with self._mutex:
            connection, _ = self._idle.pop(node_url, (None, 0.0))
        return connection

    def give(self, node_url: str, connection: Connection) -> None:
        """Keep it for the node's next pull, or close it where there is no place."""
        now = time.monotonic()
        closing = [connection]
        with self._mutex:
            if self._idle and len(self._idle) >= self._places:
                longest = next(iter(self._idle))
                if now - self._idle[longest][1] > self._unused_seconds:
                    closing.append(self._idle.pop(longest)[0])
            if len(self._idle) < self._places and node_url not in self._idle:
                self._idle[node_url] = (connection, now)
                closing.remove(connection)
        for each in closing:
            each.close()

    def close(self) -> None:
        """Close all of them; nothing is kept from now on."""
        with self._mutex:
            self._places = 0
            idle, self._idle = self._idle, {}
        for connection, _ in idle.values():
            connection.close()
