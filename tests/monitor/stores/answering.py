"""A server that answers every request alike, for what no store does on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@contextmanager
def answering(
    status: int, reply: bytes, headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[tuple[str, dict[str, list[str]], dict[str, str], bytes]]]]:
    """Yields its address, and the requests: path, parameters, headers, body.

    As if it were a header, `Port` is that of the connection's other end.
    """
    requests: list[tuple[str, dict[str, list[str]], dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = dict(self.headers) | {"Port": str(self.client_address[1])}
            requests.append((url.path, parse_qs(url.query), sent, content))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(reply))} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
