"""Both stores, each empty, as a pair of Writer and Reader."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from monitor.stores.protocols import Reader, Writer
from tests.monitor.stores.samples import SECOND
from tests.real.influxdb import InfluxDB

_numbers = itertools.count()


@dataclass(frozen=True)
class Store:
    """An open store, and its configuration for another process."""

    config: StoreConfig
    writer: Writer
    reader: Reader


@pytest.fixture(params=["embedded", "influx"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Makes empty stores of one kind."""
    made: list[Store] = []
    server: InfluxDB | None = None
    if request.param == "influx":
        server = request.getfixturevalue("influxdb")

    def make() -> Store:
        if server is not None:
            config = influx_config(server, f"conformance_{next(_numbers)}")
            server.create_database(config.influx_database)
        else:
            config = StoreConfig(store=f"sqlite:{tmp_path / str(len(made))}")
        made.append(Store(config, open_writer(config), open_reader(config)))
        return made[-1]

    yield make
    for store in made:
        store.writer.close()
        store.reader.close()
        if server is not None:
            server.drop_database(store.config.influx_database)


def influx_config(server: InfluxDB, database: str) -> StoreConfig:
    return StoreConfig(store=f"influxdb:{server.url}", influx_database=database)


@pytest.fixture
def store(make_store: Callable[[], Store]) -> Store:
    return make_store()


@pytest.fixture
def now() -> int:
    """A whole minute in the past, at least two hours after a midnight (UTC)."""
    moment = time.time_ns() // (60 * SECOND) * 60 * SECOND
    into_day = moment % (86_400 * SECOND)
    return moment if into_day > 7_200 * SECOND else moment - into_day - 60 * SECOND
