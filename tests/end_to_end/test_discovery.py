"""`weir aggregator` finds real collectors: in a file that is edited, by HTTP, in a real DNS."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.real.dnsmasq import DOMAIN, Dnsmasq
from tests.real.process import unused_port, wait_until
from tests.real.prometheus import Prometheus
from tests.real.weir import Weir

ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
"""Of one port, as the pods of a headless Service have it."""

NewAggregator = Callable[..., Weir]


class Collector(Weir):
    """A collector at an address of its own."""

    def __init__(self, directory: Path, address: str, port: int) -> None:
        directory.mkdir()
        options = (f"--data={directory / 'log'}", "--interval=1", "--docker=none")
        super().__init__("collector", directory, f"--node=n{address[-1]}", *options)
        self.place = f"{address}:{port}"
        self.url = f"http://{self.place}"
        self.arguments.append(f"--listen={self.place}")


@pytest.fixture(scope="module")
def collectors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Collector]]:
    """Three, on the same port of three addresses."""
    directory = tmp_path_factory.mktemp("collectors")
    port = unused_port()
    started = [Collector(directory / address, address, port) for address in ADDRESSES]
    with ExitStack() as ending:
        for collector in started:
            ending.callback(collector.stop)
            collector.start_and_wait()
        yield started


@pytest.fixture
def aggregator(tmp_path: Path) -> Iterator[NewAggregator]:
    """Starts aggregators with the embedded store."""
    with ExitStack() as ending:

        def start(*options: str, prefix: tuple[str, ...] = ()) -> Weir:
            own = tmp_path / f"aggregator-{unused_port()}"
            own.mkdir()
            own_options = (f"--store=sqlite:{own / 'store'}", f"--data={own}", "--poll=0.5")
            weir = Weir("aggregator", own, *own_options, *options, prefix=prefix)
            ending.callback(weir.stop)
            weir.start_and_wait()
            return weir

        yield start


def _states(weir: Weir) -> dict[str, str]:
    return {each["target"]: each["state"] for each in weir.api("targets")["targets"]}


def _are_up(weir: Weir, collectors: list[Collector]) -> None:
    expected = {collector.url: "up" for collector in collectors}
    weir.ready(lambda: _states(weir) == expected, 30)


def _groups(collectors: list[Collector], **labels: str) -> str:
    return json.dumps([{"targets": [each.place for each in collectors], "labels": labels}])


def test_nodes_of_a_file_come_and_go_as_it_is_edited(
    tmp_path: Path, collectors: list[Collector], aggregator: NewAggregator
) -> None:
    file = tmp_path / "nodes.json"
    weir = aggregator(f"--nodes-file={file}")
    assert weir.status("/healthz") == 200
    assert weir.status("/readyz") == 503
    weir.ready(
        lambda: (
            weir.get("/readyz").decode()
            == json.dumps(
                {
                    "ready": False,
                    "reason": f"no nodes found yet: nodes-file {file}: No such file or directory",
                },
                separators=(",", ":"),
            )
        )
    )
    file.write_text(_groups(collectors[:2], rack="a1"))
    _are_up(weir, collectors[:2])
    assert weir.status("/readyz") == 200
    file.write_text(_groups(collectors[1:]))
    _are_up(weir, collectors[1:])
    file.write_text("[{]")
    weir.wait_for_line(f"W nodes-file {file}:1: no JSON: .*; its 2 nodes stay$")
    _are_up(weir, collectors[1:])
    file.write_text("[]")
    weir.ready(lambda: _states(weir) == {})
    assert weir.status("/readyz") == 503
    file.write_text(_groups(collectors))
    _are_up(weir, collectors)
    joined = [line.split("nodes-file")[1] for line in weir.lines("joined")]
    changes = ("2 nodes joined, 0 left; there are 2", "1 nodes joined, 1 left; there are 2")
    assert joined[:2] == [f" {file}: {change}" for change in changes]
    assert len(joined) == 4
    assert weir.has_no_traceback()


class Groups(http.server.BaseHTTPRequestHandler):
    """Gives what its server's `answer` says."""

    def do_GET(self) -> None:
        status, body = self.server.answer  # type: ignore[attr-defined]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass


