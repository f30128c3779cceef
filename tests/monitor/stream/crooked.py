"""A server that answers every connection with given bytes: at once, dripping, or never."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType


class Crooked:
    """Sends `answer` to whoever sends it a request.

    With `drip_seconds` only its first `at_once` bytes come at once, the rest byte by byte.
    """

    def __init__(self, answer: bytes, drip_seconds: float = 0.0, at_once: int = 0) -> None:
        self._answer = answer
        self._at_once = at_once
        self._drip_seconds = drip_seconds
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Crooked:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.requests.append(connection.recv(65536))
            if not self._drip_seconds:
                connection.sendall(self._answer)
                return
            connection.sendall(self._answer[: self._at_once])
            for byte in self._answer[self._at_once :]:
                if self._stopping.is_set():
                    return
                connection.send(bytes([byte]))
                time.sleep(self._drip_seconds)


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer, its length declared."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


WEIR = (
    "Content-Encoding: gzip",
    "Weir-Cursor: ab12:7",
    "Weir-Backlog-Records: 3",
    "Weir-Newest-Ns: 1000",
)
"""The headers of a good answer."""
