"""What is asked of InfluxDB 3, held to its published API: the server itself cannot be run here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ConfigError
from monitor.stores.setup.config import InitStoreConfig
from monitor.stores.setup.influx3 import Influx3Setup
from tests.monitor.stores.setup.pretend import Pretend

DATABASE, TOKEN = "POST /api/v3/configure/database", "POST /api/v3/configure/token/admin"


def _make(server: Pretend, token: Path, **settings: Any) -> list[str]:
    config = InitStoreConfig(
        store=f"influxdb:{server.url}",
        influx_version="3",
        influx_token_file=str(token),
        **settings,
    )
    return list(Influx3Setup(config).make())


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("the-token\n")
    return file


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, None), "database weir made, which keeps samples for 720 hours"),
        ((409, {"error": "database already exists"}), "database weir exists already"),
        ((404, None), "this InfluxDB makes databases by influxctl or its web page"),
        ((405, None), "this InfluxDB makes databases by influxctl or its web page"),
    ],
)
def test_the_database_is_asked_for(token: Path, answer: tuple[int, Any], words: str) -> None:
    with Pretend({DATABASE: answer}) as server:
        [said] = _make(server, token)
    assert said.startswith(words)
    assert server.asked[0].authorization == "Token the-token"
    assert server.asked[0].body == {"db": "weir", "retention_period": "720h"}


def test_for_ever_names_no_retention(token: Path) -> None:
    with Pretend({DATABASE: (200, None)}) as server:
        _make(server, token, retention="inf")
    assert server.asked[0].body == {"db": "weir"}


def test_a_first_start_asks_for_the_administrators_token(tmp_path: Path) -> None:
    admin, token = tmp_path / "admin", tmp_path / "token"
    answers = {TOKEN: (201, {"token": "apiv3_secret"}), DATABASE: (200, None)}
    with Pretend(answers) as server:
        said = _make(server, token, influx_admin_token_file=str(admin), bootstrap=True)
    assert [each.authorization for each in server.asked] == [None, "Token apiv3_secret"]
    assert admin.read_text() == token.read_text() == "apiv3_secret\n"
    assert "apiv3_secret" not in "".join(said)


def test_an_influxdb_that_has_one_already_is_left_alone(tmp_path: Path) -> None:
    answers = {TOKEN: (409, {"error": "token already exists"}), DATABASE: (200, None)}
    with Pretend(answers) as server, pytest.raises(ConfigError, match="gives no new token"):
        _make(server, tmp_path / "token", bootstrap=True)
    assert list(tmp_path.iterdir()) == []
