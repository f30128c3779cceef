"""Connections between two pulls: used again, bounded, and given up where they are dead."""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor.edgelog import EdgeLog
from monitor.stream.client import NodeClient
from monitor.stream.connection import Connection
from monitor.stream.kept import Kept
from monitor.stream.pulled import NodeError
from monitor.stream.server import add_stream
from monitor.web.app import App
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind
from tests.real.process import wait_until


class Idle:
    """A node that never has anything new, and keeps its connections until told to drop them."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections: list[socket.socket] = []
        self.answers = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def drop(self) -> None:
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                self.answers += 1
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def stop(self) -> None:
        self._listener.close()
        for connection in self.connections:
            connection.close()


@pytest.fixture
def idle() -> Iterator[list[Idle]]:
    nodes = [Idle() for _ in range(4)]
    yield nodes
    for node in nodes:
        node.stop()


def _pull(client: NodeClient, node: Idle) -> None:
    assert client.pull(node.url, "store", None, 1000) is None


def test_a_connection_is_used_again(client: NodeClient, idle: list[Idle]) -> None:
    for _ in range(5):
        _pull(client, idle[0])
    assert (idle[0].answers, len(idle[0].connections)) == (5, 1)


def test_one_that_the_node_closed_is_made_anew(client: NodeClient, idle: list[Idle]) -> None:
    _pull(client, idle[0])
    idle[0].drop()
    _pull(client, idle[0])
    assert len(idle[0].connections) == 2


def test_who_has_a_place_keeps_it_and_the_others_connect_each_time(idle: list[Idle]) -> None:
    client = NodeClient(seconds=1.0, connections=2)
    for _ in range(3):
        for node in idle:
            _pull(client, node)
    assert [len(node.connections) for node in idle] == [1, 1, 3, 3]
    client.close()


def test_a_place_that_is_long_unused_goes_to_another(client: NodeClient, idle: list[Idle]) -> None:
    client._kept = Kept(1, unused_seconds=0.02)
    _pull(client, idle[0])
    time.sleep(0.05)
    for _ in range(2):
        _pull(client, idle[1])
    assert len(idle[1].connections) == 1


def test_what_comes_back_after_the_end_is_closed(idle: list[Idle]) -> None:
    kept = Kept(2)
    kept.close()
    connection = Connection(urlsplit(idle[0].url), ssl.create_default_context(), math.inf)
    kept.give(idle[0].url, connection)
    assert kept.take(idle[0].url) is None
    with pytest.raises(OSError):
        connection.exchange(b"GET / HTTP/1.1\r\n\r\n", 1000, time.monotonic() + 1)


def test_what_is_interrupted_is_not_tried_again(idle: list[Idle]) -> None:
    client = NodeClient(seconds=30)
    _pull(client, idle[0])
    idle[0]._serve = lambda connection: None  # the next connection is never answered
    errors: list[NodeError] = []

    def pull() -> None:
        with pytest.raises(NodeError) as caught:
            client.pull(idle[0].url, "store", None, 1000)
        errors.append(caught.value)

    idle[0].drop()
    thread = threading.Thread(target=pull)
    thread.start()
    wait_until(lambda: len(idle[0].connections) == 2, "it waits for an answer", 10)
    client.interrupt()
    thread.join(5)
    assert errors and len(idle[0].connections) == 2
    client.close()


def test_tls_is_checked_and_kept(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    log = EdgeLog(tmp_path / "log")
    app = App()
    add_stream(app, log)
    config = ListenConfig(tls_cert=str(cert), tls_key=str(key))
    server = Server(app, bind("127.0.0.1:0"), config)
    server.start()
    client = NodeClient(seconds=5.0, ca_file=str(cert))
    cursor = None
    for number in range(3):
        log.append(b"x v=%di 1\n" % number)
        pulled = client.pull(server.url, "store", cursor, 1000)
        assert pulled is not None and pulled.shape.records == 1
        cursor = pulled.cursor
    stranger = NodeClient(seconds=5.0)
    with pytest.raises(NodeError, match=r"TLS failed: .*certificate verify failed"):
        stranger.pull(server.url, "store", None, 1000)
    for each in (client, stranger):
        each.close()
    server.stop()
    log.close()
