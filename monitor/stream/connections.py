"""urllib3's connections, with the deadline told which socket they use."""

from __future__ import annotations

import socket
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from monitor.stream import deadline


class _Watched(HTTPConnection):
    """A connection that tells the deadline which socket it uses, new or kept."""

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        deadline.attach(sock)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            deadline.attach(self.sock)
        super().request(*args, **kwargs)


class _WatchedTls(_Watched, HTTPSConnection):
    """The same for TLS; urllib3's own connects through `_new_conn` too."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


POOLS = {"http": _Pool, "https": _TlsPool}
"""For `PoolManager.pool_classes_by_scheme`."""
