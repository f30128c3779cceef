"""Pulls a node's records: bounded in size, decoded size and time, and never led elsewhere."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import quote, urlencode, urlsplit

from monitor.edgelog import Cursor
from monitor.errors import BadRequest, WeirError
from monitor.gzipped import Shape, look_through
from monitor.stream import wire
from monitor.stream.connection import Answer, AnswerTooLarge, Connection, NoConnection, trusting
from monitor.stream.kept import Kept

_CONNECTIONS = 64
"""Kept open, so few that 100 nodes need the memory of 5,000; with more, each is used too seldom."""
_ERROR_BYTES = 4096
_SHOWN_CHARACTERS = 200


class NodeError(WeirError):
    """A node did not give its records; `kind` is one of a few words, for counting."""

    def __init__(self, node_url: str, kind: str, reason: str) -> None:
        super().__init__(f"node {node_url}: {reason}")
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Pulled:
    """Records as the node sent them: `body` is one gzip stream, `shape` counts what is in it.

    `cursor` stands behind the last of them, `backlog` records follow it on the node, `newest_ns`
    is the last record's Unix time, 0 where there is only a gap.
    """

    body: bytes
    shape: Shape
    cursor: Cursor
    backlog: int
    newest_ns: int


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
            raise _failure(node_url, error, seconds) from None
        return _understood(node_url, answer)

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


def _failure(node_url: str, error: Exception, seconds: float) -> NodeError:
    if isinstance(error, NoConnection):
        return NodeError(node_url, "unreachable", "no connection in time; is the machine up?")
    if isinstance(error, TimeoutError):
        return NodeError(
            node_url,
            "timeout",
            f"did not answer within {seconds:g} s; is it overloaded, or the link slow?",
        )
    if isinstance(error, ssl.SSLError):
        return NodeError(node_url, "tls", f"TLS failed: {error}; is node-ca the right certificate?")
    if isinstance(error, socket.gaierror | UnicodeError):
        return NodeError(node_url, "unreachable", "its name has no address; check its spelling")
    words = (isinstance(error, OSError) and error.strerror) or str(error) or repr(error)
    return NodeError(
        node_url,
        "unreachable",
        f"{' '.join(words.split())[:_SHOWN_CHARACTERS]}; is the collector running there?",
    )


def _understood(node_url: str, answer: Answer) -> Pulled | None:
    if answer.status == 204:
        return None
    if answer.status != 200:
        raise _refusal(node_url, answer)
    headers = answer.headers
    try:
        if headers.get("Content-Encoding") != "gzip":
            raise ValueError("it is not compressed")
        shape = look_through(answer.body, wire.MAX_DECODED_BYTES)
        if not shape.records:
            raise ValueError("it holds no record")
        return Pulled(
            body=answer.body,
            shape=shape,
            cursor=Cursor.parse(headers.get(wire.CURSOR, "")),
            backlog=_number(headers.get(wire.BACKLOG, "")),
            newest_ns=_number(headers.get(wire.NEWEST, "0")),
        )
    except (ValueError, BadRequest) as error:
        raise NodeError(
            node_url, "protocol", f"its answer cannot be understood: {error}; is it Weir's?"
        ) from None


def _number(text: str) -> int:
    """Of a header, with no more digits than a sequence number or a time in ns may have."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError(f"{text[:40]!r} is no number")
    return int(text)


def _refusal(node_url: str, answer: Answer) -> NodeError:
    status = answer.status
    if status in (401, 403):
        remedy = "set node-token-file to a file with the collector's token"
        return NodeError(node_url, "forbidden", f"refuses our token ({status}); {remedy}")
    if 300 <= status < 400:
        return NodeError(node_url, "protocol", f"redirects ({status}); give its own address")
    try:
        said = str(json.loads(answer.body[:_ERROR_BYTES])["error"])[:_SHOWN_CHARACTERS]
    except (ValueError, KeyError, TypeError):
        said = "is a Weir collector listening there?"
    return NodeError(node_url, "protocol", f"answers {status}: {said}")
