"""A proxy that cuts connections before the request arrives, or the reply does; or lets it drip."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections import Counter
from types import TracebackType
from typing import Literal

Fate = Literal["pass", "before the request", "within the request", "before the reply", "drip"]

DRIP_SECONDS = 0.5
_CHUNK = 64 * 1024


class Cutting:
    """Passes connections on to `port`, each request's fate drawn from `weights` while `cutting`.

    "before the reply" lets the server take the request, and waits for its answer, which then
    nobody gets. `fates` counts.
    """

    def __init__(self, port: int, moments: random.Random, weights: dict[Fate, int]) -> None:
        self.cutting = True
        self.fates: Counter[Fate] = Counter()
        self._port = port
        self._moments = moments
        self._weights = weights
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Cutting:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One request after another, as long as each is answered."""
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._port)) as server,
        ):
            while (request := _message(client)) and self._exchange(client, server, request):
                pass

    def _exchange(self, client: socket.socket, server: socket.socket, request: bytes) -> bool:
        fate = self._fate()
        self.fates[fate] += 1
        if fate == "before the request":
            return False
        if fate == "within the request":
            server.sendall(request[: self._moments.randrange(1, len(request))])
            return False
        server.sendall(request)
        reply = _message(server)
        if fate == "before the reply":
            return False
        if fate == "drip":
            for byte in reply:
                client.sendall(bytes([byte]))
                if self._ended.wait(DRIP_SECONDS):
                    return False
        client.sendall(reply)
        return bool(reply)

    def _fate(self) -> Fate:
        if not self.cutting:
            return "pass"
        return self._moments.choices(list(self._weights), list(self._weights.values()))[0]


def _message(sock: socket.socket) -> bytes:
    """A whole HTTP message with a declared length or in chunks; b"" where it ends before that."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found and _is_whole(head.lower(), body):
            return data
        chunk = sock.recv(_CHUNK)
        if not chunk:
            return b""
        data += chunk


def _is_whole(head: bytes, body: bytes) -> bool:
    if b"transfer-encoding: chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length or 0)
