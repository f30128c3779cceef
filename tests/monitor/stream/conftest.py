"""An edge log that is served over real HTTP, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.edgelog import EdgeLog
from monitor.stream.client import NodeClient
from monitor.stream.server import add_stream
from monitor.web.app import App
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind


@dataclass
class Node:
    log: EdgeLog
    url: str


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    log = EdgeLog(tmp_path / "log")
    app = App()
    add_stream(app, log)
    server = Server(app, bind("127.0.0.1:0"), ListenConfig())
    server.start()
    yield Node(log, server.url)
    server.stop()
    log.close()


@pytest.fixture
def client() -> Iterator[NodeClient]:
    client = NodeClient(seconds=1.0)
    yield client
    client.close()
