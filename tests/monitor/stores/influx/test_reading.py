"""An answer of InfluxDB while it comes: series by series, within its time, and left early."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from monitor.errors import BadRequest, StoreUnavailable
from monitor.stores.config import StoreConfig
from monitor.stores.influx.results import samples
from monitor.stores.limits import Budget
from monitor.stores.open import open_reader, open_writer
from monitor.stores.protocols import Reader
from tests.monitor.stores.conftest import influx_config
from tests.monitor.stores.samples import SECOND, body, plain, record
from tests.monitor.stream.crooked import Crooked, http
from tests.real.influxdb import InfluxDB
from tests.real.process import wait_until

EVER = (0, 1 << 62)


def piece(tags: dict[str, str], *rows: list[Any]) -> dict[str, Any]:
    return {"name": "m", "tags": tags, "columns": ["time", "f"], "values": list(rows)}


def test_one_series_is_held_at_a_time() -> None:
    came: list[int] = []

    def pieces() -> Iterator[dict[str, Any]]:
        for number in range(30):
            came.append(number)
            yield piece({"a": str(number // 3), "b": ""}, [number, float(number)])

    for number, found in enumerate(samples(pieces(), ["f"], Budget(None))):
        assert len(came) <= 3 * number + 4, "its own three pieces, and the next one's first"
        assert found.tags == {"a": str(number)}
        assert found.times.tolist() == [3 * number, 3 * number + 1, 3 * number + 2]


def test_text_in_one_piece_makes_the_column_text() -> None:
    pieces = [piece({}, [1, None]), piece({}, [2, "x"]), piece({"a": "1"}, [1, 2.0])]
    assert plain(samples(pieces, ["f"], Budget(None))) == [
        ({}, [1, 2], {"f": [None, "x"]}),
        ({"a": "1"}, [1], {"f": [2.0]}),
    ]


def test_half_a_series_is_never_taken_for_the_whole() -> None:
    pieces = [piece({"a": "1"}, [1, 1.0]), piece({"a": "2"}, [1, 1.0]), piece({"a": "1"}, [2, 1.0])]
    with pytest.raises(StoreUnavailable, match="in pieces"):
        list(samples(pieces, ["f"], Budget(None)))


def test_the_limit_ends_the_reading() -> None:
    endless = (piece({"a": str(number)}, [1, 1.0], [2, 1.0]) for number in itertools.count())
    found = samples(endless, ["f"], Budget(5))
    assert [next(found).tags, next(found).tags] == [{"a": "0"}, {"a": "1"}]
    with pytest.raises(BadRequest, match="more than 5 samples"):
        next(found)


@pytest.fixture
def much(influxdb: InfluxDB) -> Iterator[Reader]:
    """More than sockets hold between here and InfluxDB: 20 MB of JSON."""
    influxdb.create_database("much")
    config = influx_config(influxdb, "much")
    writer, reader = open_writer(config), open_reader(config)
    for node in range(400):
        tags = {"node": f"node-{node}"}
        writer.write(
            body([record("m", tags, {"f": i / 7, "g": i / 3}, i * SECOND) for i in range(1000)])
        )
    yield reader
    reader.close()
    influxdb.drop_database("much")


def test_who_stops_early_stops_the_query(influxdb: InfluxDB, much: Reader) -> None:
    def running() -> int:
        [queries] = influxdb.query("SHOW QUERIES")
        return sum("SELECT" in row[1] for row in queries["values"])

    found = much.select("m", ["f", "g"], (), *EVER)
    next(found)
    assert running() == 1
    found.close()  # type: ignore[attr-defined]
    wait_until(lambda: not running(), "InfluxDB ended the query", 10)
    total = sum(len(each.times) for each in much.select("m", ["f", "g"], (), *EVER))
    assert total == 400_000
    with pytest.raises(BadRequest):
        list(much.select("m", ["f"], (), *EVER, 1000))
    wait_until(lambda: not running(), "so does a limit", 10)


@pytest.mark.parametrize("at_once", [0, 100])
def test_a_store_that_drips_is_given_up_in_time(at_once: int) -> None:
    with Crooked(http(b" " * 10_000), drip_seconds=0.05, at_once=at_once) as dripping:
        config = StoreConfig(store=f"influxdb:{dripping.url}", store_timeout=0.6)
        with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.6 s: is it over"):
            list(open_reader(config).select("m", ["f"], (), *EVER))
