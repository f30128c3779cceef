"""One connection to a node, each exchange over which ends at one deadline.

A socket's own timeout starts anew with every byte, so one byte a second would hold a thread for
hours. Here each read may wait only for what is left of the whole exchange's time.
"""

from __future__ import annotations

import contextlib
import errno
import io
import socket
import ssl
import time
from http.client import HTTPMessage, HTTPResponse
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import SplitResult

from monitor.errors import ConfigError
from monitor.stream.forbidden import is_forbidden

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CONNECT_SECONDS = 3.0
_HEAD_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class NoConnection(Exception):
    """Nobody answered at the address in time."""


class AnswerTooLarge(Exception):
    """The answer is larger than what was allowed."""


class Answer(NamedTuple):
    """A whole answer, its body as it was sent."""

    status: int
    headers: HTTPMessage
    body: bytes


class Connection:
    """An open connection, for one exchange at a time. `ends_at` is on the monotonic clock.

    Methods raise TimeoutError at the deadline, OSError (ssl.SSLError among them) and
    http.client.HTTPException.
    """

    def __init__(self, place: SplitResult, tls: ssl.SSLContext, ends_at: float) -> None:
        """Connect to `place`, an http or https address. Raises NoConnection too."""
        host, port = place.hostname or "", place.port or _PORTS[place.scheme]
        try:
            sock = socket.create_connection((host, port), min(_CONNECT_SECONDS, _left(ends_at)))
        except TimeoutError:
            raise NoConnection from None
        if is_forbidden(there := sock.getpeername()[0]):
            sock.close()
            raise PermissionError(errno.EPERM, f"it leads to {there}, a cloud's own service")
        if place.scheme == "https":
            sock.settimeout(_left(ends_at))
            sock = tls.wrap_socket(sock, server_hostname=host)
        self._sock = sock
        self.is_reusable = True

    def exchange(self, request: bytes, at_most: int, ends_at: float) -> Answer:
        """Send a POST or GET; its answer. Raises AnswerTooLarge above `at_most` bytes."""
        self.is_reusable = False
        self._sock.settimeout(_left(ends_at))
        self._sock.sendall(request)
        received = _Received(self._sock, at_most + _HEAD_BYTES, ends_at)
        response = HTTPResponse(cast(socket.socket, received), method="POST")
        with contextlib.closing(response):
            response.begin()
            if (response.length or 0) > at_most:
                raise AnswerTooLarge
            body = response.read()
            if len(body) > at_most:
                raise AnswerTooLarge
            self.is_reusable = not response.will_close
            return Answer(response.status, response.headers, body)

    def cut(self) -> None:
        """End the exchange that another thread has going on."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # TLS's own lets go of its state

    def close(self) -> None:
        self._sock.close()


class _Received(io.RawIOBase):
    """What comes in: so many bytes, until then. In a socket's place for http.client."""

    def __init__(self, sock: socket.socket, at_most: int, ends_at: float) -> None:
        self._sock = sock
        self._bytes_left = at_most
        self._ends_at = ends_at

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._sock.settimeout(_left(self._ends_at))
        received = self._sock.recv_into(buffer)
        self._bytes_left -= received
        if self._bytes_left < 0:
            raise AnswerTooLarge
        return received


def trusting(setting: str, ca_file: str) -> ssl.SSLContext:
    """Checks certificates by those in the file (PEM) that `setting` names, "" for the system's.

    Raises ConfigError for a file that holds none.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise ConfigError(f"{setting}: {ca_file} is no certificate file (PEM): {error}") from None


def _left(ends_at: float) -> float:
    """Seconds until then. Raises TimeoutError if there are none."""
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
