"""`weir doctor store`: what is found in stores that work, and in some that do not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from monitor.findings import Finding
from monitor.stores.config import StoreConfig
from monitor.stores.doctor.doctor import examine
from monitor.stores.doctor.influx import influx
from monitor.stores.embedded.days import path_of
from monitor.stores.influx.connection import Connection
from monitor.stores.influx.statements import run
from monitor.stores.open import open_writer
from tests.monitor.stores.answering import answering
from tests.monitor.stores.conftest import influx_config
from tests.monitor.stores.samples import DAY, body, record
from tests.monitor.stream.crooked import Crooked, http
from tests.real.influxdb import InfluxDB


def found(config: StoreConfig) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(config)}


def states(config: StoreConfig) -> dict[str, str]:
    return {what: finding.state for what, finding in found(config).items()}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[InfluxDB]:
    (tmp_path / "influxdb").mkdir()
    server = InfluxDB(tmp_path / "influxdb", auth=True)
    server.start()
    yield server
    server.stop()


def test_an_influxdb_that_is_as_it_should_be(guarded: InfluxDB, tmp_path: Path) -> None:
    guarded.query("CREATE USER admin WITH PASSWORD 'word' WITH ALL PRIVILEGES")
    (tmp_path / "token").write_text("admin:word")
    config = StoreConfig(store=f"influxdb:{guarded.url}", influx_token_file=str(tmp_path / "token"))
    missing = found(config)
    assert missing["write"].state == "no"
    assert "weir init-store" in missing["write"].remedy
    assert missing["read"].state == "none"

    run(Connection(config), "CREATE DATABASE weir WITH DURATION 30d")
    well = found(config)
    assert {finding.state for finding in well.values()} == {"ok"}
    assert well["version"].why == "InfluxDB 1.6.7~rc0, spoken to as 1"
    assert well["credentials"].why == "nobody gets in without"
    assert well["retention"].why == "policy autogen keeps samples for 30 days"
    assert well["series"].why.startswith("about 1 of 1,000,000 (max-series-per-database")
    assert "word" not in repr(well).replace("keyword", "")


def test_what_may_be_better_is_said_and_does_not_count(influxdb: InfluxDB) -> None:
    influxdb.create_database("open")
    config = influx_config(influxdb, "open")
    shown = found(config)
    assert shown["credentials"].why == "it lets everybody in, to read, to write and to drop"
    assert shown["retention"].why == "policy autogen keeps samples for ever"
    assert not any(finding.missing for finding in shown.values())
    influxdb.drop_database("open")


def test_a_version_that_was_not_configured_is_said(influxdb: InfluxDB) -> None:
    config = StoreConfig(store=f"influxdb:{influxdb.url}", influx_version="3")
    version = found(config)["version"]
    assert (version.state, version.remedy) == ("no", "set influx_version to auto or 1")


def test_a_ping_is_no_proof(tmp_path: Path) -> None:
    """A server that answers /ping well, and takes nothing: wedged by a full disk, for instance."""
    headers = {"X-Influxdb-Version": "1.6.7", "Date": formatdate(usegmt=True)}
    with answering(500, b'{"error":"no space left on device"}', headers) as (url, _):
        shown = found(StoreConfig(store=f"influxdb:{url}"))
    assert shown["write"].state == "no"
    assert "no space left on device" in shown["write"].why
    assert shown["version"].state == "ok"


@pytest.mark.parametrize(
    ("offset", "words"),
    [(90, " s ahead of this machine's"), (-90, " s behind this machine's"), (0, "")],
)
def test_a_clock_that_is_wrong_is_said(offset: int, words: str) -> None:
    date = f"Date: {formatdate(time.time() + offset, usegmt=True)}"
    with Crooked(http(b"", "204 No Content", date)) as server:
        _, clock, _ = influx(StoreConfig(store=f"influxdb:{server.url}"))
    assert clock.state == ("partly" if offset else "ok")
    assert words in clock.why


def test_the_embedded_store(tmp_path: Path) -> None:
    config = StoreConfig(store=f"sqlite:{tmp_path / 'store'}")
    assert set(states(config).values()) == {"ok"}
    files = found(config)["files"]
    assert files.why.startswith(f"{tmp_path / 'store'}: 1 day, ")

    yesterday = time.time_ns() - DAY
    writer = open_writer(config)
    writer.write(body([record("m", {}, {"f": 1.0}, yesterday)]))
    writer.close()
    path = path_of(tmp_path / "store", yesterday // DAY)
    path.write_bytes(b"no database" * 1000)
    files = found(config)["files"]
    assert files.state == "partly"
    assert files.why.endswith(f"2 days, 0 MiB; damaged: {path.name}")
    assert files.missing


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shown = found(StoreConfig(store=f"sqlite:{tmp_path / 'file'}"))
    assert shown["write"].state == "no"


@pytest.fixture
def away(free_port: int) -> Any:
    return StoreConfig(store=f"influxdb:http://127.0.0.1:{free_port}")


def test_a_store_that_is_away(away: StoreConfig) -> None:
    shown = found(away)
    assert shown["write"].why.endswith("does not answer (Connection refused)")
    assert shown["write"].remedy == "is it running, and is the address right?"
    assert shown["the rest"].state == "no"
