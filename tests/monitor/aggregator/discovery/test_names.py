"""Names in DNS, answered by a real dnsmasq."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.aggregator.discovery.names import Name
from monitor.aggregator.discovery.source import Listing
from tests.real.dnsmasq import Dnsmasq
from tests.real.process import wait_until

pytestmark = pytest.mark.root


@pytest.fixture
def dnsmasq(tmp_path: Path) -> Iterator[Dnsmasq]:
    server = Dnsmasq(tmp_path)
    yield server
    server.stop()


def _look(dnsmasq: Dnsmasq, name: str, seconds: float = 5.0) -> Listing:
    source = Name(name, seconds=seconds, every_seconds=30, resolv_conf=dnsmasq.resolv_conf)
    (listing,) = source.look()
    return listing


def _addresses(dnsmasq: Dnsmasq, name: str) -> list[str]:
    listing = _look(dnsmasq, name)
    assert not listing.error
    (group,) = listing.groups
    return sorted(group.addresses)


def test_all_addresses_of_a_name(dnsmasq: Dnsmasq) -> None:
    dnsmasq.serve(
        {"collectors": ["10.0.0.1", "10.0.0.2", "fd00::1"], "six": ["fd00::2", "fd00::3"]}
    )
    full = ["10.0.0.1:9180", "10.0.0.2:9180"]
    assert _addresses(dnsmasq, "collectors.weir.example:9180") == full, "the A records count"
    assert _addresses(dnsmasq, "collectors:9180") == full, "in the domains that are searched"
    assert _addresses(dnsmasq, "six.weir.example:80") == ["[fd00::2]:80", "[fd00::3]:80"]
    dnsmasq.hosts({"collectors": ["10.0.0.3"]})
    wait_until(
        lambda: _addresses(dnsmasq, "collectors:9180") == ["10.0.0.3:9180"], "it is asked anew", 10
    )


def test_the_hosts_of_a_service(dnsmasq: Dnsmasq) -> None:
    services = ["_weir._tcp,a,9180", "_weir._tcp,b,9280", "_weir._tcp,b,9281"]
    dnsmasq.serve({"a": ["10.0.0.1"]}, services)
    expected = ["a.weir.example:9180", "b.weir.example:9280", "b.weir.example:9281"]
    assert _addresses(dnsmasq, "_weir._tcp.weir.example") == expected


def test_a_thousand_addresses_come_over_tcp(dnsmasq: Dnsmasq) -> None:
    addresses = [f"10.1.{number // 250}.{number % 250 + 1}" for number in range(1000)]
    dnsmasq.serve({"many": addresses})
    assert _addresses(dnsmasq, "many:1") == sorted(f"{address}:1" for address in addresses)


def test_an_answer_that_is_cut_short_is_an_error(dnsmasq: Dnsmasq) -> None:
    dnsmasq.serve({"many": [f"10.1.{n // 250}.{n % 250 + 1}" for n in range(5000)]})
    listing = _look(dnsmasq, "many:1", seconds=20)
    assert listing.groups == ()
    assert listing.error.startswith("nodes-dns many:1: its answer is cut short")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody.weir.example:1", "there is no such name"),
        ("_nobody._tcp.weir.example", "there is no such name"),
        ("_a.weir.example", "there is no such name"),
        ("elsewhere.example.:1", "the name servers fail to answer"),
        ("a..b:1", "empty"),
    ],
)
def test_a_name_that_has_none(dnsmasq: Dnsmasq, name: str, words: str) -> None:
    dnsmasq.serve({"a": ["10.0.0.1"]})
    error = _look(dnsmasq, name).error
    assert error.startswith(f"nodes-dns {name}: ")
    assert words in error
    assert "\n" not in error


def test_a_server_that_is_away(dnsmasq: Dnsmasq) -> None:
    assert "no name server answered in time" in _look(dnsmasq, "a:1", seconds=0.3).error
    dnsmasq.resolv_conf.unlink()
    assert str(dnsmasq.resolv_conf) in _look(dnsmasq, "a:1").error
