"""`weir init-store`: what is made in a real InfluxDB 1.6 and in the embedded store, and said."""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ConfigError, StoreError, StoreForbidden, StoreUnavailable
from monitor.stores.setup.config import InitStoreConfig
from monitor.stores.setup.init import init_store
from tests.real.influxdb import InfluxDB


def _config(server: InfluxDB, **settings: Any) -> InitStoreConfig:
    return InitStoreConfig(**{"store": f"influxdb:{server.url}"} | settings)


def _said(config: InitStoreConfig) -> list[str]:
    return list(init_store(config))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[InfluxDB]:
    """An InfluxDB that asks for credentials and has no user yet."""
    (tmp_path / "influxdb").mkdir()
    server = InfluxDB(tmp_path / "influxdb", auth=True)
    server.start()
    yield server
    server.stop()


def test_the_database_is_made_once_with_its_retention(influxdb: InfluxDB) -> None:
    config = _config(influxdb, influx_database="made", retention="4w")
    first, ready = _said(config)
    assert first == "database made made, which keeps samples for 28 days"
    assert ready.startswith("a sample was written in ")
    [series] = influxdb.query("SHOW RETENTION POLICIES ON made")
    assert series["values"][0][:2] == ["autogen", "672h0m0s"]
    again = _said(_config(influxdb, influx_database="made", retention="12h"))
    assert again[0] == (
        "database made exists already, kept as it is; its retention policy autogen keeps samples"
        " for 28 days"
    )
    assert influxdb.query("SHOW RETENTION POLICIES ON made") == [series]
    [points] = influxdb.query("SELECT store_check, process::tag FROM weir", "made")
    assert [row[1:] for row in points["values"]] == [[1, "init-store"]] * 2


def test_a_policy_of_its_own_is_made_beside_those_there_are(influxdb: InfluxDB) -> None:
    named = {"influx_database": "policies", "influx_retention_policy": "ours"}
    influxdb.create_database("policies")
    said = _said(_config(influxdb, **named, retention="12h"))
    assert said[0] == (
        "database policies exists already; retention policy ours made, which keeps samples for"
        " 12 hours"
    )
    [series] = influxdb.query('SHOW RETENTION POLICIES ON "policies"')
    assert [row[:2] + row[-1:] for row in series["values"]] == [
        ["autogen", "0s", True],
        ["ours", "12h0m0s", False],
    ]
    assert "kept as it is; its retention policy ours" in _said(_config(influxdb, **named))[0]
    with_name = _config(
        influxdb, influx_database="at_once", influx_retention_policy="x", retention="inf"
    )
    assert _said(with_name)[0] == "database at_once made, which keeps samples for ever"
    assert "policy x keeps samples for ever" in _said(with_name)[0]


