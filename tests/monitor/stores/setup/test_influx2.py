"""What is asked of InfluxDB 2, held to its published API: the server itself cannot be run here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ConfigError, StoreForbidden
from monitor.stores.setup.config import InitStoreConfig
from monitor.stores.setup.influx2 import Influx2Setup
from tests.monitor.stores.setup.pretend import Pretend

ORG, BUCKET = "0" * 15 + "1", "0" * 15 + "2"
ORGS = {"orgs": [{"id": ORG, "name": "home"}]}
DAYS_30 = [{"type": "expire", "everySeconds": 2592000}]


def bucket(**more: Any) -> dict[str, Any]:
    return {"id": BUCKET, "orgID": ORG, "name": "weir", "retentionRules": DAYS_30} | more


def mapping(**more: Any) -> dict[str, Any]:
    return {
        "id": "0" * 15 + "3", "orgID": ORG, "bucketID": BUCKET, "database": "weir",
        "retention_policy": "autogen", "default": True,
    } | more  # fmt: skip


NEW = {
    "GET /api/v2/setup": (200, {"allowed": True}),
    "POST /api/v2/setup": (201, {}),
    "GET /api/v2/orgs": (200, ORGS),
    "GET /api/v2/buckets": (200, {"buckets": []}),
    "POST /api/v2/buckets": (201, bucket()),
    "GET /api/v2/dbrps": (200, {"content": []}),
    "POST /api/v2/dbrps": (201, mapping()),
    "POST /api/v2/authorizations": (201, {"token": "the-lesser-token"}),
}
OLD = NEW | {
    "GET /api/v2/setup": (200, {"allowed": False}),
    "GET /api/v2/buckets": (200, {"buckets": [bucket()]}),
    "GET /api/v2/dbrps": (200, {"content": [mapping()]}),
}


def _make(server: Pretend, token: Path, **settings: Any) -> list[str]:
    config = InitStoreConfig(
        store=f"influxdb:{server.url}",
        influx_version="2",
        influx_org="home",
        influx_token_file=str(token),
        **settings,
    )
    return list(Influx2Setup(config).make())


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("the-token\n")
    return file


def test_bucket_and_mapping_are_made(token: Path) -> None:
    with Pretend(NEW) as server:
        assert _make(server, token) == [
            "bucket weir made, which keeps samples for 30 days",
            "InfluxQL's database weir mapped to that bucket",
        ]
    assert {each.authorization for each in server.asked} == {"Token the-token"}
    [made] = server.posted("/api/v2/buckets")
    assert (made["orgID"], made["name"], made["retentionRules"]) == (ORG, "weir", DAYS_30)
    assert server.posted("/api/v2/dbrps") == [
        {
            "org": "home", "bucketID": BUCKET, "database": "weir",
            "retention_policy": "autogen", "default": True,
        }
    ]  # fmt: skip


def test_what_is_there_is_kept(token: Path) -> None:
    with Pretend(OLD) as server:
        assert _make(server, token, retention="1d") == [
            "bucket weir exists already, kept as it is; it keeps samples for 30 days",
            "InfluxQL's database weir leads to that bucket already",
        ]
    assert not [each for each in server.asked if each.method == "POST"]


def test_a_mapping_to_another_bucket_is_not_bent(token: Path) -> None:
    other = OLD | {"GET /api/v2/dbrps": (200, {"content": [mapping(bucketID="f" * 16)]})}
    with Pretend(other) as server, pytest.raises(ConfigError, match="mapped to another bucket"):
        _make(server, token)
    assert not server.posted("/api/v2/dbrps")


def test_for_ever_is_for_ever(token: Path) -> None:
    with Pretend(NEW) as server:
        assert _make(server, token, retention="inf")[0].endswith("for ever")
    [made] = server.posted("/api/v2/buckets")
    assert made["retentionRules"] == [{"type": "expire", "everySeconds": 0}]


def test_a_first_start_sets_influxdb_up(tmp_path: Path) -> None:
    admin, token = tmp_path / "admin", tmp_path / "token"
    with Pretend(NEW) as server:
        said = _make(server, token, influx_admin_token_file=str(admin), bootstrap=True)
    assert [re.split(" made|:", line)[0] for line in said] == [
        "secret", "InfluxDB set up", "bucket weir", "InfluxQL's database weir mapped to that"
        " bucket", "token",
    ]  # fmt: skip
    secret = admin.read_text().strip()
    assert secret not in "".join(said)
    assert server.posted("/api/v2/setup") == [
        {
            "username": "weir", "password": secret, "org": "home", "bucket": "weir",
            "retentionPeriodSeconds": 2592000, "token": secret,
        }
    ]  # fmt: skip
    [lesser] = server.posted("/api/v2/authorizations")
    assert lesser["orgID"] == ORG
    assert [
        (each["action"], each["resource"]["type"], each["resource"]["id"])
        for each in lesser["permissions"]
    ] == [("read", "buckets", BUCKET), ("write", "buckets", BUCKET)]
    assert token.read_text() == "the-lesser-token\n"
    by_path = {(each.method, each.path): each.authorization for each in server.asked}
    assert by_path["POST", "/api/v2/setup"] is None
    assert by_path["POST", "/api/v2/authorizations"] == f"Token {secret}"

    with Pretend(OLD) as server:
        again = _make(server, token, influx_admin_token_file=str(admin), bootstrap=True)
    assert len(again) == 2
    assert not [each for each in server.asked if each.method == "POST"]


def test_an_influxdb_that_was_set_up_by_others_is_left_alone(tmp_path: Path) -> None:
    with Pretend(OLD) as server, pytest.raises(ConfigError, match="was set up already"):
        _make(server, tmp_path / "token", bootstrap=True)
    assert not (tmp_path / "token").exists()


def test_a_token_without_the_right_is_said(token: Path) -> None:
    refused = NEW | {"POST /api/v2/buckets": (403, {"message": "insufficient permissions"})}
    with Pretend(refused) as server, pytest.raises(StoreForbidden, match="insufficient") as error:
        _make(server, token)
    assert "the-token" not in str(error.value)
    unknown = NEW | {"GET /api/v2/orgs": (200, {"orgs": []})}
    with Pretend(unknown) as server, pytest.raises(StoreForbidden, match="home"):
        _make(server, token)
