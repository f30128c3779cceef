"""What a node answers to one request, as `monitor.stream.server` does."""

from __future__ import annotations

import json
import zlib
from typing import NamedTuple
from urllib.parse import parse_qsl

from benchmarks.cluster.logs import Logs
from monitor.edgelog import Batch, Cursor
from monitor.errors import BadRequest
from monitor.stream import wire

_PULL, _NAME_END = "/api/v1/consumers/", "/pull"
_COMMON = (
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cache-Control: no-store\r\n"
    "Date: Wed, 25 Nov 2026 09:30:25 GMT\r\n"
    "Server: weir\r\n\r\n"
)
"""A collector's own headers: reading them is part of what a pull costs."""


class Request(NamedTuple):
    """The first line of a request."""

    method: str
    path: str
    query: dict[str, str]

    @classmethod
    def parse(cls, head: bytes) -> Request:
        """From the bytes up to the empty line; raises ValueError."""
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        path, _, query = target.partition("?")
        return cls(method, path, dict(parse_qsl(query)) if query else {})


def answer(logs: Logs, node: int, request: Request) -> bytes:
    """The whole answer of a node."""
    try:
        if request.method == "POST" and request.path.startswith(_PULL):
            consumer = request.path[len(_PULL) :].removesuffix(_NAME_END)
            ack, size = _asked(request, "ack")
            return _batch(logs.pull(node, consumer, ack, size, _asked(request, "after")[0]))
        if request.path == "/api/v1/stream":
            return _batch(logs.read(node, *_asked(request, "after")))
        if request.path == "/metrics":
            return _page(logs, node)
    except BadRequest as error:
        return reply("400 BAD REQUEST", json.dumps({"error": str(error)}).encode())
    return reply("404 NOT FOUND", b'{"error": "a simulated node has only the stream and /metrics"}')


def reply(status: str, body: bytes, headers: str = "Content-Type: application/json\r\n") -> bytes:
    """A response as it goes over the wire."""
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n{_COMMON}"
    return head.encode("latin-1") + body


def _batch(batch: Batch) -> bytes:
    headers = f"{wire.CURSOR}: {batch.cursor}\r\n{wire.BACKLOG}: {batch.backlog}\r\n"
    if not batch.records:
        return f"HTTP/1.1 204 NO CONTENT\r\n{headers}{_COMMON}".encode("latin-1")
    headers += "Content-Encoding: gzip\r\nContent-Type: text/plain; charset=utf-8\r\n"
    if batch.newest_ns is not None:
        headers += f"{wire.NEWEST}: {batch.newest_ns}\r\n"
    return reply("200 OK", batch.body, headers)


def _page(logs: Logs, node: int) -> bytes:
    """The newest sweep as Prometheus and vmagent scrape it; both ask for gzip."""
    newest = logs.newest(node)
    page = logs.sweeps.page(node, newest) if newest else b""
    headers = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Encoding: gzip\r\n"
    return reply("200 OK", zlib.compress(page, 1, wbits=31), headers)


def _asked(request: Request, cursor: str) -> tuple[Cursor | None, int]:
    text = request.query.get(cursor, "")
    size = request.query.get("max_bytes", str(wire.DEFAULT_BYTES))
    if not (size.isdigit() and 1 <= int(size) <= wire.MAX_BYTES):
        raise BadRequest(f"max_bytes: {size[:40]!r}", "max_bytes", f"1 to {wire.MAX_BYTES}")
    return (Cursor.parse(text, cursor) if text else None), int(size)
