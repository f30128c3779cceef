"""A store's settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ConfigError
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"store": "mysql:x"}, "sqlite:DIRECTORY, influxdb:"),
        ({"store": "sqlite:"}, "sqlite:DIRECTORY"),
        ({"store": "influxdb:localhost:8086"}, "http"),
        ({"store": "influxdb:http://u:secret@h:1"}, "influx_token_file"),
        ({"store": "influxdb:http://h:1", "influx_version": "4"}, "1, 1.8, 2, 3"),
        ({"store": "influxdb:http://h:1", "influx_version": "2"}, "influx_org"),
        ({"store": "influxdb:http://h:1", "influx_database": ""}, "influx_database"),
        ({"retention_days": 0}, "retention_days"),
        ({"store": "victoriametrics:h:8428"}, "no http:// or https:// address"),
        ({"store": "promql:"}, "promql:http://HOST:9090"),
        ({"store": "promql:http://[::1"}, "no http:// or https:// address"),
        ({"store": "promql:http://h:99999"}, "no http:// or https:// address"),
        ({"store": "promql:http://u:secret@h:1"}, "store_token_file"),
        ({"promql_url": "h:1"}, "promql_url: "),
        ({"store_watch": "http://h:1,http://u:secret@h:2"}, "store_watch: .*store_token_file"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        StoreConfig(**wrong)
    assert "secret" not in str(refused.value)


def test_a_cluster_is_read_elsewhere_than_it_is_written() -> None:
    written = "victoriametrics:http://vminsert:8480/insert/0/influx/"
    config = StoreConfig(store=written, promql_url="http://vmselect:8481/select/0/prometheus/")
    assert config.place == "http://vminsert:8480/insert/0/influx"
    assert config.read_url == "http://vmselect:8481/select/0/prometheus"
    assert StoreConfig(store="victoriametrics:http://vm:8428").read_url == "http://vm:8428"
    with pytest.raises(ConfigError, match="promql_url is empty: a cluster is read elsewhere"):
        open_reader(StoreConfig(store=written))


def test_what_can_only_be_read_is_not_written() -> None:
    with pytest.raises(ConfigError, match=r"promql:.* can only be read; write to victoriametrics:"):
        open_writer(StoreConfig(store="promql:http://prometheus:9090"))


def test_the_token_is_read_from_its_file_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("the-secret\n")
    config = StoreConfig(store="influxdb:http://h:1", influx_token_file=str(file))
    assert config.influx_token() == "the-secret"
    assert "the-secret" not in repr(config)
    for content in ("", "two\nlines"):
        file.write_text(content)
        with pytest.raises(ConfigError, match="one line"):
            config.influx_token()
    file.unlink()
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        config.influx_token()


def test_the_embedded_store_imports_no_database_client() -> None:
    program = """
import sys
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from monitor.stores.open import open_reader, open_writer
open_reader(StoreConfig()), open_writer(StoreConfig())
assert not any(name.startswith(("influxdb_client", "urllib3")) for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
