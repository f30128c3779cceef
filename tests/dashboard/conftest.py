"""A dashboard over the fake store: as a test client, and served for the browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dashboard.app import create_app
from dashboard.config import DashboardConfig
from monitor.web.server import Server, bind
from tests.dashboard.fake_store import FakeStore


@dataclass
class Served:
    """A running dashboard and the store that it reads."""

    url: str
    store: FakeStore


@pytest.fixture
def store() -> FakeStore:
    return FakeStore(time.time_ns)


@pytest.fixture
def client(store: FakeStore, tmp_path: Path) -> FlaskClient:
    return create_app(DashboardConfig(store=f"sqlite:{tmp_path}"), store).test_client()


@pytest.fixture
def served(store: FakeStore, tmp_path: Path) -> Iterator[Served]:
    config = DashboardConfig(listen="127.0.0.1:0", store=f"sqlite:{tmp_path}", refresh=1.0)
    server = Server(create_app(config, store), bind(config.listen), config, threads=6)
    server.start()
    try:
        yield Served(server.url, store)
    finally:
        server.stop()
