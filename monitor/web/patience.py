"""An end to patience: a connection that takes too long in all is cut, however it drips."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

_LOOK_SECONDS = 0.5


class Patience:
    """Cuts sockets that stay longer than they were granted.

    A time-out of a socket counts from one byte to the next; a caller who sends one each second
    would hold a thread for hours.
    """

    def __init__(self) -> None:
        self._until: dict[socket.socket, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="patience", daemon=True)

    def start(self) -> None:
        """Watch, on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()

    @contextlib.contextmanager
    def within(self, seconds: float, sock: socket.socket) -> Iterator[None]:
        """Cut `sock` if the block takes longer than `seconds` (to half a second)."""
        self._until[sock] = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until.pop(sock, None)

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            now = time.monotonic()
            for sock, until in list(self._until.items()):
                if now > until:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
