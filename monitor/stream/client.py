"""Pulls a node's records: bounded in size, decoded size and time, and never led elsewhere."""

from __future__ import annotations

import contextlib
import math
import ssl
import threading
import time
from http.client import HTTPException
from urllib.parse import quote, urlencode, urlsplit

from monitor.edgelog import Cursor
from monitor.stream import wire
from monitor.stream.connection import Answer, AnswerTooLarge, Connection, NoConnection, trusting
from monitor.stream.kept import Kept
from monitor.stream.pulled import NodeError, Pulled, failure, understood

_CONNECTIONS = 64
"""So few that 100 nodes keep as many as 5,000; with more nodes one is used too seldom to pay."""


class NodeClient:
    """Pulls from any number of nodes; threads may share it."""

    def __init__(
        self,
        *,
        token: str = "",
        ca_file: str = "",
        seconds: float = 10.0,
        connections: int = _CONNECTIONS,
    ) -> None:
        """`seconds` bounds a whole pull; `connections` are kept open. Raises ConfigError."""
        self._seconds = seconds
        self._authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        self._tls = trusting("node-ca", ca_file)
        self._kept = Kept(connections)
        self._busy: set[Connection] = set()
        self._interrupted = False
        self._mutex = threading.Lock()

    def pull(
        self,
        node_url: str,
        consumer: str,
        ack: Cursor | None,
        max_bytes: int,
        at_most: int = wire.MAX_BYTES,
        after: Cursor | None = None,
        seconds: float = math.inf,
    ) -> Pulled | None:
        """Acknowledge up to `ack`, then get what follows; None when there is nothing new.

        `after` is where to read on, if that is further than what may be acknowledged.

        A single record may be larger than `max_bytes`; above `at_most` bytes AnswerTooLarge is
        raised and nothing was taken. It has `seconds`, if that is less than what every pull has.
        Raises NodeError naming the node, what is wrong with it, and the remedy.
        """
        cursors = {"ack": ack, "after": after}
        query = {name: str(cursor) for name, cursor in cursors.items() if cursor is not None}
        query["max_bytes"] = str(max_bytes)
        target = f"/api/v1/consumers/{consumer}/pull?{urlencode(query)}"
        seconds = min(seconds, self._seconds)
        try:
            answer = self._exchange(node_url, target, at_most, seconds)
        except AnswerTooLarge:
            if at_most < wire.MAX_BYTES:
                raise
            raise NodeError(
                node_url, "size", f"sends more than {wire.MAX_BYTES:,} bytes; is it Weir's?"
            ) from None
        except (OSError, HTTPException, NoConnection, UnicodeError) as error:
            raise failure(node_url, error, seconds) from None
        return understood(node_url, answer)

    def interrupt(self) -> None:
        """Cut off every pull that is going on; there will be no other."""
        with self._mutex:
            self._interrupted = True
            busy = list(self._busy)
        for connection in busy:
            connection.cut()

    def close(self) -> None:
        """Let go of the connections."""
        self._kept.close()

    def _exchange(self, node_url: str, target: str, at_most: int, seconds: float) -> Answer:
        ends_at = time.monotonic() + seconds
        place = urlsplit(node_url)
        request = (
            f"POST {quote(place.path, safe='/%')}{target} HTTP/1.1\r\nHost: {place.netloc}\r\n"
            f"{self._authorization}Content-Length: 0\r\n\r\n"
        ).encode("ascii")
        kept = self._kept.take(node_url)
        if kept is not None:
            # The node may have closed it in the meantime; pulls are idempotent.
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                return self._over(kept, node_url, request, at_most, ends_at)
        connection = Connection(place, self._tls, ends_at)
        return self._over(connection, node_url, request, at_most, ends_at)

    def _over(
        self, connection: Connection, node_url: str, request: bytes, at_most: int, ends_at: float
    ) -> Answer:
        with self._mutex:
            self._busy.add(connection)
        try:
            if self._interrupted:
                raise ConnectionAbortedError
            return connection.exchange(request, at_most, ends_at)
        finally:
            with self._mutex:
                self._busy.discard(connection)
            if connection.is_reusable:
                self._kept.give(node_url, connection)
            else:
                connection.close()
