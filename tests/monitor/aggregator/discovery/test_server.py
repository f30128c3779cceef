"""A server that names the nodes, and what it may do to us."""

from __future__ import annotations

import json
import time

import pytest

from monitor.aggregator.discovery.server import Server
from monitor.aggregator.discovery.source import Group, Listing
from monitor.errors import ConfigError
from tests.monitor.stream.crooked import Crooked, http
from tests.real.process import unused_port

GROUPS = json.dumps([{"targets": ["a:1", "b:1"], "labels": {"env": "x"}}]).encode()


def _look(url: str, token: str = "", seconds: float = 2.0) -> Listing:
    (listing,) = Server(url, token=token, ca_file="", seconds=seconds, every_seconds=30).look()
    return listing


def test_what_it_names() -> None:
    with Crooked(http(GROUPS)) as server:
        url = f"{server.url}/sd?team=a"
        listing = _look(url, "the-token")
    assert listing.place == f"nodes-http {url}"
    assert listing.groups == [Group(["a:1", "b:1"], labels='{"env":"x"}')]
    (request,) = server.requests
    assert request.startswith(b"GET /sd?team=a HTTP/1.1\r\n")
    assert b"\r\nX-Prometheus-Refresh-Interval-Seconds: 30\r\n" in request
    assert b"\r\nAuthorization: Bearer the-token\r\n" in request


def test_an_answer_in_chunks() -> None:
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in GROUPS) + b"0\r\n\r\n"
    with Crooked(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body) as server:
        assert _look(server.url).groups[0].addresses == ["a:1", "b:1"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http(b"", "302 Found", "Location: http://169.254.169.254/"), "it redirects (302); give"),
        (http(b"", "401 Unauthorized"), "it refuses us (401); see nodes-http-token-file"),
        (http(b"", "500 Oh"), "it answers 500"),
        (http(b"[\n{]"), "line 2 of its answer is no JSON: Expecting property name"),
        (http(b"[" * 100_000), "its answer is no JSON"),
        (http(b"\xff"), "its answer is no JSON"),
        (http(b'{"targets":[]}'), "it is no list of groups"),
        (http(b"[]")[:-2], "its answer was cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n[", "larger than 16,777,216 bytes"),
        (b"nonsense\r\n\r\n", "nonsense"),
        (b"", "Remote end closed"),
    ],
)
def test_a_server_that_does_not_name_nodes(answer: bytes, words: str) -> None:
    with Crooked(answer) as server:
        listing = _look(server.url)
        assert listing.error.startswith(f"nodes-http {server.url}: ")
        assert words in listing.error
        assert "\n" not in listing.error
        assert len(server.requests) == 1, "a redirect is not followed"


def test_an_endless_answer_ends_at_the_bound() -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n[" + b" " * (17 * 1024 * 1024)
    with Crooked(endless) as server:
        assert "its answer is larger than 16,777,216 bytes" in _look(server.url, seconds=20).error


def test_a_server_that_drips_is_cut_off() -> None:
    with Crooked(http(GROUPS), drip_seconds=0.2) as server:
        began = time.monotonic()
        error = _look(server.url, seconds=0.5).error
        assert error == f"nodes-http {server.url}: it did not answer within 0.5 s"
        assert time.monotonic() - began < 2


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    assert _look(url).error == f"nodes-http {url}: Connection refused"


def test_a_certificate_that_is_none() -> None:
    with pytest.raises(ConfigError, match="nodes-http-ca: /dev/null is no certificate file"):
        Server("https://a", token="", ca_file="/dev/null", seconds=1, every_seconds=30)
