"""urllib3's connections, where each exchange has so many seconds in all.

A socket's own timeout starts anew with every byte, so one byte a second would hold a thread for
hours. Here each send and each read may wait only for what is left of the exchange's time.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, ReadTimeoutError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_MOST_SECONDS = 3600.0


class _Limited(socket.socket):
    """A socket whose sends and reads end at `ends_at`, a moment on the monotonic clock."""

    ends_at = 0.0

    def sendall(self, data: ReadableBuffer, flags: int = 0) -> None:
        self._wait_at_most()
        super().sendall(data, flags)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        self._wait_at_most()
        return super().recv_into(buffer, nbytes or 0, flags)

    def _wait_at_most(self) -> None:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.settimeout(min(left, _MOST_SECONDS))


class _LimitedTls(_Limited, ssl.SSLSocket):
    """The same for TLS, whose handshake is under the connect timeout."""


class _Connection(HTTPConnection):
    """A connection that gives each request and its answer `seconds` together."""

    seconds: float

    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        timeout = plain.gettimeout()
        sock = _Limited(plain.family, plain.type, plain.proto, plain.detach())
        sock.settimeout(timeout)
        sock.ends_at = time.monotonic() + self.seconds
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        if isinstance(self.sock, _Limited):
            self.sock.ends_at = time.monotonic() + self.seconds
        super().request(*args, **kwargs)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same for TLS; urllib3's own connects through `_new_conn` too."""


def pools(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """For `PoolManager.pool_classes_by_scheme`: exchanges that end within `seconds`."""

    class Plain(_Connection):
        pass

    class Tls(_TlsConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    Plain.seconds = Tls.seconds = seconds
    return {"http": PlainPool, "https": TlsPool}


def is_over(error: BaseException) -> bool:
    """Whether what urllib3 raised means that the exchange's time is over."""
    if isinstance(error, ConnectTimeoutError):
        return False
    causes = (error, error.__cause__, error.__context__)
    return any(isinstance(cause, ReadTimeoutError | TimeoutError) for cause in causes)


def tls(ca_file: str) -> ssl.SSLContext:
    """Checks the server's certificate by those in `ca_file` (PEM), "" for the system's.

    Raises OSError, of which ssl.SSLError is one, for a file that holds none.
    """
    context = ssl.create_default_context(cafile=ca_file or None)
    context.sslsocket_class = _LimitedTls
    return context
