"""A proxy in front of a real HTTP server that spoils what goes through it, when told to."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit

Way = Literal[
    "through", "cut before the reply", "cut in the request", "cut after the reply", "drip"
]


@dataclass(frozen=True)
class Instead:
    """An answer in the real one's place; the real server hears nothing."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Meddler:
    """Passes requests on to `target`; those to /write, /api/v2/write as `way` says at that moment.

    `met` counts how many were treated by each way but "through". Without `told` it withholds which
    version the server says it is.
    """

    def __init__(self, target: str, told: bool = True) -> None:
        self.way: Way | Instead = "through"
        self.met = 0
        self._stopping = threading.Event()
        outer, host = self, urlsplit(target).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                is_write = urlsplit(self.path).path.endswith("/write")
                way = outer.way if is_write else "through"
                outer.met += way != "through"
                if way == "cut in the request":
                    self.rfile.read(10)
                    return self._cut()
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if isinstance(way, Instead):
                    headers = {"Content-Length": str(len(way.body))} | dict(way.headers)
                    return self._reply(way.status, headers, way.body)
                status, headers, reply = self._passed_on(host, body)
                if way == "cut before the reply":
                    return self._cut()
                if way == "drip":
                    return self._drip(b"HTTP/1.1 %d Dripping\r\n\r\n" % status)
                self._reply(status, headers, reply)
                if way == "cut after the reply":
                    self._cut()
                return None

            do_POST = do_GET  # noqa: N815

            def _passed_on(self, host: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
                connection = http.client.HTTPConnection(host, timeout=60)
                with contextlib.closing(connection):
                    connection.request(self.command, self.path, body, dict(self.headers))
                    answer = connection.getresponse()
                    reply = answer.read()
                    names = ("Content-Type", *["X-Influxdb-Version"] * told)
                    kept = {name: value for name, value in answer.headers.items() if name in names}
                    if answer.status != 204:
                        kept["Content-Length"] = str(len(reply))
                    return answer.status, kept, reply

            def _reply(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def _drip(self, answer: bytes) -> None:
                with contextlib.suppress(OSError):
                    for byte in answer:
                        self.connection.send(bytes([byte]))
                        if outer._stopping.wait(0.25):
                            break
                self._cut()

            def _cut(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Meddler:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
