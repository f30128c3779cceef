"""The client against a real node, and against everything else that may stand at its address."""

from __future__ import annotations

import gzip
import logging
import re
import time
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.gzipped import Shape
from monitor.stream.client import NodeClient
from monitor.stream.connection import AnswerTooLarge
from monitor.stream.pulled import NodeError
from tests.monitor.stream.conftest import Node
from tests.monitor.stream.crooked import WEIR, Crooked, http
from tests.real.process import unused_port

GOOD = gzip.compress(b"x v=1i 1\n") + gzip.compress(b"x v=2i 2\nx v=3i 3\n")


def test_records_come_as_they_are_kept(node: Node, client: NodeClient) -> None:
    assert client.pull(node.url, "store", None, 1000) is None
    now = time.time_ns()
    node.log.append(b"x v=1i 1\n", time_ns=now - 1)
    node.log.append(b"x v=2i 2\ny v=3i 3\n", time_ns=now)
    pulled = client.pull(node.url, "store", None, 1000)
    assert pulled is not None
    assert gzip.decompress(pulled.body) == b"x v=1i 1\nx v=2i 2\ny v=3i 3\n"
    assert pulled.shape == Shape(records=2, lines=3, decoded_bytes=27)
    assert (pulled.cursor[:2], pulled.backlog, pulled.newest_ns) == ((node.log.epoch, 2), 0, now)
    assert client.pull(node.url, "store", pulled.cursor, 1000) is None
    assert node.log.stats().backlog == {"store": 0}


def _error(client: NodeClient, url: str) -> NodeError:
    with pytest.raises(NodeError) as caught:
        client.pull(url, "store", None, 1000)
    assert str(caught.value).startswith(f"node {url}: ")
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (http(b"", "401 Unauthorized"), "forbidden", "set node-token-file"),
        (http(b"", "302 Found", "Location: http://169.254.169.254/"), "protocol", "redirects"),
        (http(b"<html>", "404 Not Found"), "protocol", "is a Weir collector listening there"),
        (http(b'{"error":"the disk is gone"}', "500 No"), "protocol", "500: the disk is gone"),
        (http(b'{"error":"a\\nb\\u001b[2J"}', "500 No"), "protocol", "500: a b [2J"),
        (http(b"[" * 9000, "500 No"), "protocol", "is a Weir collector listening there"),
        (http(b"x v=1i 1\n", "200 OK"), "protocol", "not compressed"),
        (http(b"x v=1i 1\n", "200 OK", *WEIR), "protocol", "damaged"),
        (http(GOOD[:-3], "200 OK", *WEIR), "protocol", "cut short"),
        (http(GOOD, "200 OK", *WEIR[:1], *WEIR[2:]), "protocol", "no cursor"),
        (http(GOOD, "200 OK", *WEIR[:2], *WEIR[3:]), "protocol", "cannot be understood"),
        (http(GOOD, "200 OK", *WEIR[:2], "Weir-Backlog-Records: -1"), "protocol", "'-1' is no"),
        (http(GOOD, "200 OK", *WEIR[:3], f"Weir-Newest-Ns: {10**400}"), "protocol", "is no number"),
        (http(b"", "200 OK", *WEIR), "protocol", "it holds no record"),
        (http(gzip.compress(b"x v=1i 1"), "200 OK", *WEIR), "protocol", "ends within a line"),
        (http(GOOD, "200 OK", *WEIR)[:-3], "unreachable", "is the collector running"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "unreachable", "is the collector running"),
        (b"", "unreachable", "is the collector running"),
        (http(bytes((4 << 20) + 1), "200 OK", *WEIR), "size", "sends more than 4,194,304 bytes"),
    ],
)
def test_what_is_no_answer_is_said_in_words(
    client: NodeClient, answer: bytes, kind: str, words: str
) -> None:
    with Crooked(answer) as server:
        error = _error(client, server.url)
    assert error.kind == kind
    assert words in str(error)


@pytest.mark.parametrize("declared", [True, False])
def test_an_answer_larger_than_allowed_is_not_read(client: NodeClient, declared: bool) -> None:
    answer = http(GOOD + bytes(200_000), "200 OK", *WEIR)
    if not declared:
        answer = answer.replace(b"Content-Length: 200", b"X-Length: 200", 1)
    with Crooked(answer) as server, pytest.raises(AnswerTooLarge):
        client.pull(server.url, "store", None, 1000, at_most=100_000)


def test_a_chunked_answer_is_understood(client: NodeClient) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (GOOD[:10], GOOD[10:]))
    head = http(b"", "200 OK", *WEIR).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with Crooked(head + chunks + b"0\r\n\r\n") as server:
        pulled = client.pull(server.url, "store", None, 1000)
    assert pulled is not None and pulled.body == GOOD


def test_a_bomb_is_not_decoded_beyond_the_cap(client: NodeClient) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    with Crooked(http(bomb, "200 OK", *WEIR)) as server:
        before = _peak_kib()
        error = _error(client, server.url)
        assert _peak_kib() - before < 10 * 1024
    assert "decodes to more than 16,777,216 bytes" in str(error)


def _peak_kib() -> int:
    match = re.search(r"VmHWM:\s+([0-9]+) kB", Path("/proc/self/status").read_text())
    assert match is not None
    return int(match[1])


@pytest.mark.parametrize("at_once", [0, 60, 1000])
def test_a_node_that_drips_is_cut_off_in_time(client: NodeClient, at_once: int) -> None:
    """Whether it drips from the start, in its headers or in its body."""
    answer = http(bytes(10_000), "200 OK", *WEIR)
    with Crooked(answer, drip_seconds=0.05, at_once=at_once) as server:
        began = time.monotonic()
        error = _error(client, server.url)
        assert 0.9 < time.monotonic() - began < 2.5
    assert error.kind == "timeout"
    assert "did not answer within 1 s" in str(error)


def test_nobody_there(client: NodeClient) -> None:
    error = _error(client, f"http://127.0.0.1:{unused_port()}")
    assert error.kind == "unreachable"
    assert "Connection refused; is the collector running there?" in str(error)


def test_a_name_without_an_address(client: NodeClient) -> None:
    error = _error(client, "http://no-such-host.invalid:9180")
    assert (error.kind, "name has no address" in str(error)) == ("unreachable", True)


def test_a_connection_that_the_node_closed_in_between_is_made_anew() -> None:
    with Crooked(http(GOOD, "200 OK", *WEIR)) as server:
        client = NodeClient(seconds=1.0)
        for _ in range(3):  # it closes after each answer although it does not say so
            pulled = client.pull(server.url, "store", None, 1000)
            assert pulled is not None and pulled.shape == Shape(2, 3, 27)
        client.close()


def test_the_token_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = NodeClient(seconds=1.0, token="s3cret-of-the-node")
    with Crooked(http(b"", "403 Forbidden")) as server:
        error = _error(client, server.url)
        assert b"Authorization: Bearer s3cret-of-the-node\r\n" in server.requests[0]
    client.close()
    assert "s3cret" not in str(error) + caplog.text


def test_tls_that_is_none(client: NodeClient) -> None:
    with Crooked(http(GOOD, "200 OK", *WEIR)) as server:
        error = _error(client, server.url.replace("http:", "https:"))
    assert error.kind == "tls"


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match=r"node-ca: .*ca\.pem is no certificate file"):
        NodeClient(ca_file=str(tmp_path / "ca.pem"))
