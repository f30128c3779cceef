"""InfluxDB away, refusing, or answering what nobody expects."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Literal

import pytest

from monitor.errors import (
    BadRequest,
    ConfigError,
    StoreError,
    StoreForbidden,
    StoreMissing,
    StoreRejected,
    StoreTooLarge,
    StoreUnavailable,
)
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from monitor.stores.protocols import Matcher
from monitor.stores.setup.config import InitStoreConfig
from monitor.stores.setup.init import init_store
from tests.monitor.stores.answering import answering
from tests.monitor.stores.conftest import influx_config
from tests.monitor.stores.samples import body, record, select
from tests.real.influxdb import InfluxDB
from tests.real.meddler import Meddler

LINES = body([record("m", {"container": "web"}, {"f": 1.0}, 1_000_000_000)])


def test_a_refused_connection_is_one_clear_line(free_port: int) -> None:
    config = StoreConfig(store=f"influxdb:http://127.0.0.1:{free_port}")
    for act in (_write, _read):
        with pytest.raises(StoreUnavailable) as failure:
            act(config)
        text = str(failure.value)
        assert "Connection refused" in text
        assert f"http://127.0.0.1:{free_port}" in text
        assert "\n" not in text


def test_a_missing_database_is_named_with_the_remedy(influxdb: InfluxDB) -> None:
    config = influx_config(influxdb, "nobody_made_it")
    for act in (_write, _read):
        with pytest.raises(
            StoreMissing, match="make the database nobody_made_it with `weir init-store`"
        ):
            act(config)


def test_a_missing_retention_policy_is_named(influxdb: InfluxDB) -> None:
    influxdb.create_database("has_no_policy")
    config = StoreConfig(
        store=f"influxdb:{influxdb.url}",
        influx_database="has_no_policy",
        influx_retention_policy="nobody",
    )
    with pytest.raises(StoreMissing, match="retention policy not found"):
        _write(config)


@pytest.mark.parametrize(
    ("told", "path", "parameters"),
    [
        ("1.11.8", "/write", {"db": ["weir"]}),
        ("v2.7.12", "/api/v2/write", {"org": ["home"], "bucket": ["weir"]}),
        ("3.2.1", "/api/v2/write", {"org": ["home"], "bucket": ["weir"]}),
        ("", "/write", {"db": ["weir"]}),
    ],
)
def test_the_way_follows_the_version_that_is_told(
    told: str, path: str, parameters: dict[str, list[str]]
) -> None:
    with answering(204, b"", {"X-Influxdb-Version": told} if told else {}) as (url, requests):
        writer = open_writer(StoreConfig(store=f"influxdb:{url}", influx_org="home"))
        writer.write(LINES)
        writer.write(LINES)
    assert [called for called, *_ in requests] == ["/ping", path, path], "it is asked once"
    assert requests[1][1] == parameters | {"precision": ["ns"]}


def test_a_version_2_needs_its_organisation() -> None:
    with (
        answering(204, b"", {"X-Influxdb-Version": "v2.7.12"}) as (url, requests),
        pytest.raises(StoreMissing, match="influx_org"),
    ):
        _write(StoreConfig(store=f"influxdb:{url}"))
    assert [called for called, *_ in requests] == ["/ping"]


def test_another_version_than_configured_is_said(influxdb: InfluxDB) -> None:
    config = StoreConfig(store=f"influxdb:{influxdb.url}", influx_version="1.8")
    with pytest.raises(StoreMissing, match="influx_version"):
        _write(config)


def test_a_version_that_is_not_told_is_written_to_and_read(influxdb: InfluxDB) -> None:
    influxdb.create_database("untold")
    two = LINES + body([record("m", {"container": "db"}, {"f": 2.0}, 1_000_000_000)])
    with Meddler(influxdb.url, told=False) as between:
        config = StoreConfig(store=f"influxdb:{between.url}", influx_database="untold")
        open_writer(config).write(two)
        assert len(select(open_reader(config), "m", ["f"])) == 2
        init = InitStoreConfig(store=f"influxdb:{between.url}", influx_database="untold")
        with pytest.raises(ConfigError, match="say 1, 2 or 3 by influx_version"):
            list(init_store(init))


def test_it_goes_on_after_influxdb_was_away(influxdb: InfluxDB) -> None:
    influxdb.create_database("restarted")
    config = influx_config(influxdb, "restarted")
    writer, reader = open_writer(config), open_reader(config)
    writer.write(LINES)
    influxdb.stop()
    try:
        with pytest.raises(StoreUnavailable):
            writer.write(LINES)
        with pytest.raises(StoreUnavailable):
            select(reader, "m", ["f"])
    finally:
        influxdb.start()
    writer.write(LINES)
    assert len(select(reader, "m", ["f"])) == 1


OPERATORS: tuple[Literal["=", "!=", "=~", "!~"], ...] = ("=", "!=", "=~", "!~")
HOSTILE = [
    "'; DROP DATABASE hostile; --",
    "\\'; DROP DATABASE hostile; --",
    '"; DROP MEASUREMENT m; --',
    "x' OR 'a'='a",
    "/; DROP DATABASE hostile; SELECT /",
    "\\/; DROP DATABASE hostile; SELECT /",
    "\\\\/; DROP DATABASE hostile; SELECT /",
    "\n; DROP DATABASE hostile",
    "\\\n/; DROP DATABASE hostile",
]
HOSTILE_NAMES = [*HOSTILE, "x\\", '\\"; DROP MEASUREMENT m; --', "f", "*"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_other_statement_reaches_influxdb(influxdb: InfluxDB, text: str) -> None:
    influxdb.create_database("hostile")
    config = influx_config(influxdb, "hostile")
    open_writer(config).write(LINES)
    reader = open_reader(config)
    for op in OPERATORS:
        found = select(reader, "m", ["f"], Matcher("container", op, text))
        assert (found == []) == (op in ("=", "=~")), op
    assert len(select(reader, "m", ["f"])) == 1


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_leaves_its_quotes(influxdb: InfluxDB, name: str) -> None:
    influxdb.create_database("hostile")
    config = influx_config(influxdb, "hostile")
    open_writer(config).write(LINES)
    reader = open_reader(config)
    for op in OPERATORS:
        found = select(reader, "m", ["f"], Matcher(name, op, "x"))
        assert (found == []) == (op in ("=", "=~")), op
    assert select(reader, name, ["f"]) == []
    assert (select(reader, "m", [name]) == []) == (name != "f")
    assert len(select(reader, "m", ["f"])) == 1


@pytest.mark.parametrize(
    ("status", "reply", "error", "words"),
    [
        (400, b'{"error":"unable to parse"}', StoreRejected, "unable to parse"),
        (422, b'{"message":"partial write"}', StoreRejected, "partial write"),
        (413, b"Request Entity Too Large", StoreTooLarge, "413"),
        (401, b'{"error":"authorization failed"}', StoreForbidden, "influx_token_file"),
        (403, b"", StoreForbidden, "403"),
        (404, b'{"message":"bucket \\"weir\\" not found"}', StoreMissing, "weir init-store"),
        (404, b"<html>", StoreMissing, "is it InfluxDB"),
        (500, b'{"error":"engine: no space left"}', StoreUnavailable, "no space left"),
        (301, b"", StoreUnavailable, "elsewhere"),
        (200, b"", StoreUnavailable, "says '200 no reason given'"),
        (502, b"line\nline", StoreUnavailable, "line line"),
    ],
)
def test_what_a_status_means(
    status: int, reply: bytes, error: type[StoreError], words: str
) -> None:
    with answering(status, reply, {"Location": "http://127.0.0.1:1/"}) as (url, _):
        with pytest.raises(error, match=words) as failure:
            _write(StoreConfig(store=f"influxdb:{url}"))
        assert type(failure.value) is error
        assert url in str(failure.value)
        assert "\n" not in str(failure.value)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_store_says_when_to_come_back(status: int) -> None:
    with (
        answering(status, b"", {"Retry-After": "17"}) as (url, _),
        pytest.raises(StoreUnavailable) as failure,
    ):
        _write(StoreConfig(store=f"influxdb:{url}"))
    assert failure.value.retry_after == 17


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"results": [{"error": "timeout"}]}, StoreUnavailable),
        ({"error": "timeout"}, StoreUnavailable),
        ({"results": [{"error": "database not found: weir"}]}, StoreMissing),
        ({"status": "success", "data": {}}, StoreUnavailable),
        (["nonsense"], StoreUnavailable),
        (7, StoreUnavailable),
    ],
)
def test_an_error_in_a_200_is_an_error(reply: object, error: type[StoreError]) -> None:
    with (
        answering(200, json.dumps(reply).encode()) as (url, _),
        pytest.raises(error),
    ):
        _read(StoreConfig(store=f"influxdb:{url}"))


def test_an_answer_cut_short_is_an_error() -> None:
    reply = b'{"results":[{"series":[{"columns":["time","f"],"values":[[1,2]]}]}]}'
    with (
        answering(200, reply, {"Content-Length": str(len(reply) + 100), "Connection": "close"}) as (
            url,
            _,
        ),
        pytest.raises(StoreError),
    ):
        _read(StoreConfig(store=f"influxdb:{url}"))


@pytest.mark.parametrize(
    ("version", "settings", "path", "parameters", "authorization"),
    [
        ("1", {}, "/write", {"db": ["weir"]}, "Basic dXNlcjpwYXNz"),
        ("1", {"influx_retention_policy": "w"}, "/write", {"db": ["weir"], "rp": ["w"]}, None),
        ("1.8", {}, "/api/v2/write", {"bucket": ["weir/"]}, "Token user:pass"),
        ("2", {"influx_org": "o"}, "/api/v2/write", {"org": ["o"], "bucket": ["weir"]}, None),
        ("3", {}, "/api/v2/write", {"bucket": ["weir"]}, "Token user:pass"),
    ],
)
def test_the_body_goes_out_as_it_came(
    tmp_path: Path,
    version: str,
    settings: dict[str, str],
    path: str,
    parameters: dict[str, list[str]],
    authorization: str | None,
) -> None:
    token = tmp_path / "token"
    token.write_text("user:pass\n")
    two = LINES + LINES
    with answering(204, b"") as (url, requests):
        config = StoreConfig(
            store=f"influxdb:{url}/",
            influx_version=version,
            influx_token_file=str(token) if authorization else "",
            **settings,  # type: ignore[arg-type]
        )
        open_writer(config).write(two)
    [(called, query, headers, sent)] = requests
    assert (called, query) == (path, parameters | {"precision": ["ns"]})
    assert headers["Content-Encoding"] == "gzip"
    assert headers.get("Authorization") == authorization
    assert gzip.decompress(sent) == gzip.decompress(two)
    if version != "3":
        assert sent == two


def test_a_pattern_that_only_influxdb_refuses_is_a_bad_request(influxdb: InfluxDB) -> None:
    influxdb.create_database("patterns")
    reader = open_reader(influx_config(influxdb, "patterns"))
    with pytest.raises(BadRequest, match="regexp"):
        select(reader, "m", ["f"], Matcher("container", "=~", "(?=x)"))


def test_a_missing_certificate_file_is_said() -> None:
    with pytest.raises(ConfigError, match=r"influx_ca: there is no file /nowhere\.pem"):
        open_writer(StoreConfig(store="influxdb:https://h:1", influx_ca="/nowhere.pem"))


def _write(config: StoreConfig) -> None:
    open_writer(config).write(LINES)


def _read(config: StoreConfig) -> None:
    select(open_reader(config), "m", ["f"])
