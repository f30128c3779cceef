"""A server that answers each path as told and keeps what it was asked: for stores that cannot be
run here, whose requests have to be right all the same."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """One request; `body` is what its JSON says, or the bytes."""

    method: str
    path: str
    query: dict[str, str]
    authorization: str | None
    body: Any


class Pretend:
    """Answers `METHOD PATH` by `answers`: a status and JSON data. Another path is a 404."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                is_json = content and "json" in self.headers.get("Content-Type", "")
                outer.asked.append(
                    Asked(
                        self.command,
                        url.path,
                        {name: values[0] for name, values in parse_qs(url.query).items()},
                        self.headers.get("Authorization"),
                        json.loads(content) if is_json else content,
                    )
                )
                missing = (404, {"code": "not found", "message": "path not found"})
                status, data = outer.answers.get(f"{self.command} {url.path}", missing)
                reply = json.dumps(data).encode() if data is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def posted(self, path: str) -> list[Any]:
        """The bodies that were posted to a path."""
        return [each.body for each in self.asked if (each.method, each.path) == ("POST", path)]

    def __enter__(self) -> Pretend:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
