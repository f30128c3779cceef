"""Every store, empty, as a pair of Writer and Reader."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from monitor.stores.protocols import Reader, Writer
from tests.monitor.stores.differences import DIFFERENT
from tests.monitor.stores.samples import SECOND
from tests.real.influxdb import InfluxDB
from tests.real.victoria import VictoriaMetrics

_numbers = itertools.count()


@dataclass(frozen=True)
class Store:
    """An open store, and its configuration for another process."""

    config: StoreConfig
    writer: Writer
    reader: Reader


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests in which a kind of store is known to differ: they would tell nothing."""
    items[:] = [item for item in items if not _differs(item)]


def _differs(item: pytest.Item) -> bool:
    if not (isinstance(item, pytest.Function) and hasattr(item, "callspec")):
        return False
    return item.originalname in DIFFERENT.get(item.callspec.params.get("make_store", ""), {})


@pytest.fixture(params=["embedded", "influx", "victoria", "promql"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Makes empty stores of one kind."""
    with ExitStack() as ends:

        def make() -> Store:
            store: Store = globals()[f"_{request.param}"](request, tmp_path, ends)
            ends.callback(store.writer.close)
            ends.callback(store.reader.close)
            return store

        yield make


def _embedded(request: pytest.FixtureRequest, tmp_path: Path, ends: ExitStack) -> Store:
    config = StoreConfig(store=f"sqlite:{tmp_path / str(next(_numbers))}")
    return Store(config, open_writer(config), open_reader(config))


def _influx(request: pytest.FixtureRequest, tmp_path: Path, ends: ExitStack) -> Store:
    server: InfluxDB = request.getfixturevalue("influxdb")
    config = influx_config(server, f"conformance_{next(_numbers)}")
    server.create_database(config.influx_database)
    ends.callback(server.drop_database, config.influx_database)
    return Store(config, open_writer(config), open_reader(config))


def _victoria(request: pytest.FixtureRequest, tmp_path: Path, ends: ExitStack) -> Store:
    server: VictoriaMetrics = request.getfixturevalue("victoria")
    server.delete('{__name__!=""}')
    config = StoreConfig(store=f"victoriametrics:{server.url}")
    return Store(config, Visible(open_writer(config), server), open_reader(config))


def _promql(request: pytest.FixtureRequest, tmp_path: Path, ends: ExitStack) -> Store:
    """The same server, read in the way that Prometheus, Mimir and Thanos have too."""
    store = _victoria(request, tmp_path, ends)
    store.reader.close()
    config = StoreConfig(store=f"promql:{store.config.place}")
    return Store(config, store.writer, open_reader(config))


@dataclass(frozen=True)
class Visible:
    """A Writer of VictoriaMetrics; what was written is visible at once, not after seconds."""

    writer: Writer
    server: VictoriaMetrics

    def write(self, body: bytes) -> None:
        self.writer.write(body)
        self.server.flush()

    def close(self) -> None:
        self.writer.close()


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
