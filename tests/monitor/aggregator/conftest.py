"""What the aggregator's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.aggregator.config import AggregatorConfig
from monitor.aggregator.service import Aggregator
from monitor.web.server import bind
from tests.monitor.aggregator.fakes import FakeNode, FakeWriter

Start = Callable[..., Aggregator]


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Callable[[], FakeNode]]:
    started: list[FakeNode] = []

    def start() -> FakeNode:
        started.append(FakeNode(tmp_path / f"node-{len(started)}"))
        return started[-1]

    yield start
    for node in started:
        node.stop()


@pytest.fixture
def writer() -> FakeWriter:
    return FakeWriter()


@pytest.fixture
def start(tmp_path: Path, writer: FakeWriter) -> Iterator[Start]:
    """Starts an aggregator with quick polls, that writes to `writer` or, with `own_writer`, to the
    store that it is configured for."""
    started: list[Aggregator] = []

    def run(*urls: str, own_writer: bool = False, **settings: Any) -> Aggregator:
        settings = {"poll": 0.05, "timeout": 1.0, "data": str(tmp_path / "data")} | settings
        config = AggregatorConfig(listen="127.0.0.1:0", nodes=",".join(urls), **settings)
        aggregator = Aggregator(config, bind("127.0.0.1:0"), None if own_writer else writer)
        aggregator.start()
        started.append(aggregator)
        return aggregator

    yield run
    for aggregator in started:
        aggregator.stop()
