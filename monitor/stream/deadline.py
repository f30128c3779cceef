"""Ends an exchange that takes too long, however slowly the other side drips.

A socket's own timeout starts anew with every byte, so one byte a second would hold a thread for
hours. Here a thread of its own shuts the socket down once the whole exchange is out of time.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

_LOOK_SECONDS = 0.25

_of_thread = threading.local()


class Limit:
    """One exchange and the time it has; `expired` tells whether it was cut off."""

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self.ends_at = time.monotonic() + seconds
        self._mutex = threading.Lock()
        self._socket: socket.socket | None = None

    def attach(self, sock: socket.socket) -> None:
        """This socket carries the exchange. A duplicate is kept: TLS takes the original over."""
        with self._mutex:
            self._close()
            self._socket = socket.socket(fileno=os.dup(sock.fileno()))
            if self.expired:
                self._shut_down()

    def expire(self) -> None:
        """Cut the exchange off."""
        with self._mutex:
            self.expired = True
            self._shut_down()

    def end(self) -> None:
        """The exchange is over."""
        with self._mutex:
            self._close()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def attach(sock: socket.socket) -> None:
    """Put `sock` under the limit that holds in this thread, if one does."""
    limit: Limit | None = getattr(_of_thread, "limit", None)
    if limit is not None:
        limit.attach(sock)


class Watchdog:
    """Looks four times a second whether an exchange is out of time."""

    def __init__(self) -> None:
        self._limits: set[Limit] = set()
        self._mutex = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def limit(self, seconds: float) -> Iterator[Limit]:
        """What this thread sends and receives inside has `seconds` in all."""
        limit = Limit(seconds)
        with self._mutex:
            self._limits.add(limit)
        _of_thread.limit = limit
        try:
            yield limit
        finally:
            _of_thread.limit = None
            with self._mutex:
                self._limits.discard(limit)
            limit.end()

    def expire_all(self) -> None:
        """Cut off everything that is going on."""
        with self._mutex:
            limits = list(self._limits)
        for limit in limits:
            limit.expire()

    def stop(self) -> None:
        """End the thread; limits hold no more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            now = time.monotonic()
            with self._mutex:
                late = [limit for limit in self._limits if now >= limit.ends_at]
            for limit in late:
                limit.expire()
