"""A store's settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ConfigError
from monitor.stores.config import StoreConfig


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"store": "mysql:x"}, "sqlite:DIRECTORY or influxdb:"),
        ({"store": "sqlite:"}, "sqlite:DIRECTORY"),
        ({"store": "influxdb:localhost:8086"}, "http"),
        ({"store": "influxdb:http://u:secret@h:1"}, "influx_token_file"),
        ({"store": "influxdb:http://h:1", "influx_version": "4"}, "1, 1.8, 2, 3"),
        ({"store": "influxdb:http://h:1", "influx_version": "2"}, "influx_org"),
        ({"store": "influxdb:http://h:1", "influx_database": ""}, "influx_database"),
        ({"retention_days": 0}, "retention_days"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        StoreConfig(**wrong)
    assert "secret" not in str(refused.value)


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
open_reader(StoreConfig()), open_writer(StoreConfig())
assert not any(name.startswith(("influxdb_client", "urllib3")) for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