def test_nodes_that_a_server_names(collectors: list[Collector], aggregator: NewAggregator) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Groups) as server:
        server.answer = (200, _groups(collectors, env="test"))  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/nodes"
        weir = aggregator(f"--nodes-http={url}", "--nodes-refresh=1")
        _are_up(weir, collectors)
        server.answer = (500, "")  # type: ignore[attr-defined]
        weir.wait_for_line(f"W nodes-http {url}: it answers 500; its 3 nodes stay$")
        _are_up(weir, collectors)
        server.answer = (200, _groups(collectors[:1], env="test"))  # type: ignore[attr-defined]
        _are_up(weir, collectors[:1])
        (target,) = weir.api("targets")["targets"]
        assert target["labels"] == {"env": "test"}
        assert target["sources"] == [f"nodes-http {url}"]
        server.shutdown()


@pytest.fixture
def dnsmasq(tmp_path: Path) -> Iterator[Dnsmasq]:
    server = Dnsmasq(tmp_path)
    yield server
    server.stop()


@pytest.mark.root
def test_nodes_that_dns_names(
    collectors: list[Collector], aggregator: NewAggregator, dnsmasq: Dnsmasq
) -> None:
    """With a resolv.conf of its own, as in a pod: the names of a headless Service, and SRV."""
    port = collectors[0].place.rpartition(":")[2]
    addresses = {f"n{number}": [address] for number, address in enumerate(ADDRESSES)}
    services = [f"_weir._tcp,n{number},{port}" for number in range(3)]
    dnsmasq.serve(addresses | {"collectors": ADDRESSES[:2]}, services)
    own_dns = f'mount --bind {dnsmasq.resolv_conf} /etc/resolv.conf && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", own_dns, "sh")
    weir = aggregator(f"--nodes-dns=collectors:{port}", "--nodes-refresh=1", prefix=prefix)
    _are_up(weir, collectors[:2])
    dnsmasq.hosts(addresses | {"collectors": ADDRESSES[1:]})
    _are_up(weir, collectors[1:])
    dnsmasq.stop()
    weir.wait_for_line("W nodes-dns collectors:.*; its 2 nodes stay$")
    _are_up(weir, collectors[1:])
    dnsmasq.start()
    weir.wait_for_line("nodes-dns collectors:.* is right again")

    named = aggregator(f"--nodes-dns=_weir._tcp.{DOMAIN}", "--insecure", prefix=prefix)
    hosts = {f"http://n{number}.{DOMAIN}:{port}" for number in range(3)}
    named.ready(lambda: _states(named).keys() == hosts)


def test_shards_side_by_side_pull_each_node_once(
    tmp_path: Path, collectors: list[Collector], aggregator: NewAggregator
) -> None:
    file = tmp_path / "nodes.yml"
    file.write_text(_groups(collectors))
    both = [aggregator(f"--nodes-file={file}", f"--shard={index}/2") for index in range(2)]

    def found() -> list[str]:
        return sorted(url for weir in both for url, state in _states(weir).items() if state == "up")

    wait_until(lambda: found() == sorted(each.url for each in collectors), "each is pulled", 30)


CONFIG = """\
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: collectors
  http_sd_configs: [{{url: "{url}/api/v1/sd/prometheus", refresh_interval: 1s}}]
- job_name: aggregator
  static_configs: [{{targets: ["{aggregator}"]}}]
"""


def test_a_real_prometheus_finds_the_collectors_by_the_aggregator(
    tmp_path: Path, collectors: list[Collector], aggregator: NewAggregator
) -> None:
    file = tmp_path / "nodes.json"
    file.write_text(_groups(collectors, rack="a1"))
    weir = aggregator(f"--nodes-file={file}")
    config = CONFIG.format(url=weir.url, aggregator=weir.url.removeprefix("http://"))
    prometheus = Prometheus(tmp_path, config)
    try:
        prometheus.start()
        prometheus.wait_for('count(up{job="collectors", rack="a1"} == 1) == 3')
        prometheus.wait_for('sum(weir_aggregator_nodes{state="up"}) == 3')
        prometheus.wait_for("count(weir_node_up == 1) == 3")
        file.write_text(_groups(collectors[:1]))
        prometheus.wait_for('count(up{job="collectors", rack=""} == 1) == 1')
    finally:
        prometheus.stop()