def test_a_first_start_makes_secrets_and_users_that_work(
    guarded: InfluxDB, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    admin, token = tmp_path / "secrets" / "admin", tmp_path / "secrets" / "weir"
    settings = {"influx_admin_token_file": str(admin), "influx_token_file": str(token)}
    config = _config(guarded, **settings, bootstrap=True)
    said = _said(config)
    assert [line.split(" made")[0] for line in said[:-1]] == [
        "secret", "user weir-admin", "database weir", "secret", "user weir",
    ]  # fmt: skip
    secrets = [file.read_text().strip() for file in (admin, token)]
    assert [secret.partition(":")[0] for secret in secrets] == ["weir-admin", "weir"]
    assert all(len(secret.partition(":")[2]) == 43 for secret in secrets)
    for file in (admin, token):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = "\n".join([*said, *capfd.readouterr(), repr(config)])
    assert not any(secret.partition(":")[2] in shown for secret in secrets)

    assert len(_said(config)) == 2, "again: it exists, it works"
    assert [file.read_text().strip() for file in (admin, token)] == secrets
    lesser = _config(guarded, influx_token_file=str(token))
    assert len(_said(lesser)) == 2, "writing and reading needs the lesser secret alone"
    with pytest.raises(StoreForbidden, match="CREATE DATABASE"):
        _said(_config(guarded, influx_token_file=str(token), influx_database="another"))


def test_one_secret_may_be_all(guarded: InfluxDB, tmp_path: Path) -> None:
    token = str(tmp_path / "token")
    assert len(_said(_config(guarded, influx_token_file=token, bootstrap=True))) == 4
    more = _config(guarded, influx_token_file=token, influx_database="more")
    assert _said(more)[0].startswith("database more made")


def test_a_first_start_that_was_cut_short_goes_on(guarded: InfluxDB, tmp_path: Path) -> None:
    """The secrets are kept before they are used."""
    admin, token = tmp_path / "admin", tmp_path / "weir"
    admin.write_text("weir-admin:one\n")
    token.write_text("weir:two\n")
    config = _config(
        guarded,
        influx_admin_token_file=str(admin),
        influx_token_file=str(token),
        bootstrap=True,
    )
    assert [line.split(" made")[0] for line in _said(config)[:-1]] == [
        "user weir-admin", "database weir", "user weir",
    ]  # fmt: skip


def test_users_that_others_made_are_left_alone(guarded: InfluxDB, tmp_path: Path) -> None:
    admin = tmp_path / "admin"
    config = _config(guarded, influx_token_file=str(admin), bootstrap=True)
    _said(config)
    elsewhere = tmp_path / "lost"
    with pytest.raises(ConfigError, match="has users already: write user:password"):
        _said(_config(guarded, influx_token_file=str(elsewhere), bootstrap=True))
    assert not elsewhere.exists()
    both = {"influx_admin_token_file": str(admin), "influx_token_file": str(elsewhere)}
    with pytest.raises(ConfigError, match="DROP USER weir"):
        _said(_config(guarded, **both, bootstrap=True))
    assert not elsewhere.exists()


def test_an_influxdb_that_lets_everybody_in_is_said(influxdb: InfluxDB, tmp_path: Path) -> None:
    config = _config(
        influxdb, influx_token_file=str(tmp_path / "t"), influx_database="open", bootstrap=True
    )
    assert "set auth-enabled = true" in _said(config)[0]
    assert [user for user, _ in influxdb.query("SHOW USERS")[0]["values"]] == ["weir"]
    influxdb.query("DROP USER weir")


def test_it_waits_for_a_store_that_is_starting(guarded: InfluxDB, tmp_path: Path) -> None:
    guarded.stop()
    token = str(tmp_path / "t")
    with pytest.raises(StoreUnavailable, match="Connection refused"):
        _said(_config(guarded, influx_token_file=token, bootstrap=True))
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="Connection refused"):
        _said(_config(guarded, influx_token_file=token, bootstrap=True, wait=1.2))
    assert 1.0 < time.monotonic() - began < 10
    said: list[str] = []
    config = _config(guarded, influx_token_file=token, bootstrap=True, wait=60)
    waiting = threading.Thread(target=lambda: said.extend(init_store(config)))
    waiting.start()
    guarded.start()
    waiting.join(60)
    assert said[-1].endswith("the store is ready")
    assert all(line.startswith("waiting up to ") for line in said[: -len(_made(said))])


def _made(said: list[str]) -> list[str]:
    return [line for line in said if not line.startswith("waiting")]


def test_refused_credentials_are_not_waited_for(guarded: InfluxDB, tmp_path: Path) -> None:
    token = tmp_path / "t"
    token.write_text("nobody:secret-word")
    _said(_config(guarded, influx_token_file=str(tmp_path / "first"), bootstrap=True))
    began = time.monotonic()
    with pytest.raises(StoreError) as refused:
        _said(_config(guarded, influx_token_file=str(token), wait=60))
    assert type(refused.value) is StoreForbidden
    assert "influx_token_file" in str(refused.value)
    assert "secret-word" not in str(refused.value)
    assert time.monotonic() - began < 10


def test_the_embedded_store_gets_its_directory(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "store"
    config = InitStoreConfig(store=f"sqlite:{directory}", retention_days=3)
    made, ready = _said(config)
    assert made == f"directory {directory} made; each day is kept for 3 more (retention_days)"
    assert ready.endswith("the store is ready")
    assert _said(config)[0].startswith(f"directory {directory} exists already")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"retention": "0d"}, "retention: '0d'"),
        ({"retention": "30"}, "such as 30d"),
        ({"retention": "1.5d"}, "no duration"),
        ({"wait": -1}, "wait"),
        ({"bootstrap": True}, "influx_token_file"),
        ({"influx_token_file": "a", "influx_admin_token_file": "a"}, "same file"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        InitStoreConfig(store="influxdb:http://h:1", **wrong)
