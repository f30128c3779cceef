"""The aggregator's small parts: pauses, quarantine, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.aggregator.backoff import as_told, pause
from monitor.aggregator.config import AggregatorConfig
from monitor.errors import ConfigError


def test_pauses_double_up_to_the_longest_and_are_never_in_step() -> None:
    for failures, whole in ((1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (10**9, 60.0)):
        pauses = {pause(failures, 1.0, 60.0) for _ in range(50)}
        assert whole / 2 <= min(pauses) < max(pauses) <= whole
        assert len(pauses) > 40


def test_a_time_that_was_told_is_kept_and_capped() -> None:
    assert 5 <= as_told(5, 300) <= 5.5
    assert 300 <= as_told(10**9, 300) <= 330
    assert as_told(-1, 300) == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"nodes": " , "}, "nodes: names no collector"),
        ({"nodes": "10.0.0.1:9180"}, "nodes: '10.0.0.1:9180' is no address"),
        ({"nodes": "ftp://a"}, "is no address of a collector"),
        ({"nodes": "http://a:99999"}, "is no address"),
        ({"nodes": "http://[::1"}, "is no address"),
        ({"nodes": "http://a?x=1"}, "is no address of a collector"),
        ({"nodes": "http://user:pw@a"}, "nodes: a: no password in an address; node-token-file"),
        ({"consumer": "A/B"}, "consumer: 'A/B' is no consumer's name"),
        ({"poll": 0.0}, "poll: 0 is not between"),
        ({"workers": 0}, "workers: 0 is not between"),
        ({"batch_bytes": 1 << 30}, "batch-bytes: "),
        ({"timeout": 0.1}, "timeout: 0.1 is not between"),
        ({"store": "nonsense"}, "store = 'nonsense'"),
        ({"listen": "nonsense"}, "listen: 'nonsense' is not HOST:PORT"),
        ({"nodes": "http://10.0.0.1", "node_token_file": "/x"}, "would be sent the token"),
        ({"nodes": "http://169.254.169.254"}, "nodes: 169.254.169.254 is no collector's"),
        ({"nodes_file": "/etc/nodes.txt"}, "nodes-file: /etc/nodes.txt does not end in .json"),
        ({"nodes_http": "10.0.0.1/sd"}, "nodes-http: '10.0.0.1/sd' is no address"),
        ({"nodes_http": "http://u:pw@a/sd"}, "nodes-http: a: no password in an address"),
        ({"nodes_http": "http://a/sd?a#b"}, "nodes-http: 'http://a/sd?a#b' is no address"),
        ({"nodes_http": "http://10.0.0.1", "nodes_http_token_file": "/x"}, "sent the token"),
        ({"nodes_dns": "collectors"}, "nodes-dns: 'collectors' is neither HOST:PORT nor _SERV"),
        ({"nodes_dns": "collectors:0"}, "nodes-dns: 'collectors:0' is neither"),
        ({"nodes_dns": "_weir._tcp.x:9180"}, "nodes-dns: '_weir._tcp.x:9180' is neither"),
        ({"nodes_scheme": "ftp"}, "nodes-scheme: 'ftp' is not http or https"),
        ({"nodes_refresh": 0.1}, "nodes-refresh: 0.1 s is not between 1 and 3600"),
        ({"shard": "3/3"}, "shard: 3/3: shards are counted from 0"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        AggregatorConfig(**settings)
    assert words in str(caught.value)
    assert "pw" not in str(caught.value)


def test_nodes_are_listed_once() -> None:
    config = AggregatorConfig(nodes="http://a:1/, https://b,http://a:1")
    assert config.node_urls == ("http://a:1", "https://b")


def test_the_collector_here_is_the_node_where_nothing_names_any() -> None:
    assert AggregatorConfig().node_urls == ("http://127.0.0.1:9180",)
    assert AggregatorConfig(nodes_dns="collectors:9180").node_urls == ()
    both = AggregatorConfig(nodes="http://a", nodes_file="/a.json, /b/*.yml")
    assert (both.node_urls, both.file_patterns) == (("http://a",), ("/a.json", "/b/*.yml"))


def test_each_token_is_the_one_of_its_own_file(tmp_path: Path) -> None:
    for name in ("listen", "influx", "node"):
        (tmp_path / name).write_text(f"{name}-token-of-sixteen\n")
    config = AggregatorConfig(
        token_file=str(tmp_path / "listen"),
        influx_token_file=str(tmp_path / "influx"),
        node_token_file=str(tmp_path / "node"),
    )
    assert config.token() == "listen-token-of-sixteen"
    assert config.store_config.influx_token() == "influx-token-of-sixteen"
    assert config.node_token() == "node-token-of-sixteen"
