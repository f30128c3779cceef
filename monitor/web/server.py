"""One WSGI server for every process: cheroot, on a socket that was bound before."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import threading
from typing import TYPE_CHECKING

from cheroot import errors as cheroot_errors
from cheroot import wsgi
from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.ssl.builtin import BuiltinSSLAdapter

from monitor.errors import ConfigError
from monitor.web.config import ListenConfig, address
from monitor.web.guard import LOOPBACK, Policy, guard
from monitor.web.patience import Patience

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

MAX_HEADER_BYTES = 16 * 1024
MAX_BODY_BYTES = 1024 * 1024
IDLE_SECONDS = 10
ASK_SECONDS = 10.0
"""For a request's line and headers, and the TLS handshake before them, in all."""
ANSWER_SECONDS = 120.0
"""For making an answer and taking it, in all."""


def bind(listen: str) -> socket.socket:
    """A bound TCP socket for `HOST:PORT`, `[V6]:PORT` or an inherited one for `fd:N`.

    Raises ConfigError that names the address and why it cannot be had.
    """
    host, port = address(listen)
    if host == "fd":
        try:
            return socket.socket(fileno=port)
        except OSError as error:
            raise ConfigError(f"listen: {listen} is no inherited socket: {error}") from None
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"listen: {listen}: {error.strerror or error}") from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)
    except OSError as error:
        sock.close()
        remedy = "; another process has it: stop that one or choose another port"
        why = remedy if error.errno == errno.EADDRINUSE else ""
        raise ConfigError(f"listen: {listen}: {error.strerror}{why}") from None
    return sock


class _Request(HTTPRequest):
    """A request whose caller may take only so long, in all, to ask and to take the answer."""

    def parse_request(self) -> None:
        with self.server.patience.within(ASK_SECONDS, self.conn.socket):
            super().parse_request()

    def respond(self) -> None:
        with self.server.patience.within(ANSWER_SECONDS, self.conn.socket):
            super().respond()


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request


class _TlsAdapter(BuiltinSSLAdapter):
    """TLS whose handshake is made by the thread that serves the caller.

    cheroot makes it where connections are accepted: one silent caller would hold up all others.
    """

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, {"wsgi.url_scheme": "https", "HTTPS": "on"}


class _Server(wsgi.Server):
    """cheroot on a socket given to it, its complaints in our log."""

    ConnectionClass = _Connection

    def __init__(self, sock: socket.socket, app: WSGIApplication, threads: int) -> None:
        super().__init__(sock.getsockname()[:2], app, numthreads=threads, server_name="weir")
        self._given = sock
        self.patience = Patience()
        self.max_request_header_size = MAX_HEADER_BYTES
        self.max_request_body_size = MAX_BODY_BYTES
        self.timeout = IDLE_SECONDS
        self.shutdown_timeout = 1

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:
        self.socket = self._given
        return self._given

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        ours = traceback and level >= logging.ERROR
        log.log(level, "web server: %s", msg.splitlines()[0] if msg else "", exc_info=ours)


class Server:
    """Serves `app`, behind the guard of `config`, from its own threads until stopped."""

    def __init__(
        self, app: WSGIApplication, sock: socket.socket, config: ListenConfig, threads: int = 8
    ) -> None:
        host, port = sock.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if config.tls_cert else 'http'}://{shown}:{port}"
        named = {name.strip().lower() for name in config.hosts.split(",") if name.strip()}
        policy = Policy(LOOPBACK | {shown, socket.gethostname().lower()} | named, config.token())
        self._server = _Server(sock, guard(app, policy), threads)
        if config.tls_cert:
            self._server.ssl_adapter = _tls(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        """Accept connections; returns at once."""
        self._server.prepare()
        self._server.patience.start()
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being answered, within a second, and close the socket."""
        self._server.stop()
        self._server.patience.stop()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            self._server.serve()
        except (OSError, cheroot_errors.FatalSSLAlert) as error:
            log.error("the web server at %s ended: %s", self.url, error)


def _tls(config: ListenConfig) -> _TlsAdapter:
    try:
        return _TlsAdapter(config.tls_cert, config.tls_key)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            f"tls-cert {config.tls_cert} and tls-key {config.tls_key} cannot be used: {error}"
        ) from None
