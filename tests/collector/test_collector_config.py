"""The collector's settings: what is good, and the words for what is not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from collector.config import CollectorConfig
from monitor.errors import ConfigError


def test_the_defaults_are_good() -> None:
    config = CollectorConfig()
    assert config.listen == "127.0.0.1:9180"
    assert config.node_name == socket.gethostname()
    assert config.interval == 10
    assert CollectorConfig(data="/x").data_dir == Path("/x")


def test_groups_are_enabled_by_name() -> None:
    assert CollectorConfig(enable=" percpu, disk,").groups == {"percpu", "disk"}


def test_the_data_directory_follows_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert CollectorConfig().data_dir == Path("/var/lib/weir/collector")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ann")
    assert CollectorConfig().data_dir == Path("/home/ann/.local/share/weir/collector")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"interval": 0.5}, "interval: 0.5 s is not between 1 and 300 s"),
        ({"interval": float("nan")}, "interval: nan s is not between"),
        ({"interval": 301.0}, "interval: 301 s is not between"),
        ({"cpu_share": 5.0}, "cpu-share: 5 is no share of a core"),
        ({"log_max_bytes": 1000}, "log-max-bytes: 1000 is too small"),
        ({"log_max_age": 5.0}, "log-max-age: 5 s does not keep two sweeps"),
        ({"log_max_age": float("nan")}, "log-max-age: nan s does not keep"),
        ({"docker": "/var/run/docker.sock"}, "a socket is written unix:///var/run/docker.sock"),
        ({"docker": ""}, "is neither a URL nor auto or none"),
        ({"node": "a\nb"}, "node: 'a\\nb' cannot be a name"),
        ({"cluster": "c" * 300}, "cannot be a name"),
        ({"cluster": ""}, "cluster: must not be empty"),
        ({"enable": "disk,cpus"}, "enable: 'cpus' is no group that can be enabled; there are desc"),
        ({"proc_root": "/nowhere"}, "proc-root: /nowhere is no procfs"),
        ({"listen": "0.0.0.0:9180"}, "say --insecure"),
    ],
)
def test_what_cannot_be_names_the_setting_and_the_remedy(
    setting: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        CollectorConfig(**setting)  # type: ignore[arg-type]
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
