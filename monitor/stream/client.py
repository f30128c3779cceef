"""Pulls a node's records: bounded in size, decoded size and time, and never led elsewhere."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)

from monitor.edgelog import Cursor
from monitor.errors import BadRequest, ConfigError, WeirError
from monitor.gzipped import Shape, look_through
from monitor.stream import wire
from monitor.stream.connections import POOLS
from monitor.stream.deadline import Watchdog

_CHUNK_BYTES = 64 * 1024
_ERROR_BYTES = 4096
_CONNECT_SECONDS = 3.0


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
        self, *, token: str = "", ca_file: str = "", seconds: float = 10.0, connections: int = 256
    ) -> None:
        """`seconds` bounds a whole pull; `connections` are kept open. Raises ConfigError."""
        self._seconds = seconds
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._watchdog = Watchdog()
        self._pools = urllib3.PoolManager(
            num_pools=connections,
            maxsize=1,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, seconds), read=seconds),
            ssl_context=_tls(ca_file),
        )
        self._pools.pool_classes_by_scheme = POOLS

    def pull(
        self, node_url: str, consumer: str, ack: Cursor | None, max_bytes: int
    ) -> Pulled | None:
        """Acknowledge up to `ack`, then get what follows; None when there is nothing new.

        Raises NodeError naming the node, what is wrong with it, and the remedy.
        """
        query = {"max_bytes": str(max_bytes)} | ({"ack": str(ack)} if ack is not None else {})
        url = f"{node_url}/api/v1/consumers/{consumer}/pull?{urlencode(query)}"
        with self._watchdog.limit(self._seconds) as limit:
            try:
                response, body = self._exchange(url)
            except _TooLarge:
                raise NodeError(
                    node_url, "size", f"sends more than {wire.MAX_BYTES:,} bytes; is it Weir's?"
                ) from None
            except (HTTPError, OSError) as error:
                raise self._failure(node_url, error, limit.expired) from None
            if limit.expired:
                raise self._failure(node_url, ProtocolError("cut off"), True)
        return _understood(node_url, response, body)

    def interrupt(self) -> None:
        """Cut off every pull that is going on."""
        self._watchdog.expire_all()

    def close(self) -> None:
        """Let go of the connections."""
        self._watchdog.stop()
        self._pools.clear()

    def _exchange(self, url: str) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        try:
            response = self._request(url)
        except ProtocolError as error:
            # A kept connection that the node had closed in the same moment; pulls are idempotent.
            if not isinstance(error.args[-1], ConnectionError):
                raise
            response = self._request(url)
        try:
            body = _read(response)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return response, body

    def _request(self, url: str) -> urllib3.BaseHTTPResponse:
        return self._pools.request(
            "POST",
            url,
            headers=self._headers,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def _failure(self, node_url: str, error: Exception, expired: bool) -> NodeError:
        if expired:
            return NodeError(
                node_url,
                "timeout",
                f"did not answer within {self._seconds:g} s; is it overloaded, or the link slow?",
            )
        if isinstance(error, SSLError | ssl.SSLError):
            return NodeError(
                node_url, "tls", f"TLS failed: {error}; is node-ca the right certificate?"
            )
        if isinstance(error, NameResolutionError):
            return NodeError(node_url, "unreachable", "its name has no address; check its spelling")
        if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
            return NodeError(node_url, "unreachable", "no connection in time; is the machine up?")
        return NodeError(
            node_url, "unreachable", f"{_root(error)}; is the collector running there?"
        )


def _tls(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"node-ca: {ca_file} is no certificate file (PEM): {error}") from None


class _TooLarge(Exception):
    """The answer is larger than any that Weir sends."""


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(_CHUNK_BYTES, decode_content=False):
        size += len(chunk)
        if size > wire.MAX_BYTES:
            raise _TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def _understood(node_url: str, response: urllib3.BaseHTTPResponse, body: bytes) -> Pulled | None:
    if response.status == 204:
        return None
    if response.status != 200:
        raise _refusal(node_url, response.status, body)
    try:
        if response.headers.get("Content-Encoding") != "gzip":
            raise ValueError("it is not compressed")
        return Pulled(
            body=body,
            shape=look_through(body, wire.MAX_DECODED_BYTES),
            cursor=Cursor.parse(response.headers.get(wire.CURSOR, "")),
            backlog=int(response.headers.get(wire.BACKLOG, "")),
            newest_ns=int(response.headers.get(wire.NEWEST, "0")),
        )
    except (ValueError, BadRequest) as error:
        raise NodeError(
            node_url, "protocol", f"its answer cannot be understood: {error}; is it Weir's?"
        ) from None


def _refusal(node_url: str, status: int, body: bytes) -> NodeError:
    if status in (401, 403):
        remedy = "set node-token-file to a file with the collector's token"
        return NodeError(node_url, "forbidden", f"refuses our token ({status}); {remedy}")
    if 300 <= status < 400:
        return NodeError(node_url, "protocol", f"redirects ({status}); give its own address")
    try:
        said = str(json.loads(body[:_ERROR_BYTES])["error"])[:200]
    except (ValueError, KeyError, TypeError):
        said = "is a Weir collector listening there?"
    return NodeError(node_url, "protocol", f"answers {status}: {said}")


def _root(error: BaseException) -> str:
    """The operating system's words inside urllib3's wrapping."""
    while isinstance(inner := error.__cause__ or error.__context__, OSError):
        error = inner
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or repr(error)
